//! Ordinary texts: names, searches, titles, paths.

use super::Forms;
use crate::grams::Edge;

/// Under this many characters a single word is likely to be somebody else's.
const LONG_WORD: usize = 10;

pub(super) fn forms(value: &str, forms: &mut Forms) {
    let trimmed = value.trim();
    let is_word = trimmed.chars().all(char::is_alphabetic) || trimmed.bytes().all(|byte| byte.is_ascii_digit());
    let edge = match trimmed.chars().count() {
        count if is_word && count < LONG_WORD => Edge::Word,
        _ if trimmed.bytes().all(|byte| byte.is_ascii_digit()) => Edge::Digit,
        _ => Edge::Open,
    };
    spelled(trimmed, edge, edge, forms);
}

/// The text as it is and in the other case where a comparison of ASCII
/// letters would not see that they are one.
pub(super) fn spelled(text: &str, before: Edge, after: Edge, forms: &mut Forms) {
    forms.text_between(text, before, after);
    if text.is_ascii() {
        return;
    }
    forms.text_between(text.to_lowercase(), before, after);
    forms.text_between(text.to_uppercase(), before, after);
}
