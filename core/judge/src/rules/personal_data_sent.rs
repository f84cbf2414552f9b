//! `visited-url-sent`, `search-sent`, …: personal data that was sent to a host
//! that it was not meant for.

use std::collections::BTreeMap;

use model::{Initiator, Kind};

use super::{Finding, Severity, phases};
use crate::{JudgeInput, SightingContext, guise::was_sent};

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let mut by_place: BTreeMap<(usize, &Kind), Vec<usize>> = BTreeMap::new();
    for (i, seen) in case.seen.iter().enumerate() {
        if counts(case, seen) && !seen.stopped {
            by_place.entry((seen.destination, &seen.sighting.kind)).or_default().push(i);
        }
    }
    by_place.into_iter().map(|((destination, kind), sightings)| finding(case, destination, kind, sightings)).collect()
}

/// Whether the value went to a host that it was not meant for, without a page
/// that caused it.
pub(super) fn counts(case: &JudgeInput<'_>, seen: &SightingContext) -> bool {
    let plant = case.plant(&seen.sighting);
    let to_its_site = plant.and_then(|plant| plant.site.as_ref());
    let given = to_its_site.is_some_and(|site| *site == case.destinations[seen.destination].host);
    let by_page = matches!(seen.side.side, Initiator::Page | Initiator::Caused);
    !given && !by_page && !plant.is_some_and(|plant| plant.canary.decoy)
}

fn finding(case: &JudgeInput<'_>, destination: usize, kind: &Kind, sightings: Vec<usize>) -> Finding {
    let known = case.knowledge.kinds.kind(kind.as_str());
    let weak = sightings.iter().all(|i| case.seen[*i].sighting.weak);
    let severity = known.and_then(|info| Severity::from_word(&info.sensitivity)).unwrap_or(Severity::Medium);
    let host = &case.destinations[destination].host;
    let seen: Vec<&SightingContext> = sightings.iter().map(|i| &case.seen[*i]).collect();
    let what = was_sent(&seen, known.map_or(kind.as_str(), |info| info.says.as_str()));
    let engine =
        if case.is_the_engine(host) { ", which is the search engine that its address bar is set to" } else { "" };
    let times = sightings.len();
    let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    Finding {
        code: format!("{kind}-sent"),
        severity: if weak { Severity::Low } else { severity },
        destination: Some(destination),
        phases: phases(case, &sightings),
        says: format!("{host}{engine} was sent {what}, {times}{}", if weak { "; weak evidence" } else { "" }),
        sightings,
    }
}
