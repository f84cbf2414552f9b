//! Records in.

use attribute::Sides;
use decode::Budgets;
use detect::{Detector, Refused};
use judge::{Identifiers, When};
use knowledge::Knowledge;
use model::{Canary, Exchange, Gap, Note, Phase, Plant, Record, Run, Sighting, Trial};

use crate::{Audit, Capture, Coverage, Ignored, settle::settle};

/// How hard to look.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub budgets: Budgets,
    /// Also report what only has the shape of personal data.
    pub patterns: bool,
    /// Salts that digests may have been made with.
    pub salts: Vec<Vec<u8>>,
}

/// Takes records one by one and speaks at the end.
#[derive(Debug)]
pub struct Auditor<'k> {
    pub(crate) knowledge: &'k Knowledge,
    pub(crate) options: Options,
    detector: Detector,
    pub(crate) sides: Sides,
    pub(crate) identifiers: Identifiers,
    pub(crate) captures: Vec<Capture>,
    pub(crate) run: Option<Run>,
    pub(crate) trials: Vec<Trial>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) plants: Vec<Plant>,
    pub(crate) notes: Vec<Note>,
    pub(crate) early: Option<String>,
    pub(crate) ended: bool,
    pub(crate) kept: Vec<Kept>,
    pub(crate) gaps: Vec<(usize, Gap)>,
    pub(crate) coverage: Coverage,
    pub(crate) ignored: Vec<Ignored>,
}

/// An exchange that is still needed at the end. Of exchanges without a trial
/// and without a sighting only the head is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub capture: usize,
    pub exchange: Exchange,
    pub sightings: Vec<(Sighting, bool)>,
    pub gaps: u32,
    pub bytes: u64,
}

impl<'k> Auditor<'k> {
    pub fn new(knowledge: &'k Knowledge, options: Options) -> Self {
        let detector = Detector::new(knowledge);
        Self {
            knowledge,
            options,
            detector,
            sides: Sides::default(),
            identifiers: Identifiers::default(),
            captures: vec![],
            run: None,
            trials: vec![],
            phases: vec![],
            plants: vec![],
            notes: vec![],
            early: None,
            ended: false,
            kept: vec![],
            gaps: vec![],
            coverage: Coverage::default(),
            ignored: vec![],
        }
    }

    /// Begins a capture; the records that follow are of it.
    pub fn capture(&mut self, capture: Capture) {
        self.captures.push(capture);
    }

    /// A value to look for that no record plants.
    pub fn canary(&mut self, canary: &Canary) -> Result<(), Refused> {
        self.detector.plant(canary)?;
        self.plants.push(Plant { trial: None, canary: canary.clone(), site: None });
        Ok(())
    }

    /// The next record of the capture.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Run(run) => self.run = Some(run),
            Record::Trial(trial) => self.trial(trial),
            Record::Plant(plant) => self.plant(plant),
            Record::Phase(phase) => self.phases.push(phase),
            Record::Page(page) => {
                self.detector.page(&page);
                self.sides.page(&page);
            }
            Record::Listed(listed) => self.sides.listed(&listed),
            Record::Exchange(exchange) => self.exchange(*exchange),
            Record::Note(note) => self.notes.push(note),
            Record::End(end) => {
                self.ended = true;
                self.early = end.early;
            }
        }
    }

    /// A gap of the capture itself: an entry that could not be read.
    pub fn gap(&mut self, gap: Gap) {
        self.gaps.push((self.at(), gap));
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

    fn plant(&mut self, plant: Plant) {
        if let Err(refused) = self.detector.plant(&plant.canary) {
            self.ignored.push(Ignored { canary: plant.canary.id.clone(), because: refused.to_string() });
        }
        self.plants.push(plant);
    }

    fn exchange(&mut self, exchange: Exchange) {
        let capture = self.at();
        if let Some(capture) = self.captures.get_mut(capture) {
            capture.exchanges += 1;
        }
        self.coverage.exchanges += 1;
        self.sides.answered(&exchange);
        if let Some(seal) = &exchange.seal {
            self.coverage.sealed += 1;
            let bytes = seal.sent;
            self.coverage.bytes += bytes;
            self.gaps.push((capture, sealed(&exchange)));
            self.kept.push(Kept { capture, exchange, sightings: vec![], gaps: 1, bytes });
            return;
        }
        self.look(capture, exchange);
    }

    fn look(&mut self, capture: usize, exchange: Exchange) {
        let when = self.when(&exchange);
        let planted: Vec<&str> = match when {
            Some(_) => self.plants.iter().map(|plant| plant.canary.value.as_str()).collect(),
            None => vec![],
        };
        let mut look = self.detector.look(&exchange);
        let mut gaps = Vec::new();
        let identifiers = &mut self.identifiers;
        let opened = decode::open(
            &exchange,
            &self.options.budgets,
            &mut |leaf| {
                look.at(leaf);
                if let Some(when) = when {
                    identifiers.see(&exchange, leaf, when, &planted);
                }
            },
            &mut gaps,
        );
        let sightings = look.finish();
        self.coverage.read += 1;
        self.coverage.bytes += opened.bytes;
        self.coverage.bytes_read += opened.bytes_read;
        let count = gaps.len() as u32;
        self.gaps.extend(gaps.into_iter().map(|gap| (capture, gap)));
        let sightings: Vec<(Sighting, bool)> =
            sightings.into_iter().map(|sighting| replayed(&exchange, sighting)).collect();
        let exchange = if exchange.trial.is_some() { exchange } else { head_of(exchange) };
        self.kept.push(Kept { capture, exchange, sightings, gaps: count, bytes: opened.bytes });
    }

    /// Install and session of an exchange, if identifiers are to be looked for
    /// in it: it is a trial's, and goes to nobody who was visited.
    fn when(&self, exchange: &Exchange) -> Option<When> {
        let trial = self.trials.iter().find(|trial| Some(trial.id) == exchange.trial)?;
        if self.sides.is_site(exchange) {
            return None;
        }
        let phase = phase_at(&self.phases, exchange)?;
        Some(When { install: trial.install, session: self.phases[phase].session, device: trial.arm.device })
    }

    fn at(&self) -> usize {
        self.captures.len().saturating_sub(1)
    }
}

/// The last phase of the exchange's trial that had begun when it was sent.
pub(crate) fn phase_at(phases: &[Phase], exchange: &Exchange) -> Option<usize> {
    let trial = exchange.trial?;
    phases.iter().rposition(|phase| phase.trial == trial && phase.at <= exchange.started)
}

/// Evidence of an experiment must be replayable; elsewhere nobody is judged.
fn replayed(exchange: &Exchange, sighting: Sighting) -> (Sighting, bool) {
    let replayed = exchange.trial.is_some() && decode::walk(exchange, &sighting.trail).is_some();
    (sighting, replayed)
}

/// What reports need of an exchange that no promise hangs on.
fn head_of(mut exchange: Exchange) -> Exchange {
    exchange.request.body = model::Body::default();
    exchange.response = None;
    exchange.messages = vec![];
    exchange
}

fn sealed(exchange: &Exchange) -> Gap {
    let says = exchange.seal.as_ref().map(|seal| seal.says.clone()).unwrap_or_default();
    Gap {
        exchange: Some(exchange.index),
        place: "connection".parse().unwrap_or_default(),
        why: model::Why::Sealed,
        says,
    }
}

