//! Takes the records of captures, and keeps what the audit needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use attribute::{Initiators, QuestionNames, host_of};
use decode::{DecodeCoverage, DecodeLimits, ExchangeOpener};
use detect::{DeferredEvent, Detector, PendingMatches, RefusedCanary, ScanResult};
use judge::{
    ExchangeFields, FieldCollector, Identifier, IdentifierCircumstances, IdentifierTable, PlantedText, SealedField,
    UnopenedFields, piece_of,
};
use knowledge::Knowledge;
use model::{AnsweredBy, Canary, Exchange, Gap, GapReason, Note, Phase, PlantedCanary, Record, Run, Sighting, Trial};

use crate::{
    Audit, CaptureSummary, Coverage, IgnoredCanary,
    control::ControlReport,
    destinations::{DestinationOrder, settle},
    inspector::{HelloLook, InspectedExchange, Inspector, head_of},
    unique::once,
};

/// Options of an audit.
#[derive(Clone, Debug, Default)]
pub struct AuditOptions {
    pub budgets: DecodeLimits,
    /// Also report values that only have the shape of personal data.
    pub patterns: bool,
    /// Salts that digests may have been made with.
    pub salts: Vec<Vec<u8>>,
}

/// Takes records one by one, and gives the audit at the end.
#[derive(Debug)]
pub struct Auditor<'k> {
    pub(crate) knowledge: &'k Knowledge,
    inspector: Inspector,
    waiting: PendingMatches,
    pub(crate) sides: Initiators,
    pub(crate) identifiers: IdentifierTable,
    pub(crate) fields: FieldCollector,
    pub(crate) captures: Vec<CaptureSummary>,
    pub(crate) run: Option<Run>,
    pub(crate) trials: Vec<Trial>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) plants: Vec<PlantedCanary>,
    pub(crate) notes: Vec<Note>,
    pub(crate) early: Option<String>,
    pub(crate) ended: bool,
    pub(crate) kept: Vec<RetainedExchange>,
    pub(crate) places: DestinationOrder,
    pub(crate) gaps: Vec<(usize, Gap)>,
    /// Number of gaps that are not listed, because there were too many.
    pub(crate) unlisted: u64,
    pub(crate) deferred: Vec<(usize, DeferredEvent)>,
    pub(crate) coverage: Coverage,
    pub(crate) ignored: Vec<IgnoredCanary>,
    pub(crate) control: ControlReport,
    /// Connections of trials whose ClientHello was already searched: capture and connection.
    greeted: BTreeSet<(usize, u64)>,
    /// Programs whose requests were recognised.
    pub(crate) programs: BTreeSet<String>,
}

/// An exchange without its bodies, with the results of its inspection.
#[derive(Debug)]
pub(crate) struct RetainedExchange {
    pub capture: usize,
    pub exchange: Exchange,
    pub foreign_name: Option<String>,
    /// The names that its body queries, if it is a DNS query.
    pub questions: Option<QuestionNames>,
    pub sightings: Vec<(Sighting, bool)>,
    pub gaps: u32,
    /// Fields that no decoder opened; only for exchanges of a trial.
    pub closed: Vec<SealedField>,
    /// The values of the exchange; only for exchanges of a trial.
    pub fields: ExchangeFields,
    pub bytes: u64,
    pub bytes_read: u64,
    /// Whether the guard answered or ended the request, so that it did not leave.
    pub stopped: bool,
}

