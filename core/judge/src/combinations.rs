//! Counts the reports for each combination of mode and switches. This table
//! shows whether a switch does what its label says.

use std::collections::{BTreeMap, BTreeSet};

use model::Mode;

use crate::{ActCount, JudgeInput, SightingContext, SwitchInPhase, SwitchPosition, acts::is_act};

/// One combination, with its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchCombination {
    pub mode: Mode,
    pub standing: Vec<SwitchInPhase>,
    /// Whether every switch has the position of a fresh install, set by the
    /// driver or not; none if that position was not read.
    pub as_installed: Option<bool>,
    /// Visits, searches and forms that were done.
    pub acts: u32,
    /// Acts that were reported to a host other than the visited site.
    pub told: u32,
    pub installs: u32,
    /// The destinations that got reports, as indices of the case's
    /// destinations.
    pub to: Vec<usize>,
}

/// One row for each combination with at least one act, normal mode first.
pub fn combinations(case: &JudgeInput<'_>) -> Vec<SwitchCombination> {
    let mut acts: BTreeMap<(Mode, Vec<SwitchInPhase>), BTreeSet<usize>> = BTreeMap::new();
    for (phase, at) in case.phases.iter().enumerate().filter(|(_, phase)| is_act(phase.act)) {
        acts.entry((at.mode, case.standing(phase))).or_default().insert(phase);
    }
    let rows = acts.into_iter().map(|((mode, standing), acts)| combination(case, mode, standing, &acts));
    rows.filter(|row| row.acts > 0).collect()
}

fn combination(
    case: &JudgeInput<'_>,
    mode: Mode,
    standing: Vec<SwitchInPhase>,
    acts: &BTreeSet<usize>,
) -> SwitchCombination {
    // Sightings that remote control caused do not count, here as in verdicts.
    let accuses = |seen: &&SightingContext| case.accuses(seen) && !case.reference().voids(case, seen);
    let planted = |seen: &&SightingContext| case.plant(&seen.sighting).is_some();
    let count = ActCount::of(case, acts, case.seen.iter().filter(accuses).filter(planted));
    SwitchCombination {
        mode,
        as_installed: as_installed(case, &standing),
        standing,
        acts: count.acts(),
        told: count.told(),
        installs: count.installs(case),
        to: count.told.into_values().flatten().collect::<BTreeSet<usize>>().into_iter().collect(),
    }
}

fn as_installed(case: &JudgeInput<'_>, standing: &[SwitchInPhase]) -> Option<bool> {
    let same = |one: &SwitchInPhase| match one.position {
        SwitchPosition::Default(_) => Some(true),
        other => Some(other.is_on()? == case.default_of(&one.switch)?),
    };
    standing.iter().map(same).try_fold(true, |all, one| one.map(|one| all && one))
}
