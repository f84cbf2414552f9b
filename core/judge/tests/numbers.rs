//! Numbers of one report agree: the sentence of a verdict, its numbers and the
//! table of settings count the same acts, and never more that were told than
//! were done.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Outcome, combinations};
use model::{Initiator, Mode};
use proptest::prelude::*;
use stage::{COLLECTOR, REPORT, Sent, Stage};

const PRIVATE: &str = r#"
    [[promise]]
    id = "private"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private" }
    never = { kinds = ["visited-url", "typed-text"], to = "anyone-but-the-site" }
"#;

const OFF: &str = r#"
    [[promise]]
    id = "off"
    quote = "…"
    source = "…"
    says = "…"
    when = { switch = "turned-off" }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

/// What is told of an act: of which of a trial's, when it is sent, to whom, how often.
#[derive(Clone, Debug)]
struct Tale {
    trial: usize,
    about: usize,
    sent: usize,
    to: usize,
    times: usize,
    side: Initiator,
}

const HOSTS: [&str; 3] = [COLLECTOR, "third.example", "fourth.example"];

fn tale() -> impl Strategy<Value = Tale> {
    let side = prop_oneof![4 => Just(Initiator::Native), 1 => Just(Initiator::Page), 1 => Just(Initiator::Unknown)];
    (0..4_usize, 0..5_usize, 0..5_usize, 0..3_usize, 1..4_usize, side)
        .prop_map(|(trial, about, sent, to, times, side)| Tale { trial, about, sent, to, times, side })
}

/// Four trials, by turns normal and private, with five acts each; some fail.
fn staged(promise: &str, tales: &[Tale], failed: &[bool]) -> Stage {
    let mut stage = Stage::new(promise);
    let mut acts = vec![];
    for (nth, failed) in failed.iter().enumerate() {
        let trial = stage.trial(if nth % 2 == 0 { Mode::Normal } else { Mode::Private });
        let mut of_trial = stage.visits(trial, 4);
        of_trial.push(stage.type_text(trial));
        stage.close(trial);
        stage.trials[nth].failed = failed.then(|| "it crashed".to_owned());
        acts.push(of_trial);
    }
    for tale in tales {
        let (about, sent) = (acts[tale.trial][tale.about], acts[tale.trial][tale.sent]);
        let kind = if tale.about == 4 { "typed-text" } else { "visited-url" };
        for _ in 0..tale.times {
            stage.tell(about, sent, Sent { to: HOSTS[tale.to], side: tale.side, kind, ..REPORT });
        }
    }
    stage
}

/// `in 3 of 30 acts` → (3, 30), each time it is said.
fn said(sentence: &str) -> Vec<(u32, u32)> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let numbers = words.windows(4).filter_map(|four| {
        let ["in", told, "of", acts] = four else { return None };
        Some((told.parse().ok()?, acts.parse().ok()?))
    });
    numbers.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sentence_verdict_and_table_count_the_same(
        tales in prop::collection::vec(tale(), 0..12),
        failed in prop::collection::vec(prop::bool::weighted(0.2), 4),
    ) {
        let stage = staged(PRIVATE, &tales, &failed);
        let verdict = stage.verdict();
        let table = combinations(&stage.case());
        for row in &table {
            prop_assert!(row.told <= row.acts, "{row:?}");
        }
        let private = || table.iter().filter(|row| row.mode == Mode::Private);
        let (told, acts): (u32, u32) = (private().map(|row| row.told).sum(), private().map(|row| row.acts).sum());
        prop_assert!(verdict.told <= verdict.visits);
        prop_assert_eq!((verdict.told, verdict.visits), (told, acts));
        let said = said(&verdict.because);
        prop_assert_eq!(verdict.outcome == Outcome::Broken, !said.is_empty(), "{}", &verdict.because);
        for (each, of) in said {
            prop_assert!(each <= told && of == acts, "{}", &verdict.because);
        }
    }

    #[test]
    fn what_is_told_of_acts_that_are_not_at_stake_is_no_part_of_those_that_are(before in 1..4_usize, after in 0..4_usize) {
        let mut stage = Stage::new(OFF).of_subject("reporting-browser", Some("honest"));
        let trial = stage.trial_with(Mode::Normal, &[("enhanced-incognito-mode", "on")], false);
        let earlier = stage.visits(trial, before as u32);
        stage.throw(trial, "enhanced-incognito-mode", "turned-off");
        let later = stage.visits(trial, 5);
        for visit in earlier.iter().chain(&later[..after]) {
            stage.tell(*visit, later[4], REPORT);
        }
        stage.close(trial);
        let verdict = stage.verdict();
        prop_assert_eq!((verdict.told, verdict.visits), (after as u32, 5));
        let queue = if before == 1 { "of 1 earlier act".to_owned() } else { format!("of {before} earlier acts") };
        prop_assert!(verdict.because.contains(&queue), "{}", &verdict.because);
    }
}

#[test]
fn the_same_site_visited_twice_is_two_acts_and_a_report_is_of_the_last_before_it() {
    let mut stage = Stage::new(PRIVATE);
    let trial = stage.trial(Mode::Private);
    let first = stage.visit(trial);
    stage.tell(first, first, REPORT);
    let other = stage.visit(trial);
    stage.tell(first, other, REPORT);
    let again = stage.visit_again(trial, first);
    assert_eq!((stage.verdict().told, stage.verdict().visits), (1, 3), "sent twice, of one visit");
    stage.tell(again, again, REPORT);
    stage.close(trial);
    assert_eq!((stage.verdict().told, stage.verdict().visits), (2, 3));
}
