//! `decoy-seen`: Candor recognised a decoy, a value that was never given to the
//! subject. Either Candor raises false alarms, or somebody knows the planted
//! values. Both make the run invalid.

use super::{Finding, Severity, phases};
use crate::JudgeInput;

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let is_decoy = |i: &usize| case.plant(&case.seen[*i].sighting).is_some_and(|plant| plant.canary.decoy);
    let sightings: Vec<usize> = (0..case.seen.len()).filter(is_decoy).collect();
    if sightings.is_empty() {
        return vec![];
    }
    vec![Finding {
        code: "decoy-seen".into(),
        severity: Severity::Critical,
        destination: None,
        phases: phases(case, &sightings),
        says: format!("{} sightings of values that were never used: do not trust this run", sightings.len()),
        sightings,
    }]
}
