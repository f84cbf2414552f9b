//! What the instrument changes: the subject as a person starts it, held against
//! the same steps under remote control.
//!
//! A difference is a host, with its purpose and what was recognised there, that
//! is in every trial of one side and in none of the other. What only the
//! reference sends, the driven arms could not have shown, so nothing is called
//! kept over it. What only driven trials send, the instrument caused, so it
//! accuses nobody. Everything else in the driven arms stands.

use std::collections::{BTreeMap, BTreeSet};

use model::{ArmRole, Initiator, Kind, Mode, Purpose, SubjectOrigin, Trial};

use crate::{JudgeInput, SightingContext};

/// Trials of each side and mode without which nothing is compared.
const LEAST: usize = 2;

/// How the comparison came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReferenceOutcome {
    /// The subject carries no instrument in any arm, or is a program of ours.
    #[default]
    NotNeeded,
    /// Why there is none, in words that end a sentence.
    Missing(String),
    Compared(ReferenceComparison),
}

/// Both sides of the comparison, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceComparison {
    /// Trials that were compared: reference and driven.
    pub trials: (usize, usize),
    pub only_reference: Vec<TrafficDifference>,
    pub only_driven: Vec<TrafficDifference>,
}

/// What one side sends and the other does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficDifference {
    pub mode: Mode,
    pub host: String,
    pub purpose: Purpose,
    /// What was recognised; none for the requests themselves.
    pub kind: Option<Kind>,
}

/// Holds the reference trials of a run against those that went the same way, driven.
pub fn reference(case: &JudgeInput<'_>) -> ReferenceOutcome {
    let of_role = |role: ArmRole| case.trials.iter().filter(move |trial| trial.arm.role == role);
    if of_role(ArmRole::Reference).next().is_none() {
        return if case.carries_instrument() {
            ReferenceOutcome::Missing("the run had no reference arm".into())
        } else {
            ReferenceOutcome::NotNeeded
        };
    }
    let sites: BTreeSet<&str> = case.plants.iter().filter_map(|plant| plant.site.as_deref()).collect();
    let sends: BTreeMap<u32, BTreeSet<TrafficDifference>> =
        case.trials.iter().map(|trial| (trial.id, case.sends(trial, &sites))).collect();
    let modes: BTreeSet<Mode> = of_role(ArmRole::Reference).map(|trial| trial.arm.mode).collect();
    let mut comparison = ReferenceComparison::default();
    for mode in modes {
        let complete = |role| -> Vec<&Trial> {
            of_role(role).filter(|trial| trial.arm.mode == mode && case.is_complete(trial)).collect()
        };
        let (plain, driven) = (complete(ArmRole::Reference), complete(ArmRole::Compared));
        if plain.len() < LEAST || driven.len() < LEAST {
            return ReferenceOutcome::Missing(format!(
                "in {} mode {} reference trials and {} driven ones came to their end, and {LEAST} of each are needed",
                mode.word(),
                plain.len(),
                driven.len()
            ));
        }
        comparison.trials.0 += plain.len();
        comparison.trials.1 += driven.len();
        // What any driven arm sends is no more than the reference alone does.
        let any_driven: Vec<&Trial> =
            case.trials.iter().filter(|trial| trial.arm.mode == mode && trial.arm.role != ArmRole::Reference).collect();
        comparison.only_reference.extend(only_in(&sends, &plain, &any_driven));
        comparison.only_driven.extend(only_in(&sends, &driven, &plain));
    }
    ReferenceOutcome::Compared(comparison)
}

