//! `visited-url-stopped`, `search-stopped`, …: personal data for a host that it
//! was not meant for, which the guard stopped.
//!
//! This finding accuses nobody, because nothing was sent. Evidence of the guard
//! contains the requests that it stopped; the finding says that these were not
//! sent.

use std::collections::BTreeMap;

use model::Kind;

use super::{Finding, Severity, personal_data_sent::counts, phases};
use crate::JudgeInput;

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let mut by_place: BTreeMap<(usize, &Kind), Vec<usize>> = BTreeMap::new();
    for (i, seen) in case.seen.iter().enumerate().filter(|(_, seen)| seen.stopped && counts(case, seen)) {
        by_place.entry((seen.destination, &seen.sighting.kind)).or_default().push(i);
    }
    by_place.into_iter().map(|((destination, kind), sightings)| finding(case, destination, kind, sightings)).collect()
}

fn finding(case: &JudgeInput<'_>, destination: usize, kind: &Kind, sightings: Vec<usize>) -> Finding {
    let known = case.knowledge.kinds.kind(kind.as_str());
    let what = known.map_or(kind.as_str(), |info| info.says.as_str());
    let host = &case.destinations[destination].host;
    let times = if sightings.len() == 1 { "once".to_owned() } else { format!("{} times", sightings.len()) };
    Finding {
        code: format!("{kind}-stopped"),
        severity: Severity::Info,
        // A finding accuses its destination, so there is none here.
        destination: None,
        phases: phases(case, &sightings),
        says: format!("{host} was *not* sent {what}: the guard stopped it, {times}"),
        sightings,
    }
}
