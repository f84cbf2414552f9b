//! `identifier-to-sites`: an identifier that stays, told to every site that is visited.
//!
//! Sites set none: their pages are Candor's, so it is the subject that names itself.

use super::{Finding, Severity};
use crate::{Identifier, JudgeInput};

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let to_sites = case.identifiers.iter().filter(|identifier| identifier.host == Identifier::VISITED_SITES);
    to_sites.map(finding).collect()
}

fn finding(identifier: &Identifier) -> Finding {
    Finding {
        code: "identifier-to-sites".into(),
        severity: Severity::High,
        destination: None,
        phases: vec![],
        sightings: vec![],
        says: format!(
            "the sites that are visited get at {} a {} identifier (the same in two sessions, different in {} installs)",
            identifier.place,
            identifier.scope.word(),
            identifier.installs
        ),
    }
}
