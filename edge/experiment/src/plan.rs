//! The plan of a run: a function of scenario, subject and seed.

use std::collections::BTreeMap;

use honey::NameStream;
use knowledge::{
    scenarios::{self, ArmSwitches, Scenario, ScenarioStep},
    subjects::{SubjectEdition, SubjectSpec},
};
use model::{Act, Arm, ArmRole, Mode, RunSwitch, SwitchSetting};

use crate::drivers::android::PrivatePages;

/// Every trial of a run, in the order of their start.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPlan {
    pub trials: Vec<PlannedTrial>,
    pub at_once: usize,
}

/// One trial: an arm on an install, and its steps one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedTrial {
    pub id: u32,
    pub arm: Arm,
    pub install: u32,
    pub steps: Vec<PlannedStep>,
}

/// One act. A step that a scenario repeats is several of these.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    pub act: Act,
    /// Unique within its trial: `visit 3`.
    pub name: String,
    /// The mode of the session.
    pub mode: Mode,
    pub stay: f64,
    /// How a visit starts: `link`, `typed`, `redirect`; by the driver if none.
    pub by: Option<String>,
    /// Length of the visited address in characters, if it matters.
    pub length: Option<usize>,
    /// The number of the site to visit, for a step that visits sites twice.
    pub twin: Option<u32>,
    /// Switches to turn, and their new position: `on`, `off`, `turned-off`.
    pub switches: Vec<RunSwitch>,
}

/// Seconds to stay if the scenario gives none.
const STAY: f64 = 0.4;

/// The number of the random stream for the order of trials; no trial has it.
const ORDER: u64 = u64::MAX;

impl RunPlan {
    /// The plan of a run. The same seed gives the same order and, by
    /// [`honey::CanaryGenerator`], the same canaries.
    pub fn new(
        scenario: &Scenario,
        subject: &SubjectSpec,
        edition: Option<&SubjectEdition>,
        seed: u64,
        repeat: u32,
    ) -> Self {
        let mut names = NameStream::new(seed, ORDER);
        let mut trials = Vec::new();
        for _ in 0..repeat.max(1) {
            for arm in &scenario.arms {
                for positions in positions(arm, subject, edition) {
                    for number in 0..arm.installs {
                        let device = number % arm.devices.max(1);
                        for role in roles(arm, subject) {
                            let steps = StepWriter::of(arm, &positions, subject, edition, &mut names);
                            let (mode, switches) = (arm.mode(), positions.clone());
                            let arm = Arm { mode, switches, blank: arm.blank, role: *role, device };
                            trials.push(PlannedTrial { id: 0, arm, install: 0, steps });
                        }
                    }
                }
            }
        }
        names.shuffle(&mut trials);
        for (trial, number) in trials.iter_mut().zip(1..) {
            (trial.id, trial.install) = (number, number);
        }
        Self { trials, at_once: scenario.at_once.max(1) }
    }

    /// Adapts the plan to one phone: one trial at a time, on one device. Private trials
    /// remain only if the app has a way to private pages. An app that keeps its data has
    /// one install (0) for all trials, and its settings are as the person left them, not
    /// as installed.
    pub(crate) fn on_a_phone(mut self, may_clear: bool, private: &PrivatePages) -> Self {
        match private {
            PrivatePages::Never(_) => {
                self.trials.retain(|trial| trial.steps.iter().all(|step| step.mode != Mode::Private));
            }
            PrivatePages::Always(_) => {
                for trial in &mut self.trials {
                    trial.arm.mode = Mode::Private;
                    trial.steps.iter_mut().for_each(|step| step.mode = Mode::Private);
                }
            }
            PrivatePages::Extra(..) | PrivatePages::Tab { .. } => {}
        }
        self.at_once = 1;
        for trial in &mut self.trials {
            trial.arm.device = 0;
            if !may_clear {
                trial.install = 0;
                trial.arm.switches = vec![RunSwitch { name: "settings".into(), position: SwitchSetting::AsLeft }];
            }
        }
        self
    }

    /// Keeps only driven trials: a reference needs a window to type into and a
    /// namespace that redirects every connection.
    pub(crate) fn without_a_reference(mut self) -> Self {
        self.trials.retain(|trial| trial.arm.role == ArmRole::Driven);
        self
    }

    /// The estimated duration in seconds.
    pub fn seconds(&self) -> f64 {
        let total: f64 = self.trials.iter().map(PlannedTrial::seconds).sum();
        total / self.at_once as f64
    }
}

