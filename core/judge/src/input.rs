//! The input of the judge.

use std::{cell::OnceCell, fmt};

use knowledge::{Knowledge, subjects::SubjectSpec};
use model::{
    Act, Attribution, Canary, Destination, Initiator, Mode, Note, NoteCode, Phase, PlantedCanary, Run, Sighting, Time,
    Trial,
};

use crate::{BeaconRecall, FieldValue, Identifier, ReferenceOutcome, SealedDependence, dependence, reference};

/// One experiment or capture, with everything that was recognised in it.
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
    /// Names of the places of values; the index is the number in [`FieldValue`].
    pub places: &'a [String],
    /// Events whose own timestamps show that they were sent late.
    pub late: &'a [LateEvent],
    pub destinations: &'a [Destination],
    pub notes: &'a [Note],
    /// How many of the control requests were found.
    pub recall: &'a BeaconRecall,
    /// Cache of tests over the whole case; empty at first.
    pub tests: &'a CaseTests,
    /// Why the run ended before its plan did, if it did.
    pub early: Option<&'a str>,
}

/// A sighting, with its destination, initiator and phase.
#[derive(Clone, Debug)]
pub struct SightingContext {
    pub sighting: Sighting,
    pub side: Attribution,
    /// Index of the destination in the case's destinations.
    pub destination: usize,
    pub trial: Option<u32>,
    /// Index of the phase in which the request was sent.
    pub phase: Option<usize>,
    pub at: Time,
    /// Whether the trail was walked again and gave the value.
    pub replayed: bool,
    /// Whether the guard answered or ended the request, so that it did not leave.
    pub stopped: bool,
}

/// One exchange, as far as the judge needs it.
#[derive(Clone)]
pub struct JudgedExchange {
    /// Index of the capture; `exchange` is a position in that capture.
    pub capture: usize,
    pub exchange: u64,
    pub trial: Option<u32>,
    pub phase: Option<usize>,
    /// Scheme of the address: `https`.
    pub scheme: String,
    pub host: String,
    /// Path and query of the address.
    pub path: String,
    /// The other host that the request named, if it did; see [`model::Exchange::foreign_name`].
    pub foreign_name: Option<String>,
    pub side: Initiator,
    /// The connection could not be read at all.
    pub sealed: bool,
    /// Number of places that could not be read.
    pub gaps: u32,
    /// Bytes that no decoder opened: see [`crate::UnopenedFields`].
    pub closed: u64,
    /// The values, in a form that allows to compare them.
    pub fields: Vec<FieldValue>,
    pub connection: u64,
    /// Digest of the Cookie header, if there is one.
    pub cookie: Option<u64>,
    pub bytes: u64,
    pub at: Time,
}

/// An event of a known format, whose timestamp is earlier than the request that sent it.
#[derive(Clone, Debug)]
pub struct LateEvent {
    pub exchange: u64,
    pub happened: Time,
    pub sent: Time,
}

/// Prints the position of the exchange, and no captured value.
impl fmt::Debug for JudgedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traffic {{ capture: {}, exchange: {} }}", self.capture, self.exchange)
    }
}

impl JudgedExchange {
    /// Whether a part could not be read, and the exchange was not sent or caused by a page.
    pub fn is_unread(&self) -> bool {
        (self.sealed || self.gaps > 0 || self.closed > 0) && !matches!(self.side, Initiator::Page | Initiator::Caused)
    }

    /// How many bytes could not be read, as far as they were counted.
    pub fn unread_bytes(&self) -> u64 {
        if self.closed > 0 && !self.sealed { self.closed } else { self.bytes }
    }
}

