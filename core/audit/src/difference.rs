//! Compares two audits: data flows that began or stopped, and verdicts that
//! changed.

use std::collections::{BTreeMap, BTreeSet};

use judge::{Outcome, Sentence, Severity};
use model::Mode;

use crate::Audit;

/// What changed from one audit to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditDifference {
    pub before: ComparedAudit,
    pub after: ComparedAudit,
    /// One entry for each promise, in the order of the knowledge.
    pub turns: Vec<VerdictChange>,
    pub new_findings: Vec<FindingKey>,
    pub gone_findings: Vec<FindingKey>,
    pub began: Vec<DataFlow>,
    pub stopped: Vec<DataFlow>,
    /// Differences between the runs that make the comparison doubtful.
    pub unlike: Vec<String>,
}

/// The identity of a compared audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparedAudit {
    /// `reporting-browser@3.4.0`
    pub subject: String,
    pub version: String,
    pub scenario: String,
    /// Head of the evidence's hash chain.
    pub head: String,
    /// The run ended before its plan was done.
    pub early: bool,
    /// The subject is Candor's own simulation of a case.
    pub simulation: bool,
}

/// A promise with its outcome in both audits; none where it was not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictChange {
    pub promise: String,
    pub sentence: Sentence,
    pub before: Option<Outcome>,
    pub after: Option<Outcome>,
    /// The reason in the later audit; in the earlier one if the later did not
    /// judge the promise.
    pub because: String,
}

/// The parts of a finding that can be compared between runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingKey {
    pub code: String,
    pub host: String,
    pub severity: Severity,
    pub says: String,
}

/// A kind of data that is sent to a host, with the mode in which the subject
/// got it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFlow {
    pub kind: String,
    pub host: String,
    pub mode: Mode,
}

impl VerdictChange {
    pub fn is_worse(&self) -> bool {
        self.before.zip(self.after).is_some_and(|(before, after)| after.is_worse_than(before))
    }

    pub fn is_better(&self) -> bool {
        self.before.zip(self.after).is_some_and(|(before, after)| before.is_worse_than(after))
    }
}

impl AuditDifference {
    pub fn of(before: &Audit, after: &Audit) -> Self {
        let (old, new) = (claims(before), claims(after));
        let (was, is) = (flows(before), flows(after));
        let only = |these: &BTreeMap<(String, String), FindingKey>, those: &BTreeMap<(String, String), FindingKey>| {
            these.iter().filter(|(key, _)| !those.contains_key(*key)).map(|(_, claim)| claim.clone()).collect()
        };
        Self {
            turns: turns(before, after),
            new_findings: only(&new, &old),
            gone_findings: only(&old, &new),
            began: is.difference(&was).cloned().collect(),
            stopped: was.difference(&is).cloned().collect(),
            unlike: unlike(before, after),
            before: side(before),
            after: side(after),
        }
    }

    /// Whether a verdict got worse, or a finding at least this grave is new.
    pub fn is_worse(&self, at_least: Severity) -> bool {
        self.turns.iter().any(VerdictChange::is_worse)
            || self.new_findings.iter().any(|claim| claim.severity >= at_least)
    }
}

fn side(audit: &Audit) -> ComparedAudit {
    let run = audit.run.clone().unwrap_or_default();
    let edition = run.subject.edition.map(|edition| format!("@{edition}")).unwrap_or_default();
    ComparedAudit {
        subject: format!("{}{edition}", run.subject.name),
        version: run.subject.version,
        scenario: run.scenario,
        head: audit.captures.first().map(|capture| capture.sha256.clone()).unwrap_or_default(),
        early: audit.early.is_some(),
        simulation: audit.simulation,
    }
}

fn turns(before: &Audit, after: &Audit) -> Vec<VerdictChange> {
    let of = |audit: &Audit, promise: &str| audit.verdicts.iter().find(|one| one.promise == promise).cloned();
    let mut all: Vec<&judge::Verdict> = after.verdicts.iter().collect();
    let gone = |one: &&judge::Verdict| !after.verdicts.iter().any(|other| other.promise == one.promise);
    all.extend(before.verdicts.iter().filter(gone));
    let turn = |verdict: &judge::Verdict| VerdictChange {
        promise: verdict.promise.clone(),
        sentence: verdict.sentence.clone(),
        before: of(before, &verdict.promise).map(|one| one.outcome),
        after: of(after, &verdict.promise).map(|one| one.outcome),
        because: verdict.because.clone(),
    };
    all.into_iter().map(turn).collect()
}

fn claims(audit: &Audit) -> BTreeMap<(String, String), FindingKey> {
    let mut claims: BTreeMap<(String, String), FindingKey> = BTreeMap::new();
    for finding in &audit.findings {
        let host = finding.destination.map(|at| audit.destinations[at].host.clone()).unwrap_or_default();
        let claim = FindingKey {
            code: finding.code.clone(),
            host: host.clone(),
            severity: finding.severity,
            says: finding.says.clone(),
        };
        claims.entry((claim.code.clone(), host)).or_insert(claim);
    }
    claims
}

