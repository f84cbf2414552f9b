//! Records in.

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

/// How hard to look.
#[derive(Clone, Debug, Default)]
pub struct AuditOptions {
    pub budgets: DecodeLimits,
    /// Also report what only has the shape of personal data.
    pub patterns: bool,
    /// Salts that digests may have been made with.
    pub salts: Vec<Vec<u8>>,
}

/// Takes records one by one and speaks at the end.
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
    /// Gaps beyond those.
    pub(crate) unlisted: u64,
    pub(crate) deferred: Vec<(usize, DeferredEvent)>,
    pub(crate) coverage: Coverage,
    pub(crate) ignored: Vec<IgnoredCanary>,
    pub(crate) control: ControlReport,
    /// Connections of trials, by capture, whose ClientHello was looked at.
    greeted: BTreeSet<(usize, u64)>,
    /// Programs whose requests were recognised.
    pub(crate) programs: BTreeSet<String>,
}

/// An exchange that is still needed, and what was seen in it.
#[derive(Debug)]
pub(crate) struct RetainedExchange {
    pub capture: usize,
    pub exchange: Exchange,
    pub foreign_name: Option<String>,
    /// What its body asks of a resolver.
    pub questions: Option<QuestionNames>,
    pub sightings: Vec<(Sighting, bool)>,
    pub gaps: u32,
    /// Fields that nothing opened, where that was asked.
    pub closed: Vec<SealedField>,
    /// Its values, where they are compared.
    pub fields: ExchangeFields,
    pub bytes: u64,
    pub bytes_read: u64,
    /// The guard answered it, or ended it: it never left.
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

    /// Begins a capture; the records that follow are of it.
    pub fn capture(&mut self, capture: CaptureSummary) {
        self.captures.push(capture);
    }

    /// A value to look for that no record plants.
    pub fn canary(&mut self, canary: &Canary) -> Result<(), RefusedCanary> {
        self.detector().plant(canary)?;
        let site = site_of(canary);
        self.plants.push(PlantedCanary { trial: None, canary: canary.clone(), site });
        Ok(())
    }

    /// What looks for all that was planted so far.
    pub fn inspector(&self) -> Inspector {
        self.inspector.clone()
    }

    /// Whether an experiment was among the records. Another one would be judged
    /// as if it were the same.
    pub fn has_run(&self) -> bool {
        self.run.is_some()
    }

    /// What is now known of the capture at hand.
    pub fn know(&mut self, format: &str, sha256: String) {
        if let Some(capture) = self.captures.last_mut() {
            format.clone_into(&mut capture.format);
            capture.sha256 = sha256;
        }
    }

    /// The next record of the capture.
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

    /// A gap of the capture itself: an entry that could not be read.
    pub fn gap(&mut self, gap: Gap) {
        let capture = self.at();
        self.note(capture, gap);
    }

    /// Everything at once, when all records have come.
    pub fn finish(self) -> Audit {
        settle(self)
    }

    /// A trial's second record says how it ended.
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
        // What the control carries is nothing that was done.
        if plant.canary.kind.as_str() != ControlReport::KIND {
            self.plants.push(plant);
        }
    }

    /// The next exchange, inspected elsewhere. For captures that are nobody's
    /// experiment: in those each exchange stands for itself.
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
            // What was done explains itself. The machine's own values are what is looked for.
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
        // Each site is visited once or twice, and all of them may be told the same.
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

    /// Whether its ClientHello is still to be looked at. In an experiment exchanges come one after the
    /// other, so that it is done with the first of each connection.
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

    /// Counts an exchange, once it is known that it is one: a connection that was given up
    /// and begun again is none.
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

    /// What was seen in it.
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
        // Known only with the answer, which is not kept.
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
            // Nothing that is still to come changes what it means.
            None => {
                self.count(&kept);
                self.places.settle(self.knowledge, &self.sides, &BTreeMap::new(), kept, None);
            }
        }
    }

    /// Install and session of an exchange, if identifiers are to be looked for
    /// in it: it is a trial's.
    fn when(&self, exchange: &Exchange) -> Option<IdentifierCircumstances> {
        let trial = self.trials.iter().find(|trial| Some(trial.id) == exchange.trial)?;
        let phase = phase_at(&self.phases, exchange)?;
        Some(IdentifierCircumstances {
            install: trial.install,
            session: self.phases[phase].session,
            device: trial.arm.device,
        })
    }

    /// Lists a gap. Of an endless capture without a run only so many are
    /// listed; how many more there are is one gap at the end.
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

/// What could not be read, with the request that it is of.
fn named(exchange: &Exchange, says: &str) -> String {
    format!("{} {}, request {}: {says}", exchange.request.method, exchange.request.host(), exchange.index + 1)
}

/// The last phase of the exchange's trial that had begun when it was sent.
pub(crate) fn phase_at(phases: &[Phase], exchange: &Exchange) -> Option<usize> {
    let trial = exchange.trial?;
    phases.iter().rposition(|phase| phase.trial == trial && phase.at <= exchange.started)
}

/// The host that a visited address is meant for.
fn site_of(canary: &Canary) -> Option<String> {
    let rest = canary.value.strip_prefix("https://").or_else(|| canary.value.strip_prefix("http://"))?;
    Some(rest.split(['/', ':', '?', '#']).next()?.to_ascii_lowercase())
}

/// Evidence of an experiment must be replayable; elsewhere nobody is judged.
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
