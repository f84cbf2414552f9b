//! How remote control changes the subject: the subject as a person starts it is compared with the
//! same steps under remote control.
//!
//! A difference is a host, with its purpose and a kind of data, that occurs in every trial of one
//! side and in no trial of the other. Traffic that only reference trials have is invisible in the
//! driven arms, so no promise is called kept. Traffic that only driven trials have is caused by
//! remote control, so it accuses nobody. Everything else in the driven arms counts.

use std::collections::{BTreeMap, BTreeSet};

use model::{ArmRole, Initiator, Kind, Mode, Purpose, SubjectOrigin, Trial};

use crate::{JudgeInput, SightingContext};

/// Trials of each side and mode that the comparison needs.
const LEAST: usize = 2;

/// The result of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReferenceOutcome {
    /// The subject is not under remote control in any arm, or is a program of ours.
    #[default]
    NotNeeded,
    /// Why there is no comparison, as the end of a sentence.
    Missing(String),
    Compared(ReferenceComparison),
}

/// Both sides of the comparison, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceComparison {
    /// Number of trials that were compared: reference and driven.
    pub trials: (usize, usize),
    pub only_reference: Vec<TrafficDifference>,
    pub only_driven: Vec<TrafficDifference>,
}

/// Traffic that one side has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficDifference {
    pub mode: Mode,
    pub host: String,
    pub purpose: Purpose,
    /// The kind of data that was recognised; none for the requests themselves.
    pub kind: Option<Kind>,
}

/// Compares the reference trials of a run with the driven trials that have the same steps.
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
        // Traffic that occurs in any driven arm is not exclusive to the reference.
        let any_driven: Vec<&Trial> =
            case.trials.iter().filter(|trial| trial.arm.mode == mode && trial.arm.role != ArmRole::Reference).collect();
        comparison.only_reference.extend(only_in(&sends, &plain, &any_driven));
        comparison.only_driven.extend(only_in(&sends, &driven, &plain));
    }
    ReferenceOutcome::Compared(comparison)
}

impl ReferenceOutcome {
    /// Whether remote control caused this sighting: a like sighting is in every compared driven
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

    /// Why no promise about this mode (about any mode, if none is given) can be called kept.
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
    /// Whether the subject is under remote control, and could be used without.
    fn carries_instrument(&self) -> bool {
        let Some(run) = self.run else { return false };
        match self.subject() {
            Some(subject) => subject.driver.is_remote_control() && subject.extension.is_none(),
            // A subject named by its path is a Chromium or Firefox, which is driven by remote
            // control.
            None => matches!(SubjectOrigin::of(&run.subject.name), SubjectOrigin::Path(_)),
        }
    }

    /// All that the subject itself sent in a trial, except to the visited sites and the search
    /// engine.
    fn sends(&self, trial: &Trial, sites: &BTreeSet<&str>) -> BTreeSet<TrafficDifference> {
        let mode = trial.arm.mode;
        let own = |side: Initiator| matches!(side, Initiator::Native | Initiator::Extension);
        let purpose_of = |host: &str| {
            let known = self.destinations.iter().find(|destination| destination.host == host);
            known.map_or(Purpose::Unknown, |destination| destination.purpose)
        };
        // Requests to the visited sites and the search engine depend on how the subject was
        // directed there, so they are not compared.
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

/// The traffic that is in all of these trials and in none of the others.
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