impl PlannedTrial {
    /// The estimated duration in seconds; a start counts as three, a visit as one.
    pub fn seconds(&self) -> f64 {
        let worth = |step: &PlannedStep| match (step.act, step.by.as_deref()) {
            (Act::Start | Act::Restart | Act::Later, _) => 3.0,
            (Act::Visit | Act::Search, Some("typed")) => 12.0,
            (Act::Type, _) => 6.0,
            (Act::Form, _) => 4.0,
            (Act::Visit | Act::Search | Act::Download | Act::Switch, _) => 1.5,
            _ => 0.2,
        };
        self.steps.iter().map(|step| worth(step) + step.stay).sum()
    }

    /// A retry of this trial, with the number `id`.
    pub fn again(&self, id: u32) -> Self {
        Self { id, install: if self.install == self.id { id } else { self.install }, ..self.clone() }
    }
}

/// The roles in which each install of an arm is used. An arm with a reference is
/// skipped if the subject has no remote control to compare with, or has an
/// extension: a person could not start it without Candor loading the extension.
fn roles(arm: &scenarios::ScenarioArm, subject: &SubjectSpec) -> &'static [ArmRole] {
    let is_driven = subject.driver.is_remote_control();
    match (arm.reference, is_driven && subject.extension.is_none()) {
        (false, _) => &[ArmRole::Driven],
        (true, true) => &[ArmRole::Reference, ArmRole::Compared],
        (true, false) => &[],
    }
}

/// The switch positions of each variant of an arm. An arm that turns a switch has
/// no variant if the subject has no such switch.
fn positions(
    arm: &scenarios::ScenarioArm,
    subject: &SubjectSpec,
    edition: Option<&SubjectEdition>,
) -> Vec<Vec<RunSwitch>> {
    let names = edition.map(|edition| edition.switches.as_slice()).unwrap_or_default();
    let throws = arm.steps.iter().any(|step| step.act() == Act::Switch);
    if throws && subject.collection_switches(edition).next().is_none() {
        return vec![];
    }
    match arm.switches {
        ArmSwitches::Default => vec![stand(names, |_| SwitchSetting::Default)],
        ArmSwitches::All if names.is_empty() => vec![],
        ArmSwitches::All => (0..1_usize << names.len().min(6))
            .map(|bits| stand(names, |at| if bits >> at & 1 == 1 { SwitchSetting::On } else { SwitchSetting::Off }))
            .collect(),
    }
}

fn stand(names: &[String], position: impl Fn(usize) -> SwitchSetting) -> Vec<RunSwitch> {
    let at = |(index, name): (usize, &String)| RunSwitch { name: name.clone(), position: position(index) };
    names.iter().enumerate().map(at).collect()
}

/// Collects the steps of a trial.
struct StepWriter {
    mode: Mode,
    counts: BTreeMap<Act, u32>,
    all: Vec<PlannedStep>,
}

impl StepWriter {
    fn of(
        arm: &scenarios::ScenarioArm,
        positions: &[RunSwitch],
        subject: &SubjectSpec,
        edition: Option<&SubjectEdition>,
        names: &mut NameStream,
    ) -> Vec<PlannedStep> {
        let mut steps = Self { mode: arm.mode(), counts: BTreeMap::new(), all: vec![] };
        let mut to_throw = positions.iter().any(|switch| switch.position != SwitchSetting::Default);
        if to_throw && arm.mode() == Mode::Private {
            // Settings open only in an ordinary window, so an ordinary start comes first.
            steps.mode = Mode::Normal;
            steps.one(Act::Start, 1.0);
            steps.throw(positions);
            steps.mode = Mode::Private;
            to_throw = false;
        }
        for step in &arm.steps {
            steps.add(step, subject, edition, names);
            if to_throw && step.act() == Act::Start {
                steps.throw(positions);
                to_throw = false;
            }
        }
        steps.all
    }

    fn add(
        &mut self,
        step: &ScenarioStep,
        subject: &SubjectSpec,
        edition: Option<&SubjectEdition>,
        names: &mut NameStream,
    ) {
        let mode = step.mode.as_deref().map(Mode::from_word);
        self.mode = mode.unwrap_or(if step.act() == Act::Later { Mode::Normal } else { self.mode });
        let mut lengths: Vec<Option<usize>> = step.length.iter().copied().map(Some).collect();
        if lengths.is_empty() {
            lengths.push(None);
        }
        let mut lengths = lengths.repeat(step.times.max(1) as usize);
        names.shuffle(&mut lengths);
        let mut twins = if step.twin { self.twins(step.times, names) } else { vec![] }.into_iter();
        for length in lengths {
            let switches = switches_of(step, subject, edition);
            self.one(step.act(), step.stay.unwrap_or(STAY));
            if let Some(last) = self.all.last_mut() {
                (last.by, last.length, last.switches) = (step.by.clone(), length, switches);
                last.twin = twins.next();
            }
        }
    }

