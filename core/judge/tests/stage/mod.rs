//! Experiments made up for tests, written as one would tell them.
#![allow(dead_code, reason = "not every test file plays everything")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use judge::{
    BeaconRecall, FieldCollector, Finding, Identifier, IdentifierScope, JudgeInput, JudgedExchange, LateEvent, Outcome,
    PlantedText, SightingContext, Verdict,
};
use knowledge::Knowledge;
use model::{
    Act, Arm, ArmRole, Attribution, Canary, Destination, Guise, HostingPlace, Initiator, Kind, LayerPlace, Leaf, Mode,
    Note, Phase, PlantedCanary, Purpose, RecognitionMethod, Route, Run, RunSwitch, Sighting, Subject, Time, Trial,
};

/// A run in the making. Time goes on by a second with each step.
pub struct Stage {
    pub knowledge: Knowledge,
    pub run: Run,
    pub trials: Vec<Trial>,
    pub phases: Vec<Phase>,
    pub plants: Vec<PlantedCanary>,
    pub traffic: Vec<JudgedExchange>,
    pub seen: Vec<SightingContext>,
    pub identifiers: Vec<Identifier>,
    fields: FieldCollector,
    places: Vec<String>,
    pub late: Vec<LateEvent>,
    pub destinations: Vec<Destination>,
    pub notes: Vec<Note>,
    pub recall: BeaconRecall,
    pub early: Option<String>,
    clock: i64,
}

/// A control of which all was found.
fn whole() -> BeaconRecall {
    let mut recall = BeaconRecall::default();
    recall.count("https", "json", "plain", true);
    recall.count_twin(false);
    recall
}

/// What a subject sends, as far as a test cares.
#[derive(Clone, Copy)]
pub struct Sent<'s> {
    pub to: &'s str,
    pub side: Initiator,
    pub kind: &'s str,
    pub guise: &'s str,
    pub weak: bool,
    pub replayed: bool,
}

pub const COLLECTOR: &str = "sa.api.intl.miui.com";

/// The whole address, in clear, by the subject itself, to its maker.
pub const REPORT: Sent<'static> =
    Sent { to: COLLECTOR, side: Initiator::Native, kind: "visited-url", guise: "plain", weak: false, replayed: true };

impl Stage {
    /// A subject nobody knows, with these promises only.
    pub fn new(promises: &str) -> Self {
        let over = [("promises/generic.toml".to_owned(), promises.as_bytes().to_vec())];
        let mut knowledge = Knowledge::with(over).unwrap();
        knowledge.promises.retain(|promise| promises.contains(&format!("\"{}\"", promise.id)));
        let subject = Subject { name: "somebody".into(), ..Subject::default() };
        let run = Run { subject, seed: 7, sinkhole: true, bypass_watched: true, ..Run::default() };
        Self {
            knowledge,
            run,
            trials: vec![],
            phases: vec![],
            plants: vec![],
            traffic: vec![],
            seen: vec![],
            identifiers: vec![],
            fields: FieldCollector::default(),
            places: vec![],
            late: vec![],
            destinations: vec![],
            notes: vec![],
            recall: whole(),
            early: None,
            clock: 0,
        }
    }

    pub fn of_subject(mut self, name: &str, edition: Option<&str>) -> Self {
        self.run.subject.name = name.into();
        self.run.subject.edition = edition.map(str::to_owned);
        self
    }

    /// Begins a trial on a fresh install, with its start.
    pub fn trial(&mut self, mode: Mode) -> u32 {
        self.trial_with(mode, &[], false)
    }

    pub fn trial_with(&mut self, mode: Mode, switches: &[(&str, &str)], blank: bool) -> u32 {
        let id = self.trials.len() as u32 + 1;
        let switch = |(name, position): &(&str, &str)| RunSwitch { name: (*name).into(), position: (*position).into() };
        let arm = Arm { mode, switches: switches.iter().map(switch).collect(), blank, ..Arm::default() };
        self.trials.push(Trial { id, arm, install: id, at: Time(self.clock), failed: None });
        self.step(id, Act::Start, mode, 1);
        id
    }

