//! Switches: where they stand, what off means, and the table of combinations.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::Outcome;
use model::{Initiator, Mode};
use stage::{COLLECTOR, REPORT, Sent, Stage};

const OFF: &str = r#"
    [[promise]]
    id = "off"
    quote = "…"
    source = "…"
    says = "…"
    when = { switch = "turned-off" }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site", after = "5s" }
"#;

const DEFAULT: &str = r#"
    [[promise]]
    id = "default"
    quote = "…"
    source = "…"
    says = "…"
    when = { switch = "default" }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const NAMED: &str = r#"
    [[promise]]
    id = "named"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private", switches = { enhanced-incognito-mode = "off" } }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const SWITCH: &str = "enhanced-incognito-mode";

fn of_the_case(promise: &str) -> Stage {
    let mut stage = Stage::new(promise).of_subject("reporting-browser", Some("honest"));
    stage.run.subject.extensions = vec!["abc".into()];
    stage.blank(20);
    stage
}

/// An install in which it is on, used, turned off, used. Gives the visits
/// before and after.
fn turned_off(stage: &mut Stage) -> (u32, Vec<usize>, Vec<usize>) {
    let trial = stage.trial_with(Mode::Normal, &[(SWITCH, "default")], false);
    stage.throw(trial, SWITCH, "on");
    let before = stage.visits(trial, 3);
    stage.throw(trial, SWITCH, "turned-off");
    let mut after = stage.twins(trial);
    after.extend(stage.visits(trial, 4));
    (trial, before, after)
}

fn off() -> (Stage, u32, Vec<usize>, Vec<usize>) {
    let mut stage = of_the_case(OFF);
    for _ in 0..5 {
        let (trial, ..) = turned_off(&mut stage);
        stage.close(trial);
    }
    for _ in 0..5 {
        let blank = stage.trial_with(Mode::Normal, &[(SWITCH, "default")], true);
        for position in ["on", "turned-off"] {
            stage.throw(blank, SWITCH, position);
            for _ in 0..6 {
                stage.idle(blank);
            }
        }
        stage.close(blank);
    }
    let (trial, before, after) = turned_off(&mut stage);
    (stage, trial, before, after)
}

#[test]
fn off_that_means_off_is_kept_and_counts_only_what_was_done_while_off() {
    let (mut stage, trial, before, _) = off();
    stage.tell(before[0], before[1], REPORT);
    stage.close(trial);
    let verdict = stage.verdict();
    assert_eq!((verdict.outcome, verdict.visits), (Outcome::Kept, 60), "{}", verdict.because);
}

