//! `visited-url-stopped`, `search-stopped`, …: personal data that was on its way
//! to somebody it was not given to, and that the guard kept from leaving.
//!
//! It stands against nobody: nothing was sent. It is told so that evidence of the
//! guard, which holds the requests that it stopped, is not read as if it were.

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
        // Whoever is named there is accused.
        destination: None,
        phases: phases(case, &sightings),
        says: format!("{host} was *not* sent {what}: the guard stopped it, {times}"),
        sightings,
    }
}
