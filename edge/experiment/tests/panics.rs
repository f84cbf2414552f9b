//! An error of ours in the middle of a trial: the trial has failed, the evidence
//! says so, and it is tried once more.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod stage;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use experiment::{PlannedStep, PlannedTrial, RunPlan, RunProgress, RunRequest, cell::CellIsolation};
use knowledge::Knowledge;
use model::{Record, Trial};

/// Panics at the first step of every trial, inside the trial's own task.
#[derive(Default)]
struct Panics {
    ends: AtomicU32,
}

impl RunProgress for Panics {
    fn begins(&self, _: &RunPlan) {}

    fn step(&self, _: &PlannedTrial, _: &PlannedStep) {
        panic!("on purpose, for a test");
    }

    fn trial_ends(&self, _: &PlannedTrial, failed: Option<&str>) {
        assert!(failed.is_some_and(|why| why.contains("an internal error in the trial")), "{failed:?}");
        self.ends.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_panics_has_failed_and_is_tried_once_more() {
    if stage::cell(0).await.is_none() {
        return;
    }
    let knowledge = Arc::new(Knowledge::built_in());
    let named = |name: &str| knowledge.subjects.iter().find(|subject| subject.name == name).unwrap().clone();
    let mut subject = named("falkon");
    subject.programs = vec!["true".into()];
    let mut scenario = knowledge.scenarios.iter().find(|scenario| scenario.name == "quick").unwrap().clone();
    scenario.arms.truncate(1);
    let installs = scenario.arms[0].installs;
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("run.candor");
    let wish = RunRequest {
        knowledge,
        subject,
        edition: None,
        scenario,
        seed: 1,
        repeat: 1,
        walls: CellIsolation::Namespaces,
        app: None,
        window: false,
        conditions: vec![],
        evidence: evidence.clone(),
        version: "0".into(),
    };
    let progress = Arc::new(Panics::default());
    let ran = experiment::conduct(wish, progress.clone(), std::future::pending()).await.unwrap();
    assert_eq!(ran.early, None);
    assert_eq!(progress.ends.load(Ordering::Relaxed), 2 * installs);

    let mut trials: Vec<Trial> = vec![];
    let opened = evidence::Evidence::open(&evidence).unwrap();
    opened
        .records(|record| {
            if let Record::Trial(trial) = record {
                trials.retain(|known| known.id != trial.id);
                trials.push(trial);
            }
        })
        .unwrap();
    assert_eq!(trials.len() as u32, 2 * installs, "both tries are in the evidence");
    assert!(trials.iter().all(|trial| trial.failed.is_some()), "and both have failed");
}
