//! `multipart/form-data` and its kin, RFC 7578 and RFC 2046 §5.1.
//!
//! The boundary is read off the first line, whatever the header says. A part's
//! place is its name, the n-th part's `@n` if it has none; a file's name is a
//! value of its own, `name@filename`.

use memchr::memmem;
use model::{GapReason, LayerPlace};

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, names::NameStack};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Multipart;

impl Decoder for Multipart {
    fn name(&self) -> &'static str {
        "multipart"
    }

    fn about(&self) -> &'static str {
        "a part of a multipart body, by its name (RFC 7578, RFC 2046 §5.1)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == b'-').with(ByteClasses::BREAK)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        match boundary(look.bytes) {
            Some((_, rest)) if rest.len() >= 8 && rest[..8].eq_ignore_ascii_case(b"content-") => DecoderFit::Certain,
            _ => DecoderFit::No,
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some((boundary, mut rest)) = boundary(value) else { return PeelResult::NOTHING };
        let mark = [b"\n", boundary].concat();
        let finder = memmem::Finder::new(&mark);
        let mut names = NameStack::default();
        let mut peeled = PeelResult::NOTHING;
        for number in 1.. {
            let end = finder.find(rest);
            if end.is_none() {
                peeled.gap = Some(GapReason::Cut);
            }
            let part = &rest[..end.unwrap_or(rest.len())];
            peeled.how = PeelOutcome::Opened;
            if !give(part.strip_suffix(b"\r").unwrap_or(part), number, &mut names, inner) {
                break;
            }
            let Some(after) = end.map(|end| &rest[end + mark.len()..]) else { break };
            if after.starts_with(b"--") {
                break;
            }
            rest = after.trim_ascii_start();
            if rest.is_empty() {
                peeled.gap = Some(GapReason::Cut);
                break;
            }
        }
        peeled
    }
}

/// The line that starts with two dashes, and what follows it.
fn boundary(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', &value[..value.len().min(200)])?;
    let line = value[..end].trim_ascii_end();
    (line.starts_with(b"--") && line.len() > 2).then(|| (line, &value[end + 1..]))
}

/// Gives one part; false if no more is wanted.
fn give(part: &[u8], number: usize, names: &mut NameStack, inner: &mut dyn InnerValues) -> bool {
    let (head, content) = split(part);
    let by_number = format!("@{number}");
    let name = parameter(head, b"name").unwrap_or(by_number.as_bytes());
    let place = names.place(name);
    if let Some(file) = parameter(head, b"filename").filter(|file| !file.is_empty()) {
        let LayerPlace::At(name) = &place else { return false };
        if inner.give(LayerPlace::at(format!("{name}@filename")), file).is_break() {
            return false;
        }
    }
    inner.give(place, content).is_continue()
}

/// A part's header and its content.
fn split(part: &[u8]) -> (&[u8], &[u8]) {
    for end in [&b"\r\n\r\n"[..], b"\n\n"] {
        if let Some(at) = memmem::find(part, end) {
            return (&part[..at], &part[at + end.len()..]);
        }
    }
    (part, b"")
}

/// The value of `; name="…"` in a header.
fn parameter<'h>(head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    memmem::find_iter(head, name).find_map(|at| {
        let before = head[..at].last()?;
        let value = head[at + name.len()..].strip_prefix(b"=")?;
        if !matches!(before, b' ' | b';' | b'\t') {
            return None;
        }
        match value.strip_prefix(b"\"") {
            Some(quoted) => Some(&quoted[..memchr::memchr(b'"', quoted)?]),
            None => Some(&value[..value.iter().position(|b| b";\r\n ".contains(b)).unwrap_or(value.len())]),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, gzip};
    use expect_test::expect;

    #[test]
    fn parts_are_reached_by_name() {
        let text = b"--x42\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nperson\r\n--x42\r\n\
            Content-Disposition: form-data; name=\"log\"; filename=\"app.log.gz\"\r\nContent-Type: application/gzip\r\n\r\n";
        let body = [&text[..], &gzip(b"hello"), b"\r\n--x42--\r\n"].concat();
        check(
            body,
            expect![[r#"
                value = --x42\r\nContent-Disposition: form-data; name="user"\r\n\r\nperson…
                value ▸ multipart user = person
                value ▸ multipart log@filename = app.log.gz
                value ▸ multipart log = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00
                value ▸ multipart log ▸ gzip = hello
            "#]],
        );
    }

    #[test]
    fn a_cut_body_gives_what_it_has_and_says_so() {
        check(
            "--x42\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nper",
            expect![[r#"
            value = --x42\r\nContent-Disposition: form-data; name="user"\r\n\r\nper
            value ▸ multipart user = per
            value ! Cut: the multipart layer ends too early
        "#]],
        );
    }
}
