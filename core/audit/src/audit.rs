//! What comes out: everything a report may show.

use std::collections::BTreeSet;

use detect::DeferredEvent;
use judge::{
    BeaconRecall, Finding, Identifier, JudgedExchange, ReferenceOutcome, SightingContext, SwitchCombination, Verdict,
};
use model::{Destination, Gap, Note, Phase, PlantedCanary, Run, Trial};

use crate::DestinationCounts;

/// The whole result of looking at one run or some captures.
#[derive(Debug, Default)]
pub struct Audit {
    pub captures: Vec<CaptureSummary>,
    pub run: Option<Run>,
    /// The subject is Candor's own simulation of a case: no maker's product was seen to do this.
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
    /// What went to each destination, in the same order.
    pub tallies: Vec<DestinationCounts>,
    pub findings: Vec<Finding>,
    /// What the maker says itself, by the code and the destination of a finding.
    pub disclosed: Vec<(String, usize, String)>,
    pub verdicts: Vec<Verdict>,
    /// What of the control was found.
    pub recall: BeaconRecall,
    /// What remote control changes of the subject.
    pub reference: ReferenceOutcome,
    /// What each combination of mode and switches told.
    pub combinations: Vec<SwitchCombination>,
    /// Events that were kept and sent later, with the capture they are in.
    pub deferred: Vec<(usize, DeferredEvent)>,
    /// Gaps with the capture they are in.
    pub gaps: Vec<(usize, Gap)>,
    pub coverage: Coverage,
    /// Canaries that were not looked for.
    pub ignored: Vec<IgnoredCanary>,
    /// Programs whose requests were recognised, by name.
    pub programs: BTreeSet<String>,
}

impl Audit {
    /// What the maker says itself about what a finding shows.
    pub fn disclosed(&self, finding: &Finding) -> Option<&str> {
        let is_it = |one: &&(String, usize, String)| one.0 == finding.code && Some(one.1) == finding.destination;
        self.disclosed.iter().find(is_it).map(|(.., line)| line.as_str())
    }
}

/// A file, or a run, that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureSummary {
    pub source: String,
    pub format: String,
    pub exchanges: u64,
    /// Digest of the file in hex; for evidence the head of its chain.
    pub sha256: String,
}

/// A sighting with the request it was made in.
#[derive(Clone, Debug)]
pub struct LocatedSighting {
    pub capture: usize,
    pub method: String,
    pub url: String,
    pub seen: SightingContext,
}

/// How much could be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub exchanges: u64,
    pub read: u64,
    pub sealed: u64,
    pub bytes: u64,
    pub bytes_read: u64,
}

/// A canary that is too short or too common to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredCanary {
    pub canary: String,
    pub because: String,
}
