//! All that the judge is told.

use std::{cell::OnceCell, fmt};

use knowledge::{Knowledge, subjects::SubjectSpec};
use model::{
    Act, Attribution, Canary, Destination, Initiator, Mode, Note, NoteCode, Phase, PlantedCanary, Run, Sighting, Time,
    Trial,
};

use crate::{BeaconRecall, FieldValue, Identifier, ReferenceOutcome, SealedDependence, dependence, reference};

/// One experiment, or one capture, with everything that was recognised in it.
#[derive(Clone, Copy, Debug)]
pub struct JudgeInput<'a> {
    pub knowledge: &'a Knowledge,
    pub run: Option<&'a Run>,
    pub trials: &'a [Trial],
    /// In the order of the capture.
    pub phases: &'a [Phase],
    pub plants: &'a [PlantedCanary],
    pub traffic: &'a [JudgedExchange],
    pub seen: &'a [SightingContext],
    pub identifiers: &'a [Identifier],
    /// Names of the places of values, by their numbers.
    pub places: &'a [String],
    /// Events that state themselves that they were sent late.
    pub late: &'a [LateEvent],
    pub destinations: &'a [Destination],
    pub notes: &'a [Note],
    /// What of the control was found.
    pub recall: &'a BeaconRecall,
    /// Empty at first: what is asked of all of it is worked out once.
    pub tests: &'a CaseTests,
    /// Why the run ended before its plan did, if it did.
    pub early: Option<&'a str>,
}

/// A sighting in its circumstances.
#[derive(Clone, Debug)]
pub struct SightingContext {
    pub sighting: Sighting,
    pub side: Attribution,
    /// Which of the case's destinations.
    pub destination: usize,
    pub trial: Option<u32>,
    /// Which of the case's phases the request was sent in.
    pub phase: Option<usize>,
    pub at: Time,
    /// Its trail was walked again and gave the value.
    pub replayed: bool,
    /// The guard answered the request itself, or ended it: it never left.
    pub stopped: bool,
}

/// One exchange, as far as the judge needs it.
#[derive(Clone)]
pub struct JudgedExchange {
    /// Which of the captures: each counts its exchanges from the start.
    pub capture: usize,
    pub exchange: u64,
    pub trial: Option<u32>,
    pub phase: Option<usize>,
    /// Of the address it was sent to: `https`.
    pub scheme: String,
    pub host: String,
    /// With its query.
    pub path: String,
    /// The name of another host that it went under, if it did.
    pub foreign_name: Option<String>,
    pub side: Initiator,
    /// Could not be read at all.
    pub sealed: bool,
    /// Places of it that could not be read.
    pub gaps: u32,
    /// Bytes of it that stayed closed: see [`crate::UnopenedFields`].
    pub closed: u64,
    /// Its values, as far as it takes to compare them.
    pub fields: Vec<FieldValue>,
    pub connection: u64,
    /// Which cookies it gave back, if it did.
    pub cookie: Option<u64>,
    pub bytes: u64,
    pub at: Time,
}

/// An event that a known format dates, and that was sent later.
#[derive(Clone, Debug)]
pub struct LateEvent {
    pub exchange: u64,
    pub happened: Time,
    pub sent: Time,
}

/// Says which exchange it is, and nothing of what was captured.
impl fmt::Debug for JudgedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traffic {{ capture: {}, exchange: {} }}", self.capture, self.exchange)
    }
}

impl JudgedExchange {
    /// Something of it could not be read, and it was not a page that sent it.
    pub fn is_unread(&self) -> bool {
        (self.sealed || self.gaps > 0 || self.closed > 0) && !matches!(self.side, Initiator::Page | Initiator::Caused)
    }

    /// How many bytes could not be read, as far as they were counted.
    pub fn unread_bytes(&self) -> u64 {
        if self.closed > 0 && !self.sealed { self.closed } else { self.bytes }
    }
}

/// Tests over all of a case. Verdicts, findings and tables ask for them, and each is
/// done when it is first asked for.
#[derive(Clone, Debug, Default)]
pub struct CaseTests {
    dependence: OnceCell<SealedDependence>,
    reference: OnceCell<ReferenceOutcome>,
}

