//! A run that a person does by hand, on a phone that uses Candor's proxy.
//!
//! There is one phone, no app is reinstalled, and traffic that bypasses the proxy
//! is not watched. So all trials belong to one install, and no promise can be
//! found kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use evidence::{EvidenceSender, EvidenceWriter};
use honey::{CanaryGenerator, HoneySites};
use model::{Act, Exchange, Mode, Note, Phase, Record, RunCondition, RunSwitch, SwitchSetting, Time};
use proxy::{CertificateAuthority, ExchangeSink, ForwardMode, Proxy, ProxySettings, SinkFuture};
use tokio::{sync::watch, time::sleep};

use crate::{
    Error, PlannedStep, PlannedTrial, RunOutcome, RunPlan, RunRequest,
    drivers::guided::{GuideSession, GuideTask},
    now,
    run::{begin, close, record},
    sinkhole::Sinkhole,
};

/// After the last task: time to load the guide's last page, and to record late requests.
const AFTER: Duration = Duration::from_secs(3);

/// From this many seconds on, waiting is a task of its own.
const ALONE: f64 = 5.0;

/// Seconds a person needs for a task besides waiting: to read, to do, to come back.
const BY_HAND: f64 = 12.0;

/// Listeners for the phone's connections.
#[derive(Debug)]
pub struct PhoneListeners {
    pub listeners: Vec<TcpListener>,
    pub authority: Arc<CertificateAuthority>,
    /// Access control and the guide's pages. `onward` is ignored: no server is contacted.
    pub settings: ProxySettings,
}

/// The plan of a guided run, and the tasks for the person.
#[derive(Clone, Debug)]
pub struct GuidedRun {
    plan: RunPlan,
    pub tasks: Vec<GuideTask>,
}

impl GuidedRun {
    pub fn new(wish: &RunRequest) -> Self {
        let mut plan = RunPlan::new(&wish.scenario, &wish.subject, wish.edition.as_ref(), wish.seed, wish.repeat);
        plan.at_once = 1;
        // A trial starts with the switches as the last trial left them. So trials
        // that turn switches come last, those that turn them on before those that
        // turn them off.
        plan.trials.sort_by_key(|trial| (left_standing(trial), !trial.arm.blank));
        let mut done = BTreeMap::new();
        plan.trials.retain(|trial| is_asked_for(trial, &mut done));
        for (trial, id) in plan.trials.iter_mut().zip(1..) {
            (trial.id, trial.install, trial.arm.device) = (id, 1, 0);
            // The positions of the switches are unknown until the person turns them.
            trial.arm.switches.clear();
            trial.steps = trial.steps.drain(..).flat_map(left_alone).collect();
        }
        let tasks = GuideTask::all(&plan, wish.seed, wish.subject.search.as_deref().unwrap_or_default());
        Self { plan, tasks }
    }

    /// About how long it takes, in minutes.
    pub fn minutes(&self) -> u64 {
        let seconds: f64 = self.tasks.iter().map(|task| task.step.stay + BY_HAND).sum();
        (seconds / 60.0).ceil() as u64
    }
}

/// The mode, the switches and the acts of a trial.
type SameTrial = (Mode, Vec<RunSwitch>, Vec<Act>);

/// A repeated trial on the same phone is no new install, so many repetitions
/// would prove nothing: the control is done once, other trials twice.
fn is_asked_for(planned: &PlannedTrial, done: &mut BTreeMap<SameTrial, usize>) -> bool {
    let most = if planned.arm.blank { 1 } else { 2 };
    let acts = planned.steps.iter().map(|step| step.act).collect();
    let times = done.entry((planned.arm.mode, planned.arm.switches.clone(), acts)).or_default();
    *times += 1;
    *times <= most
}

/// Sorts trials by the switch position they leave: unchanged, on, off.
fn left_standing(planned: &PlannedTrial) -> u8 {
    let thrown = planned.steps.iter().rev().find(|step| step.act == Act::Switch);
    match thrown.map(|step| step.switches.iter().any(|switch| switch.position == SwitchSetting::On)) {
        None => 0,
        Some(true) => 1,
        Some(false) => 2,
    }
}

/// Splits a step with a long wait in two: a person reports the act as done and
/// goes on, and waiting becomes a task of its own.
fn left_alone(step: PlannedStep) -> Vec<PlannedStep> {
    let shows_itself = matches!(step.act, Act::Visit | Act::Download | Act::Search | Act::Idle);
    if shows_itself || step.stay < ALONE {
        return vec![step];
    }
    let name = format!("{}, then nothing", step.name);
    let alone =
        PlannedStep { act: Act::Idle, name, by: None, length: None, twin: None, switches: vec![], ..step.clone() };
    vec![PlannedStep { stay: 0.0, ..step }, alone]
}

