//! Judges claims that a request must be sent after each event of a kind.
//!
//! A missing request counts only if all traffic was watched, and if the trial
//! continued until the request was due.

use std::collections::BTreeSet;

use knowledge::promises::MustClause;
use model::{Act, Initiator, Phase};

use super::{
    INSTALLS, VISITS,
    scope::PromisePhases,
    sentences::{count, listed},
};
use crate::{ActCount, Outcome};

/// The result of a claim that a request must be sent.
pub(super) struct RequiredResult {
    pub(super) outcome: Outcome,
    pub(super) because: String,
    /// The events after which the request was due; `missed` counts those without it.
    pub(super) events: ActCount,
    pub(super) missed: u32,
}

/// Whether a phase is an event of this kind, after which a request is due.
pub(super) fn is_event(phase: &Phase, after: &str) -> bool {
    match after {
        "start" => matches!(phase.act, Act::Start | Act::Restart | Act::Later),
        "visit" => phase.act == Act::Visit,
        "search" => phase.act == Act::Search,
        "turned-off" => phase.switches.iter().any(|switch| switch.position == model::SwitchSetting::TurnedOff),
        _ => false,
    }
}

impl PromisePhases<'_> {
    /// Judges whether the request was sent after each event.
    pub(super) fn required(&self, must: &MustClause) -> RequiredResult {
        let waited: BTreeSet<usize> =
            self.exercised.done.iter().copied().filter(|event| self.was_waited_for(*event, must)).collect();
        let missed: Vec<usize> = waited.iter().copied().filter(|event| !self.came(*event, must)).collect();
        let events = ActCount { done: waited, ..ActCount::default() };
        let (outcome, because) = self.judged(must, &events, &missed);
        RequiredResult { outcome, because, events, missed: missed.len() as u32 }
    }

    fn judged(&self, must: &MustClause, events: &ActCount, missed: &[usize]) -> (Outcome, String) {
        let what = format!("a request to {}{}", must.host, must.path.as_deref().unwrap_or_default());
        let after = format!("{} ({})", count(events.acts(), "event"), must.after);
        let installs = events.installs(self.case);
        if events.acts() == 0 {
            return (Outcome::Untested, format!("nothing was done after which {what} must come, or not waited for."));
        }
        if missed.is_empty() && (events.acts() < VISITS || installs < INSTALLS) {
            let over = count(installs, "fresh install");
            let says = format!(
                "too few: {what} came after each of {after} over {over}, and at least {VISITS} over {INSTALLS} are needed."
            );
            return (Outcome::Unclear, says);
        }
        if missed.is_empty() {
            return (Outcome::Kept, format!("{what} came within {} after each of {after}.", must.within));
        }
        match self.unwatched(must) {
            Some(why) => {
                (Outcome::Unclear, format!("{what} was not seen after {} of {after}, and {why}.", missed.len()))
            }
            None => {
                let says = format!("{what} did not come within {} after {} of {after}.", must.within, missed.len());
                (Outcome::Broken, says)
            }
        }
    }

    /// Whether the trial continued until the request was due.
    fn was_waited_for(&self, event: usize, must: &MustClause) -> bool {
        let at = &self.case.phases[event];
        let phases = self.case.phases.iter().filter(|phase| phase.trial == at.trial).map(|phase| phase.at.0);
        let traffic = self.case.traffic.iter().filter(|one| one.trial == Some(at.trial)).map(|one| one.at.0);
        phases.chain(traffic).max().is_some_and(|last| last >= at.at.0 + must.within())
    }

    fn came(&self, event: usize, must: &MustClause) -> bool {
        let at = &self.case.phases[event];
        let due = at.at.0..=at.at.0 + must.within();
        let of_trial = self.case.traffic.iter().filter(|one| one.trial == Some(at.trial) && due.contains(&one.at.0));
        of_trial.filter(|one| self.is_own(one.side) && !one.sealed).any(|one| must.is_met_by(&one.host, &one.path))
    }

    /// Why the request could have been sent without being seen; none if it
    /// could not.
    fn unwatched(&self, must: &MustClause) -> Option<String> {
        let case = self.case;
        let mut why = Vec::new();
        if !case.run.is_some_and(|run| run.bypass_watched) {
            why.push("what goes past Candor was not watched".to_owned());
        }
        if case.traffic.iter().any(|one| one.host == must.host && one.sealed) {
            why.push(format!("some of what {} was sent could not be read", must.host));
        }
        (!why.is_empty()).then(|| listed(&why))
    }

    pub(super) fn is_own(&self, side: Initiator) -> bool {
        side == Initiator::Native || side == Initiator::Extension && self.case.has_own_extension()
    }
}
