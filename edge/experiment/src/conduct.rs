//! A whole run: every trial of the plan, two at a time, into one file.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use evidence::{Head, Pen, Writer};
use honey::{Garden, Planter};
use knowledge::{
    Knowledge,
    scenarios::Scenario,
    subjects::{Edition, Subject},
};
use model::{End, Record, Run, Trial};
use proxy::Authority;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use crate::{
    Error, Plan, Planned,
    cell::Walls,
    drivers::{
        android::{App, Facts, Private},
        browser::Browser,
    },
    now, ready,
    respond::World,
    trial,
};

/// What to run, and how.
#[derive(Debug)]
pub struct Wish {
    pub knowledge: Arc<Knowledge>,
    pub subject: Subject,
    pub edition: Option<Edition>,
    pub scenario: Scenario,
    pub seed: u64,
    pub repeat: u32,
    pub walls: Walls,
    /// For an app on a phone on the cable: it is outside all walls.
    pub app: Option<App>,
    /// In a real window, so that there is an address bar to type into.
    pub window: bool,
    /// What else was unlike an ordinary run, for the report.
    pub conditions: Vec<String>,
    /// Where to write the evidence; must not exist.
    pub evidence: PathBuf,
    pub version: String,
}

/// How a run came out.
#[derive(Debug)]
pub struct Ran {
    pub head: Head,
    /// Why it ended before its plan did.
    pub early: Option<String>,
}

/// Is told how it goes.
pub trait Progress: Send + Sync + 'static {
    fn begins(&self, plan: &Plan);
    fn step(&self, trial: &Planned, step: &crate::Do);
    fn trial_ends(&self, trial: &Planned, failed: Option<&str>);
}

/// What the trials of a run share.
pub(crate) struct Conduct {
    pub subject: Subject,
    pub edition: Option<Edition>,
    pub program: PathBuf,
    pub seed: u64,
    pub walls: Walls,
    pub app: Option<App>,
    pub window: bool,
    pub pen: Pen,
    pub authority: Arc<Authority>,
    pub world: Arc<World>,
    pub connections: Arc<AtomicU64>,
    pub progress: Arc<dyn Progress>,
    /// The run as it is known so far.
    run: Mutex<Run>,
}

impl Conduct {
    /// What only running it tells: its version, the ids of its extensions. It is
    /// written down at once, as a run that is cut short is judged too.
    pub async fn learn(&self, browser: &Browser) -> Result<(), Error> {
        let learned = {
            let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            let before = run.clone();
            if let Some(version) = browser.version() {
                version.clone_into(&mut run.subject.version);
            }
            run.subject.extensions = browser.extensions().to_vec();
            if !browser.sandboxed() && !run.conditions.iter().any(|known| known == NO_SANDBOX) {
                run.conditions.push(NO_SANDBOX.into());
            }
            (*run != before).then(|| run.clone())
        };
        match learned {
            Some(run) => Ok(self.pen.write(Record::Run(run)).await?),
            None => Ok(()),
        }
    }
}

const NO_SANDBOX: &str = "the browser ran without its sandbox";

/// A trial that takes longer than its plan by so much hangs, and has failed.
const PATIENCE: Duration = Duration::from_secs(600);

fn patience(planned: &Planned) -> Duration {
    PATIENCE + Duration::from_secs_f64(planned.seconds() * 2.0)
}

/// Runs it. `stop` resolves when the person wants to end early; what there is
/// by then is kept.
pub async fn conduct(
    wish: Wish,
    progress: Arc<dyn Progress>,
    stop: impl Future<Output = ()> + Send,
) -> Result<Ran, Error> {
    let mut plan = Plan::new(&wish.scenario, &wish.subject, wish.edition.as_ref(), wish.seed, wish.repeat);
    let mut app = wish.app.clone();
    let (program, run) = match &mut app {
        None => {
            let program = ready::program_of(&wish.subject)?;
            let run = begin(&wish, ready::digest_of(&program)?);
            (program, run)
        }
        Some(app) => {
            let facts = app.facts().await?;
            app.private = Private::of(wish.subject.private.as_ref(), &facts.version);
            plan = plan.on_a_phone(app.may_clear, &app.private);
            (PathBuf::new(), of_app(&wish, app, facts))
        }
    };
    let own = match &app {
        None => Arc::new(Authority::in_memory("Candor audit")?),
        Some(app) => Arc::clone(&app.authority),
    };
    let writer = Writer::create(&wish.evidence)?;
    let pen = writer.pen();
    let world = Arc::new(World { garden: Garden::default(), knowledge: Arc::clone(&wish.knowledge) });
    if let Some(engine) = &wish.subject.search {
        world.garden.add_engine(engine);
    }
    let conduct = Arc::new(Conduct {
        subject: wish.subject.clone(),
        edition: wish.edition.clone(),
        program: program.clone(),
        seed: wish.seed,
        walls: wish.walls,
        app,
        window: wish.window && wish.subject.driver != "phone",
        pen: pen.clone(),
        authority: own,
        world,
        connections: Arc::default(),
        progress: Arc::clone(&progress),
        run: Mutex::new(run.clone()),
    });
    progress.begins(&plan);
    pen.write(Record::Run(run)).await?;
    for plant in Planter::new(wish.seed, 0).decoys() {
        pen.write(Record::Plant(plant)).await?;
    }
    let mut trials = Trials { conduct: &conduct, next: plan.trials.len() as u32 + 1 };
    let early = tokio::select! {
        outcome = trials.all(&plan) => outcome?,
        () = stop => Some("stopped by hand".to_owned()),
    };
    drop(conduct);
    let head = close(writer, early.clone()).await?;
    Ok(Ran { head, early })
}

