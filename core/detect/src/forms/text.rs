//! Ordinary texts: names, searches, titles, paths.

use unicode_normalization::UnicodeNormalization;

use super::ValueForms;
use crate::grams::TextBoundary;

/// Under this many characters a single word is likely to be somebody else's.
const LONG_WORD: usize = 10;

pub(super) fn forms(value: &str, forms: &mut ValueForms) {
    let trimmed = value.trim();
    let is_word = trimmed.chars().all(char::is_alphabetic) || trimmed.bytes().all(|byte| byte.is_ascii_digit());
    let edge = match trimmed.chars().count() {
        count if is_word && count < LONG_WORD => TextBoundary::Word,
        _ if trimmed.bytes().all(|byte| byte.is_ascii_digit()) => TextBoundary::Digit,
        _ => TextBoundary::Open,
    };
    spelled(trimmed, edge, edge, forms);
}

/// The text as it is and, where a comparison of ASCII letters would not see
/// that they are one, in both cases and the normal forms of Unicode.
pub(super) fn spelled(text: &str, before: TextBoundary, after: TextBoundary, forms: &mut ValueForms) {
    forms.text_between(text, before, after);
    if text.is_ascii() {
        return;
    }
    for (_, composed) in normal_forms(text) {
        forms.text_between(composed.as_str(), before, after);
        forms.text_between(composed.to_lowercase(), before, after);
        forms.text_between(composed.to_uppercase(), before, after);
    }
}

/// The normal forms that differ from the text (Unicode Standard Annex #15).
/// macOS decomposes the names of files; programs compose them again, or not.
pub(super) fn normal_forms(text: &str) -> Vec<(&'static str, String)> {
    let all = [
        ("", text.to_owned()),
        ("nfc", text.nfc().collect()),
        ("nfd", text.nfd().collect()),
        ("nfkc", text.nfkc().collect()),
    ];
    let mut different: Vec<(&'static str, String)> = Vec::new();
    for (name, form) in all {
        if !different.iter().any(|(_, known)| *known == form) {
            different.push((name, form));
        }
    }
    different
}
