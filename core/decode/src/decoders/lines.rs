//! JSON texts one after another: a line each (jsonlines.org, ndjson-spec), with
//! a record separator before each (RFC 7464), or with nothing between them.

use model::{GapReason, LayerPlace};

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, json};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Lines;

impl Decoder for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn about(&self) -> &'static str {
        "the n-th of several JSON texts, a line each or with nothing between them (JSON lines; RFC 7464)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| b"{[\"\x1e".contains(&byte)).with(ByteClasses::BREAK.and(ByteClasses::BRACE))
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let follows = |between: &[u8]| memchr::memmem::find(look.bytes, between).is_some();
        let records = matches!(look.bytes, [0x1e, b'{' | b'[' | b'"', ..]);
        let may = records || look.kinds.any(ByteClasses::BREAK) || BETWEEN.iter().any(|between| follows(between));
        if may && (records || next_text(look.bytes).0.is_some()) { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut peeled = PeelResult::NOTHING;
        let mut rest = value;
        let mut number = 0;
        while !rest.is_empty() {
            let (next, in_vain) = next_text(rest);
            if !inner.budget().work(in_vain) {
                peeled.gap = Some(GapReason::Budget);
                break;
            }
            let (line, after) = rest.split_at(next.unwrap_or(rest.len()).max(1));
            rest = after;
            number += 1;
            let line = line.strip_prefix(b"\x1e").unwrap_or(line).trim_ascii();
            let line = line.strip_suffix(b",").or_else(|| line.strip_suffix(b"\0")).unwrap_or(line).trim_ascii_end();
            if line.is_empty() {
                continue;
            }
            peeled.how = PeelOutcome::Opened;
            if inner.give(LayerPlace::at(itoa::Buffer::new().format(number)), line).is_break() {
                break;
            }
        }
        peeled
    }
}

/// What stands within no JSON text, but perhaps within a string of it.
const BETWEEN: [&[u8]; 5] = [b"}{", b"} {", b"][", b"}\0", b"}\x1e"];

/// Where the next text starts: between the end of one and the start of another.
/// And how many bytes were read for the end of one that a line ends before: they
/// are read again for the next.
fn next_text(bytes: &[u8]) -> (Option<usize>, usize) {
    match bytes.first() {
        Some(b'{' | b'[') => {
            let Some(end) = json::end(bytes) else { return (next_line(bytes), bytes.len()) };
            let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0 | 0x1e);
            let next = end + bytes[end..].iter().take_while(|byte| is_between(byte)).count();
            match bytes.get(next) {
                Some(b'{' | b'[') => (Some(next), 0),
                _ => (next_line(bytes), next),
            }
        }
        Some(0x1e) => (memchr::memchr(0x1e, &bytes[1..]).map(|at| at + 1).or_else(|| next_line(bytes)), 0),
        Some(b'"') => (next_line(bytes), 0),
        _ => (None, 0),
    }
}

/// The same, at the end of a line.
fn next_line(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\n', &bytes[from..]) {
        let before = bytes[..from + found].trim_ascii_end().last();
        let after = bytes[from + found..].trim_ascii_start();
        // Lines with nothing in them are passed together, and once.
        from = bytes.len() - after.len();
        let is_between = match after.first()? {
            b'{' => before == Some(&b'}'),
            b'[' => before == Some(&b']'),
            0x1e => before.is_some(),
            _ => false,
        };
        if is_between {
            return Some(from);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn each_line_is_a_value() {
        check(
            "{\"a\":\"one\"}\n{\"a\":\"two\"}\r\n",
            expect![[r#"
            value = {"a":"one"}\n{"a":"two"}\r\n
            value ▸ lines 1 = {"a":"one"}
            value ▸ lines 1 ▸ json $.a = one
            value ▸ lines 2 = {"a":"two"}
            value ▸ lines 2 ▸ json $.a = two
        "#]],
        );
    }

    #[test]
    fn texts_with_nothing_between_them_are_values_of_one_layer() {
        check(
            "{\"n\":\"}{\"}{\"n\":2} {\"a\":\"three\"}",
            expect![[r#"
            value = {"n":"}{"}{"n":2} {"a":"three"}
            value ▸ lines 1 = {"n":"}{"}
            value ▸ lines 1 ▸ json $.n = }{
            value ▸ lines 2 = {"n":2}
            value ▸ lines 2 ▸ json $.n = 2
            value ▸ lines 3 = {"a":"three"}
            value ▸ lines 3 ▸ json $.a = three
        "#]],
        );
        let many = format!("{}{{\"a\":\"last\"}}", "{\"n\":0}".repeat(500));
        assert!(crate::checks::shown_of(many).contains("value ▸ lines 501 ▸ json $.a = last"));
    }

    #[test]
    fn a_pretty_text_is_one_text() {
        check(
            "[\n  {\n    \"a\": \"one\"\n  },\n  {\n    \"a\": \"two\"\n  }\n]\n",
            expect![[r#"
            value = [\n  {\n    "a": "one"\n  },\n  {\n    "a": "two"\n  }\n]\n
            value ▸ json $[0].a = one
            value ▸ json $[1].a = two
        "#]],
        );
    }
}