/// Tests over the whole case. Verdicts, findings and tables use the results, and each test runs
/// when its result is first used.
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

    /// The comparison of the reference arm with the driven arms.
    pub fn reference(&self) -> &'a ReferenceOutcome {
        self.tests.reference.get_or_init(|| reference(self))
    }

    /// The planted canary of a sighting, if it has one.
    pub fn plant(&self, sighting: &Sighting) -> Option<&'a PlantedCanary> {
        let id = sighting.canary.as_deref()?;
        self.plants.iter().find(|plant| plant.canary.id == id)
    }

    /// The phase in which a canary was used. If there are several, because a site was visited
    /// twice, it is the last one that had begun at the time `by`. A value that is sent later, from
    /// a queue, is judged by the phase in which it was used.
    pub fn phase_of(&self, canary: &Canary, by: Time) -> Option<usize> {
        let mut used = (0..self.phases.len()).filter(|phase| self.phases[*phase].canaries.contains(&canary.id));
        let first = used.next()?;
        Some(used.take_while(|phase| self.phases[*phase].at <= by).last().unwrap_or(first))
    }

    /// The phase that a sighting is about: the phase of its canary; else the phase at the event's
    /// own timestamp; else the phase in which it was sent.
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

    /// The description of the subject in the knowledge, if there is one.
    pub fn subject(&self) -> Option<&'a SubjectSpec> {
        let run = self.run?;
        self.knowledge.subjects.iter().find(|subject| subject.is_called(&run.subject.name))
    }

    /// Whether a sighting can support an accusation: the subject itself sent a value that was
    /// really used to a host that it was not meant for, and walking the trail again gives the
    /// value.
    pub fn accuses(&self, seen: &SightingContext) -> bool {
        let own = match seen.side.side {
            Initiator::Native => true,
            Initiator::Extension => self.has_own_extension(),
            Initiator::Page | Initiator::Caused | Initiator::Unknown => false,
        };
        own && !seen.stopped && self.is_sound(seen) && !self.is_to_its_site(seen)
    }

    /// Whether a sighting is reliable: its value is no decoy, it involves no guess, and walking the
    /// trail again gave the value.
    pub fn is_sound(&self, seen: &SightingContext) -> bool {
        let decoy = self.plant(&seen.sighting).is_some_and(|plant| plant.canary.decoy);
        seen.replayed && !seen.sighting.weak && !decoy
    }

    /// Whether the value went to the host that it was meant for: the visited site, or the search
    /// engine.
    pub fn is_to_its_site(&self, seen: &SightingContext) -> bool {
        let host = &self.destinations[seen.destination].host;
        self.plant(&seen.sighting).and_then(|plant| plant.site.as_ref()).is_some_and(|site| site == host)
    }

    /// Whether a host is the search engine that the subject's address bar is set to.
    pub fn is_the_engine(&self, host: &str) -> bool {
        self.subject().and_then(|subject| subject.search.as_deref()).is_some_and(|engine| engine == host)
    }

    /// Whether the subject has extensions of its own. Candor's audits load no others.
    pub fn has_own_extension(&self) -> bool {
        self.run.is_some_and(|run| !run.subject.extensions.is_empty())
    }

    /// Whether an act was done: Candor saw the requests of its page or search, and the driver did
    /// not report that it could not do the act.
    pub fn was_done(&self, phase: usize) -> bool {
        let at = &self.phases[phase];
        if self.notes.iter().any(|note| note.code == NoteCode::NotDone && self.is_in(phase, note)) {
            return false;
        }
        let site =
            self.plants.iter().find(|plant| at.canaries.contains(&plant.canary.id)).and_then(|p| p.site.as_ref());
        match site {
            // Acts without a page, such as start, typing, or opening a folder on a phone, cannot be
            // seen in the traffic.
            None => !matches!(at.act, Act::Visit | Act::Search | Act::Form | Act::Download),
            // Only a request of a page proves a visit. A DNS query, or a request of the subject
            // itself, does not.
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

    /// Whether a trial was completed. In a run that ended early, only trials that closed the
    /// subject were.
    pub fn is_complete(&self, trial: &Trial) -> bool {
        let closed = || self.phases.iter().rfind(|phase| phase.trial == trial.id).is_some_and(|p| p.act == Act::Close);
        trial.failed.is_none() && (self.early.is_none() || closed())
    }

    /// Whether a trial of this mode, idle or with use, was completed.
    pub fn has_trial(&self, mode: Mode, blank: bool) -> bool {
        self.trials.iter().any(|trial| trial.arm.mode == mode && trial.arm.blank == blank && self.is_complete(trial))
    }
}
