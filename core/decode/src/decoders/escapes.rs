//! `\u00e9`, `\xe9` and `\n` in text that is no JSON: strings of programs, cut
//! out of where they stood (ECMA-262 §12.9.4), and bytes as Python, Go, C and
//! PHP write them: `b'\x1f\x8b'`, `"\037\213"`.

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, json, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Escapes;

impl Decoder for Escapes {
    fn name(&self) -> &'static str {
        "escapes"
    }

    fn about(&self) -> &'static str {
        "backslash escapes of program text: \\u, \\x, \\n (ECMA-262 §12.9.4)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::BACKSLASH).without(ByteClasses::RAW)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if has_escape(look.bytes) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        if !has_escape(value) || !inner.budget().room(value.len()) {
            return PeelResult::NOTHING;
        }
        // Where `\x` stands for a byte and not for a character, the bytes tell.
        if let Some(bytes) = bytes(literal(value))
            && (sense::is_marked(&bytes)
                || !value.is_ascii()
                || std::str::from_utf8(&bytes).is_ok_and(|text| !text.is_ascii()))
        {
            return PeelResult::perhaps(inner, &bytes);
        }
        // A text may quote another that has them.
        PeelResult::perhaps(inner, &json::unescaped(value))
    }
}

/// The inside of `b'…'` or `"…"`, or the text itself.
fn literal(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"bytearray(").and_then(|rest| rest.strip_suffix(b")")).unwrap_or(text);
    let bare = match text {
        [b'b' | b'B' | b'@', rest @ ..] if matches!(rest.first(), Some(b'\'' | b'"')) => rest,
        [b'r', b'b', rest @ ..] | [b'b', b'r', rest @ ..] if matches!(rest.first(), Some(b'\'' | b'"')) => rest,
        _ => text,
    };
    match bare {
        [quote @ (b'\'' | b'"'), inner @ .., end] if quote == end => inner,
        _ => text,
    }
}

/// The bytes of a literal; none if it has escapes of characters over 0xff.
fn bytes(literal: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(literal.len());
    let mut rest = literal;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        let escape = rest.get(at + 1..)?;
        let digit = |at: usize, base: u32| char::from(*escape.get(at)?).to_digit(base);
        let (byte, length) = match escape.first()? {
            b'x' => (digit(1, 16)? << 4 | digit(2, 16)?, 3),
            b'0'..=b'7' => {
                let digits = (0..3).take_while(|at| digit(*at, 8).is_some()).count();
                ((0..digits).fold(0, |sum, at| sum << 3 | digit(at, 8).unwrap_or(0)), digits)
            }
            b'n' => (10, 1),
            b'r' => (13, 1),
            b't' => (9, 1),
            b'a' => (7, 1),
            b'b' => (8, 1),
            b'v' => (11, 1),
            b'f' => (12, 1),
            b'e' => (27, 1),
            b'u' | b'U' => return None,
            other => (u32::from(*other), 1),
        };
        plain.push(u8::try_from(byte).ok()?);
        rest = &escape[length..];
    }
    plain.extend_from_slice(rest);
    Some(plain)
}

/// Whether there is one that no path of Windows has: four or two hex digits
/// after `u` or `x`, or a quote.
fn has_escape(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', text).any(|at| match text[at + 1..] {
        [b'u', a, b, c, d, ..] => [a, b, c, d].iter().all(u8::is_ascii_hexdigit),
        [b'x', a, b, ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'0'..=b'3', b, c, ..] => [b, c].iter().all(|digit| matches!(digit, b'0'..=b'7')),
        [b'"' | b'/', ..] => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn escapes_outside_json_open() {
        check(
            r"J\u00fcrgen \x4d\u00fcller",
            expect![[r#"
            value = J\\u00fcrgen \\x4d\\u00fcller
            value ▸ escapes = Jürgen Müller
        "#]],
        );
        check(
            r#"{\"a\":\"hello\"}"#,
            expect![[r#"
            value = {\\"a\\":\\"hello\\"}
            value ▸ escapes = {"a":"hello"}
            value ▸ escapes ▸ json $.a = hello
        "#]],
        );
    }

    #[test]
    fn bytes_of_programs_open() {
        let packed = crate::checks::gzip(b"{\"a\":\"hello\"}");
        let hex: String = packed.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let octal: String = packed.iter().map(|byte| format!("\\{byte:03o}")).collect();
        let mixed = packed.escape_ascii().to_string();
        for text in [
            format!("b'{mixed}'"),
            format!("b\"{hex}\""),
            format!("bytearray(b'{hex}')"),
            format!("\"{octal}\""),
            hex.clone(),
            mixed.clone(),
        ] {
            let shown = crate::checks::shown_of(&text);
            assert!(shown.contains("value ▸ escapes ▸ gzip ▸ json $.a = hello"), "{text}: {shown}");
        }
        assert!(crate::checks::shown_of(r"b'J\xc3\xbcrgen'").contains("value ▸ escapes = Jürgen"));
    }

    #[test]
    fn a_path_stays_closed() {
        check_closed(r"C:\users\name\file");
    }
}
