//! What a sentence can say, and what becomes of it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Class, Outcome};
use model::Mode;
use stage::{REPORT, Stage};

const PROMISE: &str = r#"
    [[promise]]
    id = "p"
    quote = "We see nothing."
    source = "A notice"
    says = "no address of a page visited is sent"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const EXPECTATION: &str = r#"
    [[expectation]]
    id = "e"
    sentence = "No address of a page visited is sent."
    source = "A paper"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const LAW: &str = r#"
    [[law]]
    id = "l"
    question = "Is it off by default?"
    article = "GDPR Art. 25(2)"
    source = "A regulation"
    says = "no address of a page visited is sent"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

/// Six installs with two sessions and six visits each, and a blank one.
fn six_installs(promise: &str) -> (Stage, Vec<usize>) {
    let mut stage = Stage::new(promise);
    stage.blank(12);
    let mut visits = vec![];
    for _ in 0..6 {
        let trial = stage.trial(Mode::Normal);
        visits.extend(stage.visits(trial, 3));
        stage.restart(trial, Mode::Normal);
        visits.extend(stage.visits(trial, 3));
        stage.close(trial);
    }
    (stage, visits)
}

#[test]
fn the_same_sight_breaks_a_promise_fails_an_expectation_and_is_handed_on_of_a_law() {
    for (sentence, class, told, silent) in [
        (PROMISE, Class::Promise, Outcome::Broken, Outcome::Kept),
        (EXPECTATION, Class::Expectation, Outcome::NotMet, Outcome::Met),
        (LAW, Class::Law, Outcome::ForAuthority, Outcome::ForAuthority),
    ] {
        let (mut stage, visits) = six_installs(sentence);
        let verdict = stage.verdict();
        assert_eq!((verdict.sentence.class, verdict.outcome), (class, silent), "{}", verdict.because);
        stage.tell(visits[0], visits[0], REPORT);
        let verdict = stage.verdict();
        assert_eq!((verdict.outcome, verdict.evidence.len()), (told, 1), "{}", verdict.because);
    }
}

#[test]
fn a_question_of_law_gets_what_was_seen_and_no_answer() {
    let (mut stage, visits) = six_installs(LAW);
    stage.tell(visits[0], visits[0], REPORT);
    let verdict = stage.verdict();
    assert!(verdict.because.starts_with("what was seen, and no answer: sa.api.intl.miui.com"), "{}", verdict.because);
}
