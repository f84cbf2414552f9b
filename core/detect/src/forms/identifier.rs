//! Identifiers of devices, installations and accounts.
//!
//! What a person sees as hex or as digits is a number to programs, and is sent as
//! one: sixteen bytes of a UUID, eight of an Android id, decimal in a varint,
//! two digits a byte in an IMEI.

use super::{ValueForms, text};
use crate::grams::TextBoundary;

/// Under this many characters an identifier without its separators is likely
/// to be part of something else.
const SHORTEST_JOINED: usize = 10;

pub(super) fn forms(value: &str, forms: &mut ValueForms) {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let edge = match value.len() {
        _ if is_number => TextBoundary::Digit,
        ..SHORTEST_JOINED => TextBoundary::Word,
        _ => TextBoundary::Open,
    };
    text::spelled(value, edge, edge, forms);
    let joined: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
    if joined.len() < SHORTEST_JOINED || !joined.is_ascii() {
        return;
    }
    let edge = if is_number { TextBoundary::Digit } else { TextBoundary::Word };
    if joined != value {
        forms.text_between(joined.as_str(), edge, edge);
        forms.digested("without-separators", joined.as_str());
    }
    if is_number {
        digits(&joined, forms);
    } else if joined.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        number(&joined, forms);
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

/// The bytes that hex digits stand for, and the number that those are.
fn number(hex: &str, forms: &mut ValueForms) {
    let Ok(bytes) = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) else { return };
    match *bytes.as_slice() {
        [a, b, c, d, e, f, g, h] => eight([a, b, c, d, e, f, g, h], forms),
        [a, b, c, d, e, f] => decimal(u64::from_be_bytes([0, 0, a, b, c, d, e, f]), forms),
        [a, b, c, d, e, f, g, h, ..] if bytes.len() == 16 => {
            // Microsoft's programs write the first three fields little end first.
            forms.bytes.push([&[d, c, b, a, f, e, h, g], &bytes[8..]].concat());
            forms.bytes.push(bytes.iter().rev().copied().collect());
            forms.bytes.push(bytes);
            // Java sends a UUID as two numbers; the second alone adds nothing.
            eight([a, b, c, d, e, f, g, h], forms);
        }
        _ if bytes.len() > 8 => forms.bytes.push(bytes),
        _ => {}
    }
}

fn eight(bytes: [u8; 8], forms: &mut ValueForms) {
    let number = u64::from_be_bytes(bytes);
    decimal(number, forms);
    forms.bytes.push(bytes.to_vec());
    forms.bytes.push(number.to_le_bytes().to_vec());
}

/// In decimal, and as a language has it that knows no unsigned numbers.
fn decimal(number: u64, forms: &mut ValueForms) {
    let signed = number as i64;
    if number >= 10_000_000_000 {
        forms.text_between(number.to_string(), TextBoundary::Digit, TextBoundary::Digit);
    }
    if signed < 0 {
        forms.text_between(signed.to_string(), TextBoundary::Digit, TextBoundary::Digit);
    }
}

/// A long number, an IMEI, as its eight bytes, and as two digits a byte in
/// either order with whatever fills the last.
fn digits(digits: &str, forms: &mut ValueForms) {
    const FEWEST: usize = 14;
    let Some(number) = digits.parse::<u64>().ok().filter(|_| digits.len() >= FEWEST) else { return };
    forms.bytes.push(number.to_be_bytes().to_vec());
    forms.bytes.push(number.to_le_bytes().to_vec());
    for filled in [digits.to_owned(), format!("{digits}f"), format!("{digits}0"), format!("0{digits}")] {
        let Ok(packed) = data_encoding::HEXLOWER.decode(filled.as_bytes()) else { continue };
        forms.bytes.push(packed.iter().map(|byte| byte.rotate_left(4)).collect());
        forms.bytes.push(packed);
    }
}

fn separated(joined: &str, lengths: &[usize], by: &str, name: &'static str, forms: &mut ValueForms) {
    let mut left = joined;
    let mut groups = Vec::new();
    for &length in lengths {
        let (group, rest) = left.split_at(length);
        groups.push(group);
        left = rest;
    }
    let text = groups.join(by);
    forms.text_between(text.as_str(), TextBoundary::Word, TextBoundary::Word);
    forms.digested(name, text.as_str());
    forms.digested(name, text.to_lowercase());
}
