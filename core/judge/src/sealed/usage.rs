//! Tests whether unreadable traffic depends on use.
//!
//! The unit is a trial. Trials with use are compared with idle trials of the
//! same mode, which have as many steps and about the same length.

use std::collections::BTreeMap;

use model::{Act, Mode, Trial};

use super::{ALPHA_ON_USE, TestResult, TrafficMeasure, claims, hosts, permute};
use crate::JudgeInput;

/// Trials of each kind that the test needs: 5 + 5 trials can be divided in 252
/// ways, 4 + 4 only in 70.
const LEAST: usize = 5;

/// The longest trial may be this many times as long as the shortest.
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

/// Each mode is a block with measures of its own, so that traffic in normal
/// mode does not hide an effect in private mode.
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
    /// Why these trials cannot be compared; none if they can.
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

    /// Seconds from a trial's second phase to its last: the time of the start
    /// depends on the machine, and is left out.
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