    /// A trial of another role, with three visits.
    pub fn trial_as(&mut self, role: ArmRole, mode: Mode) -> (u32, Vec<usize>) {
        let id = self.trial(mode);
        let trial = self.trials.iter_mut().find(|trial| trial.id == id).unwrap();
        trial.arm.role = role;
        let visits = self.visits(id, 3);
        (id, visits)
    }

    /// The control: started, left alone for so many steps, closed.
    pub fn blank(&mut self, steps: u32) -> u32 {
        self.blank_in(Mode::Normal, steps)
    }

    pub fn blank_in(&mut self, mode: Mode, steps: u32) -> u32 {
        let id = self.trial_with(mode, &[], true);
        for _ in 0..steps {
            self.step(id, Act::Idle, mode, 1);
        }
        self.close(id);
        id
    }

    /// The control of installs that are started twice.
    pub fn blank_with_restart(&mut self, steps: u32) {
        let id = self.trial_with(Mode::Normal, &[], true);
        for _ in 1..steps {
            self.idle(id);
        }
        self.restart(id, Mode::Normal);
        self.idle(id);
        self.close(id);
    }

    pub fn close(&mut self, trial: u32) {
        let (mode, session) = self.now(trial);
        self.step(trial, Act::Close, mode, session);
    }

    /// The next session, in this mode.
    pub fn restart(&mut self, trial: u32, mode: Mode) {
        let session = self.now(trial).1 + 1;
        self.step(trial, Act::Restart, mode, session);
    }

    pub fn idle(&mut self, trial: u32) -> usize {
        let (mode, session) = self.now(trial);
        self.step(trial, Act::Idle, mode, session)
    }

    /// Throws a switch in mid-session.
    pub fn throw(&mut self, trial: u32, name: &str, position: &str) {
        let (mode, session) = self.now(trial);
        let phase = self.step(trial, Act::Switch, mode, session);
        self.phases[phase].switches = vec![RunSwitch { name: name.into(), position: position.into() }];
    }

    fn now(&self, trial: u32) -> (Mode, u32) {
        let last = self.phases.iter().rfind(|phase| phase.trial == trial).unwrap();
        (last.mode, last.session)
    }

    fn step(&mut self, trial: u32, act: Act, mode: Mode, session: u32) -> usize {
        self.clock += 1_000_000;
        let name = format!("{} {}", act.word(), self.phases.len());
        let at = Time(self.clock);
        self.phases.push(Phase { trial, name, act, mode, session, at, ..Phase::default() });
        self.phases.len() - 1
    }

    /// A visit to an address nobody could guess; its page is seen to be opened.
    pub fn visit(&mut self, trial: u32) -> usize {
        self.visit_address_of(trial, 60)
    }

    pub fn visit_address_of(&mut self, trial: u32, length: usize) -> usize {
        let (mode, session) = self.now(trial);
        let phase = self.step(trial, Act::Visit, mode, session);
        let host = format!("site{phase}.example");
        let url = format!("{:x<length$}", format!("https://{host}/"));
        self.plant(trial, phase, "visited-url", &url, Some(&host));
        self.send(phase, &host, Initiator::Page);
        phase
    }

    /// A visit to where a visit before it went.
    pub fn visit_again(&mut self, trial: u32, before: usize) -> usize {
        let (mode, session) = self.now(trial);
        let phase = self.step(trial, Act::Visit, mode, session);
        self.phases[phase].canaries = self.phases[before].canaries.clone();
        let site = self.plants.iter().find(|plant| self.phases[before].canaries.contains(&plant.canary.id));
        let host = site.and_then(|plant| plant.site.clone()).unwrap();
        self.send(phase, &host, Initiator::Page);
        phase
    }

