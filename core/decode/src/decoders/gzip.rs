//! gzip, RFC 1952.
//!
//! Found as a body's content encoding and, under base64, in single fields of
//! analytics payloads. Its three fixed bytes make it certain.

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{inflate::DeflateWrapper, prefilter::Prefilter, value_view::ValueView};

pub(super) struct Gzip;

impl Decoder for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn about(&self) -> &'static str {
        "gzip, one member or several (RFC 1952)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == 0x1f)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(b"\x1f\x8b\x08") { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let inflated = inner.budget().inflate(value, DeflateWrapper::Gzip);
        PeelResult::whole(inner, &inflated.plain, inflated.why)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, gzip};
    use expect_test::expect;

    #[test]
    fn a_stream_opens() {
        check(
            gzip(b"hello"),
            expect![[r#"
            value = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00
            value ▸ gzip = hello
        "#]],
        );
    }

    #[test]
    fn a_cut_stream_gives_what_it_has_and_says_so() {
        check(
            &gzip(b"hello")[..16],
            expect![[r#"
            value = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9\x07
            value ▸ gzip = hello
            value ! Cut: the gzip layer ends too early
        "#]],
        );
    }

    #[test]
    fn members_follow_each_other() {
        check(
            [gzip(b"one "), gzip(b"two")].concat(),
            expect![[r#"
            value = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcb\xcfKU\x00\x00Ia\xac#\x04\x00\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff+)\xcf\x07\x00f\x8a\xca\x11\x03\x00\x00\x00
            value ▸ gzip = one two
        "#]],
        );
    }

    #[test]
    fn three_bytes_alone_are_a_gap() {
        check(
            b"\x1f\x8b\x08\0",
            expect![[r#"
            value = \x1f\x8b\x08\x00
            value ! Cut: the gzip layer ends too early
        "#]],
        );
    }
}
