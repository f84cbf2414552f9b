//! Dumps of bytes as people paste them: `xxd`, `hexdump`, `hexdump -C`, `od`,
//! Wireshark. Each line begins with how far it is from the start.

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Hexdump;

impl Decoder for Hexdump {
    fn name(&self) -> &'static str {
        "hexdump"
    }

    fn about(&self) -> &'static str {
        "the bytes of a dump in hex, a line with its offset each (xxd, hexdump, od, Wireshark)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY
            .starting(|byte| matches!(byte, b'0' | b' '))
            .with(ByteClasses::SPACE)
            .without(ByteClasses::RAW)
            .at_least(16)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let first = look.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if DumpLine::of(first).is_some_and(|line| line.offset == 0 && line.bytes.len() >= 4) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        if !inner.budget().room(value.len() / 2) {
            return PeelResult::gap(model::GapReason::Budget);
        }
        let mut lines = value.split(|byte| *byte == b'\n').filter_map(DumpLine::of).peekable();
        let mut plain: Vec<u8> = Vec::new();
        let mut octal = false;
        while let Some(line) = lines.next() {
            octal |= line.offset != plain.len();
            let offset = if octal { line.octal } else { Some(line.offset) };
            if offset != Some(plain.len()) {
                return PeelResult::NOTHING;
            }
            // What the next line says of its offset ends the bytes of this one.
            let next = lines.peek().map(|next| if octal { next.octal.unwrap_or(0) } else { next.offset });
            let room = next.and_then(|next| next.checked_sub(plain.len())).unwrap_or(line.bytes.len());
            let room = if room > line.bytes.len() { line.bytes.len() } else { room };
            plain.extend(&line.bytes[..room]);
        }
        if plain.len() < 4 { PeelResult::NOTHING } else { PeelResult::whole(inner, &plain, None).surely() }
    }
}

struct DumpLine {
    offset: usize,
    /// The same, if its digits are octal as od's are.
    octal: Option<usize>,
    bytes: Vec<u8>,
}

impl DumpLine {
    fn of(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii();
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if !(4..=16).contains(&digits) {
            return None;
        }
        let text = std::str::from_utf8(&line[..digits]).ok()?;
        let offset = usize::from_str_radix(text, 16).ok()?;
        let octal = usize::from_str_radix(text, 8).ok();
        let rest = &line[digits..];
        let has_colon = rest.starts_with(b":");
        let rest = rest.strip_prefix(b":").unwrap_or(rest);
        let rest = rest.strip_prefix(b"h").unwrap_or(rest);
        if !rest.starts_with(b" ") && !rest.starts_with(b"\t") {
            return (rest.is_empty() && offset > 0).then(|| Self { offset, octal, bytes: Vec::new() });
        }
        // Text stands behind a bar or a gap of blanks.
        let rest = memchr::memchr(b'|', rest).map_or(rest, |bar| &rest[..bar]).trim_ascii();
        let mut bytes = Vec::new();
        let mut width = 0;
        let mut at = 0;
        while at < rest.len() && bytes.len() < 64 {
            let blanks = rest[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let word = &rest[at + blanks..];
            let length = word.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            let word = &word[..length];
            let is_hex = matches!(length, 2 | 4 | 8) && word.iter().all(u8::is_ascii_hexdigit);
            let is_text = blanks >= 3 || blanks == 2 && (width != 2 || bytes.len() % 8 != 0) && !bytes.is_empty();
            if !is_hex || is_text || width > 0 && length > width {
                break;
            }
            width = width.max(length);
            let mut group: Vec<u8> =
                word.chunks(2).filter_map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect();
            // Without a colon words of more bytes are numbers, little end first.
            if !has_colon && width > 2 {
                group.reverse();
            }
            bytes.extend(group);
            at += blanks + length;
        }
        (!bytes.is_empty()).then_some(Self { offset, octal, bytes })
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed, shown_of};
    use expect_test::expect;

    #[test]
    fn the_dumps_of_each_program_open() {
        for dump in [
            "00000000: 7b22 6122 3a22 6865 6c6c 6f20 7468 6572  {\"a\":\"hello ther\n00000010: 6522 7d                                  e\"}",
            "00000000  7b 22 61 22 3a 22 68 65  6c 6c 6f 20 74 68 65 72  |{\"a\":\"hello ther|\n00000010  65 22 7d                                          |e\"}|\n00000013\n",
            "0000000 227b 2261 223a 6568 6c6c 206f 6874 7265\n0000010 2265 007d\n0000013",
            "0000000 7b 22 61 22 3a 22 68 65 6c 6c 6f 20 74 68 65 72\n0000020 65 22 7d\n0000023",
            "0000   7b 22 61 22 3a 22 68 65 6c 6c 6f 20 74 68 65 72   {\"a\":\"hello ther\n0010   65 22 7d                                          e\"}",
        ] {
            let shown = shown_of(dump);
            assert!(shown.contains("▸ hexdump ▸ json $.a = hello there"), "{dump}\n{shown}");
        }
        check(
            "00000000: 6865 6c6c 6f",
            expect![[r#"
            value = 00000000: 6865 6c6c 6f
            value ▸ hexdump = hello
        "#]],
        );
    }

    #[test]
    fn a_table_of_numbers_is_none() {
        check_closed("2024 12 31 10 11 12");
        check_closed("0049 151 23456789 12");
    }
}
