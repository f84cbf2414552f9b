//! Percent-encoding, RFC 3986 §2.1, and the `%uXXXX` of JavaScript's `escape`
//! (ECMA-262 §B.2.1.1).
//!
//! Forms, queries and paths undo their own; this is for what was encoded once
//! more, and is tried when nothing else opened the value.

use std::borrow::Cow;

use super::{Decoder, Fit, Inner, Peeled, Rank};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Percent;

impl Decoder for Percent {
    fn name(&self) -> &'static str {
        "percent"
    }

    fn about(&self) -> &'static str {
        "percent-encoding (RFC 3986 §2.1) and escape() (ECMA-262 §B.2.1.1)"
    }

    fn rank(&self) -> Rank {
        Rank::Else
    }

    fn shape(&self) -> Shape {
        Shape::ANY.with(Kinds::PERCENT).without(Kinds::BINARY)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        if look.kinds.any(Kinds::PERCENT) && !look.kinds.any(Kinds::BINARY) { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        match undo(value, false) {
            Cow::Borrowed(_) => Peeled::NOTHING,
            Cow::Owned(plain) => Peeled::whole(inner, &plain, None),
        }
    }
}

/// The bytes meant; borrowed if they are the bytes there. What is no escape
/// stays as it is.
pub(super) fn undo(text: &[u8], plus_is_space: bool) -> Cow<'_, [u8]> {
    let first = if plus_is_space { memchr::memchr2(b'%', b'+', text) } else { memchr::memchr(b'%', text) };
    let Some(first) = first else { return Cow::Borrowed(text) };
    let mut plain = Vec::with_capacity(text.len());
    plain.extend_from_slice(&text[..first]);
    let mut at = first;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'%' => escape(&text[at..], &mut plain),
            b'+' if plus_is_space => {
                plain.push(b' ');
                1
            }
            _ => {
                plain.push(*byte);
                1
            }
        };
    }
    if plain == text { Cow::Borrowed(text) } else { Cow::Owned(plain) }
}

/// Undoes the escape that `text` starts with; how long it was.
fn escape(text: &[u8], plain: &mut Vec<u8>) -> usize {
    match text {
        [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            plain.push(digit(*high) << 4 | digit(*low));
            3
        }
        [b'%', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => {
            let unit = [a, b, c, d].iter().fold(0, |unit, byte| unit << 4 | u32::from(digit(**byte)));
            // Halves of surrogate pairs are rare here and stay apart.
            let c = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
            plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            6
        }
        _ => {
            plain.push(text[0]);
            1
        }
    }
}

fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        _ => (hex | 0x20).wrapping_sub(b'a' - 10),
    }
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
