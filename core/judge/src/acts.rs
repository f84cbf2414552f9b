//! Counts the acts that were done, and the acts that were reported to somebody.
//!
//! The sentence of a verdict, the table of settings and the picture all print
//! the numbers of this one function, so that they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use model::Act;

use crate::{JudgeInput, SightingContext};

/// The acts that count, as indices of phases, and the destinations that were
/// sent data about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActCount {
    /// Acts that were done in complete trials, and acts that were reported: a
    /// report of an act proves that it was done.
    pub done: BTreeSet<usize>,
    /// The reported acts, each with the destinations that got a report of it.
    pub told: BTreeMap<usize, BTreeSet<usize>>,
}

impl ActCount {
    /// Counts these acts (indices of phases). `told_by` are the sightings that
    /// count as reports; a sighting about another act is not counted.
    pub fn of<'s>(
        case: &JudgeInput<'_>,
        acts: &BTreeSet<usize>,
        told_by: impl IntoIterator<Item = &'s SightingContext>,
    ) -> Self {
        let mut told: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for seen in told_by {
            if let Some(about) = case.about(seen).filter(|about| acts.contains(about)) {
                told.entry(about).or_default().insert(seen.destination);
            }
        }
        let done = |phase: &usize| told.contains_key(phase) || case.is_exercised(*phase);
        Self { done: acts.iter().copied().filter(done).collect(), told }
    }

    /// Number of acts that were done.
    pub fn acts(&self) -> u32 {
        self.done.len() as u32
    }

    /// Number of acts that were reported. It is never greater than
    /// [`ActCount::acts`].
    pub fn told(&self) -> u32 {
        self.told.len() as u32
    }

    /// Number of installs in which the acts were done.
    pub fn installs(&self, case: &JudgeInput<'_>) -> u32 {
        let install = |phase: &usize| case.trial(case.phases[*phase].trial).map(|trial| trial.install);
        self.done.iter().filter_map(install).collect::<BTreeSet<u32>>().len() as u32
    }
}

impl JudgeInput<'_> {
    /// Whether it means something that no report of an act was seen: the act was
    /// done, and its trial was completed. A report may be sent as late as the
    /// end of the trial.
    pub(crate) fn is_exercised(&self, phase: usize) -> bool {
        let trial = self.trial(self.phases[phase].trial);
        trial.is_some_and(|trial| self.is_complete(trial)) && self.was_done(phase)
    }
}

/// Whether an act is something that a person does and that a subject could
/// report.
pub(crate) fn is_act(act: Act) -> bool {
    matches!(act, Act::Visit | Act::Search | Act::Form | Act::Type | Act::Download | Act::Open)
}
