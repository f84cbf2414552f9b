//! `identifier-beside`: a lasting identifier in the same request as personal
//! data. The identifier ties the data to one person.

use std::collections::BTreeMap;

use model::Kind;

use super::{Finding, Severity, phases};
use crate::{Identifier, IdentifierScope, JudgeInput};

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    // A value that may be a constant accuses nobody.
    let stays = case.identifiers.iter().filter(|identifier| identifier.scope != IdentifierScope::DeviceOrConstant);
    stays.flat_map(|identifier| beside(case, identifier)).collect()
}

/// Whether a kind, which may be written as one of its aliases, is an
/// identifier.
fn is_identifier(case: &JudgeInput<'_>, kind: &Kind) -> bool {
    let known = case.knowledge.kinds.kind(kind.as_str());
    known.map_or_else(|| kind.is_identifier(), |known| Kind::new(&known.id).is_identifier())
}

fn beside(case: &JudgeInput<'_>, identifier: &Identifier) -> Vec<Finding> {
    let mut by_destination: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, seen) in case.seen.iter().enumerate() {
        // A sighting of the identifier itself does not count.
        if !seen.stopped && !is_identifier(case, &seen.sighting.kind) && identifier.stands_beside(seen) {
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