    /// Typed into the address bar and not sent.
    pub fn type_text(&mut self, trial: u32) -> usize {
        let (mode, session) = self.now(trial);
        let phase = self.step(trial, Act::Type, mode, session);
        self.plant(trial, phase, "typed-text", "never to be sent", None);
        phase
    }

    /// Types into the address bar in a step in which nothing was done.
    pub fn type_at(&mut self, phase: usize, text: &str) {
        self.phases[phase].act = Act::Type;
        self.plant(self.phases[phase].trial, phase, "typed-text", text, None);
    }

    /// Six visits to three sites, each twice.
    pub fn twins(&mut self, trial: u32) -> Vec<usize> {
        let mut visits = self.visits(trial, 3);
        for again in [[0, 1, 2], [1, 0, 2], [0, 2, 1]][trial as usize % 3] {
            let again = self.visit_again(trial, visits[again]);
            visits.push(again);
        }
        visits
    }

    pub fn visits(&mut self, trial: u32, times: u32) -> Vec<usize> {
        (0..times).map(|_| self.visit(trial)).collect()
    }

    fn plant(&mut self, trial: u32, phase: usize, kind: &str, value: &str, site: Option<&str>) {
        let id = format!("{kind}-{phase}");
        self.phases[phase].canaries.push(id.clone());
        let canary = Canary { decoy: false, ..Canary::new(id, kind, value) };
        self.plants.push(PlantedCanary { trial: Some(trial), canary, site: site.map(str::to_owned) });
    }

    pub fn decoy(&mut self) -> String {
        let canary = Canary { decoy: true, ..Canary::new("decoy-1", "visited-url", "https://never.example/used") };
        self.plants.push(PlantedCanary { trial: None, canary, site: None });
        "decoy-1".into()
    }

    /// An exchange in a phase that could be read.
    pub fn send(&mut self, phase: usize, host: &str, side: Initiator) -> u64 {
        let exchange = self.traffic.len() as u64;
        self.traffic.push(JudgedExchange {
            capture: 0,
            exchange,
            trial: Some(self.phases[phase].trial),
            phase: Some(phase),
            scheme: "https".into(),
            host: host.into(),
            path: "/".into(),
            foreign_name: None,
            side,
            sealed: false,
            gaps: 0,
            closed: 0,
            fields: vec![],
            connection: exchange,
            cookie: None,
            bytes: 100,
            at: Time(self.phases[phase].at.0 + 1_000),
        });
        self.destination(host);
        exchange
    }

    /// One that could not.
    pub fn send_sealed(&mut self, phase: usize, host: &str, bytes: u64) {
        let exchange = self.send(phase, host, Initiator::Native) as usize;
        (self.traffic[exchange].sealed, self.traffic[exchange].bytes) = (true, bytes);
    }

    /// One that was read, with bytes in it that stayed closed.
    pub fn send_closed(&mut self, phase: usize, host: &str, bytes: u64) {
        let exchange = self.send(phase, host, Initiator::Native) as usize;
        self.traffic[exchange].closed = bytes;
    }

    /// A request of the subject's own with this value at this place.
    pub fn send_value(&mut self, phase: usize, host: &str, place: &str, value: &str) -> u64 {
        let exchange = self.send(phase, host, Initiator::Native);
        self.add_value(exchange, place, value);
        exchange
    }

    /// A value in an exchange, as the auditor would note it.
    pub fn add_value(&mut self, exchange: u64, place: &str, value: &str) {
        let trial = self.traffic[exchange as usize].trial;
        let plants = self.plants.iter().filter(|plant| plant.trial == trial);
        let planted: Vec<PlantedText<'_>> = plants
            .map(|plant| PlantedText { value: &plant.canary.value, piece: judge::piece_of(&plant.canary.kind) })
            .collect();
        let name = LayerPlace::at(place);
        let route = Route { before: None, layer: "form", place: &name };
        self.fields.see(&Leaf { value: value.as_bytes(), route: &route, weak: false }, &planted);
        self.traffic[exchange as usize].fields.extend(self.fields.take(&[]).values);
        self.places = self.fields.clone().places();
    }

