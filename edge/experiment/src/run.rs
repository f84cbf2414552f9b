//! A whole run: every trial of the plan, as many at a time as the plan allows, into
//! one file of evidence.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use evidence::{EvidenceSender, EvidenceWriter, SealedFile};
use honey::{CanaryGenerator, HoneySites};
use knowledge::{
    Knowledge,
    scenarios::Scenario,
    subjects::{CertificateTrust, SubjectDriver, SubjectEdition, SubjectSpec},
};
use model::{ArmRole, CaptureEnd, Note, NoteCode, PlantedCanary, Record, Run, RunCondition, Trial};
use proxy::CertificateAuthority;
use tokio::{
    sync::Semaphore,
    task::{Id, JoinSet},
    time::timeout,
};

use crate::{
    Error, PlannedTrial, RunPlan,
    cell::{CellDevice, CellIsolation},
    desktop::DesktopEntry,
    drivers::{
        android::{AndroidApp, AppFacts, PrivatePages},
        browser::BrowserDriver,
    },
    in_force, now,
    sinkhole::Sinkhole,
    subject_setup, trial,
};

/// The settings of a run.
#[derive(Debug)]
pub struct RunRequest {
    pub knowledge: Arc<Knowledge>,
    pub subject: SubjectSpec,
    pub edition: Option<SubjectEdition>,
    pub scenario: Scenario,
    pub seed: u64,
    pub repeat: u32,
    pub walls: CellIsolation,
    /// An app on a phone that adb reaches; no cell isolates it.
    pub app: Option<AndroidApp>,
    /// Whether the subject has a real window, and so an address bar to type into.
    pub window: bool,
    /// Further conditions that differ from an ordinary run, for the report.
    pub conditions: Vec<String>,
    /// Where to write the evidence; must not exist.
    pub evidence: PathBuf,
    pub version: String,
}

/// The result of a run.
#[derive(Debug)]
pub struct RunOutcome {
    pub sealed: SealedFile,
    /// Why it ended before its plan did.
    pub early: Option<String>,
}

/// Is called as the run goes on.
pub trait RunProgress: Send + Sync + 'static {
    fn begins(&self, plan: &RunPlan);
    fn step(&self, trial: &PlannedTrial, step: &crate::PlannedStep);
    fn trial_ends(&self, trial: &PlannedTrial, failed: Option<&str>);
}

/// The parts that all trials of a run share.
pub(crate) struct RunContext {
    pub subject: SubjectSpec,
    pub edition: Option<SubjectEdition>,
    pub entry: DesktopEntry,
    pub seed: u64,
    pub walls: CellIsolation,
    pub app: Option<AndroidApp>,
    pub window: bool,
    pub pen: EvidenceSender,
    pub authority: Arc<CertificateAuthority>,
    pub world: Arc<Sinkhole>,
    pub connections: Arc<AtomicU64>,
    pub progress: Arc<dyn RunProgress>,
    /// The record of the run with the facts known so far.
    run: Mutex<Run>,
    /// Roles for which a trial already records how the subject was started.
    told_in_force: Mutex<BTreeSet<ArmRole>>,
}

impl RunContext {
    /// Whether this is the first call for this role: only one trial of each role
    /// records how the subject was started.
    pub fn is_first_of(&self, role: ArmRole) -> bool {
        self.told_in_force.lock().unwrap_or_else(PoisonError::into_inner).insert(role)
    }

    /// Records facts that only a running browser gives: version, extension ids,
    /// sandbox. They are written at once, as a run that is cut short is judged too.
    pub async fn learn(&self, browser: &BrowserDriver) -> Result<(), Error> {
        let learned = {
            let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            let before = run.clone();
            if let Some(version) = browser.version() {
                version.clone_into(&mut run.subject.version);
            }
            run.subject.extensions = browser.extensions().to_vec();
            if !browser.sandboxed() && !run.conditions.contains(&RunCondition::NoSandbox) {
                run.conditions.push(RunCondition::NoSandbox);
            }
            (*run != before).then(|| run.clone())
        };
        match learned {
            Some(run) => Ok(self.pen.write(Record::Run(run)).await?),
            None => Ok(()),
        }
    }
}

impl RunContext {
    /// Records the package that contains the program, if the system knows it.
    async fn tell_package(&self) -> Result<(), Error> {
        let Some(says) = in_force::package(&self.entry.program) else { return Ok(()) };
        let note = Note { trial: None, at: now(), code: NoteCode::Package, says, count: 1 };
        Ok(self.pen.write(Record::Note(note)).await?)
    }
}

/// Canaries for the simulated machines of a run. Without namespaces the machine
/// is the person's own, and its values are not written down.
fn values_of_devices(plan: &RunPlan, walls: CellIsolation, seed: u64) -> Vec<PlantedCanary> {
    let devices: BTreeSet<u32> = match walls {
        CellIsolation::Namespaces => plan.trials.iter().map(|planned| planned.arm.device).collect(),
        CellIsolation::None => BTreeSet::new(),
    };
    let canaries = devices.into_iter().flat_map(|number| CellDevice::numbered(seed, number).canaries());
    canaries.map(|canary| PlantedCanary { trial: None, canary, site: None }).collect()
}

