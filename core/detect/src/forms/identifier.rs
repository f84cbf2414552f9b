//! Identifiers of devices, installations and accounts.

use super::{Forms, text};
use crate::grams::Edge;

/// Under this many characters an identifier without its separators is likely
/// to be part of something else.
const SHORTEST_JOINED: usize = 10;

pub(super) fn forms(value: &str, forms: &mut Forms) {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let edge = match value.len() {
        _ if is_number => Edge::Digit,
        ..SHORTEST_JOINED => Edge::Word,
        _ => Edge::Open,
    };
    text::spelled(value, edge, edge, forms);
    let joined: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
    if joined.len() < SHORTEST_JOINED || !joined.is_ascii() {
        return;
    }
    let edge = if is_number { Edge::Digit } else { Edge::Word };
    if joined != value {
        forms.text_between(joined.as_str(), edge, edge);
        forms.digested("without-separators", joined.as_str());
    }
    if joined.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        match joined.len() {
            32 => separated(&joined, &[8, 4, 4, 4, 12], "-", "uuid", forms),
            12 => {
                separated(&joined, &[2; 6], ":", "colons", forms);
                separated(&joined, &[2; 6], "-", "dashes", forms);
            }
            _ => {}
        }
    }
}

fn separated(joined: &str, lengths: &[usize], by: &str, name: &'static str, forms: &mut Forms) {
    let mut left = joined;
    let mut groups = Vec::new();
    for &length in lengths {
        let (group, rest) = left.split_at(length);
        groups.push(group);
        left = rest;
    }
    let text = groups.join(by);
    forms.text_between(text.as_str(), Edge::Word, Edge::Word);
    forms.digested(name, text.as_str());
    forms.digested(name, text.to_lowercase());
}
