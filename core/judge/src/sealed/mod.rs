//! Traffic that cannot be read, and whether it depends on what the person does.
//!
//! Two tests, fixed before anything is seen: does it depend on *use* (installs
//! that were used against installs that were left alone), and does it depend on
//! the *address* (addresses of very different lengths, in an order drawn
//! before). Neither shows what was sent, so neither breaks a promise; but who
//! says "nothing is sent" cannot be believed on it either.

mod address;

pub(crate) mod permute;

mod usage;

use model::Mode;

use crate::JudgeInput;

/// Chance of a false alarm that an experiment is allowed. The two tests share
/// it: most of it is the first one's, as five installs against five that were
/// left alone cannot come below 1 in 252.
pub const ALPHA: f64 = ALPHA_ON_USE + ALPHA_ON_ADDRESS;
const ALPHA_ON_USE: f64 = 0.004;
const ALPHA_ON_ADDRESS: f64 = 0.001;

/// What the two tests say.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedDependence {
    /// Is there more of it when the subject is used?
    pub on_use: TestResult,
    /// Is there more of it when the address is longer?
    pub on_address: TestResult,
}

/// A test that was done, or why not.
#[derive(Clone, Debug, PartialEq)]
pub enum TestResult {
    /// All could be read: there is nothing to test.
    AllRead,
    /// Too little, or too unequal, to say anything.
    Untested(String),
    /// Hosts that depend, surest first, and the number of units compared.
    Done { depends: Vec<DependentHost>, units: usize },
}

/// A host that is sent more.
#[derive(Clone, Debug, PartialEq)]
pub struct DependentHost {
    pub host: String,
    pub measure: TrafficMeasure,
    /// The mode in which it was; none where all trials were compared at once.
    pub mode: Mode,
    /// Adjusted for every host and measure that was looked at.
    pub p: f64,
}

/// What was counted of a host's traffic.
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
    /// Hosts that depend.
    pub fn depends(&self) -> &[DependentHost] {
        match self {
            Self::Done { depends, .. } => depends,
            Self::AllRead | Self::Untested(_) => &[],
        }
    }
}

/// Both tests on a case. The same evidence draws the same orders.
pub fn dependence(case: &JudgeInput<'_>) -> SealedDependence {
    let seed = case.run.map_or(0, |run| run.seed);
    SealedDependence { on_use: usage::test(case, seed), on_address: address::test(case, seed) }
}

/// Hosts that were sent something that could not be read, in a fixed order.
fn hosts<'a>(case: &JudgeInput<'a>) -> Vec<&'a str> {
    let hosts: std::collections::BTreeSet<&str> =
        case.traffic.iter().filter(|one| one.is_unread()).map(|one| one.host.as_str()).collect();
    hosts.into_iter().collect()
}

/// Rows of one stratum become claims: each host with its surest measure.
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
