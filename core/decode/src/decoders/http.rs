//! A whole HTTP message as a value (RFC 9112 §2.1): its fields and its body.
//!
//! Pasted into reports, logged by programs, packed into batches and `message/http`.
//! The address of a request is read by `path` and `query`.

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, names::NameStack, url};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct Http;

impl Decoder for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn about(&self) -> &'static str {
        "a field (header:name), the target or the body of a whole HTTP message (RFC 9112 §2.1)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte.is_ascii_uppercase()).with(ByteClasses::BREAK).at_least(16)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if first_line(look.bytes).is_some_and(is_start) { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(first) = first_line(value) else { return PeelResult::NOTHING };
        let (mut names, mut name) = (NameStack::default(), String::new());
        // `path` and `query` read what is text as a whole.
        if let Some(target) = url::target(first).filter(|_| !value_view::is_text(value))
            && inner.give(LayerPlace::at("target"), target).is_break()
        {
            return PeelResult::ALL;
        }
        let mut rest = &value[(first.len() + 1).min(value.len())..];
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            if line.is_empty() {
                break;
            }
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            name.clear();
            name.push_str("header:");
            name.push_str(&String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase());
            let place = names.place(name.as_bytes()).into_owned();
            if inner.give(place, line[colon + 1..].trim_ascii()).is_break() {
                return PeelResult::ALL;
            }
        }
        if !rest.is_empty() {
            let _ = inner.give(LayerPlace::at("body"), rest);
        }
        PeelResult { how: PeelOutcome::Surely, gap: None }
    }
}

fn first_line(value: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 64 << 10;
    let end = memchr::memchr(b'\n', &value[..value.len().min(LONGEST)])?;
    Some(&value[..end])
}

/// Whether it is a request line or a status line.
fn is_start(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let is_request = url::target(line).is_some() && memchr::memmem::rfind(line, b" HTTP/").is_some();
    is_request || line.starts_with(b"HTTP/1.") || line.starts_with(b"HTTP/2 ")
}

fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    Some((line, &text[(end + 1).min(text.len())..]))
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, gzip};
    use expect_test::expect;

    #[test]
    fn a_message_has_an_address_fields_and_a_body() {
        check(
            "POST /v1/e?a=b HTTP/1.1\r\nHost: a.example\r\nCookie: k=v\r\n\r\n{\"user\":\"person\"}",
            expect![[r#"
            value = POST /v1/e?a=b HTTP/1.1\r\nHost: a.example\r\nCookie: k=v\r\n\r\n{"u…
            value ▸ path 1 = v1
            value ▸ path 2 = e
            value ▸ query a = b
            value ▸ http header:host = a.example
            value ▸ http header:cookie = k=v
            value ▸ http body = {"user":"person"}
            value ▸ http body ▸ json $.user = person
        "#]],
        );
    }

    #[test]
    fn a_packed_body_opens() {
        let message = [&b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"[..], &gzip(b"hello world")].concat();
        check(
            message,
            expect![[r#"
            value = HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9W(…
            value ▸ http header:content-encoding = gzip
            value ▸ http body = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9W(\xcf/\xcaI\x01\x00\x85\x11J\r\x0b\x00\x00\x00
            value ▸ http body ▸ gzip = hello world
        "#]],
        );
    }
}
