//! `identifier-beside`: an identifier that stays, in the same request as
//! personal data; it makes the data personal, whatever it is called.

use std::collections::BTreeMap;

use super::{Finding, Severity, phases};
use crate::{Case, Identifier};

pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    case.identifiers.iter().flat_map(|identifier| beside(case, identifier)).collect()
}

fn beside(case: &Case<'_>, identifier: &Identifier) -> Vec<Finding> {
    let mut by_destination: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, seen) in case.seen.iter().enumerate() {
        // An identifier does not stand beside itself.
        if seen.sighting.kind.as_str().ends_with("-id") {
            continue;
        }
        if identifier.stands_beside(seen) {
            by_destination.entry(seen.destination).or_default().push(i);
        }
    }
    by_destination
        .into_iter()
        .map(|(destination, sightings)| Finding {
            code: "identifier-beside".into(),
            severity: Severity::High,
            destination: Some(destination),
            phases: phases(case, &sightings),
            says: format!(
                "at {} stands a {} identifier (the same in two sessions, different in {} installs) beside what was seen",
                identifier.place,
                identifier.scope.word(),
                identifier.installs
            ),
            sightings,
        })
        .collect()
}
