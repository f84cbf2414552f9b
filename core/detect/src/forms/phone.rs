//! Phone numbers: E.164 and what people and programs make of it.

use super::ValueForms;
use crate::grams::TextBoundary;

/// Digits that a number needs before it can be told from other numbers.
const SHORTEST_LOCAL: usize = 8;

pub(super) fn is_phone(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let others = |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-/().".contains(c);
    (SHORTEST_LOCAL..=17).contains(&digits) && value.chars().all(others)
}

pub(super) fn forms(value: &str, forms: &mut ValueForms) {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    forms.text_between(value, TextBoundary::Digit, TextBoundary::Digit);
    let (full, local) = if value.starts_with('+') {
        let (_, local) = digits.split_at(country_code(&digits));
        (digits.as_str(), local)
    } else if let Some(full) = digits.strip_prefix("00") {
        (full, full.split_at(country_code(full)).1)
    } else {
        // Which country it is in, nobody said.
        ("", digits.strip_prefix('0').unwrap_or(&digits))
    };
    if !full.is_empty() {
        number(format!("+{full}"), "e164", forms);
        number(full.to_owned(), "digits", forms);
        number(format!("00{full}"), "international", forms);
    }
    if local.len() >= SHORTEST_LOCAL {
        number(format!("0{local}"), "local", forms);
        number(local.to_owned(), "national", forms);
    }
}

fn number(text: String, name: &'static str, forms: &mut ValueForms) {
    forms.text_between(text.as_str(), TextBoundary::Digit, TextBoundary::Digit);
    forms.digested(name, text);
}

/// Digits of the country code that a number begins with (ITU-T E.164, "List
/// of assigned country codes"): one for zones 1 and 7, two for the listed,
/// three for all others.
fn country_code(digits: &str) -> usize {
    const TWO: [&str; 43] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
        "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
        "86", "90", "91", "92", "93", "94", "95",
    ];
    let length = match digits.get(..2) {
        _ if digits.starts_with(['1', '7']) => 1,
        Some("98") => 2,
        Some(two) if TWO.contains(&two) => 2,
        _ => 3,
    };
    length.min(digits.len())
}