    /// The sites of `visits` visits: half as many sites, none twice in a row.
    fn twins(&self, visits: u32, names: &mut NameStream) -> Vec<u32> {
        let before = self.all.iter().filter_map(|step| step.twin).max().map_or(0, |last| last + 1);
        let mut sites: Vec<u32> = (0..visits).map(|visit| before + visit % (visits / 2).max(1)).collect();
        // About every third shuffle has none twice in a row, and so has the initial list.
        for _ in 0..1_000 {
            let mut drawn = sites.clone();
            names.shuffle(&mut drawn);
            if drawn.windows(2).all(|pair| pair[0] != pair[1]) {
                sites = drawn;
                break;
            }
        }
        sites
    }

    fn throw(&mut self, positions: &[RunSwitch]) {
        self.one(Act::Switch, STAY);
        if let Some(last) = self.all.last_mut() {
            last.switches = positions.to_vec();
        }
    }

    fn one(&mut self, act: Act, stay: f64) {
        let count = self.counts.entry(act).or_default();
        *count += 1;
        let alone = *count == 1 && matches!(act, Act::Start | Act::Close);
        let name = if alone { act.word().to_owned() } else { format!("{} {count}", act.word()) };
        self.all.push(PlannedStep {
            act,
            name,
            mode: self.mode,
            stay,
            by: None,
            length: None,
            twin: None,
            switches: vec![],
        });
    }
}

