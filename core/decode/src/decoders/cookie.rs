//! Cookies, RFC 6265 §4.

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, names::NameStack};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Cookie;

impl Decoder for Cookie {
    fn name(&self) -> &'static str {
        "cookie"
    }

    fn about(&self) -> &'static str {
        "a cookie of a Cookie or Set-Cookie header, as it stands (RFC 6265 §4)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::EQUALS)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if !look.kinds.any(ByteClasses::EQUALS) || !look.layer.ends_with("header") {
            return DecoderFit::No;
        }
        match look.place {
            // More than `Maybe`, so that no form is seen in it.
            model::LayerPlace::At(name) if name.starts_with("cookie") || name.starts_with("set-cookie") => {
                DecoderFit::Certain
            }
            _ => DecoderFit::No,
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut names = NameStack::default();
        let mut peeled = PeelResult::NOTHING;
        for pair in value.split(|byte| *byte == b';') {
            let Some(at) = memchr::memchr(b'=', pair) else { continue };
            let (name, value) = (pair[..at].trim_ascii(), unquoted(pair[at + 1..].trim_ascii()));
            if value.is_empty() {
                continue;
            }
            peeled.how = PeelOutcome::Opened;
            if inner.give(names.place(name), value).is_break() {
                break;
            }
        }
        peeled
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check_exchange, request};
    use expect_test::expect;

    #[test]
    fn cookies_are_places() {
        check_exchange(
            &request(
                "GET",
                "http://a.example",
                &[("Cookie", "sid=abc; prefs=%7B%22u%22%3A%22hello%22%7D; sid=\"q\"")],
                b"",
            ),
            expect![[r#"
                url = http://a.example
                header cookie = sid=abc; prefs=%7B%22u%22%3A%22hello%22%7D; sid="q"
                header cookie ▸ cookie sid = abc
                header cookie ▸ cookie prefs = %7B%22u%22%3A%22hello%22%7D
                header cookie ▸ cookie prefs ▸ percent = {"u":"hello"}
                header cookie ▸ cookie prefs ▸ percent ▸ json $.u = hello
                header cookie ▸ cookie sid#2 = q
            "#]],
        );
    }
}
