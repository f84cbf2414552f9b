//! A phone used by hand: a [`GuideSession`] asks the person for one task after
//! the other.

use honey::{ActCanaries, CanaryGenerator};
use model::Act;
use proxy::SinkFuture;

use crate::{PlannedStep, RunPlan};

/// Leads a person through the tasks, one at a time, in their order.
pub trait GuideSession: Send + Sync + 'static {
    /// Is called when a task begins and its canaries are in the evidence.
    fn begins(&self, task: usize);

    /// Resolves when the person says that a task is done.
    fn done(&self, task: usize) -> SinkFuture<'_>;

    /// Is called when a recorded request or the elapsed time shows that the task is done.
    fn was_seen(&self, task: usize);
}

/// One thing to ask for.
#[derive(Clone, Debug)]
pub struct GuideTask {
    /// Position of its trial in the plan.
    pub trial: usize,
    pub step: PlannedStep,
    /// The canaries that this task uses, and no other task.
    pub planted: Option<ActCanaries>,
}

impl GuideTask {
    /// Every task of a plan.
    pub(crate) fn all(plan: &RunPlan, seed: u64, engine: &str) -> Vec<Self> {
        let mut tasks = vec![];
        for (trial, planned) in plan.trials.iter().enumerate() {
            let mut planter = CanaryGenerator::new(seed, planned.id);
            for step in &planned.steps {
                let planted = planted(&mut planter, step, engine);
                tasks.push(Self { trial, step: step.clone(), planted });
            }
        }
        tasks
    }

    /// The honey page that the task opens.
    pub(crate) fn page(&self) -> Option<&ActCanaries> {
        self.planted.as_ref().filter(|planted| !planted.url.is_empty() && self.step.act != Act::Search)
    }

    /// The address whose request shows that the task is done.
    pub(crate) fn shown_by(&self) -> Option<&str> {
        let shows = matches!(self.step.act, Act::Visit | Act::Download | Act::Search);
        self.planted.as_ref().filter(|_| shows).map(|planted| planted.url.as_str())
    }
}

fn planted(planter: &mut CanaryGenerator, step: &PlannedStep, engine: &str) -> Option<ActCanaries> {
    if let Some(length) = step.length {
        return Some(planter.plant_address_of(length));
    }
    if !matches!(step.act, Act::Visit | Act::Download | Act::Form | Act::Search | Act::Type | Act::Open) {
        return None;
    }
    let mut planted = planter.plant(step.act, engine);
    // A person can give a folder a name, but not the screen that shows it.
    planted.plants.retain(|plant| plant.canary.kind.as_str() != "screen-name");
    Some(planted)
}