/// The data flows in the findings of sent data, with the mode in which the
/// subject got the data.
fn flows(audit: &Audit) -> BTreeSet<DataFlow> {
    let mut flows = BTreeSet::new();
    for finding in audit.findings.iter().filter(|finding| finding.code.ends_with("-sent")) {
        let Some(at) = finding.destination else { continue };
        for seen in finding.sightings.iter().map(|i| &audit.spotted[*i].seen) {
            flows.insert(DataFlow {
                kind: seen.sighting.kind.to_string(),
                host: audit.destinations[at].host.clone(),
                mode: mode(audit, seen),
            });
        }
    }
    flows
}

fn mode(audit: &Audit, seen: &judge::SightingContext) -> Mode {
    let used = |id: &String| audit.phases.iter().find(|phase| phase.canaries.contains(id));
    let sent = || seen.phase.and_then(|phase| audit.phases.get(phase));
    seen.sighting.canary.as_ref().and_then(used).or_else(sent).map_or(Mode::Unknown, |phase| phase.mode)
}

fn unlike(before: &Audit, after: &Audit) -> Vec<String> {
    let (one, other) = (side(before), side(after));
    let mut unlike = Vec::new();
    if one.scenario != other.scenario {
        unlike.push(format!("the scenarios differ: {} before, {} after", one.scenario, other.scenario));
    }
    for (side, when) in [(&one, "first"), (&other, "second")] {
        if side.early {
            unlike.push(format!("the {when} run ended early"));
        }
    }
    let conditions = |audit: &Audit| audit.run.as_ref().map(|run| run.conditions.clone()).unwrap_or_default();
    if conditions(before) != conditions(after) {
        unlike.push("the subjects were not started alike: see the conditions of each report".into());
    }
    unlike
}

#[cfg(test)]
mod tests {
    use judge::{Finding, Verdict};
    use model::{Destination, Purpose};

    use super::*;

    fn audit(outcomes: &[(&str, Outcome)], findings: &[(&str, Severity)]) -> Audit {
        let verdict = |(promise, outcome): &(&str, Outcome)| Verdict {
            promise: (*promise).into(),
            sentence: Sentence::default(),
            outcome: *outcome,
            because: String::new(),
            evidence: vec![],
            requests: vec![],
            visits: 30,
            told: 0,
            installs: 2,
            bound: None,
            bound_of_installs: None,
        };
        let finding = |(code, severity): &(&str, Severity)| Finding {
            code: (*code).into(),
            severity: *severity,
            destination: Some(0),
            phases: vec![],
            sightings: vec![],
            says: String::new(),
        };
        Audit {
            verdicts: outcomes.iter().map(verdict).collect(),
            findings: findings.iter().map(finding).collect(),
            destinations: vec![Destination {
                host: "c.example".into(),
                site: "c.example".into(),
                owner: None,
                seat: None,
                hosted: None,
                purpose: Purpose::Unknown,
                because: String::new(),
            }],
            ..Audit::default()
        }
    }

    #[test]
    fn a_promise_that_was_kept_and_is_broken_is_worse() {
        let (kept, broken) = (audit(&[("p", Outcome::Kept)], &[]), audit(&[("p", Outcome::Broken)], &[]));
        assert!(AuditDifference::of(&kept, &broken).is_worse(Severity::Low));
        let better = AuditDifference::of(&broken, &kept);
        assert!(!better.is_worse(Severity::Low) && better.turns[0].is_better());
    }

    #[test]
    fn not_knowing_any_more_is_worse_than_kept_and_no_worse_than_not_knowing() {
        let of = |word| audit(&[("p", word)], &[]);
        assert!(AuditDifference::of(&of(Outcome::Kept), &of(Outcome::Unclear)).is_worse(Severity::Low));
        assert!(!AuditDifference::of(&of(Outcome::Untested), &of(Outcome::Unclear)).is_worse(Severity::Low));
    }

    #[test]
    fn a_new_finding_is_worse_and_one_that_is_gone_is_not() {
        let (without, with) = (audit(&[], &[]), audit(&[], &[("search-sent", Severity::High)]));
        let worse = AuditDifference::of(&without, &with);
        assert!(worse.is_worse(Severity::Low));
        assert_eq!(worse.new_findings[0].host, "c.example");
        let better = AuditDifference::of(&with, &without);
        assert!(!better.is_worse(Severity::Low));
        assert_eq!(better.gone_findings.len(), 1);
    }

    #[test]
    fn what_only_informs_does_not_fail_a_pipeline() {
        let with = audit(&[], &[("sealed-traffic", Severity::Info)]);
        assert!(!AuditDifference::of(&audit(&[], &[]), &with).is_worse(Severity::Low));
    }

    #[test]
    fn an_audit_is_no_different_from_itself() {
        let one = audit(&[("p", Outcome::Broken)], &[("search-sent", Severity::High)]);
        let same = AuditDifference::of(&one, &one);
        assert!(same.new_findings.is_empty() && same.began.is_empty() && !same.is_worse(Severity::Info));
    }

    #[test]
    fn a_promise_that_was_not_judged_before_cannot_have_got_worse() {
        let now = audit(&[("p", Outcome::Broken)], &[]);
        let difference = AuditDifference::of(&audit(&[], &[]), &now);
        assert_eq!(difference.turns[0].before, None);
        assert!(!difference.is_worse(Severity::Low));
    }
}
