//! Findings: claims with evidence, one rule a file.

mod decoy_seen;

mod identifier_beside;

mod identifier_links_modes;

mod personal_data_sent;

mod personal_data_stopped;

mod sent_later;

mod domain_fronting;

mod identifier_to_sites;

mod sealed_depends;

mod sealed_traffic;

use crate::JudgeInput;

/// A claim, with its destination and the sightings that prove it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub code: String,
    pub severity: Severity,
    /// Index in the case's destinations.
    pub destination: Option<usize>,
    /// Names of the phases it happened in.
    pub phases: Vec<String>,
    /// Indices in the case's sightings.
    pub sightings: Vec<usize>,
    pub says: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }
}

type FindingRule = fn(&JudgeInput<'_>) -> Vec<Finding>;

/// Every rule, with the meaning of its code.
pub const CODES: &[(&str, &str, FindingRule)] = &[
    ("KIND-sent", "personal data went to somebody it was not given to", personal_data_sent::find),
    ("KIND-stopped", "personal data that the guard kept from being sent", personal_data_stopped::find),
    ("identifier-beside", "an identifier that stays stands beside personal data", identifier_beside::find),
    ("identifier-links-modes", "the same identifier in private and in normal mode", identifier_links_modes::find),
    ("identifier-to-sites", "an identifier that stays went to every visited site", identifier_to_sites::find),
    ("sent-later", "what was done in one session was sent in a later one", sent_later::find),
    ("sealed-depends", "traffic that could not be read depends on what the person does", sealed_depends::find),
    ("domain-fronting", "requests went to one host under the name of another", domain_fronting::find),
    ("sealed-traffic", "traffic that could not be read", sealed_traffic::find),
    ("decoy-seen", "a value was seen that was never used: a false alarm of ours", decoy_seen::find),
];

/// The maker's own statement about the data flow of a finding, with its source.
pub fn disclosed(case: &JudgeInput<'_>, finding: &Finding) -> Option<String> {
    let subject = case.run.map(|run| run.subject.name.as_str())?;
    let host = &case.destinations.get(finding.destination?)?.host;
    let kind = finding.code.strip_suffix("-sent")?;
    let engine = case.is_the_engine(host);
    let of_it = case.knowledge.disclosures.iter().find(|one| one.is_about(subject, kind, host, engine))?;
    Some(of_it.line())
}

/// All findings, the gravest first.
pub fn findings(case: &JudgeInput<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CODES.iter().flat_map(|(_, _, rule)| rule(case)).collect();
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code)).then(a.destination.cmp(&b.destination))
    });
    findings
}

/// Names of the phases that sightings were sent in, without repetition.
fn phases(case: &JudgeInput<'_>, sightings: &[usize]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for phase in sightings.iter().filter_map(|i| case.seen[*i].phase) {
        let at = &case.phases[phase];
        let name = format!("{} {}", at.mode.word(), at.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
