//! The scope of a promise: the phases in which it can be broken, and the sightings that break it.

use std::collections::BTreeSet;

use knowledge::promises::{Assertion, ClauseLimits, Promise};
use model::{Act, Destination, Initiator, Kind, PlantedCanary, RecognitionMethod, Sighting};

use super::required::is_event;
use crate::{
    ActCount, JudgeInput, SightingContext,
    instruments::RunSection,
    nearness::{IdentifiedRequests, IdentifierNearness},
};

/// A promise, with the phases that can test it.
pub(super) struct PromisePhases<'a> {
    pub(super) case: &'a JudgeInput<'a>,
    pub(super) promise: &'a Promise,
    pub(super) kinds: Vec<Kind>,
    /// Phases in which an act put the promise at stake, done or not.
    pub(super) staked: BTreeSet<usize>,
    /// The staked phases that were done. No reports are counted here.
    pub(super) exercised: ActCount,
}

/// Sightings that a promise forbids, sorted by the doubts about them.
#[derive(Default)]
pub(super) struct BreachSightings {
    /// No doubt: these break the promise.
    pub(super) broken: Vec<usize>,
    /// How close identifiers are to the reports, for a promise about anonymity.
    pub(super) near: BTreeSet<IdentifierNearness>,
    /// The initiator is not known.
    pub(super) unknown: Vec<usize>,
    /// The location of the server is not known.
    pub(super) nowhere: Vec<usize>,
    /// The recognition involved a guess, or walking the trail again did not give the value.
    pub(super) weak: Vec<usize>,
    /// The request also carries a value that is either an id of the device or a constant.
    pub(super) beside_constant: Vec<usize>,
    /// Whether there was any report, with an identifier or without.
    pub(super) is_reported: bool,
}

impl<'a> PromisePhases<'a> {
    pub(super) fn of(case: &'a JudgeInput<'a>, promise: &'a Promise) -> Self {
        let kinds = kinds_at_stake(promise);
        let stakes = |phase: usize| match &promise.claim {
            Assertion::Must(must) => is_event(&case.phases[phase], &must.after),
            _ => stakes(case.phases[phase].act, &kinds),
        };
        let at_stake = |phase: &usize| covers(case, promise, *phase) && stakes(*phase);
        let staked: BTreeSet<usize> = (0..case.phases.len()).filter(at_stake).collect();
        let exercised = ActCount::of(case, &staked, []);
        Self { case, promise, kinds, staked, exercised }
    }

    /// Counts the staked acts, and those of them that these sightings report.
    pub(super) fn told_by(&self, sightings: &[usize]) -> ActCount {
        ActCount::of(self.case, &self.staked, sightings.iter().map(|i| &self.case.seen[*i]))
    }

    pub(super) fn breaches(&self) -> BreachSightings {
        let mut breaches = BreachSightings::default();
        let (stays, may_stay) =
            (IdentifiedRequests::that_stay(self.case), IdentifiedRequests::that_may_stay(self.case));
        for (i, seen) in self.case.seen.iter().enumerate().filter(|(_, seen)| self.is_told(seen)) {
            breaches.is_reported = true;
            if !self.case.is_sound(seen) {
                breaches.weak.push(i);
            } else if !self.promise.is_about_anonymity() {
                self.sort(i, seen, &mut breaches);
            } else if let Some(nearness) = stays.beside(seen) {
                breaches.near.insert(nearness);
                self.sort(i, seen, &mut breaches);
            } else if may_stay.beside(seen) == Some(IdentifierNearness::Request) {
                breaches.beside_constant.push(i);
            }
        }
        breaches
    }

    /// Sorts a sighting by its initiator and the location of its server.
    fn sort(&self, i: usize, seen: &SightingContext, breaches: &mut BreachSightings) {
        let own_extension = self.case.has_own_extension();
        match seen.side.side {
            Initiator::Page | Initiator::Caused => {}
            Initiator::Unknown => breaches.unknown.push(i),
            Initiator::Extension if !own_extension => breaches.unknown.push(i),
            Initiator::Native | Initiator::Extension if !self.promise.is_about_countries() => breaches.broken.push(i),
            Initiator::Native | Initiator::Extension => match &self.case.destinations[seen.destination].hosted {
                None => breaches.nowhere.push(i),
                Some(hosted) if self.promise.forbids_country(&hosted.country) => breaches.broken.push(i),
                Some(_) => {}
            },
        }
    }