impl<'a> JudgeInput<'a> {
    /// Whether traffic that cannot be read depends on what the person does.
    pub fn dependence(&self) -> &'a SealedDependence {
        self.tests.dependence.get_or_init(|| dependence(self))
    }

    /// How the reference arm compares with the driven ones.
    pub fn reference(&self) -> &'a ReferenceOutcome {
        self.tests.reference.get_or_init(|| reference(self))
    }

    /// The canary that a sighting is of, with where it was planted.
    pub fn plant(&self, sighting: &Sighting) -> Option<&'a PlantedCanary> {
        let id = sighting.canary.as_deref()?;
        self.plants.iter().find(|plant| plant.canary.id == id)
    }

    /// The phase in which a canary was used, the last of them that had begun by
    /// then: a site can be visited twice. What is sent later, from a queue, is
    /// judged by the phase it is about.
    pub fn phase_of(&self, canary: &Canary, by: Time) -> Option<usize> {
        let mut used = (0..self.phases.len()).filter(|phase| self.phases[*phase].canaries.contains(&canary.id));
        let first = used.next()?;
        Some(used.take_while(|phase| self.phases[*phase].at <= by).last().unwrap_or(first))
    }

    /// The phase that a sighting is about: its canary's; else the one in which
    /// the event itself says that it happened; else the one it was sent in.
    pub fn about(&self, seen: &SightingContext) -> Option<usize> {
        match self.plant(&seen.sighting) {
            Some(plant) => self.phase_of(&plant.canary, seen.at).or(seen.phase),
            None => self.happened(seen).or(seen.phase),
        }
    }

    fn happened(&self, seen: &SightingContext) -> Option<usize> {
        let trial = seen.trial?;
        let happened = self.late.iter().find(|late| late.exchange == seen.sighting.exchange)?.happened;
        self.phases.iter().rposition(|phase| phase.trial == trial && phase.at <= happened)
    }

    pub fn trial(&self, id: u32) -> Option<&'a Trial> {
        self.trials.iter().find(|trial| trial.id == id)
    }

    /// What is known of the subject; none if nobody described it.
    pub fn subject(&self) -> Option<&'a SubjectSpec> {
        let run = self.run?;
        self.knowledge.subjects.iter().find(|subject| subject.is_called(&run.subject.name))
    }

    /// Whether a sighting can carry a claim: the subject itself sent a value
    /// that was really used, to somebody it was not given to, and walking its
    /// trail again gives it.
    pub fn accuses(&self, seen: &SightingContext) -> bool {
        let own = match seen.side.side {
            Initiator::Native => true,
            Initiator::Extension => self.has_own_extension(),
            Initiator::Page | Initiator::Caused | Initiator::Unknown => false,
        };
        own && !seen.stopped && self.is_sound(seen) && !self.is_to_its_site(seen)
    }

    /// A value that was used, seen without a guess, at a place that gives it again.
    pub fn is_sound(&self, seen: &SightingContext) -> bool {
        let decoy = self.plant(&seen.sighting).is_some_and(|plant| plant.canary.decoy);
        seen.replayed && !seen.sighting.weak && !decoy
    }

    /// The site may know that it is visited, and the engine what it is asked.
    pub fn is_to_its_site(&self, seen: &SightingContext) -> bool {
        let host = &self.destinations[seen.destination].host;
        self.plant(&seen.sighting).and_then(|plant| plant.site.as_ref()).is_some_and(|site| site == host)
    }

    /// Whether a host is the search engine that the subject's address bar is set to.
    pub fn is_the_engine(&self, host: &str) -> bool {
        self.subject().and_then(|subject| subject.search.as_deref()).is_some_and(|engine| engine == host)
    }

    /// The subject's file names an extension as its own; Candor's audits load no other.
    pub fn has_own_extension(&self) -> bool {
        self.run.is_some_and(|run| !run.subject.extensions.is_empty())
    }

    /// Whether an act was done: its page or search was seen to be opened
    /// through Candor, and the driver did not say that it could not do it.
    pub fn was_done(&self, phase: usize) -> bool {
        let at = &self.phases[phase];
        if self.notes.iter().any(|note| note.code == NoteCode::NotDone && self.is_in(phase, note)) {
            return false;
        }
        let site =
            self.plants.iter().find(|plant| at.canaries.contains(&plant.canary.id)).and_then(|p| p.site.as_ref());
        match site {
            // Started, typed and not sent, opened on a phone: there is no page to be seen.
            None => !matches!(at.act, Act::Visit | Act::Search | Act::Form | Act::Download),
            // That its name was asked for, or that the subject sent it something, is no visit.
            Some(site) => {
                let pages = self.traffic.iter().filter(|one| one.side == Initiator::Page && !one.sealed);
                let of_trial = pages.filter(|one| one.trial == Some(at.trial));
                of_trial.filter(|one| one.host == *site).any(|one| one.at >= at.at)
            }
        }
    }

    fn is_in(&self, phase: usize, note: &Note) -> bool {
        let at = &self.phases[phase];
        note.trial == Some(at.trial)
            && note.at >= at.at
            && self.next(phase).is_none_or(|next| note.at < self.phases[next].at)
    }

    /// The phase of the same trial that comes after this one.
    pub fn next(&self, phase: usize) -> Option<usize> {
        (phase + 1..self.phases.len()).find(|next| self.phases[*next].trial == self.phases[phase].trial)
    }

    /// Whether a trial went to its end. In a run that was stopped, the trials
    /// that were under way did not.
    pub fn is_complete(&self, trial: &Trial) -> bool {
        let closed = || self.phases.iter().rfind(|phase| phase.trial == trial.id).is_some_and(|p| p.act == Act::Close);
        trial.failed.is_none() && (self.early.is_none() || closed())
    }

    /// Whether a trial of a mode, with visits or without, went to its end.
    pub fn has_trial(&self, mode: Mode, blank: bool) -> bool {
        self.trials.iter().any(|trial| trial.arm.mode == mode && trial.arm.blank == blank && self.is_complete(trial))
    }
}
