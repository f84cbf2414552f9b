//! What a promise covers: the phases that put it at stake, and the sightings
//! that it forbids.

use std::collections::BTreeSet;

use knowledge::promises::{Assertion, ClauseLimits, Promise};
use model::{Act, Destination, Initiator, Kind, PlantedCanary, RecognitionMethod, Sighting};

use super::required::is_event;
use crate::{
    ActCount, JudgeInput, SightingContext,
    instruments::RunSection,
    nearness::{IdentifiedRequests, IdentifierNearness},
};

/// A promise, and the phases that can speak about it.
pub(super) struct PromisePhases<'a> {
    pub(super) case: &'a JudgeInput<'a>,
    pub(super) promise: &'a Promise,
    pub(super) kinds: Vec<Kind>,
    /// Phases in which an act put the promise at stake, done or not.
    pub(super) staked: BTreeSet<usize>,
    /// Those of them that were done, and that nobody was told of as yet.
    pub(super) exercised: ActCount,
}

/// Sightings that a promise forbids, by what stands against the accusation.
#[derive(Default)]
pub(super) struct BreachSightings {
    /// Nothing.
    pub(super) broken: Vec<usize>,
    /// How close identifiers stand, where it is about them.
    pub(super) near: BTreeSet<IdentifierNearness>,
    /// Nobody knows who sent it.
    pub(super) unknown: Vec<usize>,
    /// Nobody knows where the server stands.
    pub(super) nowhere: Vec<usize>,
    /// A guess is part of it, or its trail does not lead there again.
    pub(super) weak: Vec<usize>,
    /// It stands beside what is either the device's id or a constant.
    pub(super) beside_constant: Vec<usize>,
    /// Something is reported at all, whatever stands beside it.
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

    /// The acts at stake, and of which of them these sightings told.
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

    /// By who sent it, and where its server stands.
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

    /// Whether a sighting is of what the promise is about, sent by somebody else
    /// than a page to somebody who must not have it.
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

    /// Whether the claim speaks against it: its kind, its disguise, its way.
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

    /// A promise holds for what was done while it applied. One about turning
    /// off holds besides for whatever is sent from then on, from a queue too.
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

    /// The site may, and where the promise says so the maker; or anyone but the maker.
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

    /// Each trial from the first phase on that the promise applies in, without what
    /// is known to tell of acts in which it does not: what an ordinary session after
    /// a private one reports of itself.
    pub(super) fn stretch(&self) -> RunSection {
        let applies: Vec<bool> =
            (0..self.case.phases.len()).map(|phase| covers(self.case, self.promise, phase)).collect();
        let mut stretch = RunSection::default();
        for phase in (0..applies.len()).filter(|phase| applies[*phase]) {
            stretch.first.entry(self.case.phases[phase].trial).or_insert(phase);
        }
        let told = |of: bool| -> BTreeSet<u64> {
            let sure = self.case.seen.iter().filter(|seen| seen.trial.is_some() && self.case.is_sound(seen));
            // A value of the machine tells of no act.
            let is_deed = |plant: &PlantedCanary| !plant.canary.kind.is_identifier();
            let planted = sure.filter(|seen| self.case.plant(&seen.sighting).is_some_and(is_deed));
            let about = planted.filter(|seen| self.case.about(seen).is_some_and(|about| applies[about] == of));
            about.map(|seen| seen.sighting.exchange).collect()
        };
        stretch.without = &told(false) - &told(true);
        stretch
    }

    /// Whether what a host is sent could break the promise at all: one about the
    /// maker is not broken at a host that is known to be another's, and one about
    /// others not at the maker's.
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

/// What a person did is shown by what was planted and by nothing else; an
/// identifier, an address of an account, a place, by a known format too.
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

/// Whether a promise applies in a phase: its mode, and where switches stand.
fn covers(case: &JudgeInput<'_>, promise: &Promise, phase: usize) -> bool {
    let when = &promise.when;
    promise.mode().is_none_or(|mode| case.phases[phase].mode == mode)
        && (when.switch.is_empty() || case.stands(phase, &when.switch))
        && (when.switches.is_empty() || case.stands_so(phase, &when.switches))
}

/// What acts can put at stake.
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

/// The kinds that are named; of a claim about what alone may be sent, all others.
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
        // Who sends an identifier sends it when it starts.
        Act::Start | Act::Restart | Act::Later => kinds.iter().any(Kind::is_identifier),
        _ => false,
    }
}
