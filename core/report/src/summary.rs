//! The content that all report formats share: the acts, the destinations that
//! got data, and groups of equal sightings.

mod alike;

mod control;

mod whose;

mod deeds;

mod heads;

mod in_force;

mod seats;

mod timeline;

mod whom;

use std::collections::BTreeSet;

use audit::{Audit, LocatedSighting};
use judge::{Finding, Outcome, Severity, SwitchCombination, Verdict};
use model::{GapReason, Initiator, PlantedCanary};

pub(crate) use alike::{SightingGroup, alike};
pub(crate) use control::control;
pub(crate) use deeds::ActTotals;
pub(crate) use heads::{conditions, done, heading, is_as_left, subject, untold};
pub(crate) use in_force::in_force;
pub(crate) use seats::{CountrySeat, seats, servers};
pub(crate) use timeline::{ActLane, DotMark, RequestDot, TrialLine, line};
pub(crate) use whom::{DestinationRow, OwnerGroup, RecipientTable};
pub(crate) use whose::{SIMULATION, sentence, simulation, tested, whose};

use crate::{sanitize::inert, wording::listed};

/// A phase as findings name it: `private visit 3`.
pub(crate) fn phase(audit: &Audit, at: Option<usize>) -> Option<String> {
    let phase = audit.phases.get(at?)?;
    Some(format!("{} {}", phase.mode.word(), phase.name))
}

/// Sightings that accuse somebody: those in findings with a destination.
/// Sightings in requests of pages are left out.
pub(crate) fn accusing(audit: &Audit) -> BTreeSet<usize> {
    let findings = audit.findings.iter().filter(|finding| finding.destination.is_some());
    let is_its_own = |i: &usize| audit.spotted.get(*i).is_some_and(|spotted| is_own(spotted.seen.side.side));
    findings.flat_map(|finding| finding.sightings.iter().copied()).filter(is_its_own).collect()
}

/// The planted value that a sighting is of.
pub(crate) fn plant<'a>(audit: &'a Audit, spotted: &LocatedSighting) -> Option<&'a PlantedCanary> {
    let id = spotted.seen.sighting.canary.as_deref()?;
    audit.plants.iter().find(|plant| plant.canary.id == id)
}

/// Number of planted decoys, and number of sightings of them.
pub(crate) fn decoys(audit: &Audit) -> (usize, usize) {
    let planted = audit.plants.iter().filter(|plant| plant.canary.decoy).count();
    let ids: BTreeSet<&str> =
        audit.plants.iter().filter(|plant| plant.canary.decoy).map(|plant| plant.canary.id.as_str()).collect();
    let is_hit = |one: &&LocatedSighting| one.seen.sighting.canary.as_deref().is_some_and(|id| ids.contains(id));
    (planted, audit.spotted.iter().filter(is_hit).count())
}

/// Number of requests, and number of DNS lookups without a sighting. A lookup
/// is also an exchange; counted as requests, lookups would make few requests
/// look like many.
pub(crate) fn requests_and_lookups(audit: &Audit) -> (u64, u64) {
    let requests = audit.tallies.iter().map(|tally| tally.requests).sum();
    (requests, audit.coverage.exchanges.saturating_sub(requests))
}

/// Whether no page sent or caused a request.
pub(crate) fn is_own(side: Initiator) -> bool {
    !matches!(side, Initiator::Page | Initiator::Caused)
}

/// The verdicts, the gravest first.
pub(crate) fn by_gravity(audit: &Audit) -> Vec<&Verdict> {
    let mut verdicts: Vec<&Verdict> = audit.verdicts.iter().collect();
    verdicts.sort_by_key(|verdict| verdict.outcome);
    verdicts
}

/// A sign for an outcome, so that the meaning does not depend on colour.
pub(crate) const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Broken | Outcome::NotMet => "✗",
        Outcome::Kept | Outcome::Met => "✓",
        Outcome::Unclear => "?",
        Outcome::Untested | Outcome::Untestable => "–",
        Outcome::Vacuous => "○",
        Outcome::ForAuthority => "§",
    }
}

/// Findings for people: the gravest first, and among equals the most
/// informative. Parts of an address come last, because the finding for the
/// address includes them. Informational findings without a sighting are left
/// out: they appear among the gaps.
pub(crate) fn telling(audit: &Audit) -> Vec<&Finding> {
    let rank = |finding: &Finding| match finding.code.as_str() {
        "decoy-seen" => 0,
        "visited-url-sent" => 1,
        "search-sent" => 2,
        "typed-text-sent" => 3,
        "identifier-beside" | "identifier-links-modes" | "sent-later" | "sealed-depends" => 5,
        "visited-host-sent" => 6,
        "visited-url-part-sent" => 7,
        _ => 4,
    };
    let says_more = |finding: &&Finding| !finding.sightings.is_empty() || finding.severity > Severity::Info;
    let mut findings: Vec<&Finding> = audit.findings.iter().filter(says_more).collect();
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), rank(finding)));
    findings
}

/// Number of groups of a finding that are shown. Only `…-sent` findings show
/// more than one, because the sightings of other findings also appear there.
pub(crate) fn shown_groups(finding: &Finding, most: usize) -> usize {
    if finding.code.ends_with("-sent") { most } else { 1 }
}

/// One combination of mode and switches in words: `private, incognito on`.
pub(crate) fn setting(combination: &SwitchCombination) -> String {
    let mut words = vec![combination.mode.word().to_owned()];
    words.extend(combination.standing.iter().map(|standing| inert(&standing.to_string()).into_owned()));
    words.join(", ")
}

/// The hosts that got reports in a combination.
pub(crate) fn told_to(audit: &Audit, combination: &SwitchCombination) -> String {
    let hosts = combination.to.iter().filter_map(|at| audit.destinations.get(*at));
    let hosts: BTreeSet<String> = hosts.map(|to| inert(&to.host).into_owned()).collect();
    listed(&hosts.into_iter().collect::<Vec<String>>())
}

/// `2 broken, 1 kept`; empty if nobody was judged.
pub(crate) fn score(audit: &Audit) -> String {
    let words = Outcome::ALL.map(|outcome| {
        let count = audit.verdicts.iter().filter(|verdict| verdict.outcome == outcome).count();
        (count > 0).then(|| format!("{count} {}", outcome.plainly()))
    });
    words.into_iter().flatten().collect::<Vec<String>>().join(", ")
}

/// The number of gaps for each reason, the most frequent first.
pub(crate) fn gaps(audit: &Audit) -> Vec<(GapReason, u64)> {
    let mut sorts: Vec<(GapReason, u64)> = Vec::new();
    for (_, gap) in &audit.gaps {
        match sorts.iter_mut().find(|(why, _)| *why == gap.why) {
            Some((_, count)) => *count += 1,
            None => sorts.push((gap.why, 1)),
        }
    }
    sorts.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
    sorts
}

/// Requests with an accusing sighting, as capture and position.
pub(crate) fn accused(audit: &Audit) -> BTreeSet<(usize, u64)> {
    accusing(audit).into_iter().map(|i| (audit.spotted[i].capture, audit.spotted[i].seen.sighting.exchange)).collect()
}