impl ReferenceOutcome {
    /// Whether the instrument caused this sighting: its like is in every driven
    /// trial and in no reference trial. A sighting in the reference arm is never voided.
    pub(crate) fn voids(&self, case: &JudgeInput<'_>, seen: &SightingContext) -> bool {
        let Self::Compared(comparison) = self else { return false };
        let Some(trial) = seen.trial.and_then(|id| case.trial(id)) else { return false };
        let destination = &case.destinations[seen.destination];
        trial.arm.role != ArmRole::Reference
            && comparison.only_driven.iter().any(|one| {
                one.mode == trial.arm.mode
                    && one.host == destination.host
                    && one.purpose == destination.purpose
                    && one.kind.as_ref() == Some(&seen.sighting.kind)
            })
    }

    /// What stands in the way of *kept* in this mode (any, if none is given).
    pub(crate) fn obstacle(&self, mode: Option<Mode>) -> Option<String> {
        match self {
            Self::NotNeeded => None,
            Self::Missing(why) => Some(format!(
                "what the instrument changes was not measured: {why}, so a report that it keeps the subject from sending would not be seen."
            )),
            Self::Compared(comparison) => {
                let mut only = comparison.only_reference.iter();
                let first = only.find(|one| mode.is_none_or(|mode| one.mode == mode))?;
                let what = first.kind.as_ref().map_or("requests", |kind| kind.as_str());
                Some(format!(
                    "{} was sent {what} in every trial without an instrument and in none with one, so the driven trials do not show all that the subject does.",
                    first.host
                ))
            }
        }
    }
}

impl JudgeInput<'_> {
    /// Whether the subject is used under remote control and could be used without.
    fn carries_instrument(&self) -> bool {
        let Some(run) = self.run else { return false };
        match self.subject() {
            Some(subject) => subject.driver.is_remote_control() && subject.extension.is_none(),
            // Named by its path: a browser of one of the two families.
            None => matches!(SubjectOrigin::of(&run.subject.name), SubjectOrigin::Path(_)),
        }
    }

    /// All that a subject sent of itself in a trial, but to the sites it was sent to.
    fn sends(&self, trial: &Trial, sites: &BTreeSet<&str>) -> BTreeSet<TrafficDifference> {
        let mode = trial.arm.mode;
        let own = |side: Initiator| matches!(side, Initiator::Native | Initiator::Extension);
        let purpose_of = |host: &str| {
            let known = self.destinations.iter().find(|destination| destination.host == host);
            known.map_or(Purpose::Unknown, |destination| destination.purpose)
        };
        // What goes to the sites and the engine that the subject was sent to depends on
        // how it was sent there.
        let of_trial = self.traffic.iter().filter(|one| one.trial == Some(trial.id) && own(one.side));
        let of_trial = of_trial.filter(|one| !sites.contains(one.host.as_str()));
        let mut sends: BTreeSet<TrafficDifference> = of_trial
            .map(|one| TrafficDifference { mode, host: one.host.clone(), purpose: purpose_of(&one.host), kind: None })
            .collect();
        let seen = self.seen.iter().filter(|seen| seen.trial == Some(trial.id) && own(seen.side.side));
        sends.extend(seen.filter(|seen| self.is_sound(seen) && !self.is_to_its_site(seen)).map(|seen| {
            let destination = &self.destinations[seen.destination];
            let (host, purpose) = (destination.host.clone(), destination.purpose);
            TrafficDifference { mode, host, purpose, kind: Some(seen.sighting.kind.clone()) }
        }));
        sends
    }
}

/// What is in all of these trials and in none of the others.
fn only_in(
    sends: &BTreeMap<u32, BTreeSet<TrafficDifference>>,
    these: &[&Trial],
    others: &[&Trial],
) -> Vec<TrafficDifference> {
    let mut all = these.iter().filter_map(|trial| sends.get(&trial.id));
    let Some(first) = all.next() else { return vec![] };
    let in_all = all.fold(first.clone(), |in_all, one| &in_all & one);
    let is_elsewhere =
        |one: &TrafficDifference| others.iter().any(|trial| sends.get(&trial.id).is_some_and(|all| all.contains(one)));
    in_all.into_iter().filter(|one| !is_elsewhere(one)).collect()
}
