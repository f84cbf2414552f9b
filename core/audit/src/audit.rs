//! The result of an audit: everything that a report may show.

use std::collections::BTreeSet;

use detect::DeferredEvent;
use judge::{
    BeaconRecall, Finding, Identifier, JudgedExchange, ReferenceOutcome, SightingContext, SwitchCombination, Verdict,
};
use model::{Destination, Gap, Note, Phase, PlantedCanary, Run, Trial};

use crate::DestinationCounts;

/// The result of auditing one run or some captures.
#[derive(Debug, Default)]
pub struct Audit {
    pub captures: Vec<CaptureSummary>,
    pub run: Option<Run>,
    /// The subject is Candor's own simulation of a case, so the result does not concern a maker's
    /// product.
    pub simulation: bool,
    pub trials: Vec<Trial>,
    pub phases: Vec<Phase>,
    pub plants: Vec<PlantedCanary>,
    pub notes: Vec<Note>,
    /// Why the run ended before its plan did; none if it did not, or if there was no run.
    pub early: Option<String>,
    /// One entry an exchange, for experiments; empty for other captures.
    pub traffic: Vec<JudgedExchange>,
    pub spotted: Vec<LocatedSighting>,
    pub identifiers: Vec<Identifier>,
    pub destinations: Vec<Destination>,
    /// Counts for each destination, in the same order.
    pub tallies: Vec<DestinationCounts>,
    pub findings: Vec<Finding>,
    /// The maker's own statements: code and destination of a finding, and the statement.
    pub disclosed: Vec<(String, usize, String)>,
    pub verdicts: Vec<Verdict>,
    /// How many of the control requests were found.
    pub recall: BeaconRecall,
    /// How remote control changes the subject.
    pub reference: ReferenceOutcome,
    /// Acts and reports for each combination of mode and switches.
    pub combinations: Vec<SwitchCombination>,
    /// Events that were sent later than they happened, with the index of the capture.
    pub deferred: Vec<(usize, DeferredEvent)>,
    /// Gaps, with the index of the capture.
    pub gaps: Vec<(usize, Gap)>,
    pub coverage: Coverage,
    /// Canaries that were not searched for.
    pub ignored: Vec<IgnoredCanary>,
    /// Programs whose requests were recognised, by name.
    pub programs: BTreeSet<String>,
}

impl Audit {
    /// The maker's own statement about the data flow of a finding.
    pub fn disclosed(&self, finding: &Finding) -> Option<&str> {
        let is_it = |one: &&(String, usize, String)| one.0 == finding.code && Some(one.1) == finding.destination;
        self.disclosed.iter().find(is_it).map(|(.., line)| line.as_str())
    }
}

/// A file or a run that was audited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureSummary {
    pub source: String,
    pub format: String,
    pub exchanges: u64,
    /// SHA-256 of the file in hex; for evidence the head of its hash chain.
    pub sha256: String,
}

/// A sighting, with the request that it is in.
#[derive(Clone, Debug)]
pub struct LocatedSighting {
    pub capture: usize,
    pub method: String,
    pub url: String,
    pub seen: SightingContext,
}

/// How much of the traffic could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub exchanges: u64,
    pub read: u64,
    pub sealed: u64,
    pub bytes: u64,
    pub bytes_read: u64,
}

/// A canary that is too short or too common to be searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredCanary {
    pub canary: String,
    pub because: String,
}
