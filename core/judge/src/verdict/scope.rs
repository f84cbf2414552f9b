//! What a promise covers: the phases that put it at stake, and the sightings
//! that it forbids.

use std::collections::BTreeSet;

use knowledge::promises::{Assertion, Limits, Promise};
use model::{Act, Destination, Kind, Side};

use super::required::is_event;
use crate::{ActCount, Case, Reference, Seen};

/// A promise, and the phases that can speak about it.
pub(super) struct Scope<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) promise: &'a Promise,
    pub(super) reference: &'a Reference,
    kinds: Vec<Kind>,
    /// Phases in which an act put the promise at stake, done or not.
    pub(super) staked: BTreeSet<usize>,
    /// Those of them that were done, and that nobody was told of as yet.
    pub(super) exercised: ActCount,
}

/// Sightings that a promise forbids, by what stands against the accusation.
#[derive(Default)]
pub(super) struct Breaches {
    /// Nothing.
    pub(super) broken: Vec<usize>,
    /// Nobody knows who sent it.
    pub(super) unknown: Vec<usize>,
    /// Nobody knows where the server stands.
    pub(super) nowhere: Vec<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(case: &'a Case<'a>, promise: &'a Promise, reference: &'a Reference) -> Self {
        let kinds = kinds_at_stake(promise);
        let stakes = |phase: usize| match &promise.claim {
            Assertion::Must(must) => is_event(&case.phases[phase], &must.after),
            _ => stakes(case.phases[phase].act, &kinds),
        };
        let at_stake = |phase: &usize| covers(case, promise, *phase) && stakes(*phase);
        let staked: BTreeSet<usize> = (0..case.phases.len()).filter(at_stake).collect();
        let exercised = ActCount::of(case, &staked, []);
        Self { case, promise, reference, kinds, staked, exercised }
    }

    /// The acts at stake, and of which of them these sightings told.
    pub(super) fn told_by(&self, sightings: &[usize]) -> ActCount {
        ActCount::of(self.case, &self.staked, sightings.iter().map(|i| &self.case.seen[*i]))
    }

    pub(super) fn breaches(&self) -> Breaches {
        let mut breaches = Breaches::default();
        for (i, seen) in self.case.seen.iter().enumerate().filter(|(_, seen)| self.forbids(seen)) {
            let own_extension = self.case.has_own_extension();
            match seen.side.side {
                Side::Page | Side::Caused => {}
                Side::Unknown => breaches.unknown.push(i),
                Side::Extension if !own_extension => breaches.unknown.push(i),
                Side::Native | Side::Extension if !self.promise.is_about_countries() => breaches.broken.push(i),
                Side::Native | Side::Extension => match &self.case.destinations[seen.destination].hosted {
                    None => breaches.nowhere.push(i),
                    Some(hosted) if self.promise.forbids_country(&hosted.country) => breaches.broken.push(i),
                    Some(_) => {}
                },
            }
        }
        breaches
    }

    fn forbids(&self, seen: &Seen) -> bool {
        let Some(about) = self.case.about(seen) else { return false };
        self.is_against(seen)
            && self.case.is_sound(seen)
            && self.is_in_its_time(about, seen)
            && !self.may_have_it(seen)
            && !self.reference.voids(self.case, seen)
            && (!self.promise.is_about_anonymity() || self.stands_beside_identifier(seen))
    }

    /// Whether the claim speaks against it: its kind, its disguise, its way.
    fn is_against(&self, seen: &Seen) -> bool {
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

    fn counts_way(&self, seen: &Seen, via: &Limits) -> bool {
        let mut of_it = self.case.traffic.iter().filter(|one| one.trial == seen.trial);
        via.is_empty()
            || of_it.any(|one| one.exchange == seen.sighting.exchange && via.counts_way(&one.scheme, &one.host))
    }

    pub(super) fn covers(&self, phase: usize) -> bool {
        covers(self.case, self.promise, phase)
    }

    /// A promise holds for what was done while it applied. One about turning
    /// off holds besides for whatever is sent from then on, from a queue too.
    fn is_in_its_time(&self, about: usize, seen: &Seen) -> bool {
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
    fn may_have_it(&self, seen: &Seen) -> bool {
        match self.promise.claim.to() {
            None if matches!(self.promise.claim, Assertion::Only(_)) => self.case.is_to_its_site(seen),
            None => false,
            Some("anyone-but-the-maker") => self.case.is_to_its_site(seen) || self.is_to_the_maker(seen),
            Some("the-maker") => self.case.is_to_its_site(seen) || !self.is_to_the_maker(seen),
            Some(_) => self.case.is_to_its_site(seen),
        }
    }

    fn is_to_the_maker(&self, seen: &Seen) -> bool {
        self.is_the_makers(&self.case.destinations[seen.destination])
    }

    pub(super) fn is_the_makers(&self, destination: &Destination) -> bool {
        let maker = self.case.subject().map(|subject| subject.maker.as_str());
        destination.owner.as_deref().zip(maker).is_some_and(|(owner, maker)| owner.eq_ignore_ascii_case(maker))
    }

    fn stands_beside_identifier(&self, seen: &Seen) -> bool {
        self.case.identifiers.iter().any(|identifier| identifier.stands_beside(seen))
    }
}

/// Whether a promise applies in a phase: its mode, and where switches stand.
fn covers(case: &Case<'_>, promise: &Promise, phase: usize) -> bool {
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
