//! `sealed-depends`: unreadable traffic that increases when the subject is
//! used, or with the length of the visited address. Its content is not known,
//! but the dependence is proved.

use model::Mode;

use super::{Finding, Severity};
use crate::{DependentHost, JudgeInput};

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    if case.run.is_none() {
        return vec![]; // nobody's experiment: nothing to compare
    }
    let dependence = case.dependence();
    let on_use = dependence.on_use.depends().iter().map(|one| finding(case, one, "use"));
    let on_address = dependence.on_address.depends().iter().map(|one| finding(case, one, "the address"));
    on_address.chain(on_use).collect()
}

fn finding(case: &JudgeInput<'_>, depends: &DependentHost, on: &str) -> Finding {
    let phases = match depends.mode {
        Mode::Unknown => vec![],
        mode => vec![format!("{} mode", mode.word())],
    };
    Finding {
        code: "sealed-depends".into(),
        severity: Severity::High,
        destination: case.destinations.iter().position(|destination| destination.host == depends.host),
        phases,
        sightings: vec![],
        says: format!(
            "{} is sent {} that could not be read, and how much depends on {on} (max-T permutation test, p = {:.4})",
            depends.host,
            depends.measure.word(),
            depends.p
        ),
    }
}