impl<'k> Auditor<'k> {
    pub fn new(knowledge: &'k Knowledge, options: AuditOptions) -> Self {
        let mut detector = Detector::new(knowledge);
        options.salts.iter().for_each(|salt| detector.salt(salt));
        detector.patterns(options.patterns);
        let inspector = Inspector { detector: Arc::new(detector), opener: ExchangeOpener::new(&options.budgets) };
        Self {
            knowledge,
            inspector,
            waiting: PendingMatches::default(),
            sides: Initiators::default(),
            identifiers: IdentifierTable::default(),
            fields: FieldCollector::default(),
            captures: vec![],
            run: None,
            trials: vec![],
            phases: vec![],
            plants: vec![],
            notes: vec![],
            early: None,
            ended: false,
            kept: vec![],
            places: DestinationOrder::default(),
            gaps: vec![],
            unlisted: 0,
            deferred: vec![],
            coverage: Coverage::default(),
            ignored: vec![],
            control: ControlReport::default(),
            greeted: BTreeSet::new(),
            programs: BTreeSet::new(),
        }
    }

    /// Begins a capture: the records that follow belong to it.
    pub fn capture(&mut self, capture: CaptureSummary) {
        self.captures.push(capture);
    }

    /// Adds a canary to search for that no record plants.
    pub fn canary(&mut self, canary: &Canary) -> Result<(), RefusedCanary> {
        self.detector().plant(canary)?;
        let site = site_of(canary);
        self.plants.push(PlantedCanary { trial: None, canary: canary.clone(), site });
        Ok(())
    }

    /// An inspector that searches for all canaries that are planted so far.
    pub fn inspector(&self) -> Inspector {
        self.inspector.clone()
    }

    /// Whether the records contained an experiment. The caller must not add a second one, because
    /// both would be judged as one.
    pub fn has_run(&self) -> bool {
        self.run.is_some()
    }

    /// Sets format and digest of the current capture.
    pub fn know(&mut self, format: &str, sha256: String) {
        if let Some(capture) = self.captures.last_mut() {
            format.clone_into(&mut capture.format);
            capture.sha256 = sha256;
        }
    }

