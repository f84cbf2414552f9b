//! Percent-encoding, RFC 3986 §2.1, and the `%uXXXX` of JavaScript's `escape`
//! (ECMA-262 §B.2.1.1).
//!
//! Forms, queries and paths undo their own; this is for what was encoded once
//! more, and is tried when nothing else opened the value.

use std::borrow::Cow;

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct Percent;

impl Decoder for Percent {
    fn name(&self) -> &'static str {
        "percent"
    }

    fn about(&self) -> &'static str {
        "percent-encoding (RFC 3986 §2.1) and escape() (ECMA-262 §B.2.1.1)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::PERCENT).without(ByteClasses::BINARY)
    }

    fn fit(&self, _look: &ValueView<'_>) -> DecoderFit {
        DecoderFit::Maybe
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match undo(value, false) {
            Cow::Borrowed(_) => PeelResult::NOTHING,
            // What has bytes that would be encoded only quotes what is encoded.
            Cow::Owned(plain) if quotes(value) => PeelResult::perhaps(inner, &plain),
            Cow::Owned(plain) => PeelResult::whole(inner, &plain, None),
        }
    }
}

fn quotes(text: &[u8]) -> bool {
    ByteClasses::of(text).any(ByteClasses::SPACE.and(ByteClasses::BRACE).and(ByteClasses::ANGLE))
        || !value_view::is_text(text)
}

/// The bytes meant; borrowed if they are the bytes there. What is no escape
/// stays as it is.
pub(super) fn undo(text: &[u8], plus_is_space: bool) -> Cow<'_, [u8]> {
    let first = if plus_is_space { memchr::memchr2(b'%', b'+', text) } else { memchr::memchr(b'%', text) };
    let Some(first) = first else { return Cow::Borrowed(text) };
    let is_mark = |byte: &u8| *byte == b'%' || *byte == b'+' && plus_is_space;
    let mut plain = Vec::with_capacity(text.len());
    let (mut from, mut at) = (0, first);
    loop {
        plain.extend_from_slice(&text[from..at]);
        from = at
            + match escape(&text[at..]) {
                Some((PercentEscape::Byte(byte), length)) => {
                    plain.push(byte);
                    length
                }
                Some((PercentEscape::Char(c), length)) => {
                    plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    length
                }
                None => {
                    plain.push(if text[at] == b'+' { b' ' } else { b'%' });
                    1
                }
            };
        match text[from..].iter().position(is_mark) {
            Some(further) => at = from + further,
            None => break,
        }
    }
    plain.extend_from_slice(&text[from..]);
    if plain == text { Cow::Borrowed(text) } else { Cow::Owned(plain) }
}

enum PercentEscape {
    Byte(u8),
    /// Never longer in UTF-8 than as an escape.
    Char(char),
}

/// What the escape that `text` starts with means, and how long it is.
fn escape(text: &[u8]) -> Option<(PercentEscape, usize)> {
    match text {
        [b'%', high, low, ..] if is_digit(*high) && is_digit(*low) => {
            Some((PercentEscape::Byte(digit(*high) << 4 | digit(*low)), 3))
        }
        [b'%', b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(|digit| is_digit(*digit)) => {
            let unit = [a, b, c, d].iter().fold(0, |unit, byte| unit << 4 | u32::from(digit(**byte)));
            // Halves of surrogate pairs are rare here and stay apart.
            Some((PercentEscape::Char(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)), 6))
        }
        _ => None,
    }
}

fn is_digit(hex: u8) -> bool {
    digit(hex) < 16
}

/// What a hexadecimal digit stands for; 0xff for what is none.
fn digit(hex: u8) -> u8 {
    const DIGITS: [u8; 256] = {
        let mut table = [0xff; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = match byte as u8 {
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'a'..=b'f' => digit - b'a' + 10,
                digit @ b'A'..=b'F' => digit - b'A' + 10,
                _ => 0xff,
            };
            byte += 1;
        }
        table
    };
    DIGITS[usize::from(hex)]
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn an_encoded_value_opens() {
        check(
            "two%20words%u4E2D",
            expect![[r#"
            value = two%20words%u4E2D
            value ▸ percent = two words中
        "#]],
        );
    }

    #[test]
    fn twice_encoded_opens_twice() {
        check(
            "a%2520b",
            expect![[r#"
            value = a%2520b
            value ▸ percent = a%20b
            value ▸ percent ▸ percent = a b
        "#]],
        );
    }

    #[test]
    fn a_lone_percent_sign_stays() {
        check(
            "100% of 50%",
            expect![[r#"
            value = 100% of 50%
        "#]],
        );
    }
}
