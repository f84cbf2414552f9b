//! Tests whether unreadable traffic depends on the visited address.
//!
//! The unit is a visit. Addresses of 40, 400 and 1,600 characters are visited in an order that was
//! drawn before the run. Under the null hypothesis every other order within a trial is equally
//! likely.

use std::collections::BTreeMap;

use model::{Act, Mode};

use super::{ALPHA_ON_ADDRESS, TestResult, TrafficMeasure, claims, hosts, permute};
use crate::JudgeInput;

/// Visits of each length that the test needs.
const LEAST: usize = 10;

pub(super) fn test(case: &JudgeInput<'_>, seed: u64) -> TestResult {
    let hosts = hosts(case);
    if hosts.is_empty() {
        return TestResult::AllRead;
    }
    let trials = trials(case);
    let mut by_length: BTreeMap<usize, usize> = BTreeMap::new();
    trials.iter().flatten().for_each(|visit| *by_length.entry(visit.length).or_default() += 1);
    if by_length.values().filter(|count| **count >= LEAST).count() < 3 {
        return TestResult::Untested(format!("no addresses of three lengths were visited {LEAST} times each"));
    }
    let labels = trials.iter().map(|visits| visits.iter().map(|visit| visit.length as f64).collect()).collect();
    let row = |host: &str, measure| -> Vec<Vec<f64>> {
        trials.iter().map(|visits| visits.iter().map(|visit| visit.unread(case, host, measure)).collect()).collect()
    };
    let measures = hosts.iter().flat_map(|host| TrafficMeasure::ALL.map(|measure| row(host, measure))).collect();
    let p = permute::max_t(&permute::PermutationDesign { labels, measures }, seed);
    let units = trials.iter().map(Vec::len).sum();
    TestResult::Done { depends: claims(&hosts, &[Mode::Unknown], &p, ALPHA_ON_ADDRESS), units }
}

/// A visit: its phase, and the length of its address.
struct TimedVisit {
    phase: usize,
    length: usize,
}

/// The visits of each complete trial whose longest address is at least ten times as long as its
/// shortest.
fn trials(case: &JudgeInput<'_>) -> Vec<Vec<TimedVisit>> {
    let mut trials: BTreeMap<u32, Vec<TimedVisit>> = BTreeMap::new();
    for (index, phase) in case.phases.iter().enumerate().filter(|(_, phase)| phase.act == Act::Visit) {
        let complete = case.trial(phase.trial).is_some_and(|trial| case.is_complete(trial));
        let address = case
            .plants
            .iter()
            .find(|plant| plant.canary.kind.as_str() == "visited-url" && phase.canaries.contains(&plant.canary.id));
        if let Some(plant) = address.filter(|_| complete) {
            trials.entry(phase.trial).or_default().push(TimedVisit { phase: index, length: plant.canary.value.len() });
        }
    }
    trials.into_values().filter(|visits| differ(visits)).collect()
}

fn differ(visits: &[TimedVisit]) -> bool {
    let lengths = || visits.iter().map(|visit| visit.length);
    lengths().max().zip(lengths().min()).is_some_and(|(longest, shortest)| longest >= 10 * shortest)
}

impl TimedVisit {
    /// The unreadable traffic to a host between this step and the next.
    fn unread(&self, case: &JudgeInput<'_>, host: &str, measure: TrafficMeasure) -> f64 {
        let then = case.traffic.iter().filter(|one| one.phase == Some(self.phase) && one.is_unread());
        let to_host = then.filter(|one| one.host == host);
        match measure {
            TrafficMeasure::Bytes => to_host.map(|one| one.unread_bytes() as f64).sum(),
            TrafficMeasure::Requests => to_host.count() as f64,
        }
    }
}
