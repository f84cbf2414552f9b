//! Tests whether traffic that cannot be read depends on what the person does.
//!
//! There are two tests, both fixed before the data is seen. Does the traffic
//! depend on *use* (trials with use compared with idle trials)? Does it depend
//! on the *address* (addresses of very different lengths, in an order drawn
//! before)? Neither shows what was sent, so neither breaks a promise. But while
//! the traffic depends on either, "nothing is sent" cannot be called kept.

mod address;

pub(crate) mod permute;

mod usage;

use model::Mode;

use crate::JudgeInput;

/// The false alarm rate of both tests together. The test on use gets most of
/// it, because with five trials against five its p-value cannot be below 1/252.
pub const ALPHA: f64 = ALPHA_ON_USE + ALPHA_ON_ADDRESS;
const ALPHA_ON_USE: f64 = 0.004;
const ALPHA_ON_ADDRESS: f64 = 0.001;

/// The results of the two tests.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedDependence {
    /// Whether there is more unreadable traffic when the subject is used.
    pub on_use: TestResult,
    /// Whether there is more unreadable traffic when the address is longer.
    pub on_address: TestResult,
}

/// The result of a test, or why it was not done.
#[derive(Clone, Debug, PartialEq)]
pub enum TestResult {
    /// All traffic could be read, so there is nothing to test.
    AllRead,
    /// There are too few trials, or they are too unequal to be compared.
    Untested(String),
    /// Hosts whose traffic depends, lowest p-value first, and the number of
    /// units compared.
    Done { depends: Vec<DependentHost>, units: usize },
}

/// A host whose unreadable traffic depends.
#[derive(Clone, Debug, PartialEq)]
pub struct DependentHost {
    pub host: String,
    pub measure: TrafficMeasure,
    /// The mode of the compared trials; unknown if the trials of all modes were
    /// compared at once.
    pub mode: Mode,
    /// Adjusted for the number of hosts and measures that were tested.
    pub p: f64,
}

/// The measure of a host's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrafficMeasure {
    Bytes,
    Requests,
}

impl TrafficMeasure {
    const ALL: [Self; 2] = [Self::Bytes, Self::Requests];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Requests => "requests",
        }
    }
}

impl TestResult {
    /// Hosts whose traffic depends.
    pub fn depends(&self) -> &[DependentHost] {
        match self {
            Self::Done { depends, .. } => depends,
            Self::AllRead | Self::Untested(_) => &[],
        }
    }
}

/// Runs both tests on a case. The run's seed makes the random orders
/// reproducible.
pub fn dependence(case: &JudgeInput<'_>) -> SealedDependence {
    let seed = case.run.map_or(0, |run| run.seed);
    SealedDependence { on_use: usage::test(case, seed), on_address: address::test(case, seed) }
}

/// Hosts with unreadable traffic, in a fixed order.
fn hosts<'a>(case: &JudgeInput<'a>) -> Vec<&'a str> {
    let hosts: std::collections::BTreeSet<&str> =
        case.traffic.iter().filter(|one| one.is_unread()).map(|one| one.host.as_str()).collect();
    hosts.into_iter().collect()
}

/// Turns the rows with p below `alpha` into results: for each host and mode the
/// measure with the lowest p-value.
fn claims(hosts: &[&str], modes: &[Mode], p: &[f64], alpha: f64) -> Vec<DependentHost> {
    let mut depends: Vec<DependentHost> = Vec::new();
    for (row, p) in p.iter().enumerate().filter(|(_, p)| **p <= alpha) {
        let within = row % (hosts.len() * TrafficMeasure::ALL.len());
        let found = DependentHost {
            host: hosts[within / TrafficMeasure::ALL.len()].to_owned(),
            measure: TrafficMeasure::ALL[within % TrafficMeasure::ALL.len()],
            mode: modes[row / (hosts.len() * TrafficMeasure::ALL.len())],
            p: *p,
        };
        match depends.iter_mut().find(|known| known.host == found.host && known.mode == found.mode) {
            Some(known) if known.p <= found.p => {}
            Some(known) => *known = found,
            None => depends.push(found),
        }
    }
    depends.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.host.cmp(&b.host)).then(a.mode.cmp(&b.mode)));
    depends
}