/// A trial that exceeds twice its planned time by this much hangs, and has failed.
const PATIENCE: Duration = Duration::from_secs(600);

fn patience(planned: &PlannedTrial) -> Duration {
    PATIENCE + Duration::from_secs_f64(planned.seconds() * 2.0)
}

/// Runs the plan. `stop` resolves when the person wants to end early; the
/// evidence collected by then is kept.
pub async fn conduct(
    wish: RunRequest,
    progress: Arc<dyn RunProgress>,
    stop: impl Future<Output = ()> + Send,
) -> Result<RunOutcome, Error> {
    let mut plan = RunPlan::new(&wish.scenario, &wish.subject, wish.edition.as_ref(), wish.seed, wish.repeat);
    let mut app = wish.app.clone();
    let (entry, run) = match &mut app {
        None => {
            if wish.walls == CellIsolation::None || !wish.window {
                plan = plan.without_a_reference();
            }
            let entry = subject_setup::entry_of(&wish.subject)?;
            let run = begin(&wish, subject_setup::digest_of(&entry.program)?);
            (entry, run)
        }
        Some(app) => {
            let facts = app.facts().await?;
            app.private = PrivatePages::of(wish.subject.private.as_ref(), &facts.version);
            plan = plan.on_a_phone(app.may_clear, &app.private);
            (DesktopEntry { file: None, program: PathBuf::new(), args: vec![] }, of_app(&wish, app, facts))
        }
    };
    let own = match &app {
        None => Arc::new(CertificateAuthority::in_memory("Candor audit")?),
        Some(app) => Arc::clone(&app.authority),
    };
    let writer = EvidenceWriter::create(&wish.evidence)?;
    let pen = writer.pen();
    let world = Arc::new(Sinkhole { garden: HoneySites::default(), knowledge: Arc::clone(&wish.knowledge) });
    if let Some(engine) = &wish.subject.search {
        world.garden.add_engine(engine);
    }
    let conduct = Arc::new(RunContext {
        subject: wish.subject.clone(),
        edition: wish.edition.clone(),
        entry,
        seed: wish.seed,
        walls: wish.walls,
        app,
        window: wish.window && wish.subject.driver != SubjectDriver::Phone,
        pen: pen.clone(),
        authority: own,
        world,
        connections: Arc::default(),
        progress: Arc::clone(&progress),
        run: Mutex::new(run.clone()),
        told_in_force: Mutex::default(),
    });
    tracing::info!(
        subject = wish.subject.name,
        scenario = wish.scenario.name,
        seed = wish.seed,
        trials = plan.trials.len(),
        "a run begins"
    );
    progress.begins(&plan);
    pen.write(Record::Run(run)).await?;
    conduct.tell_package().await?;
    for plant in CanaryGenerator::new(wish.seed, 0).decoys() {
        pen.write(Record::Plant(plant)).await?;
    }
    for plant in values_of_devices(&plan, wish.walls, wish.seed) {
        pen.write(Record::Plant(plant)).await?;
    }
    let mut trials = RunningTrials {
        conduct: &conduct,
        seats: Arc::new(Semaphore::new(plan.at_once)),
        under_way: JoinSet::new(),
        planned: HashMap::new(),
        next: plan.trials.len() as u32 + 1,
    };
    let early = tokio::select! {
        outcome = trials.all(&plan) => outcome,
        () = stop => Ok(Some("stopped by hand".to_owned())),
        // Closing the writer returns the reason.
        () = pen.stopped() => Ok(None),
    };
    drop(trials);
    drop(conduct);
    // The evidence is closed in any case. A failed write is reported first: it may
    // have caused the other error.
    let said = early.as_ref().map_or_else(|error| Some(error.to_string()), Clone::clone);
    let sealed = close(writer, said).await?;
    let early = early?;
    if let Some(why) = &early {
        tracing::warn!(why, "the run ends early");
    }
    tracing::info!(head = %sealed.head, "the run has ended, and its evidence is closed");
    Ok(RunOutcome { sealed, early })
}

/// Trials under way.
struct RunningTrials<'a> {
    conduct: &'a Arc<RunContext>,
    seats: Arc<Semaphore>,
    under_way: JoinSet<Result<(), Error>>,
    /// The trial that each task runs: a task that panics cannot return it.
    planned: HashMap<Id, (PlannedTrial, TrialAttempt)>,
    next: u32,
}