    /// Takes the next record of the capture.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Run(run) => self.run = Some(run),
            Record::Trial(trial) => self.trial(trial),
            Record::Plant(plant) => self.plant(plant),
            Record::Phase(phase) => self.phases.push(phase),
            Record::Page(page) => {
                self.detector().page(&page);
                self.sides.page(&page);
            }
            Record::Listed(listed) => self.sides.listed(&listed),
            Record::Exchange(exchange) => self.exchange(*exchange),
            Record::Beacon(beacon) => self.control.sent(beacon),
            Record::Note(note) => self.notes.push(note),
            Record::End(end) => {
                self.ended = true;
                self.early = end.early;
            }
        }
    }

    /// Takes a gap of the capture itself: an entry that could not be read.
    pub fn gap(&mut self, gap: Gap) {
        let capture = self.at();
        self.note(capture, gap);
    }

    /// Gives the audit, after the last record.
    pub fn finish(self) -> Audit {
        settle(self)
    }

    /// Takes a trial. A second record of the same trial tells why it failed.
    fn trial(&mut self, trial: Trial) {
        self.sides.trial(trial.id);
        match self.trials.iter_mut().find(|known| known.id == trial.id) {
            Some(known) => known.failed = trial.failed,
            None => self.trials.push(trial),
        }
    }

    fn plant(&mut self, plant: PlantedCanary) {
        if let Err(refused) = self.detector().plant(&plant.canary) {
            self.ignored.push(IgnoredCanary { canary: plant.canary.id.clone(), because: refused.to_string() });
        }
        self.sides.plant(&plant);
        // A canary of the control requests does not stand for an act of the subject.
        if plant.canary.kind.as_str() != ControlReport::KIND {
            self.plants.push(plant);
        }
    }

    /// Takes the next exchange, which was inspected on another thread. Only for captures without an
    /// experiment, in which exchanges do not depend on each other.
    pub fn looked(&mut self, looked: InspectedExchange) {
        let InspectedExchange { exchange, seen, gaps, opened } = looked;
        self.take(exchange, seen, gaps, opened, vec![]);
    }

    fn exchange(&mut self, exchange: Exchange) {
        let hello = self.hello_of(&exchange);
        if self.control.is_own(&exchange) {
            let (seen, _, _) = self.inspector.open(&exchange, hello, &mut |_| {});
            return self.control.seen(&exchange, &seen.sightings);
        }
        let when = self.when(&exchange);
        let planted: Vec<&str> = match when {
            // A value that contains a planted visit or search is explained by it, and is no
            // identifier. The planted values of the machine are identifiers, so they stay in.
            Some(_) => {
                let deeds = self.plants.iter().filter(|plant| !plant.canary.kind.is_identifier());
                deeds.map(|plant| plant.canary.value.as_str()).collect()
            }
            None => vec![],
        };
        let of_trial = self.plants.iter().filter(|plant| plant.trial.is_some() && plant.trial == exchange.trial);
        let texts: Vec<PlantedText<'_>> = of_trial
            .map(|plant| PlantedText { value: &plant.canary.value, piece: piece_of(&plant.canary.kind) })
            .collect();
        // Each site is visited only once or twice. An identifier for sites shows only if all sites
        // count as one host.
        let at = if self.sides.is_site(&exchange) { Identifier::VISITED_SITES } else { host_of(&exchange) };
        let (identifiers, fields, mut closed) = (&mut self.identifiers, &mut self.fields, UnopenedFields::default());
        let (seen, gaps, opened) = self.inspector.open(&exchange, hello, &mut |leaf| {
            if let Some(when) = when {
                identifiers.see_at(at, &exchange, leaf, when, &planted);
            }
            if exchange.trial.is_some() {
                fields.see(leaf, &texts);
                closed.see(leaf);
            }
        });
        self.take(exchange, seen, gaps, opened, closed.fields());
    }

    /// Whether the ClientHello of an exchange must be searched. In an experiment exchanges come in
    /// order, so it is searched with the first exchange of each connection.
    fn hello_of(&mut self, exchange: &Exchange) -> HelloLook {
        if exchange.client.hello.is_none() {
            return HelloLook::Skip;
        }
        let is_new = match exchange.trial {
            Some(_) => self.greeted.insert((self.at(), exchange.connection)),
            None => exchange.seal.is_some(),
        };
        if is_new { HelloLook::Open } else { HelloLook::Skip }
    }

    /// Counts an exchange. A connection that the client abandoned and opened again does not count.
    pub(crate) fn count(&mut self, kept: &RetainedExchange) {
        if let Some(capture) = self.captures.get_mut(kept.capture) {
            capture.exchanges += 1;
        }
        let coverage = &mut self.coverage;
        coverage.exchanges += 1;
        *(if kept.exchange.seal.is_some() { &mut coverage.sealed } else { &mut coverage.read }) += 1;
        coverage.bytes += kept.bytes;
        coverage.bytes_read += kept.bytes_read;
    }

    /// Takes the results of an inspected exchange.
    fn take(
        &mut self,
        exchange: Exchange,
        mut seen: ScanResult,
        gaps: Vec<Gap>,
        opened: DecodeCoverage,
        closed: Vec<SealedField>,
    ) {
        let capture = self.at();
        self.waiting.settle(&mut seen);
        let (mut count, mut bytes) = (gaps.len() + seen.gaps.len(), opened.bytes);
        if let Some(seal) = &exchange.seal {
            (count, bytes) = (1, seal.sent);
            self.note(capture, sealed(&exchange));
        }
        let hidden = |gap: &Gap| matches!(gap.why, GapReason::Sealed | GapReason::Unsupported);
        let mut gaps = gaps;
        gaps.iter_mut().filter(|gap| hidden(gap)).for_each(|gap| gap.says = named(&exchange, &gap.says));
        gaps.into_iter().chain(seen.gaps).for_each(|gap| self.note(capture, gap));
        self.programs.extend(seen.schemas);
        self.deferred.extend(seen.deferred.into_iter().map(|deferral| (capture, deferral)));
        let sightings: Vec<(Sighting, bool)> =
            once(seen.sightings).into_iter().map(|sighting| replayed(&exchange, sighting)).collect();
        let fields = match exchange.trial {
            Some(_) => {
                let sure = sightings.iter().filter(|(sighting, _)| !sighting.weak).map(|(sighting, _)| &sighting.trail);
                self.fields.take(&sure.collect::<Vec<_>>())
            }
            None => ExchangeFields::default(),
        };
        let stopped = exchange.response.as_ref().is_some_and(|answer| answer.by == AnsweredBy::Guard);
        // Read here, because `head_of` drops the body and the answer.
        let questions = QuestionNames::in_exchange(&exchange);
        let foreign_name = exchange.foreign_name().map(str::to_ascii_lowercase);
        let exchange = head_of(exchange);
        let kept = RetainedExchange {
            capture,
            exchange,
            foreign_name,
            questions,
            sightings,
            gaps: count as u32,
            closed,
            fields,
            bytes,
            bytes_read: opened.bytes_read,
            stopped,
        };
        match kept.exchange.trial {
            Some(_) => self.kept.push(kept),
            // Without a trial, later records cannot change the result, so the exchange is settled
            // at once.
            None => {
                self.count(&kept);
                self.places.settle(self.knowledge, &self.sides, &BTreeMap::new(), kept, None);
            }
        }
    }

    /// Install, session and device of an exchange; none outside of trials, where identifiers are
    /// not searched for.
    fn when(&self, exchange: &Exchange) -> Option<IdentifierCircumstances> {
        let trial = self.trials.iter().find(|trial| Some(trial.id) == exchange.trial)?;
        let phase = phase_at(&self.phases, exchange)?;
        Some(IdentifierCircumstances {
            install: trial.install,
            session: self.phases[phase].session,
            device: trial.arm.device,
        })
    }

    /// Lists a gap. Without a run, which may be an endless capture, at most [`Self::GAPS`] gaps are
    /// listed. The number of the others is one gap at the end.
    fn note(&mut self, capture: usize, gap: Gap) {
        if self.run.is_some() || self.gaps.len() < Self::GAPS {
            self.gaps.push((capture, gap));
        } else {
            self.unlisted += 1;
        }
    }

    const GAPS: usize = 10_000;

    fn detector(&mut self) -> &mut Detector {
        Arc::make_mut(&mut self.inspector.detector)
    }

    fn at(&self) -> usize {
        self.captures.len().saturating_sub(1)
    }
}