/// Leads a person through the tasks. `stop` resolves when they want to end
/// early; the evidence collected by then is kept.
pub async fn guide(
    wish: RunRequest,
    guided: GuidedRun,
    doors: PhoneListeners,
    leader: Arc<dyn GuideSession>,
    stop: impl Future<Output = ()> + Send,
) -> Result<RunOutcome, Error> {
    let mut run = begin(&wish, String::new());
    run.conditions.push(RunCondition::ByHand);
    // The phone's model is not asked for: a `User-Agent` would be no evidence of it.
    run.on_a_phone("a phone, used by hand".into());
    let writer = EvidenceWriter::create(&wish.evidence)?;
    let pen = writer.pen();
    let world = Arc::new(Sinkhole { garden: HoneySites::default(), knowledge: Arc::clone(&wish.knowledge) });
    if let Some(engine) = &wish.subject.search {
        world.garden.add_engine(engine);
    }
    guided.tasks.iter().filter_map(GuideTask::page).for_each(|planted| world.garden.add(planted));
    pen.write(Record::Run(run)).await?;
    for plant in CanaryGenerator::new(wish.seed, 0).decoys() {
        pen.write(Record::Plant(plant)).await?;
    }
    let eyes = Arc::new(GuidedSink::new(pen.clone(), &guided.tasks));
    let settings = ProxySettings { trial: None, onward: ForwardMode::Sinkhole, ..doors.settings };
    let stopped = pen.clone();
    let mut hand = GuidedTrial { guided: &guided, pen, eyes: &eyes, leader: &*leader, session: 0 };
    // The first trial is opened before the proxy listens, so that each request
    // belongs to a trial.
    if let Some(first) = guided.tasks.first() {
        hand.open(first).await?;
    }
    let mut proxies = vec![];
    for listener in doors.listeners {
        let (authority, world) = (Arc::clone(&doors.authority), Arc::clone(&world));
        proxies.push(Proxy::serve(listener, authority, world, eyes.clone(), settings.clone())?);
    }
    let outcome = tokio::select! {
        outcome = hand.lead() => outcome.map(|()| None),
        () = stop => Ok(Some("stopped by hand".to_owned())),
        // Closing the writer returns the reason.
        () = stopped.stopped() => Ok(None),
    };
    for proxy in proxies {
        proxy.stop().await;
    }
    let said = outcome.as_ref().map_or_else(|error| Some(error.to_string()), Clone::clone);
    let sealed = close(writer, said).await?;
    let early = outcome?;
    Ok(RunOutcome { sealed, early })
}

/// The state of a guided run.
struct GuidedTrial<'a> {
    guided: &'a GuidedRun,
    pen: EvidenceSender,
    eyes: &'a GuidedSink,
    leader: &'a dyn GuideSession,
    session: u32,
}

impl GuidedTrial<'_> {
    async fn lead(&mut self) -> Result<(), Error> {
        let mut trial = 0;
        for (number, task) in self.guided.tasks.iter().enumerate() {
            if task.trial != trial {
                trial = task.trial;
                self.open(task).await?;
            }
            self.prepare(task).await?;
            self.leader.begins(number);
            self.wait(number, task).await;
            if task.step.act == Act::Switch {
                // Promises about a switch hold from here on: the switch has been turned.
                self.mark(task, "thrown", task.step.switches.clone()).await?;
            }
        }
        sleep(AFTER).await;
        Ok(())
    }

    async fn open(&self, task: &GuideTask) -> Result<(), Error> {
        let planned = &self.guided.plan.trials[task.trial];
        self.pen.write(Record::Trial(record(planned, None))).await?;
        self.eyes.turn_to(planned.id);
        Ok(())
    }

    async fn prepare(&mut self, task: &GuideTask) -> Result<(), Error> {
        // The phone is the same in all trials, so the session number is not reset.
        if matches!(task.step.act, Act::Start | Act::Restart | Act::Later) {
            self.session += 1;
        }
        for plant in task.planted.iter().flat_map(|planted| &planted.plants) {
            self.pen.write(Record::Plant(plant.clone())).await?;
        }
        self.mark(task, "", vec![]).await?;
        if let Some(planted) = task.page() {
            let trial = self.guided.plan.trials[task.trial].id;
            self.pen.write(Record::Page(planted.page(trial, now()))).await?;
        }
        Ok(())
    }

    async fn wait(&self, number: usize, task: &GuideTask) {
        let stay = Duration::from_secs_f64(task.step.stay);
        let shown = async {
            match task.step.act {
                Act::Idle => {}
                _ => self.eyes.saw(number).await,
            }
            sleep(stay).await;
        };
        tokio::select! {
            () = self.leader.done(number) => {}
            () = shown => self.leader.was_seen(number),
        }
    }

    async fn mark(&self, task: &GuideTask, more: &str, switches: Vec<RunSwitch>) -> Result<(), Error> {
        let name = if more.is_empty() { task.step.name.clone() } else { format!("{}, {more}", task.step.name) };
        let phase = Phase {
            trial: self.guided.plan.trials[task.trial].id,
            name,
            act: task.step.act,
            mode: task.step.mode,
            session: self.session,
            at: now(),
            canaries: task.planted.as_ref().map(honey::ActCanaries::ids).unwrap_or_default(),
            switches,
        };
        Ok(self.pen.write(Record::Phase(phase)).await?)
    }
}