#[test]
fn what_is_reported_while_it_is_on_costs_nothing_of_what_is_promised_when_off() {
    let (mut stage, trial, ..) = off();
    stage.close(trial);
    let visits: Vec<usize> = (0..stage.phases.len()).filter(|p| stage.phases[*p].act == model::Act::Visit).collect();
    for visit in visits {
        let on = stage.case().standing(visit).iter().any(|one| one.position.is_on() == Some(true));
        if on {
            stage.send_value(
                visit,
                COLLECTOR,
                "track",
                &format!("{:016x}", (visit as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            );
        }
    }
    assert_eq!(stage.word(), Outcome::Kept, "{}", stage.verdict().because);
}

#[test]
fn a_visit_made_while_off_must_not_be_told() {
    let (mut stage, trial, _, after) = off();
    stage.tell(after[8], after[9], REPORT);
    stage.close(trial);
    assert_eq!(stage.word(), Outcome::Broken);
    assert!(stage.verdict().because.contains("turned off"), "{}", stage.verdict().because);
}

#[test]
fn a_queue_from_before_must_not_be_sent_afterwards_not_even_after_a_restart() {
    for restart in [false, true] {
        let (mut stage, trial, before, _) = off();
        if restart {
            stage.restart(trial, Mode::Normal);
        }
        let idle = stage.idle(trial);
        stage.tell(before[0], idle, REPORT);
        stage.close(trial);
        assert_eq!(stage.word(), Outcome::Broken, "restart: {restart}");
    }
}

#[test]
fn what_was_under_way_has_its_grace() {
    let (mut stage, trial, before, after) = off();
    stage.tell(before[2], after[0], REPORT);
    stage.close(trial);
    let last = stage.seen.len() - 1;
    stage.seen[last].at = stage.phases[after[0]].at;
    assert_eq!(stage.word(), Outcome::Kept, "a second after the throw");
}

#[test]
fn what_is_switched_on_again_may_be_told_again() {
    let (mut stage, trial, ..) = off();
    stage.throw(trial, SWITCH, "on");
    let again = stage.visit(trial);
    stage.tell(again, again, REPORT);
    stage.close(trial);
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn a_subject_in_which_nothing_was_turned_off_is_untested() {
    let mut stage = of_the_case(OFF);
    let trial = stage.trial(Mode::Normal);
    stage.visits(trial, 40);
    stage.close(trial);
    assert_eq!(stage.word(), Outcome::Untested);
    assert!(stage.verdict().because.contains("nothing was turned off"));
}

#[test]
fn the_default_is_every_switch_as_installed() {
    let mut stage = of_the_case(DEFAULT);
    for position in ["default", "on"] {
        let trial = stage.trial_with(Mode::Normal, &[(SWITCH, position)], false);
        let visits = stage.visits(trial, 3);
        if position == "on" {
            stage.tell(visits[0], visits[0], REPORT);
        }
        stage.close(trial);
    }
    let verdict = stage.verdict();
    assert_eq!((verdict.outcome, verdict.visits), (Outcome::Unclear, 3), "{}", verdict.because);
}

#[test]
fn a_subject_without_switches_stands_at_its_default() {
    let mut stage = Stage::new(DEFAULT);
    let trial = stage.trial(Mode::Normal);
    let visits = stage.visits(trial, 3);
    stage.tell(visits[0], visits[0], REPORT);
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn a_label_is_not_believed_what_the_driver_read_is() {
    let mut stage = of_the_case(NAMED);
    let trial = stage.trial_with(Mode::Private, &[(SWITCH, "default")], false);
    let visits = stage.visits(trial, 3);
    stage.tell(visits[0], visits[0], REPORT);
    assert_eq!(stage.word(), Outcome::Untested, "nobody read where it stands");
    stage.note(trial, "default-read", &format!("{SWITCH} on"));
    assert_eq!(stage.word(), Outcome::Untested, "it stands on");
    stage.notes.clear();
    stage.note(trial, "default-read", &format!("{SWITCH} off"));
    assert_eq!(stage.word(), Outcome::Broken, "it stands off, and told");
    stage.note(trial, "default-read", &format!("{SWITCH} on"));
    assert_eq!(stage.word(), Outcome::Untested, "reads contradict each other");
}

#[test]
fn a_promise_of_several_positions_holds_in_each_of_them() {
    let several = OFF.replace("\"turned-off\"", "[\"default\", \"off\", \"turned-off\"]");
    let mut stage = of_the_case(&several);
    let trial = stage.trial_with(Mode::Normal, &[(SWITCH, "default")], false);
    let visit = stage.visit(trial);
    stage.tell(visit, visit, REPORT);
    assert_eq!(stage.word(), Outcome::Broken, "as installed, and nothing was ever turned off");
    let (mut stage, trial, before, _) = off();
    stage.knowledge = Stage::new(&several).knowledge;
    let idle = stage.idle(trial);
    stage.tell(before[0], idle, REPORT);
    stage.close(trial);
    assert_eq!(stage.word(), Outcome::Broken, "a queue from before it was turned off");
}

#[test]
fn a_switch_of_the_mode_turns_no_collection_off() {
    let mut stage = of_the_case(&OFF.replace("turned-off", "off").replace(", after = \"5s\"", ""));
    let trial = stage.trial_with(Mode::Normal, &[("incognito-mode", "off"), (SWITCH, "on")], false);
    let visits = stage.visits(trial, 3);
    stage.tell(visits[0], visits[0], REPORT);
    assert_eq!(stage.word(), Outcome::Untested);
}

#[test]
fn three_of_four_combinations_tell_and_the_table_says_which() {
    let mut stage = of_the_case(OFF);
    for (incognito, enhanced, tells) in
        [("off", "off", true), ("off", "on", true), ("on", "on", true), ("on", "off", false)]
    {
        let trial = stage.trial_with(Mode::Normal, &[("incognito-mode", incognito), (SWITCH, enhanced)], false);
        stage.note(trial, "default-read", "incognito-mode off");
        stage.note(trial, "default-read", &format!("{SWITCH} on"));
        for visit in stage.visits(trial, 2) {
            if tells {
                stage.tell(visit, visit, Sent { side: Initiator::Extension, ..REPORT });
            }
        }
        stage.close(trial);
    }
    let table: Vec<(String, Option<bool>, u32)> = judge::combinations(&stage.case())
        .iter()
        .map(|row| {
            let standing: Vec<String> = row.standing.iter().map(ToString::to_string).collect();
            (standing.join(", "), row.as_installed, row.told)
        })
        .collect();
    let row = |words: &str, installed, told| (words.to_owned(), Some(installed), told);
    assert_eq!(
        table,
        [
            row("incognito-mode off, enhanced-incognito-mode off", false, 2),
            row("incognito-mode off, enhanced-incognito-mode on", true, 2),
            row("incognito-mode on, enhanced-incognito-mode off", false, 0),
            row("incognito-mode on, enhanced-incognito-mode on", false, 2),
        ]
    );
}
