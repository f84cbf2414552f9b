//! Two audits side by side, for a person, a pipeline, a pull request.

mod text;

mod json;

mod markdown;

mod sarif;

mod junit;

use audit::{AuditDifference, DataFlow, FindingKey};
use judge::Outcome;

use crate::{sanitize::inert, summary::SIMULATION, wording::listed};

/// A way to show what changed.
#[derive(Clone, Copy, Debug)]
pub struct CompareFormat {
    /// What stands after `--format`.
    pub name: &'static str,
    /// One line for help.
    pub says: &'static str,
    pub render: fn(&AuditDifference) -> String,
}

/// Every format, the one for people at a terminal first.
pub const COMPARE_FORMATS: &[CompareFormat] = &[
    CompareFormat { name: "text", says: "for a terminal", render: text::text },
    CompareFormat { name: "json", says: "everything, for programs", render: json::json },
    CompareFormat { name: "markdown", says: "for a pull request", render: markdown::markdown },
    CompareFormat { name: "sarif", says: "SARIF 2.1.0, for code scanning", render: sarif::sarif },
    CompareFormat { name: "junit", says: "JUnit XML, for pipelines", render: junit::junit },
];

fn word(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or("not judged", Outcome::plainly)
}

/// That one side, or both, is a simulation.
fn simulated(difference: &AuditDifference) -> impl Iterator<Item = String> {
    let sides = [&difference.before, &difference.after].into_iter().filter(|side| side.simulation);
    let names: Vec<String> = sides.map(|side| inert(&side.subject).into_owned()).collect();
    (!names.is_empty()).then(|| format!("SIMULATION, {}: {SIMULATION}", listed(&names))).into_iter()
}

/// `search-sent, sa.example`
fn claim(claim: &FindingKey) -> String {
    let code = inert(&claim.code);
    if claim.host.is_empty() { code.into_owned() } else { format!("{code}, {}", inert(&claim.host)) }
}

/// `visited-url of private mode, to sa.example`
fn flow(flow: &DataFlow) -> String {
    format!("{} of {} mode, to {}", inert(&flow.kind), flow.mode.word(), inert(&flow.host))
}

#[cfg(test)]
mod tests {
    use audit::{ComparedAudit, VerdictChange};
    use expect_test::expect;
    use judge::{Sentence, SentenceSource, Severity};
    use model::Mode;

    use super::*;

    fn source() -> SentenceSource {
        SentenceSource { name: "A notice".into(), date: Some("2020-05-04".into()), ..SentenceSource::default() }
    }

    fn difference() -> AuditDifference {
        let side = |subject: &str| ComparedAudit {
            subject: subject.into(),
            version: "156.0".into(),
            scenario: "quick".into(),
            head: "abc".into(),
            early: false,
            simulation: false,
        };
        let turn = |promise: &str, before, after| VerdictChange {
            promise: promise.into(),
            sentence: Sentence { words: "Private means <private>.".into(), source: source(), ..Sentence::default() },
            before,
            after,
            because: "sa.example was sent the address.".into(),
        };
        AuditDifference {
            before: side("browser@1"),
            after: side("browser@2"),
            turns: vec![
                turn("private", Some(Outcome::Kept), Some(Outcome::Broken)),
                turn("anonymous", Some(Outcome::Broken), Some(Outcome::Kept)),
                turn("off", Some(Outcome::Untested), Some(Outcome::Unclear)),
                turn("option", None, Some(Outcome::Kept)),
            ],
            new_findings: vec![FindingKey {
                code: "search-sent".into(),
                host: "evil\u{202e}.example".into(),
                severity: Severity::High,
                says: "it was sent".into(),
            }],
            gone_findings: vec![],
            began: vec![DataFlow { kind: "search".into(), host: "sa.example".into(), mode: Mode::Private }],
            stopped: vec![],
            unlike: vec!["the scenarios differ: quick before, standard after".into()],
        }
    }

    #[test]
    fn a_person_reads_what_got_worse_first() {
        expect![[r#"
            browser@1 156.0 → browser@2 156.0, scenario quick

            the scenarios differ: quick before, standard after

            PROMISES AND EXPECTATIONS
              worse   kept → broken  “Private means <private>.”
                      promise, the maker’s own words: A notice, 2020-05-04
                      sa.example was sent the address.
              better  broken → kept  “Private means <private>.”
                      promise, the maker’s own words: A notice, 2020-05-04
              same    untested → unclear  “Private means <private>.”
                      promise, the maker’s own words: A notice, 2020-05-04
              new     not judged → kept  “Private means <private>.”
                      promise, the maker’s own words: A notice, 2020-05-04

            BEGAN
              search of private mode, to sa.example

            NEW FINDINGS
              high     search-sent, evil\u{202e}.example
                       it was sent
        "#]]
        .assert_eq(&text::text(&difference()));
    }

    #[test]
    fn a_pipeline_fails_on_what_got_worse_only() {
        let xml = junit::junit(&difference());
        assert!(xml.contains("tests=\"5\" failures=\"2\" skipped=\"1\""), "{xml}");
        assert!(xml.contains("Private means &lt;private&gt;."), "{xml}");
    }

    #[test]
    fn code_scanning_learns_what_is_new_and_what_is_gone() {
        let log: serde_json::Value = serde_json::from_str(&sarif::sarif(&difference())).expect("it is JSON");
        let results = log["runs"][0]["results"].as_array().expect("there are results");
        let states: Vec<&str> = results.iter().filter_map(|one| one["baselineState"].as_str()).collect();
        assert_eq!(states, ["updated", "absent", "unchanged", "new", "new"]);
    }

    #[test]
    fn every_format_is_there_and_makes_captured_text_harmless() {
        let mut difference = difference();
        let ComparedAudit { subject, version, scenario, .. } = &mut difference.after;
        let ComparedAudit { subject: before, version: earlier, .. } = &mut difference.before;
        let captured = [subject, version, scenario, before, earlier, &mut difference.unlike[0]];
        captured.into_iter().for_each(|text| text.push('\u{202e}'));
        difference.new_findings[0].code.push('\u{202e}');
        for format in COMPARE_FORMATS {
            let shown = (format.render)(&difference);
            assert!(!shown.is_empty() && !shown.contains('\u{202e}'), "{}", format.name);
        }
    }
}
