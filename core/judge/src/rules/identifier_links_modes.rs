//! `identifier-links-modes`: the same identifier in private and in normal mode
//! of one install. Who receives both knows that they belong to one person.

use std::collections::BTreeSet;

use model::Mode;

use super::{Finding, Severity};
use crate::{Identifier, IdentifierScope, JudgeInput, JudgedExchange, SightingContext};

pub(super) fn find(case: &JudgeInput<'_>) -> Vec<Finding> {
    let stays = case.identifiers.iter().filter(|identifier| identifier.scope != IdentifierScope::DeviceOrConstant);
    stays.filter_map(|identifier| linked(case, identifier)).collect()
}

fn linked(case: &JudgeInput<'_>, identifier: &Identifier) -> Option<Finding> {
    let both: Vec<Vec<&JudgedExchange>> =
        identifier.alike.iter().map(|alike| traffic(case, alike)).filter(|alike| in_both(case, alike)).collect();
    let first = both.first()?.first()?;
    let phases: BTreeSet<usize> = both.iter().flatten().filter_map(|one| one.phase).collect();
    let mut names: Vec<String> = Vec::new();
    for at in phases.iter().map(|phase| &case.phases[*phase]) {
        let name = format!("{} {}", at.mode.word(), at.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let exchanges: BTreeSet<u64> = both.iter().flatten().map(|one| one.exchange).collect();
    let is_there = |seen: &SightingContext| seen.trial.is_some() && exchanges.contains(&seen.sighting.exchange);
    let sightings = (0..case.seen.len()).filter(|i| is_there(&case.seen[*i])).collect();
    Some(Finding {
        code: "identifier-links-modes".into(),
        severity: Severity::High,
        destination: case.destinations.iter().position(|destination| destination.host == first.host),
        phases: names,
        sightings,
        says: format!(
            "{} gets the same {} identifier at {} from private and from normal mode, in {} of {} installs: both are one person to it",
            identifier.host,
            identifier.scope.word(),
            identifier.place,
            both.len(),
            identifier.alike.len()
        ),
    })
}

/// The case's exchanges with these positions.
fn traffic<'a>(case: &JudgeInput<'a>, exchanges: &[u64]) -> Vec<&'a JudgedExchange> {
    case.traffic.iter().filter(|one| exchanges.binary_search(&one.exchange).is_ok()).collect()
}

/// Whether one install sent the value in both modes.
fn in_both(case: &JudgeInput<'_>, alike: &[&JudgedExchange]) -> bool {
    let sent = |mode: Mode| -> BTreeSet<u32> {
        let then = alike.iter().filter(|one| one.phase.is_some_and(|phase| case.phases[phase].mode == mode));
        then.filter_map(|one| case.trial(one.trial?)).map(|trial| trial.install).collect()
    };
    !sent(Mode::Private).is_disjoint(&sent(Mode::Normal))
}
