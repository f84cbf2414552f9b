//! How often the judge is wrong, and how often it sees, on a few experiments
//! drawn by lot; `make bench-judge` draws a thousand.

mod simulate;
mod stage;

use simulate::{
    Leak, Said, drawn,
    readable::{self, Judged, Token},
};

fn count(said: &[Said], is: fn(&&Said) -> bool) -> usize {
    said.iter().filter(is).count()
}

#[test]
fn where_there_is_nothing_nothing_is_broken_and_hardly_anything_depends() {
    let said = drawn(Leak::None, 6, 16);
    assert_eq!(count(&said, |said| said.broken), 0);
    assert!(count(&said, |said| said.depends()) <= 1);
}

#[test]
fn a_leak_in_clear_breaks_the_promise_when_it_is_told_once() {
    assert_eq!(count(&drawn(Leak::Clear(1.0), 1, 4), |said| said.broken), 4);
}

#[test]
fn a_sealed_channel_depends_on_use_and_never_breaks_a_promise() {
    let said = drawn(Leak::Sealed(1.0), 6, 4);
    assert_eq!((count(&said, |said| said.broken), count(&said, |said| said.on_use)), (0, 4));
}

#[test]
fn padding_hides_the_address_and_not_the_use() {
    let said = drawn(Leak::Padded(1.0), 6, 4);
    assert_eq!((count(&said, |said| said.on_address), count(&said, |said| said.on_use)), (0, 4));
}

fn judged(judged: &[Judged], is: fn(&&Judged) -> bool) -> usize {
    judged.iter().filter(is).count()
}

#[test]
fn what_a_subject_sends_by_itself_breaks_nothing_and_hardly_ever_costs_kept() {
    let all = readable::drawn(Token::None, 5, 24);
    assert_eq!(judged(&all, |one| one.broken), 0);
    assert!(judged(&all, |one| one.kept) >= 23, "{all:?}");
}

#[test]
fn a_token_of_each_visit_costs_kept_in_a_request_of_its_own_and_in_one_that_is_sent_anyway() {
    let found: fn(&&Judged) -> bool = |one| one.by_contrast || one.by_twins;
    for token in [Token::Keyed(64, 1.0), Token::Keyed(16, 1.0), Token::InPing(16)] {
        assert_eq!(judged(&readable::drawn(token, 5, 6), found), 6, "{token:?}");
    }
}
