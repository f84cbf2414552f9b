//! Whether Candor found the values in its own control requests.

use std::collections::BTreeMap;

/// Counts of the beacons of a run. Beacons are control requests that Candor itself sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BeaconRecall {
    /// Beacons sent and found, by transport.
    pub transports: BTreeMap<String, RecallCount>,
    pub layers: BTreeMap<String, RecallCount>,
    pub disguises: BTreeMap<String, RecallCount>,
    pub all: RecallCount,
    /// Silent twins (control requests without a canary) that were sent, and those in which a canary
    /// was found by mistake.
    pub twins: RecallCount,
    /// Each beacon that was not found, as transport, layer and disguise.
    pub missed: Vec<String>,
}

/// Control requests sent, and those of them in which a canary was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecallCount {
    pub sent: u64,
    pub found: u64,
}

impl RecallCount {
    fn count(&mut self, found: bool) {
        self.sent += 1;
        self.found += u64::from(found);
    }
}

impl BeaconRecall {
    /// Counts one beacon.
    pub fn count(&mut self, transport: &str, layer: &str, disguise: &str, found: bool) {
        self.all.count(found);
        for (table, level) in
            [(&mut self.transports, transport), (&mut self.layers, layer), (&mut self.disguises, disguise)]
        {
            table.entry(level.to_owned()).or_default().count(found);
        }
        if !found {
            self.missed.push(format!("{transport} ▸ {layer} ▸ {disguise}"));
        }
    }

    /// Counts a silent twin.
    pub fn count_twin(&mut self, found: bool) {
        self.twins.count(found);
    }

    /// Why no promise can be called kept: the control is missing, has a false alarm, or was not
    /// completely found.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let RecallCount { sent, found } = self.all;
        if sent == 0 {
            return Some(
                "the control is missing: no request of known content was sent beside the subject's own.".into(),
            );
        }
        if self.twins.found > 0 {
            return Some(format!(
                "the instrument found a value in {} of {} control requests that carried none.",
                self.twins.found, self.twins.sent
            ));
        }
        let first = self.missed.first()?;
        Some(format!("the instrument found {found} of {sent} control requests; the first that it missed was {first}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_that_is_missing_missed_or_too_ready_stands_in_the_way() {
        let mut recall = BeaconRecall::default();
        assert!(recall.obstacle().is_some_and(|why| why.contains("is missing")));
        recall.count("https", "gzip", "sha256", true);
        recall.count_twin(false);
        assert_eq!(recall.obstacle(), None);
        let mut missed = recall.clone();
        missed.count("http", "json", "plain", false);
        assert!(missed.obstacle().is_some_and(|why| why.contains("1 of 2") && why.contains("http ▸ json ▸ plain")));
        recall.count_twin(true);
        assert!(recall.obstacle().is_some_and(|why| why.contains("carried none")));
    }

    #[test]
    fn every_factor_has_a_table_of_its_own() {
        let mut recall = BeaconRecall::default();
        recall.count("https", "gzip", "plain", true);
        recall.count("https", "json", "plain", false);
        assert_eq!(recall.transports["https"], RecallCount { sent: 2, found: 1 });
        assert_eq!((recall.layers["gzip"].found, recall.layers["json"].found), (1, 0));
    }
}