/// The switches that a step turns. `turned-off` differs from `off`: the person
/// turned the switch off during the trial, and from then on a promise holds.
fn switches_of(step: &ScenarioStep, subject: &SubjectSpec, edition: Option<&SubjectEdition>) -> Vec<RunSwitch> {
    let Some(to) = step.to.as_deref().filter(|_| step.act() == Act::Switch) else { return vec![] };
    let position = if to == "off" { SwitchSetting::TurnedOff } else { SwitchSetting::On };
    let named = |name: &str| RunSwitch { name: name.to_owned(), position: position.clone() };
    match &step.switch {
        Some(name) => vec![named(name)],
        None => subject.collection_switches(edition).map(named).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use knowledge::Knowledge;

    use super::*;

    fn plan_of(scenario: &str, subject: &str, edition: Option<&str>, seed: u64) -> RunPlan {
        let knowledge = Knowledge::built_in();
        let scenario = knowledge.scenarios.iter().find(|s| s.name == scenario).unwrap();
        let subject = knowledge.subjects.iter().find(|s| s.name == subject).unwrap();
        RunPlan::new(scenario, subject, subject.edition(edition), seed, 1)
    }

    fn plan(seed: u64) -> RunPlan {
        plan_of("quick", "chromium", None, seed)
    }

    fn after_the_fix(scenario: &str) -> RunPlan {
        plan_of(scenario, "reporting-browser", Some("3.4.3+default-on"), 1)
    }

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(plan(1), plan(1));
        let orders: BTreeSet<String> =
            (0..20).map(|seed| plan(seed).trials.iter().map(|t| t.arm.mode.word()).collect()).collect();
        assert!(orders.len() > 1, "the order is drawn");
    }

    fn modes(plan: &RunPlan) -> BTreeSet<Mode> {
        plan.trials.iter().flat_map(|trial| &trial.steps).map(|step| step.mode).collect()
    }

    #[test]
    fn a_phone_goes_through_one_trial_at_a_time() {
        for may_clear in [false, true] {
            let plan = plan(1).on_a_phone(may_clear, &PrivatePages::Extra("private".into(), String::new()));
            assert!(plan.trials.len() > 1 && plan.at_once == 1);
            let installs: BTreeSet<u32> = plan.trials.iter().map(|trial| trial.again(99).install).collect();
            assert_eq!(installs == BTreeSet::from([99]), may_clear, "{installs:?}");
            assert_eq!(plan.trials.iter().all(|trial| trial.arm.switches.is_empty()), may_clear);
        }
    }

    #[test]
    fn a_phone_goes_through_trials_in_private_where_the_app_has_that() {
        let all = plan(1).trials.len();
        let never = plan(1).on_a_phone(false, &PrivatePages::Never(String::new()));
        assert_eq!(modes(&never), BTreeSet::from([Mode::Normal]));
        assert!(never.trials.len() < all);
        let both = plan(1).on_a_phone(false, &PrivatePages::Extra("private".into(), String::new()));
        assert_eq!((modes(&both).len(), both.trials.len()), (2, all));
        let always = plan(1).on_a_phone(false, &PrivatePages::Always(String::new()));
        assert_eq!(modes(&always), BTreeSet::from([Mode::Private]));
        assert!(always.trials.len() == all && always.trials.iter().all(|trial| trial.arm.mode == Mode::Private));
    }

    #[test]
    fn quick_can_say_kept() {
        let private: usize = plan(1)
            .trials
            .iter()
            .flat_map(|trial| &trial.steps)
            .filter(|step| step.mode == Mode::Private && matches!(step.act, Act::Visit | Act::Form))
            .count();
        assert!(private >= 30, "{private} private visits");
    }

    #[test]
    fn names_of_steps_are_unique_in_a_trial() {
        for trial in after_the_fix("standard").trials.into_iter().chain(after_the_fix("switch").trials) {
            let names: BTreeSet<&String> = trial.steps.iter().map(|step| &step.name).collect();
            assert_eq!(names.len(), trial.steps.len());
        }
    }

    #[test]
    fn every_combination_of_two_switches_has_its_arm() {
        let standing: BTreeSet<String> = after_the_fix("quick")
            .trials
            .iter()
            .filter(|trial| trial.arm.mode == Mode::Normal && !trial.arm.blank)
            .map(|trial| trial.arm.switches.iter().map(|switch| switch.position.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(Vec::from_iter(standing), ["default default", "off off", "off on", "on off", "on on"]);
    }

    #[test]
    fn a_subject_without_switches_has_no_arms_of_them() {
        assert!(plan(1).trials.iter().all(|trial| trial.arm.switches.is_empty()));
        let throws = |plan: RunPlan| plan.trials.iter().flat_map(|t| &t.steps).any(|step| step.act == Act::Switch);
        assert!(!throws(plan_of("switch", "chromium", None, 1)));
        assert!(throws(after_the_fix("switch")));
    }

    #[test]
    fn switches_are_thrown_in_an_ordinary_window_before_private_mode_begins() {
        let plan = after_the_fix("standard");
        let private = plan
            .trials
            .iter()
            .find(|t| t.arm.mode == Mode::Private && t.arm.switches[0].position != SwitchSetting::Default);
        let acts: Vec<(Act, Mode)> = private.unwrap().steps.iter().take(3).map(|step| (step.act, step.mode)).collect();
        assert_eq!(acts, [(Act::Start, Mode::Normal), (Act::Switch, Mode::Normal), (Act::Start, Mode::Private)]);
    }

    #[test]
    fn only_what_turns_collection_is_turned_off_by_a_step_that_names_no_switch() {
        let plan = after_the_fix("switch");
        let thrown: BTreeSet<(&str, &str)> = plan
            .trials
            .iter()
            .flat_map(|trial| &trial.steps)
            .flat_map(|step| &step.switches)
            .map(|switch| (switch.name.as_str(), switch.position.as_str()))
            .collect();
        assert!(thrown.contains(&("enhanced-incognito-mode", "turned-off")));
        assert!(!thrown.contains(&("incognito-mode", "turned-off")));
    }

    #[test]
    fn lengths_of_addresses_come_in_an_order_that_the_seed_draws() {
        let lengths = |seed| -> Vec<Vec<usize>> {
            let plan = plan_of("sealed", "chromium", None, seed);
            plan.trials.iter().map(|trial| trial.steps.iter().filter_map(|step| step.length).collect()).collect()
        };
        assert_eq!(lengths(1), lengths(1));
        assert_ne!(lengths(1), lengths(2));
        for trial in lengths(1).iter().filter(|trial| !trial.is_empty()) {
            for length in [40, 400, 1_600] {
                assert!(trial.iter().filter(|one| **one == length).count() >= 3);
            }
        }
    }

    #[test]
    fn twins_are_sites_visited_twice_and_never_twice_in_a_row() {
        let plan = plan(1);
        let used = plan.trials.iter().filter(|trial| !trial.arm.blank);
        let orders: BTreeSet<Vec<u32>> =
            used.map(|trial| trial.steps.iter().filter_map(|step| step.twin).collect()).collect();
        assert!(orders.len() > 2, "the order is drawn");
        for order in &orders {
            assert!(order.windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");
            assert!(order.iter().all(|site| order.iter().filter(|other| *other == site).count() == 2), "{order:?}");
        }
    }

    #[test]
    fn installs_are_spread_over_devices() {
        let devices: BTreeSet<u32> = plan(1).trials.iter().map(|trial| trial.arm.device).collect();
        assert_eq!(Vec::from_iter(devices), [0, 1]);
    }
}
