//! Whose words a sentence is, and whose product a subject is: in every format.

use judge::{Outcome, SentenceClass};

use crate::{reporting, small};

/// A format's text with its escapes and line breaks taken back, so that one
/// sentence is one text in all of them.
fn read(format: &report::ReportFormat, audit: &audit::Audit) -> String {
    let shown = (format.render)(audit).replace("&amp;", "&").replace("\\_", "_").replace("\\!", "!");
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_format_names_class_and_source_of_each_sentence_judged() {
    let audit = small::audit();
    for format in report::FORMATS {
        let shown = read(format, &audit);
        for verdict in &audit.verdicts {
            let sentence = &verdict.sentence;
            assert!(shown.contains(&sentence.words), "{}: {}", format.name, sentence.words);
            let class = if sentence.class == SentenceClass::Law { "law" } else { sentence.class.word() };
            assert!(shown.contains(class), "{}: {class}", format.name);
        }
        for part in ["A notice", "2020-05-04", "https://maker.example/notice", "Art. 1"] {
            let all = shown.matches(part).count();
            let wanted = if part == "Art. 1" { 1 } else { audit.verdicts.len() };
            assert!(all >= wanted, "{} names {part} {all} times: {shown}", format.name);
        }
    }
}

#[test]
fn our_own_words_stand_in_quotation_marks_in_no_format() {
    let audit = small::audit();
    let ours = audit.verdicts.iter().map(|one| &one.sentence).filter(|one| one.class != SentenceClass::Promise);
    for sentence in ours {
        for format in report::FORMATS.iter().filter(|format| !["json", "sarif", "csv"].contains(&format.name)) {
            let shown = read(format, &audit);
            for quoted in [format!("“{}", sentence.words), format!("<q>{}", sentence.words)] {
                assert!(!shown.contains(&quoted), "{}: {quoted}", format.name);
            }
        }
        // There the marks are the format's own; the value has none, and `quote` is empty.
        let json: serde_json::Value = serde_json::from_str(&report::json(&audit)).unwrap();
        let told = json["promises"].as_array().unwrap().iter().find(|one| one["sentence"] == sentence.words).unwrap();
        assert!(told["quote"].is_null());
        let sarif = report::sarif(&audit);
        assert!(sarif.contains(&format!("\"{}\"", sentence.words)) && !sarif.contains(&format!("“{}", sentence.words)));
        assert!(!report::csv(&audit).contains(&format!("“{}", sentence.words)));
    }
}

#[test]
fn a_promise_is_quoted_in_every_format() {
    let audit = small::audit();
    for format in report::FORMATS {
        let shown = read(format, &audit);
        let quoted =
            ["“A promise that is kept.”", "<q>A promise that is kept.</q>", "\"quote\": \"A promise that is kept.\""];
        assert!(quoted.iter().any(|quoted| shown.contains(quoted)), "{}", format.name);
    }
}

#[test]
fn no_format_of_a_simulation_lacks_its_mark_and_no_other_has_it() {
    let mut audit = small::audit();
    for simulation in [false, true] {
        audit.simulation = simulation;
        for format in report::FORMATS {
            let shown = read(format, &audit);
            let marks = ["Nothing here was seen of any maker’s product", "\"simulation\": true", ",yes v"];
            let marked = marks.iter().any(|mark| shown.contains(mark));
            assert_eq!(marked, simulation, "{}", format.name);
        }
    }
    assert!(reporting::audit().simulation, "the data says so of the reporting browser");
}

#[test]
fn a_comparison_with_a_simulation_says_so_in_every_format() {
    let (mut one, other) = (small::audit(), small::audit());
    for simulation in [false, true] {
        one.simulation = simulation;
        let difference = audit::AuditDifference::of(&one, &other);
        for format in report::COMPARE_FORMATS {
            let shown = (format.render)(&difference);
            let marks = ["Candor’s own simulation", "\"simulation\": true"];
            assert_eq!(marks.iter().any(|mark| shown.contains(mark)), simulation, "{}", format.name);
            assert!(shown.contains("maker.example/notice"), "{} names no source", format.name);
        }
    }
}

#[test]
fn every_word_has_its_mark_in_every_format() {
    for outcome in Outcome::ALL {
        let mut audit = small::audit();
        audit.verdicts.truncate(1);
        audit.verdicts[0].outcome = outcome;
        for format in report::FORMATS {
            let shown = read(format, &audit).to_lowercase();
            assert!(
                shown.contains(outcome.plainly()) || shown.contains(outcome.word()),
                "{}: {outcome:?}",
                format.name
            );
        }
    }
}

#[test]
fn what_a_maker_promised_and_what_is_expected_of_it_are_counted_apart() {
    let head =
        |audit: &audit::Audit| report::markdown(audit).lines().next().unwrap().trim_start_matches("## ").to_owned();
    let mut audit = small::audit();
    assert_eq!(head(&audit), "Reporting browser 3.4.0 broke 1 of 4 promises and did not meet 1 of 2 expectations");
    audit.verdicts.retain(|one| !one.outcome.accuses());
    assert_eq!(head(&audit), "Reporting browser 3.4.0 kept 1 of 3 promises; the rest is not decided");
    audit.verdicts.retain(|one| one.outcome.acquits());
    assert_eq!(head(&audit), "Reporting browser 3.4.0 kept the one promise");
    audit.verdicts[0].outcome = Outcome::Vacuous;
    assert_eq!(head(&audit), "Reporting browser 3.4.0: nothing could be decided");
}

#[test]
fn what_the_maker_discloses_stands_beside_the_finding_in_every_format() {
    let mut audit = small::audit();
    audit.disclosed = vec![("visited-url-sent".into(), 1, "Example says that it is sent, at A page".into())];
    for format in report::FORMATS {
        assert!(read(format, &audit).contains("Example says that it is sent, at A page"), "{}", format.name);
        assert!(!read(format, &small::audit()).contains("Example says"), "{}", format.name);
    }
}
