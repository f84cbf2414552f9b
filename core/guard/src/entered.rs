//! Values that the person entered, which the guard searches for in requests.

use std::sync::Arc;

use detect::{Detector, RefusedCanary};
use knowledge::Knowledge;
use model::Canary;

/// Values of the person, compiled into a detector. They are never shown again.
#[derive(Clone, Debug)]
pub struct EnteredValues {
    pub(crate) detector: Arc<Detector>,
    count: usize,
}

impl EnteredValues {
    /// The prefix of the ids of these canaries.
    pub const ID: &'static str = "entered-";

    /// Compiles these kinds and values. Also returns the values that were
    /// refused.
    pub fn new<'v>(
        knowledge: &Knowledge,
        values: impl IntoIterator<Item = (&'v str, &'v str)>,
    ) -> (Self, Vec<RefusedCanary>) {
        let mut detector = Detector::new(knowledge);
        // Values that only have the shape of personal data are reported too; in
        // strict mode they count.
        detector.patterns(true);
        let (mut refused, mut count) = (Vec::new(), 0);
        for (number, (kind, value)) in values.into_iter().enumerate() {
            // Choices use the canonical id of a kind, so an alias is replaced
            // by it.
            let kind = knowledge.kinds.kind(kind).map_or(kind, |known| known.id.as_str());
            match detector.plant(&Canary::new(format!("{}{}", Self::ID, number + 1), kind, value)) {
                Ok(()) => count += 1,
                Err(why) => refused.push(why),
            }
        }
        (Self { detector: Arc::new(detector), count }, refused)
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use model::{Kind, Mode};

    use crate::checks::{GuardStage, post};

    #[test]
    fn a_kind_entered_by_another_of_its_names_has_the_same_switch() {
        let mut stage = GuardStage::entered(&[("search_term", "rash on left hand")]);
        let told = post("https://sa.api.intl.miui.com/sa", b"q=rash on left hand");
        assert_eq!(stage.says(&told), "absorb report-telemetry search");
        stage.choices.table.turn(&Kind::new("search"), Mode::Normal, true);
        assert_eq!(stage.says(&told), "pass on search");
    }
}
