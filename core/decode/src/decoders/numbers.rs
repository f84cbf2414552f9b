//! Bytes as a list of numbers, as programs print them: `104,101,108`,
//! `[31, -117, 8]`, `{0x1f, 0x8b}`, `new byte[] { … }`, `Uint8Array(3) [ … ]`.

use super::{Decoder, DecoderFit, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Numbers;

impl Decoder for Numbers {
    fn name(&self) -> &'static str {
        "numbers"
    }

    fn about(&self) -> &'static str {
        "bytes as a list of numbers, decimal, signed or after 0x, with commas, blanks or lines between them"
    }

    fn shape(&self) -> Prefilter {
        let own = ByteClasses::ALPHANUMERIC
            .and(ByteClasses::COMMA)
            .and(ByteClasses::BRACE)
            .and(ByteClasses::SPACE)
            .and(ByteClasses::BREAK);
        // Parentheses and semicolons of programs are among the others.
        let own = own
            .and(ByteClasses::DASH)
            .and(ByteClasses::SEMICOLON)
            .and(ByteClasses::OTHER)
            .and(ByteClasses::ANGLE)
            .and(ByteClasses::EQUALS);
        Prefilter::ANY.with(ByteClasses::COMMA.and(ByteClasses::SPACE).and(ByteClasses::BREAK)).at_least(8).only(own)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        // The first few tell: hardly any text goes on after three such numbers.
        let list = list(look.bytes);
        let mut first = tokens(list).take(3);
        if look.kinds.any(ByteClasses::DIGIT) && first.all(|token| byte(token).is_some()) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(plain) = tokens(list(value)).map(byte).collect::<Option<Vec<u8>>>() else {
            return PeelResult::NOTHING;
        };
        if plain.len() < 4 || !inner.budget().room(plain.len()) {
            return PeelResult::NOTHING;
        }
        match sense::makes(&plain) {
            true => PeelResult::whole(inner, &plain, None),
            false if plain.len() >= TELLING => PeelResult::perhaps(inner, &plain),
            false => PeelResult::NOTHING,
        }
    }
}

/// So many numbers under 256 are hardly anything but bytes.
const TELLING: usize = 16;

/// What stands in the brackets, without the words before and behind them.
fn list(text: &[u8]) -> &[u8] {
    /// Bytes of the longest words before a list.
    const WORDS: usize = 40;
    let text = text.trim_ascii();
    let begins = |at: &usize| {
        let first = text[at + 1..].trim_ascii_start().first();
        matches!(text[*at], b'[' | b'{' | b'(')
            && first.is_some_and(|byte| byte.is_ascii_digit() || b"-(".contains(byte))
    };
    let Some(open) = (0..text.len().min(WORDS)).find(begins) else { return text };
    let close = match text[open] {
        b'[' => b']',
        b'{' => b'}',
        _ => b')',
    };
    let rest = &text[open + 1..];
    memchr::memrchr(close, rest).map_or(rest, |end| &rest[..end])
}

fn tokens(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let pieces = list.split(|byte| matches!(byte, b',' | b' ' | b'\t' | b'\r' | b'\n' | b';'));
    pieces.filter(|token| !token.is_empty() && *token != b"(byte)")
}

/// A number that a byte may be written as.
fn byte(token: &[u8]) -> Option<u8> {
    let token = token.strip_prefix(b"(byte)").unwrap_or(token);
    let text = std::str::from_utf8(token).ok().filter(|text| text.len() <= 6)?;
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u8::from_str_radix(digits.trim_end_matches(['u', 'U']), 16).ok();
    }
    let number = text.parse::<i16>().ok()?;
    u8::try_from(number).or_else(|_| i8::try_from(number).map(|signed| signed as u8)).ok()
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn a_list_of_bytes_opens() {
        check(
            "104,101,108,108,111",
            expect![[r#"
            value = 104,101,108,108,111
            value ▸ numbers = hello
        "#]],
        );
        check(
            "104 101 108 108 111",
            expect![[r#"
            value = 104 101 108 108 111
            value ▸ numbers = hello
        "#]],
        );
        check(
            "104, 101,\n 108, 108, 111",
            expect![[r#"
            value = 104, 101,\n 108, 108, 111
            value ▸ numbers = hello
        "#]],
        );
    }

    #[test]
    fn lists_of_programs_open() {
        check(
            "new byte[] { 0x68, 0x65, (byte) 0x6c, 0x6c, 0x6f }",
            expect![[r#"
                value = new byte[] { 0x68, 0x65, (byte) 0x6c, 0x6c, 0x6f }
                value ▸ numbers = hello
            "#]],
        );
        check(
            "Uint8Array(5) [ 104, 101, 108, 108, 111 ]",
            expect![[r#"
                value = Uint8Array(5) [ 104, 101, 108, 108, 111 ]
            "#]],
        );
        check(
            "[104, 101, 108, 108, 111]",
            expect![[r#"
            value = [104, 101, 108, 108, 111]
            value ▸ json $[0] = 104
            value ▸ json $[1] = 101
            value ▸ json $[2] = 108
            value ▸ json $[3] = 108
            value ▸ json $[4] = 111
            value ▸ numbers = hello
        "#]],
        );
        check(
            "-61 -92 104 101 108",
            expect![[r#"
            value = -61 -92 104 101 108
            value ▸ numbers = ähel
        "#]],
        );
    }

    #[test]
    fn other_numbers_stay_closed() {
        check_closed("1280,800,24,1");
        check_closed("1 of 12 things, 3 of them large");
        check_closed("3, 2, 1");
    }
}