/// Records each exchange in the trial in which it began, and recognises the
/// addresses that show a task as done.
struct GuidedSink {
    pen: EvidenceSender,
    trials: Mutex<Vec<(Time, u32)>>,
    addresses: BTreeMap<String, usize>,
    seen: watch::Sender<BTreeSet<usize>>,
}

impl GuidedSink {
    fn new(pen: EvidenceSender, tasks: &[GuideTask]) -> Self {
        let address = |(number, task): (usize, &GuideTask)| Some((task.shown_by()?.to_owned(), number));
        let addresses = tasks.iter().enumerate().filter_map(address).collect();
        Self { pen, trials: Mutex::default(), addresses, seen: watch::channel(BTreeSet::new()).0 }
    }

    fn turn_to(&self, trial: u32) {
        self.trials.lock().unwrap_or_else(PoisonError::into_inner).push((now(), trial));
    }

    fn trial_at(&self, time: Time) -> Option<u32> {
        let trials = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
        let last = trials.iter().rfind(|(since, _)| *since <= time);
        last.or(trials.first()).map(|(_, trial)| *trial)
    }

    async fn saw(&self, task: usize) {
        // `wait_for` fails only if the sender is dropped, and `self` holds the sender.
        let _ = self.seen.subscribe().wait_for(|seen| seen.contains(&task)).await;
    }
}

impl ExchangeSink for GuidedSink {
    fn record(&self, mut exchange: Exchange) -> SinkFuture<'_> {
        exchange.trial = self.trial_at(exchange.started);
        let answered = exchange.response.is_some();
        let shows = self.addresses.get(&exchange.request.url).copied().filter(|_| answered);
        Box::pin(async move {
            // A failed write is reported by the `stopped` branch in [`guide`].
            let _ = self.pen.write(Record::Exchange(Box::new(exchange))).await;
            if let Some(task) = shows {
                self.seen.send_if_modified(|seen| seen.insert(task));
            }
        })
    }

    fn note(&self, mut note: Note) -> SinkFuture<'_> {
        note.trial = self.trial_at(note.at);
        Box::pin(async move {
            let _ = self.pen.write(Record::Note(note)).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(act: Act, stay: f64) -> PlannedStep {
        PlannedStep {
            act,
            name: act.word().into(),
            mode: model::Mode::Normal,
            stay,
            by: None,
            length: None,
            twin: None,
            switches: vec![],
        }
    }

    #[test]
    fn a_person_is_asked_to_leave_the_phone_alone_where_a_program_would_stay() {
        let alone = left_alone(step(Act::Start, 22.0));
        let told: Vec<(Act, &str, f64)> = alone.iter().map(|one| (one.act, one.name.as_str(), one.stay)).collect();
        assert_eq!(told, [(Act::Start, "start", 0.0), (Act::Idle, "start, then nothing", 22.0)]);
        for asked_once in [step(Act::Start, 3.0), step(Act::Idle, 60.0), step(Act::Visit, 8.0)] {
            assert_eq!(left_alone(asked_once.clone()), [asked_once]);
        }
    }

    #[test]
    fn what_turns_a_switch_off_comes_after_what_turns_it_on() {
        let thrown = |position: &str| {
            let switches = vec![RunSwitch { name: "reporting".into(), position: position.into() }];
            let steps = vec![step(Act::Start, 0.0), PlannedStep { switches, ..step(Act::Switch, 0.0) }];
            left_standing(&PlannedTrial { id: 1, arm: model::Arm::default(), install: 1, steps })
        };
        let untouched =
            PlannedTrial { id: 1, arm: model::Arm::default(), install: 1, steps: vec![step(Act::Start, 0.0)] };
        assert!(left_standing(&untouched) < thrown("on"));
        assert!(thrown("on") < thrown("off") && thrown("off") == thrown("turned-off"));
    }
}