/// The text of a gap, with the request that it is in.
fn named(exchange: &Exchange, says: &str) -> String {
    format!("{} {}, request {}: {says}", exchange.request.method, exchange.request.host(), exchange.index + 1)
}

/// The last phase of the exchange's trial that had begun when the exchange started.
pub(crate) fn phase_at(phases: &[Phase], exchange: &Exchange) -> Option<usize> {
    let trial = exchange.trial?;
    phases.iter().rposition(|phase| phase.trial == trial && phase.at <= exchange.started)
}

/// The host of a canary that is an address.
fn site_of(canary: &Canary) -> Option<String> {
    let rest = canary.value.strip_prefix("https://").or_else(|| canary.value.strip_prefix("http://"))?;
    Some(rest.split(['/', ':', '?', '#']).next()?.to_ascii_lowercase())
}

/// Walks the trail of a sighting again, if it belongs to a trial. Outside of trials nobody is
/// judged, so the second value is false.
fn replayed(exchange: &Exchange, sighting: Sighting) -> (Sighting, bool) {
    let replayed = exchange.trial.is_some() && decode::walk(exchange, &sighting.trail).is_some();
    (sighting, replayed)
}

fn sealed(exchange: &Exchange) -> Gap {
    let says = exchange.seal.as_ref().map(|seal| seal.says.clone()).unwrap_or_default();
    Gap {
        exchange: Some(exchange.index),
        place: "connection".parse().unwrap_or_default(),
        why: model::GapReason::Sealed,
        says,
    }
}
