//! What each combination of mode and switches told: the table that shows
//! whether a switch does what its label says.

use std::collections::{BTreeMap, BTreeSet};

use model::{Act, Mode};

use crate::{Case, Position, Standing};

/// One combination, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combination {
    pub mode: Mode,
    pub standing: Vec<Standing>,
    /// Every switch stands where it stands in a fresh install, thrown there or
    /// not; none if nobody looked.
    pub as_installed: Option<bool>,
    /// Visits, searches and forms that were done.
    pub acts: u32,
    /// Those of them that somebody else than the site was told of.
    pub told: u32,
    pub installs: u32,
    /// Hosts that were told, by the case's destinations.
    pub to: Vec<usize>,
}

/// One row a combination, normal mode first. Nothing where no act was done.
pub fn combinations(case: &Case<'_>) -> Vec<Combination> {
    let told = told(case);
    let mut rows: BTreeMap<(Mode, Vec<Standing>), Row> = BTreeMap::new();
    for (phase, at) in case.phases.iter().enumerate().filter(|(_, phase)| is_act(phase.act)) {
        if !case.was_done(phase) {
            continue;
        }
        let row = rows.entry((at.mode, case.standing(phase))).or_default();
        row.acts += 1;
        row.installs.extend(case.trial(at.trial).map(|trial| trial.install));
        if let Some(to) = told.get(&phase) {
            row.told += 1;
            row.to.extend(to);
        }
    }
    let combination = |((mode, standing), row): ((Mode, Vec<Standing>), Row)| Combination {
        mode,
        as_installed: as_installed(case, &standing),
        standing,
        acts: row.acts,
        told: row.told,
        installs: row.installs.len() as u32,
        to: row.to.into_iter().collect(),
    };
    rows.into_iter().map(combination).collect()
}

#[derive(Default)]
struct Row {
    acts: u32,
    told: u32,
    installs: BTreeSet<u32>,
    to: BTreeSet<usize>,
}

fn is_act(act: Act) -> bool {
    matches!(act, Act::Visit | Act::Search | Act::Form | Act::Type | Act::Download | Act::Open)
}

/// Destinations that were told of a phase.
fn told(case: &Case<'_>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut told: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for seen in case.seen.iter().filter(|seen| case.accuses(seen) && case.plant(&seen.sighting).is_some()) {
        if let Some(phase) = case.about(seen) {
            told.entry(phase).or_default().insert(seen.destination);
        }
    }
    told
}

fn as_installed(case: &Case<'_>, standing: &[Standing]) -> Option<bool> {
    let same = |one: &Standing| match one.position {
        Position::Default(_) => Some(true),
        other => Some(other.is_on()? == case.default_of(&one.switch)?),
    };
    standing.iter().map(same).try_fold(true, |all, one| one.map(|one| all && one))
}
