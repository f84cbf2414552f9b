//! SARIF 2.1.0 (OASIS), for code scanning and pipelines.
//!
//! Findings and promises are both rules; a broken promise is a result of kind
//! `fail`, a kept one `pass`, what is not decided `open`, what nothing can be
//! said about `notApplicable`, a question of law `review` (§3.27.9); a finding
//! that only informs is `informational`. A result's place is
//! the capture, and within it, as a logical location, the trail.

use audit::Audit;
use judge::{CODES, Finding, Outcome, Sentence, Severity, Verdict};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    sanitize::inert,
    summary::{self, alike},
    wording::sentence,
};

/// Sightings shown with one result; the rest is in the JSON report.
const SHOWN: usize = 20;

/// The audit as a SARIF log with one run.
pub fn sarif(audit: &Audit) -> String {
    let (rules, results) = (rules(audit), results(audit));
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Candor",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "artifacts": audit.captures.iter().map(artifact).collect::<Vec<Value>>(),
            "results": results,
            "properties": {"simulation": audit.simulation},
        }],
    });
    pretty(&log)
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value has only string keys") + "\n"
}

fn artifact(capture: &audit::CaptureSummary) -> Value {
    let mut artifact = json!({"location": {"uri": uri(&capture.source)}});
    // The head of a chain is no digest of the file (SARIF §3.24.11).
    if capture.format != "candor" {
        artifact["hashes"] = json!({"sha-256": capture.sha256});
    }
    artifact
}

fn rules(audit: &Audit) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for finding in &audit.findings {
        if !rules.iter().any(|rule| rule["id"] == finding.code.as_str()) {
            let level = level(finding.severity);
            rules.push(json!({
                "id": finding.code,
                "shortDescription": {"text": sentence(meaning(&finding.code))},
                "defaultConfiguration": {"level": level},
            }));
        }
    }
    rules.extend(audit.verdicts.iter().map(|verdict| {
        json!({
            "id": promise_id(verdict),
            "shortDescription": {"text": summary::sentence(&verdict.sentence)},
            "fullDescription": {"text": summary::whose(&verdict.sentence)},
            "defaultConfiguration": {"level": "error"},
            "properties": whose(&verdict.sentence),
        })
    }));
    rules
}

/// Whose words a sentence is, and where they stand.
pub(crate) fn whose(sentence: &Sentence) -> Value {
    json!({"class": sentence.class.word(), "source": inert(&sentence.source.line())})
}

/// What a code means: its own entry, or that of its family (`KIND-sent`).
fn meaning(code: &str) -> &'static str {
    let entry = CODES.iter().find(|(known, ..)| *known == code).or_else(|| {
        CODES.iter().find(|(known, ..)| known.strip_prefix("KIND").is_some_and(|family| code.ends_with(family)))
    });
    entry.map_or("a claim with evidence", |(_, says, _)| says)
}

fn results(audit: &Audit) -> Vec<Value> {
    let findings = audit.findings.iter().map(|finding| of_finding(audit, finding));
    findings.chain(audit.verdicts.iter().map(|verdict| of_verdict(audit, verdict))).collect()
}

fn of_finding(audit: &Audit, finding: &Finding) -> Value {
    let to = finding.destination.and_then(|at| audit.destinations.get(at));
    let host = to.map(|to| inert(&to.host).into_owned()).unwrap_or_default();
    json!({
        "ruleId": finding.code,
        "kind": if finding.severity == Severity::Info { "informational" } else { "fail" },
        "level": level(finding.severity),
        "message": {"text": sentence(&inert(&finding.says))},
        "locations": locations(audit, &finding.sightings),
        "partialFingerprints": {"candor/v1": format!("{}@{host}", finding.code)},
        "properties": {
            "severity": finding.severity.word(),
            "host": host,
            "owner": to.and_then(|to| to.owner.as_deref()).map(inert),
            "seat": to.and_then(|to| to.seat.as_deref()),
            "phases": finding.phases.iter().map(|phase| inert(phase)).collect::<Vec<_>>(),
            "sightings": finding.sightings.len(),
            "disclosed": audit.disclosed(finding).map(inert),
        },
    })
}

fn of_verdict(audit: &Audit, verdict: &Verdict) -> Value {
    let (kind, level) = kind(verdict.outcome);
    json!({
        "ruleId": promise_id(verdict),
        "kind": kind,
        "level": level,
        "message": {"text": format!("{}: {}", verdict.outcome.plainly(), inert(&verdict.because))},
        "locations": locations(audit, &verdict.evidence),
        "partialFingerprints": {"candor/v1": promise_id(verdict)},
        "properties": {
            "verdict": verdict.outcome.word(),
            "visits": verdict.visits,
            "installs": verdict.installs,
            "bound": verdict.bound,
            "class": verdict.sentence.class.word(),
            "source": inert(&verdict.sentence.source.line()),
        },
    })
}

/// Kind and level of a result (§3.27.9, §3.27.10).
pub(crate) const fn kind(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Broken | Outcome::NotMet => ("fail", "error"),
        Outcome::Kept | Outcome::Met => ("pass", "none"),
        Outcome::Unclear | Outcome::Untested => ("open", "none"),
        Outcome::Untestable | Outcome::Vacuous => ("notApplicable", "none"),
        // A person has to decide.
        Outcome::ForAuthority => ("review", "none"),
    }
}

fn promise_id(verdict: &Verdict) -> String {
    format!("promise/{}", verdict.promise)
}

/// One place for each group of sightings alike; the capture if there is none.
fn locations(audit: &Audit, sightings: &[usize]) -> Vec<Value> {
    let groups = alike(audit, sightings);
    let places: Vec<Value> = groups
        .iter()
        .take(SHOWN)
        .filter_map(|group| {
            let spotted = audit.spotted.get(*group.members.first()?)?;
            let sighting = &spotted.seen.sighting;
            Some(json!({
                "physicalLocation": {"artifactLocation": source(audit, spotted.capture)},
                "logicalLocations": [{
                    "fullyQualifiedName": inert(&format!("exchange {} ▸ {}", sighting.exchange, sighting.trail)),
                    "kind": "member",
                }],
                "message": {"text": place_says(audit, group)},
            }))
        })
        .collect();
    match places.is_empty() {
        true => vec![json!({"physicalLocation": {"artifactLocation": source(audit, 0)}})],
        false => places,
    }
}

fn place_says(audit: &Audit, group: &summary::SightingGroup) -> String {
    let spotted = &audit.spotted[group.members[0]];
    let sighting = &spotted.seen.sighting;
    let says = format!("{} as {} in {}, {}×", sighting.kind, sighting.guise, group.place, group.members.len());
    inert(&says).into_owned()
}

fn source(audit: &Audit, capture: usize) -> Value {
    let uri = audit.captures.get(capture).map_or_else(|| "capture".to_owned(), |capture| uri(&capture.source));
    json!({"uri": uri, "index": if capture < audit.captures.len() { json!(capture) } else { json!(-1) }})
}

/// A relative reference (RFC 3986, §4.2): everything but unreserved characters
/// and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(byte as char),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

/// How severe a result is; results of another kind than `fail` have no level (§3.27.10).
pub(crate) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
        Severity::Info => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_codes_has_one_meaning() {
        assert_eq!(meaning("visited-url-sent"), meaning("search-sent"));
        assert_ne!(meaning("sealed-traffic"), meaning("search-sent"));
    }

    #[test]
    fn a_file_name_becomes_a_reference() {
        assert_eq!(uri("two words+%.har"), "two%20words%2B%25.har");
    }
}
