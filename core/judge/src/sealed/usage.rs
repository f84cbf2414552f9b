//! Does unread traffic depend on use?
//!
//! The unit is a trial: those in which something was done against those in
//! which nothing was, of the same mode, with as many steps and about as long.

use std::collections::BTreeMap;

use model::{Act, Mode, Trial};

use super::{ALPHA_ON_USE, TestResult, TrafficMeasure, claims, hosts, permute};
use crate::JudgeInput;

/// Trials of each kind without which nothing could be shown: 5 + 5 divide in
/// 252 ways, 4 + 4 in 70.
const LEAST: usize = 5;

/// How much longer the longest trial may be than the shortest.
const SPREAD: f64 = 1.2;

pub(super) fn test(case: &JudgeInput<'_>, seed: u64) -> TestResult {
    let hosts = hosts(case);
    if hosts.is_empty() {
        return TestResult::AllRead;
    }
    let groups = groups(case);
    let (mut compared, mut modes) = (Vec::new(), Vec::new());
    let mut why = "no mode has trials both with and without use".to_owned();
    for (mode, group) in &groups {
        match group.refused(case) {
            Some(says) => why = format!("in {} mode {says}", mode.word()),
            None => {
                compared.push(group);
                modes.push(*mode);
            }
        }
    }
    if compared.is_empty() {
        return TestResult::Untested(why);
    }
    let design = design(case, &compared, &hosts);
    let units = design.labels.iter().map(Vec::len).sum();
    let p = permute::max_t(&design, seed);
    TestResult::Done { depends: claims(&hosts, &modes, &p, ALPHA_ON_USE), units }
}

/// Each mode is a block with measures of its own: what a private window sends
/// is not hidden by what an ordinary one does.
fn design(case: &JudgeInput<'_>, groups: &[&UsageGroup<'_>], hosts: &[&str]) -> permute::PermutationDesign {
    let labels = groups.iter().map(|group| group.labels()).collect();
    let mut measures = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        for host in hosts {
            for measure in TrafficMeasure::ALL {
                let mut row = vec![vec![]; groups.len()];
                row[at] = group.trials().map(|trial| case.unread_of(trial, host, measure)).collect();
                measures.push(row);
            }
        }
    }
    permute::PermutationDesign { labels, measures }
}

#[derive(Default)]
struct UsageGroup<'a> {
    idle: Vec<&'a Trial>,
    used: Vec<&'a Trial>,
}

/// Complete trials by mode, with the switches as installed.
fn groups<'a>(case: &JudgeInput<'a>) -> BTreeMap<Mode, UsageGroup<'a>> {
    let mut groups: BTreeMap<Mode, UsageGroup<'a>> = BTreeMap::new();
    for trial in case.trials.iter().filter(|trial| case.is_complete(trial)) {
        if trial.arm.switches.iter().any(|switch| switch.position != model::SwitchSetting::Default)
            || throws(case, trial)
        {
            continue;
        }
        let group = groups.entry(trial.arm.mode).or_default();
        if trial.arm.blank { &mut group.idle } else { &mut group.used }.push(trial);
    }
    groups.retain(|_, group| !group.idle.is_empty() && !group.used.is_empty());
    groups
}

fn throws(case: &JudgeInput<'_>, trial: &Trial) -> bool {
    case.phases.iter().any(|phase| phase.trial == trial.id && phase.act == Act::Switch)
}

impl<'a> UsageGroup<'a> {
    /// Why these trials cannot be compared.
    fn refused(&self, case: &JudgeInput<'_>) -> Option<String> {
        let (idle, used) = (self.idle.len(), self.used.len());
        if idle < LEAST || used < LEAST {
            return Some(format!(
                "there are {used} trials with use and {idle} without, and {LEAST} of each are needed"
            ));
        }
        let steps = |trial: &Trial| case.phases.iter().filter(|phase| phase.trial == trial.id).count();
        let first = self.idle.first().map_or(0, |trial| steps(trial));
        if self.trials().any(|trial| steps(trial) != first) {
            return Some("its trials have not as many steps as each other".into());
        }
        let lengths = || self.trials().map(|trial| case.seconds_used(trial));
        let (longest, shortest) = (lengths().fold(0.0, f64::max), lengths().fold(f64::INFINITY, f64::min));
        (longest > shortest * SPREAD).then(|| "its trials are not equally long".into())
    }

    fn trials(&self) -> impl Iterator<Item = &'a Trial> + '_ {
        self.idle.iter().chain(&self.used).copied()
    }

    fn labels(&self) -> Vec<f64> {
        [vec![0.0; self.idle.len()], vec![1.0; self.used.len()]].concat()
    }
}

impl JudgeInput<'_> {
    /// Seconds from a trial's first phase to its last.
    pub(crate) fn seconds(&self, trial: &Trial) -> f64 {
        self.seconds_from(trial, 0)
    }

    /// The same without its first phase: how long a start takes is the
    /// machine's affair.
    fn seconds_used(&self, trial: &Trial) -> f64 {
        self.seconds_from(trial, 1)
    }

    fn seconds_from(&self, trial: &Trial, nth: usize) -> f64 {
        let mut of_trial = self.phases.iter().filter(|phase| phase.trial == trial.id).map(|phase| phase.at);
        let first = of_trial.nth(nth).unwrap_or_default();
        of_trial.next_back().map_or(0.0, |last| last.seconds_since(first))
    }

    fn unread_of(&self, trial: &Trial, host: &str, measure: TrafficMeasure) -> f64 {
        let of_host = self.traffic.iter().filter(|one| one.is_unread() && one.host == host);
        let of_trial = of_host.filter(|one| one.trial == Some(trial.id));
        match measure {
            TrafficMeasure::Bytes => of_trial.map(|one| one.unread_bytes() as f64).sum(),
            TrafficMeasure::Requests => of_trial.count() as f64,
        }
    }
}