    /// Whether a sighting is forbidden by the promise: it is of a kind that the promise is about,
    /// no page sent it, and its destination must not have it.
    fn is_told(&self, seen: &SightingContext) -> bool {
        let Some(about) = self.case.about(seen) else { return false };
        let plant = self.case.plant(&seen.sighting);
        !matches!(seen.side.side, Initiator::Page | Initiator::Caused)
            && seen.trial.is_some()
            && self.is_against(seen)
            && !plant.is_some_and(|plant| plant.canary.decoy)
            && shows(&seen.sighting)
            && self.is_in_its_time(about, seen)
            && !self.may_have_it(seen)
            && !self.case.reference().voids(self.case, seen)
    }

    /// Whether the claim forbids a sighting, by kind, disguise and transport.
    fn is_against(&self, seen: &SightingContext) -> bool {
        let kind = &seen.sighting.kind;
        match &self.promise.claim {
            Assertion::Never(never) => {
                self.kinds.contains(kind)
                    && never.guise.counts_guise(&seen.sighting.guise.to_string())
                    && self.counts_way(seen, &never.via)
            }
            Assertion::Only(only) => only.forbids(kind, &self.case.destinations[seen.destination].host),
            Assertion::Must(_) | Assertion::Untestable(_) => false,
        }
    }

    fn counts_way(&self, seen: &SightingContext, via: &ClauseLimits) -> bool {
        let mut of_it = self.case.traffic.iter().filter(|one| one.trial == seen.trial);
        via.is_empty()
            || of_it.any(|one| one.exchange == seen.sighting.exchange && via.counts_way(&one.scheme, &one.host))
    }

    pub(super) fn covers(&self, phase: usize) -> bool {
        covers(self.case, self.promise, phase)
    }

    /// Whether a sighting falls into the time of the promise. A promise covers acts that were done
    /// while it applied. A promise about turning a switch off also covers everything that is sent
    /// after that, also from a queue.
    fn is_in_its_time(&self, about: usize, seen: &SightingContext) -> bool {
        let covered = |phase: usize| covers(self.case, self.promise, phase);
        let late_enough = |phase: usize| {
            let thrown = self.case.turned_off_at(phase);
            thrown.is_none_or(|thrown| seen.at.0 >= thrown.0 + self.promise.grace())
        };
        let is_off = |phase: usize| self.case.stands(phase, &["turned-off".to_owned()]);
        let sent_while_off =
            |phase: usize| self.promise.is_about_turning_off() && is_off(phase) && covered(phase) && late_enough(phase);
        (covered(about) && late_enough(about)) || seen.phase.is_some_and(sent_while_off)
    }

    /// Whether the destination may have the value. The visited site may; depending on the promise,
    /// the maker or everybody else may too.
    fn may_have_it(&self, seen: &SightingContext) -> bool {
        match self.promise.claim.to() {
            None if matches!(self.promise.claim, Assertion::Only(_)) => self.case.is_to_its_site(seen),
            None => false,
            Some("anyone-but-the-maker") => self.case.is_to_its_site(seen) || self.is_to_the_maker(seen),
            Some("the-maker") => self.case.is_to_its_site(seen) || !self.is_to_the_maker(seen),
            Some(_) => self.case.is_to_its_site(seen),
        }
    }

    fn is_to_the_maker(&self, seen: &SightingContext) -> bool {
        self.is_the_makers(&self.case.destinations[seen.destination])
    }

    pub(super) fn is_the_makers(&self, destination: &Destination) -> bool {
        let maker = self.case.subject().map(|subject| subject.maker.as_str());
        destination.owner.as_deref().zip(maker).is_some_and(|(owner, maker)| owner.eq_ignore_ascii_case(maker))
    }

