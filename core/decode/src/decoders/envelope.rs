//! Sentry envelopes (develop.sentry.dev, "Envelopes"): a line of JSON about
//! all, then for each item a line about it and its payload, which may be
//! binary and has its length in that line.

use memchr::{memchr, memmem};
use model::{GapReason, LayerPlace};

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Envelope;

impl Decoder for Envelope {
    fn name(&self) -> &'static str {
        "envelope"
    }

    fn about(&self) -> &'static str {
        "the header, the n-th item and its header (n@header) of a Sentry envelope (develop.sentry.dev, Envelopes)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == b'{').with(ByteClasses::BREAK)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if !look.starts_with(b"{") || !look.kinds.any(ByteClasses::BREAK) {
            return DecoderFit::No;
        }
        let (header, rest) = line(look.bytes);
        let (item, payload) = line(rest);
        // Two lines of JSON, the second about a type, are JSON lines.
        let is_about_all = |line: &[u8]| {
            let line = line.trim_ascii_end();
            line == b"{}" || ABOUT_ALL.iter().any(|name| memmem::find(line, name).is_some())
        };
        let is_object = |line: &[u8]| line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}");
        let typed = is_object(item) && memmem::find(item, b"\"type\"").is_some() && item.len() < 4096;
        let all = is_object(header) && is_about_all(header) && !payload.trim_ascii().is_empty();
        if all && typed { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let (header, mut rest) = line(value);
        let mut peeled = PeelResult::ALL;
        if inner.give(LayerPlace::at("header"), header.trim_ascii_end()).is_break() {
            return peeled;
        }
        for number in 1.. {
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                break;
            }
            let (about, after) = line(rest);
            let payload = match length(about) {
                Some(length) if length <= after.len() => &after[..length],
                Some(_) => {
                    peeled.gap = Some(GapReason::Cut);
                    after
                }
                None => line(after).0,
            };
            rest = &after[payload.len()..];
            let flow = inner.give(LayerPlace::at(format!("{number}@header")), about.trim_ascii_end());
            if flow.is_break() || inner.give(LayerPlace::at(number.to_string()), payload).is_break() {
                break;
            }
        }
        peeled
    }
}

/// Names of which one is in the first line, if there is any.
const ABOUT_ALL: [&[u8]; 5] = [b"\"event_id\"", b"\"sent_at\"", b"\"dsn\"", b"\"sdk\"", b"\"trace\""];

/// The first line, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, b""),
    }
}

/// The number behind `"length":`.
fn length(about: &[u8]) -> Option<usize> {
    let at = memmem::find(about, b"\"length\"")? + b"\"length\"".len();
    let number = about[at..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&number[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, zlib};
    use expect_test::expect;

    #[test]
    fn two_lines_of_json_are_no_envelope() {
        check(
            "{\"user\":\"person\"}\n{\"type\":\"click\"}\n",
            expect![[r#"
            value = {"user":"person"}\n{"type":"click"}\n
            value ▸ lines 1 = {"user":"person"}
            value ▸ lines 1 ▸ json $.user = person
            value ▸ lines 2 = {"type":"click"}
            value ▸ lines 2 ▸ json $.type = click
        "#]],
        );
    }

    #[test]
    fn items_open_text_or_binary() {
        let packed = zlib(b"[\"hello hello hello\"]");
        let head = format!(
            "{{\"event_id\":\"1\"}}\n{{\"type\":\"event\"}}\n{{\"user\":\"person\"}}\n{{\"type\":\"replay_recording\",\"length\":{}}}\n",
            packed.len() + 17
        );
        check(
            [head.as_bytes(), b"{\"segment_id\":0}\n", &packed, b"\n"].concat(),
            expect![[r#"
                value = {"event_id":"1"}\n{"type":"event"}\n{"user":"person"}\n{"type":…
                value ▸ envelope header = {"event_id":"1"}
                value ▸ envelope header ▸ json $.event_id = 1
                value ▸ envelope 1@header = {"type":"event"}
                value ▸ envelope 1@header ▸ json $.type = event
                value ▸ envelope 1 = {"user":"person"}
                value ▸ envelope 1 ▸ json $.user = person
                value ▸ envelope 2@header = {"type":"replay_recording","length":36}
                value ▸ envelope 2@header ▸ json $.type = replay_recording
                value ▸ envelope 2@header ▸ json $.length = 36
                value ▸ envelope 2 = {\"segment_id\":0}\nx\x9c\x8bV\xcaH\xcd\xc9\xc9W@\"\x95b\x01Q\xea\x07y
                value ▸ envelope 2 ▸ json $.segment_id = 0
                value ▸ envelope 2 ▸ json after = x\x9c\x8bV\xcaH\xcd\xc9\xc9W@\"\x95b\x01Q\xea\x07y
                value ▸ envelope 2 ▸ json after ▸ zlib = ["hello hello hello"]
                value ▸ envelope 2 ▸ json after ▸ zlib ▸ json $[0] = hello hello hello
            "#]],
        );
    }
}