impl RunningTrials<'_> {
    /// Runs all trials. A trial that fails or panics is recorded and tried once
    /// more. Returns the reason if the run must be cut short.
    async fn all(&mut self, plan: &RunPlan) -> Result<Option<String>, Error> {
        for planned in &plan.trials {
            self.begin(planned.clone(), TrialAttempt::First);
        }
        while let Some(ended) = self.under_way.join_next_with_id().await {
            let (id, outcome) = match ended {
                Ok((id, outcome)) => (id, outcome),
                Err(gone) => (gone.id(), Err(Error::Panicked { what: "the trial" })),
            };
            let Some((planned, attempt)) = self.planned.remove(&id) else { continue };
            self.end(&planned, outcome.as_ref().err()).await?;
            match outcome {
                Ok(()) => {}
                Err(error) if error.concerns_all() => return Err(error),
                Err(_) if attempt == TrialAttempt::First => {
                    let again = planned.again(self.next);
                    self.next += 1;
                    self.begin(again, TrialAttempt::Again);
                }
                Err(_) => {}
            }
        }
        Ok(None)
    }

    fn begin(&mut self, planned: PlannedTrial, attempt: TrialAttempt) {
        let (conduct, seats) = (Arc::clone(self.conduct), Arc::clone(&self.seats));
        let of_task = planned.clone();
        let task = self.under_way.spawn(async move {
            let planned = of_task;
            let _seat = seats.acquire_owned().await;
            let (mode, role) = (planned.arm.mode.word(), planned.arm.role);
            tracing::info!(trial = planned.id, mode, ?role, blank = planned.arm.blank, ?attempt, "a trial begins");
            conduct.pen.write(Record::Trial(record(&planned, None))).await?;
            match timeout(patience(&planned), trial::run(&conduct, &planned)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Error::TooSlow { program: "the trial".into(), seconds: patience(&planned).as_secs() }),
            }
        });
        self.planned.insert(task.id(), (planned, attempt));
    }

    async fn end(&self, planned: &PlannedTrial, error: Option<&Error>) -> Result<(), Error> {
        let failed = error.map(ToString::to_string);
        match error {
            None => tracing::info!(trial = planned.id, "the trial went to its end"),
            Some(error) => tracing::error!(trial = planned.id, error = error.without_quotes(), "the trial failed"),
        }
        self.conduct.progress.trial_ends(planned, failed.as_deref());
        if failed.is_some() {
            self.conduct.pen.write(Record::Trial(record(planned, failed))).await?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrialAttempt {
    First,
    Again,
}

pub(crate) fn record(planned: &PlannedTrial, failed: Option<String>) -> Trial {
    Trial { id: planned.id, arm: planned.arm.clone(), install: planned.install, at: now(), failed }
}

pub(crate) fn begin(wish: &RunRequest, digest: String) -> Run {
    Run {
        subject: model::Subject {
            name: wish.subject.name.clone(),
            edition: wish.edition.as_ref().map(|edition| edition.name.clone()),
            version: String::new(),
            digest,
            extensions: vec![],
        },
        scenario: wish.scenario.name.clone(),
        seed: wish.seed,
        candor: wish.version.clone(),
        knowledge: wish.knowledge.digest(),
        host: subject_setup::host(),
        started: now(),
        sinkhole: true,
        bypass_watched: wish.walls == CellIsolation::Namespaces,
        conditions: conditions(wish).into_iter().map(RunCondition::from).collect(),
    }
}

fn of_app(wish: &RunRequest, app: &AndroidApp, facts: AppFacts) -> Run {
    let mut run = begin(wish, facts.digest);
    run.subject.version = facts.version;
    run.on_a_phone(facts.phone);
    run.bypass_watched = false;
    run.conditions.extend(facts.origin.into_iter().chain(app.conditions()).map(RunCondition::from));
    run
}

fn conditions(wish: &RunRequest) -> Vec<String> {
    let mut conditions = subject_setup::conditions(&wish.subject, wish.edition.as_ref());
    conditions.extend(wish.conditions.iter().cloned());
    if wish.app.is_none() && wish.subject.driver.is_browser_here() {
        conditions.push("in a fresh home folder and profile".into());
        if wish.subject.trust == CertificateTrust::Authority {
            conditions.push("Candor's certificate authority was trusted".into());
        }
        if wish.walls == CellIsolation::None {
            conditions.push("through a proxy setting, which turns off DNS and QUIC in a browser".into());
        }
    }
    if wish.subject.driver == SubjectDriver::Window {
        conditions.push("used by its window: every address was typed into the address bar".into());
    }
    if !wish.window && wish.app.is_none() && wish.subject.driver != SubjectDriver::Phone {
        conditions.push("without a window: nothing was typed into the address bar".into());
    }
    conditions
}

pub(crate) async fn close(writer: EvidenceWriter, early: Option<String>) -> Result<SealedFile, Error> {
    let end = CaptureEnd { at: now(), early };
    tokio::task::spawn_blocking(move || writer.finish(end))
        .await
        .map_err(|_| Error::Panicked { what: "the writer of the evidence" })?
        .map_err(Error::from)
}
