//! How a subject was really started stands in every report that a person reads.

use judge::{BeaconRecall, ReferenceComparison, ReferenceOutcome, TrafficDifference};
use model::{Arm, ArmRole, Mode, Note, Purpose, Time, Trial};

use crate::small;

fn audit() -> audit::Audit {
    let mut audit = small::audit();
    let reference = Arm { role: ArmRole::Reference, ..Arm::default() };
    audit.trials.push(Trial { id: 3, arm: reference, install: 3, at: Time(0), failed: None });
    let mut note = |trial, code: &str, says: &str| {
        audit.notes.push(Note { trial, at: Time(0), code: code.into(), says: says.into(), count: 1 });
    };
    note(None, "package", "browser 1.2-3~deb12u1 (source browser 1.2-3)");
    note(Some(1), "command-line", "/usr/bin/browser --remote");
    note(Some(3), "command-line", "/usr/bin/browser <b>");
    for trial in [Some(1), Some(3)] {
        note(trial, "preference", "suggest = false");
    }
    audit.reference = ReferenceOutcome::Compared(ReferenceComparison {
        trials: (4, 4),
        only_reference: vec![],
        only_driven: vec![TrafficDifference {
            mode: Mode::Normal,
            host: "driver.example".into(),
            purpose: Purpose::Unknown,
            kind: None,
        }],
    });
    audit
}

/// Lines are wrapped in a terminal, and HTML escapes what acts.
fn flat(report: &str) -> String {
    report.split_whitespace().collect::<Vec<_>>().join(" ").replace("&lt;", "<").replace("&gt;", ">").replace('\\', "")
}

#[test]
fn command_lines_package_preferences_and_the_reference_stand_in_every_report() {
    let audit = audit();
    for (name, report) in [
        ("text", report::text(&audit)),
        ("html", report::html(&audit)),
        ("json", report::json(&audit)),
        ("markdown", report::markdown(&audit)),
    ] {
        let report = flat(&report);
        for says in [
            "browser 1.2-3~deb12u1 (source browser 1.2-3)",
            "in the reference arm: /usr/bin/browser <b>",
            "in the driven arms: /usr/bin/browser --remote",
            "suggest = false (the same with and without remote control)",
            "4 trials without an instrument beside 4 driven through the same steps: only driven, and held against nobody: driver.example (normal).",
        ] {
            assert!(report.contains(says), "{name} lacks {says}");
        }
    }
}

#[test]
fn a_missing_reference_is_said_with_its_reason() {
    let mut audit = small::audit();
    audit.reference = ReferenceOutcome::Missing("the run had no reference arm".into());
    assert!(flat(&report::text(&audit)).contains("reference none: the run had no reference arm."));
}

#[test]
fn the_recall_of_the_control_stands_in_every_report() {
    let mut audit = small::audit();
    let mut recall = BeaconRecall::default();
    recall.count("https", "gzip", "sha256", true);
    recall.count("http", "json", "plain", false);
    recall.count_twin(false);
    audit.recall = recall;
    for (name, report) in
        [("text", report::text(&audit)), ("html", report::html(&audit)), ("markdown", report::markdown(&audit))]
    {
        let report = flat(&report);
        for says in [
            "1 of 2 requests of known content found; 1 request without a value, nothing found in them",
            "by transport: http 0/1, https 1/1",
            "by layer: gzip 1/1, json 0/1",
            "by disguise: plain 0/1, sha256 1/1",
        ] {
            assert!(report.contains(says), "{name} lacks {says}");
        }
    }
    let json: serde_json::Value = serde_json::from_str(&report::json(&audit)).unwrap();
    assert_eq!((&json["control"]["sent"], &json["control"]["found"]), (&2.into(), &1.into()));
}
