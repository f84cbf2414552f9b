//! An audit out.

use std::collections::BTreeMap;

use judge::{Case, Seen, Traffic};
use model::{Destination, Purpose, Side};

use crate::{
    Audit, Spotted, Tally,
    auditor::{Auditor, Kept, phase_at},
};

pub(crate) fn settle(mut auditor: Auditor<'_>) -> Audit {
    let mut places = Places::default();
    let mut traffic = Vec::new();
    let mut spotted = Vec::new();
    for kept in std::mem::take(&mut auditor.kept) {
        let destination = places.of(&auditor, &kept);
        let side = auditor.sides.side(&kept.exchange);
        let phase = phase_at(&auditor.phases, &kept.exchange);
        let tally = &mut places.tallies[destination];
        tally.count(side.side, kept.exchange.seal.is_some(), kept.bytes);
        tally.sightings += kept.sightings.len() as u64;
        if kept.exchange.trial.is_some() {
            traffic.push(traffic_of(&kept, side.side, phase));
        }
        for (sighting, replayed) in kept.sightings {
            spotted.push(Spotted {
                capture: kept.capture,
                method: kept.exchange.request.method.clone(),
                url: kept.exchange.request.url.clone(),
                seen: Seen {
                    sighting,
                    side: side.clone(),
                    destination,
                    trial: kept.exchange.trial,
                    phase,
                    at: kept.exchange.started,
                    replayed,
                },
            });
        }
    }
    judged(auditor, places, traffic, spotted)
}

fn judged(auditor: Auditor<'_>, places: Places, traffic: Vec<Traffic>, spotted: Vec<Spotted>) -> Audit {
    let early = match (&auditor.run, auditor.ended) {
        (Some(_), false) => Some("the evidence has no end: whoever wrote it was stopped".to_owned()),
        _ => auditor.early,
    };
    let seen: Vec<Seen> = spotted.iter().map(|one| one.seen.clone()).collect();
    let identifiers = auditor.identifiers.found();
    let case = Case {
        knowledge: auditor.knowledge,
        run: auditor.run.as_ref(),
        trials: &auditor.trials,
        phases: &auditor.phases,
        plants: &auditor.plants,
        traffic: &traffic,
        seen: &seen,
        identifiers: &identifiers,
        destinations: &places.destinations,
        notes: &auditor.notes,
        early: early.as_deref(),
    };
    let (verdicts, findings) = (judge::verdicts(&case), judge::findings(&case));
    Audit {
        captures: auditor.captures,
        run: auditor.run,
        trials: auditor.trials,
        phases: auditor.phases,
        plants: auditor.plants,
        notes: auditor.notes,
        early,
        traffic,
        spotted,
        identifiers,
        destinations: places.destinations,
        tallies: places.tallies,
        findings,
        verdicts,
        gaps: auditor.gaps,
        coverage: auditor.coverage,
        ignored: auditor.ignored,
    }
}

/// Destinations in the order in which they were first met.
#[derive(Default)]
struct Places {
    destinations: Vec<Destination>,
    tallies: Vec<Tally>,
    known: BTreeMap<(String, Purpose), usize>,
}

impl Places {
    fn of(&mut self, auditor: &Auditor<'_>, kept: &Kept) -> usize {
        let request = &kept.exchange.request;
        let mut destination = attribute::destination(&auditor.knowledge.owners, request.host(), path(&request.url));
        if auditor.sides.is_site(&kept.exchange) && destination.owner.is_none() {
            destination.purpose = Purpose::Visited;
            destination.because = "a honey site: Candor served it".into();
        }
        let key = (destination.host.clone(), destination.purpose);
        *self.known.entry(key).or_insert_with(|| {
            self.destinations.push(destination);
            self.tallies.push(Tally::default());
            self.destinations.len() - 1
        })
    }
}

fn traffic_of(kept: &Kept, side: Side, phase: Option<usize>) -> Traffic {
    Traffic {
        exchange: kept.exchange.index,
        trial: kept.exchange.trial,
        phase,
        host: kept.exchange.host().to_owned(),
        side,
        sealed: kept.exchange.seal.is_some(),
        gaps: kept.gaps,
        bytes: kept.bytes,
        at: kept.exchange.started,
    }
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}
