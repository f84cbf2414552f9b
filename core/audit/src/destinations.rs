//! Turns the records of an [`Auditor`] into an audit.

use std::collections::{BTreeMap, BTreeSet};

use attribute::Initiators;
use judge::{CaseTests, JudgeInput, JudgedExchange, LateEvent, SightingContext};
use knowledge::Knowledge;
use model::{Destination, Exchange, Gap, GapReason, Initiator, LayerPlace, PlantedCanary, Purpose, Request, Trail};

use crate::{
    Audit, DestinationCounts, LocatedSighting,
    auditor::{Auditor, RetainedExchange, phase_at},
    changing, closed, given_up,
};

pub(crate) fn settle(mut auditor: Auditor<'_>) -> Audit {
    if auditor.unlisted > 0 {
        let says = format!("{} more gaps are not listed", auditor.unlisted);
        let place = Trail::default().then("capture", LayerPlace::Whole);
        auditor.gaps.push((
            auditor.captures.len().saturating_sub(1),
            Gap { exchange: None, place, why: GapReason::Budget, says },
        ));
    }
    given_up::set_apart(&mut auditor);
    let mut places = std::mem::take(&mut auditor.places);
    let mut traffic = Vec::new();
    let planted = auditor.plants.clone();
    let plants: BTreeMap<&str, &PlantedCanary> = planted.iter().map(|plant| (&*plant.canary.id, plant)).collect();
    closed::without_constants(&mut auditor);
    for mut kept in std::mem::take(&mut auditor.kept) {
        auditor.count(&kept);
        let phase = phase_at(&auditor.phases, &kept.exchange);
        let side = auditor.sides.side(&kept.exchange, kept.questions.as_ref()).side;
        closed::note(&mut auditor, &mut kept, side);
        traffic.push(traffic_of(&mut kept, side, phase));
        places.settle(auditor.knowledge, &auditor.sides, &plants, kept, phase);
    }
    places.spotted.sort_by_key(|spotted| (spotted.capture, spotted.seen.sighting.exchange));
    changing::settle(&mut places.spotted);
    judged(auditor, places, traffic)
}

fn judged(auditor: Auditor<'_>, places: DestinationOrder, traffic: Vec<JudgedExchange>) -> Audit {
    let spotted = places.spotted;
    let early = match (&auditor.run, auditor.ended) {
        (Some(_), false) => Some("the evidence has no end: whoever wrote it was stopped".to_owned()),
        _ => auditor.early,
    };
    let seen: Vec<SightingContext> = spotted.iter().map(|one| one.seen.clone()).collect();
    let identifiers = auditor.identifiers.found();
    let names = auditor.fields.places();
    let of_the_run: BTreeSet<(usize, u64)> = traffic.iter().map(|one| (one.capture, one.exchange)).collect();
    let late: Vec<LateEvent> = auditor
        .deferred
        .iter()
        .filter(|(capture, event)| of_the_run.contains(&(*capture, event.exchange)))
        .map(|(_, event)| LateEvent { exchange: event.exchange, happened: event.happened, sent: event.sent })
        .collect();
    let recall = auditor.control.recall();
    let tests = CaseTests::default();
    let case = JudgeInput {
        knowledge: auditor.knowledge,
        run: auditor.run.as_ref(),
        trials: &auditor.trials,
        phases: &auditor.phases,
        plants: &auditor.plants,
        traffic: &traffic,
        seen: &seen,
        identifiers: &identifiers,
        places: &names,
        late: &late,
        destinations: &places.destinations,
        notes: &auditor.notes,
        recall: &recall,
        tests: &tests,
        early: early.as_deref(),
    };
    let (verdicts, findings) = (judge::verdicts(&case), judge::findings(&case));
    let said = |finding: &judge::Finding| {
        Some((finding.code.clone(), finding.destination?, judge::disclosed(&case, finding)?))
    };
    let disclosed = findings.iter().filter_map(said).collect();
    let (combinations, reference) = (judge::combinations(&case), case.reference().clone());
    let simulation = case.subject().is_some_and(|subject| subject.simulation);
    Audit {
        captures: auditor.captures,
        run: auditor.run,
        simulation,
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
        disclosed,
        verdicts,
        reference,
        recall,
        combinations,
        deferred: auditor.deferred,
        gaps: auditor.gaps,
        coverage: auditor.coverage,
        ignored: auditor.ignored,
        programs: auditor.programs,
    }
}

