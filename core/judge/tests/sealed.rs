//! Sealed channels: when dependence is shown, and when it cannot be.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Outcome, Severity, TestResult, dependence};
use model::Mode;
use stage::Stage;

const PRIVATE: &str = r#"
    [[promise]]
    id = "private"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private" }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const HOST: &str = "own.example";

/// So many private installs used and left alone, with six steps each; in each
/// step some unread traffic, by this function of (used, trial, step).
fn installs(each: u32, sealed: impl Fn(bool, u32, u32) -> u64) -> Stage {
    let mut stage = Stage::new(PRIVATE);
    let normal = stage.trial(Mode::Normal);
    let visit = stage.visit(normal);
    stage.send(visit, "open.example", model::Initiator::Native);
    stage.close(normal);
    for trial in 0..each {
        let blank = stage.blank_in(Mode::Private, 6);
        let phases: Vec<usize> =
            (0..stage.phases.len()).filter(|p| stage.phases[*p].trial == blank).skip(1).take(6).collect();
        for (step, phase) in phases.into_iter().enumerate() {
            send(&mut stage, phase, sealed(false, trial, step as u32));
        }
        let used = stage.trial(Mode::Private);
        for (step, visit) in stage.twins(used).into_iter().enumerate() {
            send(&mut stage, visit, sealed(true, trial, step as u32));
        }
        stage.close(used);
    }
    stage
}

fn send(stage: &mut Stage, phase: usize, bytes: u64) {
    if bytes > 0 {
        stage.send_sealed(phase, HOST, bytes);
    }
}

#[test]
fn a_channel_that_is_used_only_when_the_subject_is_depends_on_use() {
    let stage = installs(6, |used, _, _| if used { 800 } else { 0 });
    let found = stage.found("sealed-depends");
    assert_eq!((found.len(), found[0].severity), (1, Severity::High));
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear);
    assert!(verdict.because.contains("sealed-depends"), "{}", verdict.because);
}

#[test]
fn a_channel_that_ticks_whatever_happens_does_not() {
    let stage = installs(6, |_, trial, step| if (trial + step) % 3 == 0 { 800 } else { 0 });
    assert_eq!(stage.found("sealed-depends"), []);
    assert!(matches!(dependence(&stage.case()).on_use, TestResult::Done { .. }));
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear, "what is sealed may be a report all the same");
    assert!(verdict.because.contains("bytes after the first act that could not be read"), "{}", verdict.because);
}

#[test]
fn four_and_four_installs_are_untested_with_the_reason() {
    let stage = installs(4, |used, _, _| if used { 800 } else { 0 });
    let TestResult::Untested(why) = dependence(&stage.case()).on_use else { panic!("it was tested") };
    assert!(why.contains("4 trials with use and 4 without, and 5 of each"), "{why}");
    assert_eq!(stage.found("sealed-depends"), []);
    assert!(stage.verdict().because.contains("untested"), "{}", stage.verdict().because);
}

#[test]
fn installs_with_different_numbers_of_steps_are_not_compared() {
    let mut stage = installs(6, |used, _, _| if used { 800 } else { 0 });
    let last = stage.trials.len() as u32;
    stage.idle(last);
    let TestResult::Untested(why) = dependence(&stage.case()).on_use else { panic!("it was tested") };
    assert!(why.contains("not as many steps"), "{why}");
}

#[test]
fn installs_of_different_lengths_are_not_compared() {
    let mut stage = installs(6, |used, _, _| if used { 800 } else { 0 });
    stage.phases.last_mut().unwrap().at.0 += 60_000_000;
    let TestResult::Untested(why) = dependence(&stage.case()).on_use else { panic!("it was tested") };
    assert!(why.contains("not equally long"), "{why}");
}

#[test]
fn where_all_could_be_read_there_is_nothing_to_test() {
    let stage = installs(6, |_, _, _| 0);
    assert_eq!(dependence(&stage.case()).on_use, TestResult::AllRead);
    assert_eq!(stage.word(), Outcome::Kept);
}

/// Addresses of three lengths in turn; unread bytes by a function of the length.
fn addresses(times: u32, bytes: impl Fn(usize) -> u64) -> Stage {
    let mut stage = Stage::new(PRIVATE);
    stage.blank(20);
    stage.send(0, "open.example", model::Initiator::Native);
    for trial in 0..2 {
        let private = stage.trial(Mode::Private);
        for time in 0..times {
            for turn in 0..3 {
                let length = [40, 400, 1_600][((turn + time + trial) % 3) as usize];
                let visit = stage.visit_address_of(private, length);
                send(&mut stage, visit, bytes(length));
            }
        }
        stage.close(private);
    }
    stage
}

#[test]
fn more_bytes_for_a_longer_address_depend_on_the_address() {
    let stage = addresses(6, |length| 300 + length as u64);
    let found = stage.found("sealed-depends");
    assert_eq!(found.len(), 1);
    assert!(found[0].says.contains("depends on the address"), "{}", found[0].says);
    assert!(stage.verdict().because.contains("depends on the address visited"));
}

#[test]
fn a_padded_channel_hides_the_address() {
    let stage = addresses(6, |_| 2_048);
    assert_eq!(dependence(&stage.case()).on_address.depends(), []);
    assert_eq!(stage.word(), Outcome::Unclear, "it came with the act all the same");
}

#[test]
fn too_few_visits_of_each_length_are_untested() {
    let stage = addresses(4, |length| length as u64);
    let TestResult::Untested(why) = dependence(&stage.case()).on_address else { panic!("it was tested") };
    assert!(why.contains("10 times each"), "{why}");
}