/// Trials under way.
struct Trials<'a> {
    conduct: &'a Arc<Conduct>,
    next: u32,
}

impl Trials<'_> {
    /// Runs them all. One that fails is said and tried once more; says why the
    /// run must be cut short, if it must.
    async fn all(&mut self, plan: &Plan) -> Result<Option<String>, Error> {
        let seats = Arc::new(Semaphore::new(plan.at_once));
        let mut under_way = JoinSet::new();
        for planned in &plan.trials {
            self.begin(&mut under_way, &seats, planned.clone(), Try::First).await?;
        }
        while let Some(ended) = under_way.join_next().await {
            let Ok((planned, attempt, outcome)) = ended else { continue };
            self.end(&planned, outcome.as_ref().err()).await?;
            match outcome {
                Ok(()) => {}
                Err(error) if error.concerns_all() => return Err(error),
                Err(_) if attempt == Try::First => {
                    let again = planned.again(self.next);
                    self.next += 1;
                    self.begin(&mut under_way, &seats, again, Try::Again).await?;
                }
                Err(_) => {}
            }
        }
        Ok(None)
    }

    async fn begin(
        &self,
        under_way: &mut JoinSet<(Planned, Try, Result<(), Error>)>,
        seats: &Arc<Semaphore>,
        planned: Planned,
        attempt: Try,
    ) -> Result<(), Error> {
        let (conduct, seats) = (Arc::clone(self.conduct), Arc::clone(seats));
        under_way.spawn(async move {
            let _seat = seats.acquire_owned().await;
            if let Err(error) = conduct.pen.write(Record::Trial(record(&planned, None))).await {
                return (planned, attempt, Err(error.into()));
            }
            let outcome = match timeout(patience(&planned), trial::run(&conduct, &planned)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Error::TooSlow { program: "the trial".into(), seconds: patience(&planned).as_secs() }),
            };
            (planned, attempt, outcome)
        });
        Ok(())
    }

    async fn end(&self, planned: &Planned, error: Option<&Error>) -> Result<(), Error> {
        let failed = error.map(ToString::to_string);
        self.conduct.progress.trial_ends(planned, failed.as_deref());
        if failed.is_some() {
            self.conduct.pen.write(Record::Trial(record(planned, failed))).await?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    First,
    Again,
}

pub(crate) fn record(planned: &Planned, failed: Option<String>) -> Trial {
    Trial { id: planned.id, arm: planned.arm.clone(), install: planned.install, at: now(), failed }
}

pub(crate) fn begin(wish: &Wish, digest: String) -> Run {
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
        host: ready::host(),
        started: now(),
        sinkhole: true,
        bypass_watched: wish.walls == Walls::Namespaces,
        conditions: conditions(wish),
    }
}

fn of_app(wish: &Wish, app: &App, facts: Facts) -> Run {
    let mut run = begin(wish, facts.digest);
    run.subject.version = facts.version;
    run.on_a_phone(facts.phone);
    run.bypass_watched = false;
    run.conditions.extend(facts.origin.into_iter().chain(app.conditions()));
    run
}

fn conditions(wish: &Wish) -> Vec<String> {
    let mut conditions = ready::conditions(&wish.subject, wish.edition.as_ref());
    conditions.extend(wish.conditions.iter().cloned());
    if wish.subject.driver == "window" {
        conditions.push("used by its window: every address was typed into the address bar".into());
    }
    if !wish.window && wish.app.is_none() && wish.subject.driver != "phone" {
        conditions.push("without a window: nothing was typed into the address bar".into());
    }
    conditions
}

pub(crate) async fn close(writer: Writer, early: Option<String>) -> Result<Head, Error> {
    let end = End { at: now(), early };
    tokio::task::spawn_blocking(move || writer.finish(end)).await.map_err(|_| Error::CellGone)?.map_err(Error::from)
}