/// Destinations in the order of their first exchange, with the sightings in the
/// requests to them.
#[derive(Debug, Default)]
pub(crate) struct DestinationOrder {
    destinations: Vec<Destination>,
    tallies: Vec<DestinationCounts>,
    known: BTreeMap<(String, Purpose), usize>,
    spotted: Vec<LocatedSighting>,
}

impl DestinationOrder {
    /// Attributes an exchange to a destination and an initiator, and counts it.
    pub(crate) fn settle(
        &mut self,
        knowledge: &Knowledge,
        sides: &Initiators,
        plants: &BTreeMap<&str, &PlantedCanary>,
        kept: RetainedExchange,
        phase: Option<usize>,
    ) {
        if kept.exchange.request.method == Request::DNS && kept.sightings.is_empty() {
            // A name that is only looked up is no destination: if requests follow,
            // they list the host.
            return;
        }
        let destination = self.of(knowledge, sides, &kept.exchange);
        let side = sides.side(&kept.exchange, kept.questions.as_ref());
        let tally = &mut self.tallies[destination];
        tally.count(side.side, kept.exchange.seal.is_some(), kept.bytes);
        tally.sightings += kept.sightings.len() as u64;
        let stopped = kept.stopped;
        for (sighting, replayed) in kept.sightings {
            let plant = sighting.canary.as_deref().and_then(|id| plants.get(id));
            let side = match plant {
                Some(plant) => sides.side_of_planted(&kept.exchange, &side, kept.questions.as_ref(), plant),
                None => side.clone(),
            };
            self.spotted.push(LocatedSighting {
                capture: kept.capture,
                method: kept.exchange.request.method.clone(),
                url: kept.exchange.request.url.clone(),
                seen: SightingContext {
                    sighting,
                    side,
                    destination,
                    trial: kept.exchange.trial,
                    phase,
                    at: kept.exchange.started,
                    replayed,
                    stopped,
                },
            });
        }
    }

    fn of(&mut self, knowledge: &Knowledge, sides: &Initiators, exchange: &Exchange) -> usize {
        let request = &exchange.request;
        let mut destination =
            attribute::destination(&knowledge.owners, attribute::host_of(exchange), path(&request.url));
        if sides.is_site(exchange) && destination.owner.is_none() {
            destination.purpose = Purpose::Visited;
            destination.because = "a honey site: Candor served it".into();
        }
        let key = (destination.host.clone(), destination.purpose);
        *self.known.entry(key).or_insert_with(|| {
            self.destinations.push(destination);
            self.tallies.push(DestinationCounts::default());
            self.destinations.len() - 1
        })
    }
}

fn traffic_of(kept: &mut RetainedExchange, side: Initiator, phase: Option<usize>) -> JudgedExchange {
    JudgedExchange {
        capture: kept.capture,
        exchange: kept.exchange.index,
        trial: kept.exchange.trial,
        phase,
        scheme: kept.exchange.request.url.split_once("://").map_or("", |(scheme, _)| scheme).to_owned(),
        host: attribute::host_of(&kept.exchange).to_owned(),
        path: path(&kept.exchange.request.url).to_owned(),
        foreign_name: kept.foreign_name.clone(),
        side,
        sealed: kept.exchange.seal.is_some(),
        gaps: kept.gaps,
        closed: kept.closed.iter().map(|field| field.bytes).sum(),
        fields: std::mem::take(&mut kept.fields.values),
        connection: kept.exchange.connection,
        cookie: kept.exchange.request.header("cookie").map(judge::digest),
        bytes: kept.bytes,
        at: kept.exchange.started,
    }
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}
