//! Hexadecimal digits, RFC 4648 §8, in either case, as a whole value.
//!
//! Also with a separator between the bytes, in lines and groups, after `0x`, and
//! as programs print them: `<Buffer 1f 8b>`, `<1f8b0800 …>`, `x'1f8b'`. Digests and
//! identifiers are hex as well: bytes that make no sense are still visited, as
//! they may be a key, or encoded further.

use std::borrow::Cow;

use super::{Decoder, DecoderFit, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Hex;

const DIGITS: ByteClasses = ByteClasses::DIGIT.and(ByteClasses::LOWER_HEX).and(ByteClasses::UPPER_HEX);
const SEPARATORS: ByteClasses = ByteClasses::COLON.and(ByteClasses::SPACE).and(ByteClasses::DASH);

impl Decoder for Hex {
    fn name(&self) -> &'static str {
        "hex"
    }

    fn about(&self) -> &'static str {
        "hexadecimal digits, plain, after 0x, with a separator, in groups or lines (RFC 4648 §8)"
    }

    fn shape(&self) -> Prefilter {
        let printed = ByteClasses::LOWER_REST
            .and(ByteClasses::UPPER_REST)
            .and(ByteClasses::ANGLE)
            .and(ByteClasses::OTHER)
            .and(ByteClasses::BACKSLASH);
        Prefilter::ANY
            .starting(|byte| byte.is_ascii_hexdigit() || b"<xX\\".contains(&byte))
            .only(DIGITS.and(SEPARATORS).and(ByteClasses::BREAK).and(ByteClasses::DOT).and(printed))
            .at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let plain = look.kinds.only(DIGITS) && look.bytes.len().is_multiple_of(2) && look.bytes.len() >= 8;
        if plain {
            return DecoderFit::Maybe;
        }
        let separated = look.kinds.only(DIGITS.and(SEPARATORS)) && look.bytes.len() >= 11 && look.bytes.len() % 3 == 2;
        if separated {
            return DecoderFit::Maybe;
        }
        let grouped =
            look.kinds.only(DIGITS.and(ByteClasses::SPACE).and(ByteClasses::BREAK)) && look.bytes.len() >= GROUPED;
        let printed = matches!(look.bytes, [b'0' | b'\\' | b'x' | b'X' | b'<', ..]) && bare(look.bytes).is_some();
        if grouped || printed { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let (value, is_cut) = bare(value).unwrap_or((value, false));
        let Some(digits) = digits(value) else { return PeelResult::NOTHING };
        let gap = is_cut.then_some(model::GapReason::Cut);
        let pairs = digits.chunks_exact(2);
        if !pairs.remainder().is_empty() || !inner.budget().room(digits.len() / 2) {
            return PeelResult::NOTHING;
        }
        let Some(plain) = pairs.map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect::<Option<Vec<u8>>>()
        else {
            return PeelResult::NOTHING;
        };
        if sense::makes(&plain) {
            return PeelResult::whole(inner, &plain, gap);
        }
        if plain.len() >= 12 { PeelResult::perhaps(inner, &plain) } else { PeelResult::NOTHING }
    }
}

/// Dates and lists of numbers are shorter than what is written in groups.
const GROUPED: usize = 24;

/// What stands between the marks of a program's print, and whether it says that
/// there was more; none if there are no such marks.
fn bare(value: &[u8]) -> Option<(&[u8], bool)> {
    let inner = |start: &[u8], end: &[u8]| value.strip_prefix(start)?.strip_suffix(end);
    if let Some(buffer) = inner(b"<Buffer ", b">") {
        // `… 50 more bytes`
        let digits = memchr::memmem::find(buffer, b"...").map_or(buffer, |end| &buffer[..end]);
        return Some((digits.trim_ascii_end(), digits.len() < buffer.len()));
    }
    let quoted = inner(b"x'", b"'").or_else(|| inner(b"X'", b"'")).or_else(|| inner(b"<", b">"));
    let prefixed = [&b"0x"[..], b"0X", b"\\x"].iter().find_map(|prefix| value.strip_prefix(*prefix));
    let digits = quoted.or(prefixed)?;
    (digits.len() >= 8 && ByteClasses::of(digits).only(DIGITS.and(ByteClasses::SPACE).and(ByteClasses::BREAK)))
        .then_some((digits, false))
}

/// The digits alone; none if separators are neither between all bytes nor
/// between groups of whole bytes.
fn digits(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    if value.iter().all(u8::is_ascii_hexdigit) {
        return Some(Cow::Borrowed(value));
    }
    let separator = value.get(2).copied().filter(|byte| !byte.is_ascii_alphanumeric());
    let bytes = value.chunks(3);
    let regular = bytes.clone().all(|byte| byte.len() >= 2 && byte.get(2).is_none_or(|end| Some(*end) == separator));
    if regular {
        return Some(Cow::Owned(bytes.flat_map(|byte| [byte[0], byte[1]]).collect()));
    }
    let mut groups = value.split(u8::is_ascii_whitespace).filter(|group| !group.is_empty());
    let whole = groups.all(|group| group.len().is_multiple_of(2) && group.iter().all(u8::is_ascii_hexdigit));
    whole.then(|| Cow::Owned(value.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect()))
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
    fn lines_groups_and_prints_of_programs_open() {
        let hello = "value ▸ hex = hello world";
        for text in [
            "68656c6c6f20\n776f726c64\n",
            "6865 6c6c 6f20 776f 726c 64",
            "<Buffer 68 65 6c 6c 6f 20 77 6f 72 6c 64>",
            "<68656c6c 6f20776f 726c64>",
            "x'68656c6c6f20776f726c64'",
            "\\x68656c6c6f20776f726c64",
            "0X68656C6C6F20776F726C64",
            "68 65 6c 6c 6f 20\n77 6f 72 6c 64",
        ] {
            let shown = crate::checks::shown_of(text);
            assert!(shown.contains(hello), "{text}: {shown}");
        }
    }

    #[test]
    fn a_date_is_no_hex() {
        check_closed("2024-01-02 10:00:00");
        check_closed("+49 151 94636692");
    }

    #[test]
    fn a_short_number_stays_closed() {
        check_closed("deadbeef");
        check_closed("1588555800000");
    }
}
