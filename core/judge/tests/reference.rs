//! The subject as a person starts it, held against itself under remote control.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Outcome, ReferenceOutcome, reference};
use model::{ArmRole, Mode};
use stage::{COLLECTOR, REPORT, Stage};

const PRIVATE: &str = r#"
    [[promise]]
    id = "private"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private" }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

/// Enough private visits, under remote control, for whatever a bound asks for.
fn driven() -> (Stage, Vec<usize>) {
    let mut stage = Stage::new(PRIVATE).of_subject("chromium", Some("as-installed"));
    stage.blank(17);
    stage.blank_in(Mode::Private, 17);
    let normal = stage.trial(Mode::Normal);
    stage.visits(normal, 2);
    stage.close(normal);
    let mut visits = vec![];
    for _ in 0..6 {
        let private = stage.trial(Mode::Private);
        visits.extend(stage.visits(private, 8));
        stage.close(private);
    }
    (stage, visits)
}

/// Two trials of this role; each tells its first visit to the collector if it is to.
fn two(stage: &mut Stage, role: ArmRole, tells: bool) {
    for _ in 0..2 {
        let (trial, visits) = stage.trial_as(role, Mode::Private);
        if tells {
            stage.tell(visits[0], visits[2], REPORT);
        }
        stage.close(trial);
    }
}

#[test]
fn without_a_reference_a_driven_browser_is_not_acquitted() {
    let (stage, _) = driven();
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear, "{}", verdict.because);
    assert!(verdict.because.contains("no reference arm"), "{}", verdict.because);
}

#[test]
fn a_reference_that_did_not_come_to_its_end_is_none() {
    let (mut stage, _) = driven();
    two(&mut stage, ArmRole::Reference, false);
    two(&mut stage, ArmRole::Compared, false);
    let last = stage.trials.iter_mut().rfind(|trial| trial.arm.role == ArmRole::Reference).unwrap();
    last.failed = Some("no window came".into());
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear, "{}", verdict.because);
    assert!(verdict.because.contains("1 reference trials and 2 driven ones"), "{}", verdict.because);
}

#[test]
fn a_sighting_in_the_reference_arm_breaks_a_promise_by_itself() {
    let (mut stage, _) = driven();
    two(&mut stage, ArmRole::Reference, true);
    two(&mut stage, ArmRole::Compared, false);
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn what_only_the_driven_arm_sends_accuses_nobody_and_nothing_else_is_voided() {
    let (mut stage, _) = driven();
    two(&mut stage, ArmRole::Reference, false);
    two(&mut stage, ArmRole::Compared, true);
    let word = stage.word();
    assert!(!word.accuses(), "{word:?}");
    let ReferenceOutcome::Compared(comparison) = reference(&stage.case()) else { panic!("both sides are there") };
    let kinds: Vec<_> = comparison.only_driven.iter().map(|one| (one.host.as_str(), one.kind.is_some())).collect();
    assert_eq!(kinds, [(COLLECTOR, false), (COLLECTOR, true)]);

    // The same host, told by the reference too: now it is the subject's own doing.
    let (trial, visits) = stage.trial_as(ArmRole::Reference, Mode::Private);
    stage.tell(visits[0], visits[2], REPORT);
    stage.close(trial);
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn what_only_the_reference_sends_stands_in_the_way_of_kept() {
    let (mut stage, _) = driven();
    for _ in 0..2 {
        let (trial, visits) = stage.trial_as(ArmRole::Reference, Mode::Private);
        stage.send(visits[1], "quiet.example", model::Initiator::Native);
        stage.close(trial);
    }
    two(&mut stage, ArmRole::Compared, false);
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear, "{}", verdict.because);
    assert!(verdict.because.starts_with("quiet.example was sent requests in every trial"), "{}", verdict.because);
}

#[test]
fn pages_of_sites_that_the_subject_was_sent_to_are_no_difference() {
    let (mut stage, _) = driven();
    for _ in 0..2 {
        let (trial, visits) = stage.trial_as(ArmRole::Reference, Mode::Private);
        let host = format!("site{}.example", visits[1]);
        stage.send(visits[1], &host, model::Initiator::Native);
        stage.close(trial);
    }
    two(&mut stage, ArmRole::Compared, false);
    let ReferenceOutcome::Compared(comparison) = reference(&stage.case()) else { panic!("both sides are there") };
    assert!(comparison.only_reference.is_empty(), "{comparison:?}");
}

#[test]
fn what_the_driven_arms_send_at_times_is_no_difference() {
    let (mut stage, visits) = driven();
    stage.send(visits[0], "timer.example", model::Initiator::Native);
    for _ in 0..2 {
        let (trial, visits) = stage.trial_as(ArmRole::Reference, Mode::Private);
        stage.send(visits[1], "timer.example", model::Initiator::Native);
        stage.close(trial);
    }
    two(&mut stage, ArmRole::Compared, false);
    let ReferenceOutcome::Compared(comparison) = reference(&stage.case()) else { panic!("both sides are there") };
    assert!(comparison.only_reference.is_empty() && comparison.only_driven.is_empty(), "{comparison:?}");
}

#[test]
fn a_program_without_an_instrument_needs_no_reference() {
    for (name, edition) in [("falkon", None), ("reporting-browser", Some("3.4.0")), ("reporting-phone", None)] {
        let stage = Stage::new(PRIVATE).of_subject(name, edition);
        assert_eq!(reference(&stage.case()), ReferenceOutcome::NotNeeded, "{name}");
    }
    let by_path = Stage::new(PRIVATE).of_subject("/opt/some/browser", None);
    assert!(matches!(reference(&by_path.case()), ReferenceOutcome::Missing(_)));
}
