//! Hexadecimal digits, RFC 4648 §8, in either case, as a whole value.
//!
//! Also with a separator between the bytes, and after `0x`. Digests and
//! identifiers are hex as well: bytes that make no sense are still visited, as
//! they may be a key, or encoded further.

use std::borrow::Cow;

use super::{Decoder, Fit, Inner, Peeled, sense};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Hex;

const DIGITS: Kinds = Kinds::DIGIT.and(Kinds::LOWER_HEX).and(Kinds::UPPER_HEX);
const SEPARATORS: Kinds = Kinds::COLON.and(Kinds::SPACE).and(Kinds::DASH);

impl Decoder for Hex {
    fn name(&self) -> &'static str {
        "hex"
    }

    fn about(&self) -> &'static str {
        "hexadecimal digits, plain, after 0x, or with a separator (RFC 4648 §8)"
    }

    fn shape(&self) -> Shape {
        Shape::ANY
            .starting(|byte| byte.is_ascii_hexdigit())
            .only(DIGITS.and(SEPARATORS).and(Kinds::LOWER_REST))
            .at_least(8)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        let plain = look.kinds.only(DIGITS) && look.bytes.len().is_multiple_of(2) && look.bytes.len() >= 8;
        if plain {
            return Fit::Maybe;
        }
        let separated = look.kinds.only(DIGITS.and(SEPARATORS)) && look.bytes.len() >= 11 && look.bytes.len() % 3 == 2;
        if separated || look.starts_with(b"0x") && look.bytes.len() >= 10 { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        let Some(digits) = digits(value) else { return Peeled::NOTHING };
        let pairs = digits.chunks_exact(2);
        if !pairs.remainder().is_empty() || !inner.budget().room(digits.len() / 2) {
            return Peeled::NOTHING;
        }
        let Some(plain) = pairs.map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect::<Option<Vec<u8>>>()
        else {
            return Peeled::NOTHING;
        };
        if sense::makes(&plain) {
            return Peeled::whole(inner, &plain, None);
        }
        if plain.len() >= 12 { Peeled::perhaps(inner, &plain) } else { Peeled::NOTHING }
    }
}

/// The digits alone; none if separators are not between all bytes.
fn digits(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let value = value.strip_prefix(b"0x").unwrap_or(value);
    let separator = match value.get(2) {
        Some(byte) if !byte.is_ascii_alphanumeric() => *byte,
        _ => return Some(Cow::Borrowed(value)),
    };
    let bytes = value.chunks(3);
    let regular = bytes.clone().all(|byte| byte.len() >= 2 && byte.get(2).is_none_or(|end| *end == separator));
    regular.then(|| Cow::Owned(bytes.flat_map(|byte| [byte[0], byte[1]]).collect()))
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn text_in_hex_opens() {
        check(
            "68656c6c6f20776f726c64",
            expect![[r#"
            value = 68656c6c6f20776f726c64
            value ▸ hex = hello world
        "#]],
        );
        check(
            "0x68656C6C6F",
            expect![[r#"
            value = 0x68656C6C6F
            value ▸ hex = hello
        "#]],
        );
        check(
            "68:65:6c:6c:6f",
            expect![[r#"
            value = 68:65:6c:6c:6f
            value ▸ hex = hello
        "#]],
        );
    }

    #[test]
    fn a_short_number_stays_closed() {
        check_closed("deadbeef");
        check_closed("1588555800000");
    }
}
