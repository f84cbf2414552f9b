//! How many acts were done, and of how many somebody was told.
//!
//! One function for every number: the sentence of a verdict, the table of
//! settings and the picture print what it counts, so they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use model::Act;

use crate::{JudgeInput, SightingContext};

/// Acts that count, by phase, and what somebody was told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActCount {
    /// Acts that were done, in trials that went to their end, and those that
    /// somebody was told of: who is told of an act shows that it was done.
    pub done: BTreeSet<usize>,
    /// Those of them that somebody was told of, with the case's destinations.
    pub told: BTreeMap<usize, BTreeSet<usize>>,
}

impl ActCount {
    /// Of these acts (phases of the case), as told by these sightings. What is
    /// about another act is counted nowhere.
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

    /// How many were done.
    pub fn acts(&self) -> u32 {
        self.done.len() as u32
    }

    /// Of how many of them somebody was told. Never more than there are.
    pub fn told(&self) -> u32 {
        self.told.len() as u32
    }

    /// In how many installs they were done.
    pub fn installs(&self, case: &JudgeInput<'_>) -> u32 {
        let install = |phase: &usize| case.trial(case.phases[*phase].trial).map(|trial| trial.install);
        self.done.iter().filter_map(install).collect::<BTreeSet<u32>>().len() as u32
    }
}

impl JudgeInput<'_> {
    /// Whether an act counts for what was not seen: it was done, in a trial that
    /// went to its end. What is sent late is sent then.
    pub(crate) fn is_exercised(&self, phase: usize) -> bool {
        let trial = self.trial(self.phases[phase].trial);
        trial.is_some_and(|trial| self.is_complete(trial)) && self.was_done(phase)
    }
}

/// Whether something is done that a person does, and that could be told.
pub(crate) fn is_act(act: Act) -> bool {
    matches!(act, Act::Visit | Act::Search | Act::Form | Act::Type | Act::Download | Act::Open)
}
