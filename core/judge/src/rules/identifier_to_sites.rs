//! `identifier-to-sites`: a lasting identifier that is sent to every visited site.
//!
//! Candor serves the pages of these sites, and sets no identifier on them. So the
//! identifier comes from the subject.

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