    /// The section of the run that the promise is about: each trial from the first phase in which
    /// the promise applies. It leaves out exchanges that only report acts to which the promise does
    /// not apply, for example acts of a normal session after a private one.
    pub(super) fn stretch(&self) -> RunSection {
        let applies: Vec<bool> =
            (0..self.case.phases.len()).map(|phase| covers(self.case, self.promise, phase)).collect();
        let mut stretch = RunSection::default();
        for phase in (0..applies.len()).filter(|phase| applies[*phase]) {
            stretch.first.entry(self.case.phases[phase].trial).or_insert(phase);
        }
        let told = |of: bool| -> BTreeSet<u64> {
            let sure = self.case.seen.iter().filter(|seen| seen.trial.is_some() && self.case.is_sound(seen));
            // A planted identifier of the machine is not about an act.
            let is_deed = |plant: &PlantedCanary| !plant.canary.kind.is_identifier();
            let planted = sure.filter(|seen| self.case.plant(&seen.sighting).is_some_and(is_deed));
            let about = planted.filter(|seen| self.case.about(seen).is_some_and(|about| applies[about] == of));
            about.map(|seen| seen.sighting.exchange).collect()
        };
        stretch.without = &told(false) - &told(true);
        stretch
    }

    /// Whether data sent to a host could break the promise. A promise about the maker cannot be
    /// broken by data for a host of another owner, and a promise about others cannot be broken by
    /// data for a host of the maker.
    pub(super) fn covers_host(&self, host: &str) -> bool {
        let of_host = self.case.destinations.iter().filter(|destination| destination.host == host);
        let mut owned = of_host.filter(|destination| destination.owner.is_some()).peekable();
        match self.promise.claim.to() {
            Some("the-maker") => owned.all(|destination| self.is_the_makers(destination)),
            Some("anyone-but-the-maker") => {
                owned.peek().is_none() || owned.any(|destination| !self.is_the_makers(destination))
            }
            _ => true,
        }
    }
}

/// Whether a sighting proves its kind. What a person did (visits, searches, typed text) is proved
/// by a planted value only. Other kinds, such as identifiers, are also proved by a known format.
fn shows(sighting: &Sighting) -> bool {
    const DEEDS: [&str; 11] = [
        "visited-url",
        "visited-url-part",
        "visited-host",
        "page-title",
        "page-text",
        "search",
        "typed-text",
        "folder",
        "screen-name",
        "file-path",
        "click-label",
    ];
    match sighting.how {
        RecognitionMethod::Canary => true,
        RecognitionMethod::Schema | RecognitionMethod::Persistent => !DEEDS.contains(&sighting.kind.as_str()),
        RecognitionMethod::Pattern => false,
    }
}

/// Whether a promise applies in a phase, by mode and positions of switches.
fn covers(case: &JudgeInput<'_>, promise: &Promise, phase: usize) -> bool {
    let when = &promise.when;
    promise.mode().is_none_or(|mode| case.phases[phase].mode == mode)
        && (when.switch.is_empty() || case.stands(phase, &when.switch))
        && (when.switches.is_empty() || case.stands_so(phase, &when.switches))
}

/// Kinds of data that an act can give out.
const GIVEN_OUT: [&str; 9] = [
    "visited-url",
    "visited-url-part",
    "visited-host",
    "page-title",
    "search",
    "typed-text",
    "folder",
    "screen-name",
    "file-path",
];

/// The kinds that a promise forbids: those that it names. For "only these may be sent" they are all
/// others.
fn kinds_at_stake(promise: &Promise) -> Vec<Kind> {
    match &promise.claim {
        Assertion::Only(only) if only.of.is_empty() => {
            let may: Vec<Kind> = only.kinds.iter().map(|kind| Kind::new(kind)).collect();
            GIVEN_OUT.iter().map(|kind| Kind::new(kind)).filter(|kind| !may.contains(kind)).collect()
        }
        _ => promise.kinds(),
    }
}

/// Whether an act gives out something of these kinds.
fn stakes(act: Act, kinds: &[Kind]) -> bool {
    let has = |names: &[&str]| kinds.iter().any(|kind| names.contains(&kind.as_str()));
    let visited = ["visited-url", "visited-url-part", "visited-host", "page-title"];
    match act {
        Act::Visit | Act::Download => has(&visited),
        Act::Form => has(&visited) || has(&["typed-text"]),
        Act::Search => has(&["search"]),
        Act::Type => has(&["typed-text"]),
        Act::Open => has(&["folder", "screen-name", "file-path"]),
        // A subject that sends an identifier sends it when it starts.
        Act::Start | Act::Restart | Act::Later => kinds.iter().any(Kind::is_identifier),
        _ => false,
    }
}
