//! All that the judge is told.

use knowledge::Knowledge;
use model::{Act, Canary, Destination, Mode, Note, Phase, Plant, Run, Side, SideBecause, Sighting, Time, Trial};

use crate::Identifier;

/// One experiment, or one capture, with everything that was recognised in it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub knowledge: &'a Knowledge,
    pub run: Option<&'a Run>,
    pub trials: &'a [Trial],
    /// In the order of the capture.
    pub phases: &'a [Phase],
    pub plants: &'a [Plant],
    pub traffic: &'a [Traffic],
    pub seen: &'a [Seen],
    pub identifiers: &'a [Identifier],
    pub destinations: &'a [Destination],
    pub notes: &'a [Note],
    /// Why the run ended before its plan did, if it did.
    pub early: Option<&'a str>,
}

/// A sighting in its circumstances.
#[derive(Clone, Debug)]
pub struct Seen {
    pub sighting: Sighting,
    pub side: SideBecause,
    /// Which of the case's destinations.
    pub destination: usize,
    pub trial: Option<u32>,
    /// Which of the case's phases the request was sent in.
    pub phase: Option<usize>,
    pub at: Time,
    /// Its trail was walked again and gave the value.
    pub replayed: bool,
}

/// One exchange, as far as the judge needs it.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub exchange: u64,
    pub trial: Option<u32>,
    pub phase: Option<usize>,
    pub host: String,
    pub side: Side,
    /// Could not be read at all.
    pub sealed: bool,
    /// Part of it could not be read.
    pub gaps: u32,
    pub bytes: u64,
    pub at: Time,
}

impl<'a> Case<'a> {
    /// The canary that a sighting is of, with where it was planted.
    pub fn plant(&self, sighting: &Sighting) -> Option<&'a Plant> {
        let id = sighting.canary.as_deref()?;
        self.plants.iter().find(|plant| plant.canary.id == id)
    }

    /// The phase in which a canary was used. What is sent later, from a queue,
    /// is judged by the phase it is about.
    pub fn phase_of(&self, canary: &Canary) -> Option<usize> {
        self.phases.iter().position(|phase| phase.canaries.contains(&canary.id))
    }

    /// The phase that a sighting is about: its canary's, else the one it was sent in.
    pub fn about(&self, seen: &Seen) -> Option<usize> {
        self.plant(&seen.sighting).and_then(|plant| self.phase_of(&plant.canary)).or(seen.phase)
    }

    pub fn trial(&self, id: u32) -> Option<&'a Trial> {
        self.trials.iter().find(|trial| trial.id == id)
    }

    /// Where the subject's switches stood in a phase; empty if it has none.
    pub fn switches(&self, phase: usize) -> Vec<(&'a str, &'a str)> {
        let at = &self.phases[phase];
        let Some(trial) = self.trial(at.trial) else { return vec![] };
        let mut switches: Vec<(&str, &str)> =
            trial.arm.switches.iter().map(|switch| (switch.name.as_str(), switch.position.as_str())).collect();
        for earlier in self.phases[..=phase].iter().filter(|phase| phase.trial == at.trial) {
            for switch in &earlier.switches {
                match switches.iter_mut().find(|(name, _)| *name == switch.name) {
                    Some(known) => known.1 = &switch.position,
                    None => switches.push((&switch.name, &switch.position)),
                }
            }
        }
        switches
    }

    /// Whether the switches of a phase stand as one of these says. A subject
    /// without switches stands at its default.
    pub fn stands(&self, phase: usize, positions: &[String]) -> bool {
        let switches = self.switches(phase);
        positions.iter().any(|position| match position.as_str() {
            "default" => switches.iter().all(|(_, at)| *at == "default"),
            other => switches.iter().any(|(_, at)| *at == other),
        })
    }

    /// Whether the page or search of a phase was seen to be opened through Candor.
    pub fn was_reached(&self, phase: usize) -> bool {
        let at = &self.phases[phase];
        let site =
            self.plants.iter().find(|plant| at.canaries.contains(&plant.canary.id)).and_then(|p| p.site.as_ref());
        match site {
            // Typed and not sent: there is no page to be seen.
            None => at.act == Act::Type,
            Some(site) => {
                self.traffic.iter().any(|one| one.trial == Some(at.trial) && !one.sealed && one.host == *site)
            }
        }
    }

    /// Trials of a mode in which something was done, without those that failed at once.
    pub fn has_trial(&self, mode: Mode, blank: bool) -> bool {
        self.trials.iter().any(|trial| trial.arm.mode == mode && trial.arm.blank == blank && trial.failed.is_none())
    }
}