    /// The canary of phase `about` is seen in a request sent in phase `sent`.
    pub fn tell(&mut self, about: usize, sent: usize, what: Sent<'_>) -> u64 {
        let canary = self.phases[about].canaries[0].clone();
        self.tell_canary(&canary, sent, what)
    }

    pub fn tell_canary(&mut self, canary: &str, sent: usize, what: Sent<'_>) -> u64 {
        let exchange = self.send(sent, what.to, what.side);
        let destination = self.destination(what.to);
        let guise = if what.guise == "plain" { Guise::Plain } else { Guise::Digest(what.guise.into()) };
        self.seen.push(SightingContext {
            sighting: Sighting {
                exchange,
                kind: Kind::new(what.kind),
                canary: Some(canary.into()),
                guise,
                how: RecognitionMethod::Canary,
                schema: None,
                trail: "body ▸ json $.url".parse().unwrap(),
                value: String::new(),
                weak: what.weak,
            },
            side: Attribution { side: what.side, because: "a test says so" },
            destination,
            trial: Some(self.phases[sent].trial),
            phase: Some(sent),
            at: Time(self.phases[sent].at.0 + 1_000),
            replayed: what.replayed,
            stopped: false,
        });
        exchange
    }

    /// An identifier that stands in these exchanges; those of one install together.
    pub fn identifier(&mut self, host: &str, alike: Vec<Vec<u64>>) {
        let trail = || "body ▸ json $.id".parse().unwrap();
        self.identifiers.push(Identifier {
            host: host.into(),
            place: "body ▸ json $.id".into(),
            scope: IdentifierScope::Persistent,
            exchanges: alike.iter().flatten().map(|exchange| (*exchange, trail())).collect(),
            installs: alike.len(),
            alike,
        });
    }

    pub fn note(&mut self, trial: u32, code: &str, says: &str) {
        let at = Time(self.clock);
        self.notes.push(Note { trial: Some(trial), at, code: code.into(), says: says.into(), count: 1 });
    }

    pub fn destination(&mut self, host: &str) -> usize {
        if let Some(known) = self.destinations.iter().position(|destination| destination.host == host) {
            return known;
        }
        let ours = host == COLLECTOR;
        self.destinations.push(Destination {
            host: host.into(),
            site: host.into(),
            owner: ours.then(|| "Xiaomi".into()),
            seat: ours.then(|| "CN".into()),
            hosted: None,
            purpose: Purpose::Unknown,
            because: String::new(),
        });
        self.destinations.len() - 1
    }

    pub fn stands_in(&mut self, host: &str, country: &str) {
        let destination = self.destination(host);
        let because = "documented in a test".into();
        self.destinations[destination].hosted =
            Some(HostingPlace { country: country.into(), asn: None, network: None, because });
    }

    pub fn case(&self) -> JudgeInput<'_> {
        JudgeInput {
            knowledge: &self.knowledge,
            run: Some(&self.run),
            trials: &self.trials,
            phases: &self.phases,
            plants: &self.plants,
            traffic: &self.traffic,
            seen: &self.seen,
            identifiers: &self.identifiers,
            places: &self.places,
            late: &self.late,
            destinations: &self.destinations,
            notes: &self.notes,
            recall: &self.recall,
            // Each case of a stage is another one; a test makes few.
            tests: Box::leak(Box::default()),
            early: self.early.as_deref(),
        }
    }

    /// The only verdict.
    pub fn verdict(&self) -> Verdict {
        let mut verdicts = judge::verdicts(&self.case());
        assert_eq!(verdicts.len(), 1, "one promise");
        verdicts.remove(0)
    }

    pub fn word(&self) -> Outcome {
        self.verdict().outcome
    }

    /// Findings of a code.
    pub fn found(&self, code: &str) -> Vec<Finding> {
        judge::findings(&self.case()).into_iter().filter(|finding| finding.code == code).collect()
    }
}
