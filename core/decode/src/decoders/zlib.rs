//! zlib, RFC 1950.
//!
//! What web servers call `deflate`, and what SDKs put under base64. Its two
//! bytes of header are a multiple of 31; random values have that too, one in a
//! thousand, so only the usual window size is certain.

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    inflate::DeflateWrapper,
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Zlib;

impl Decoder for Zlib {
    fn name(&self) -> &'static str {
        "zlib"
    }

    fn about(&self) -> &'static str {
        "zlib, called deflate in HTTP (RFC 1950)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte & 0x8f == 0x08).with(ByteClasses::RAW)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let [method, check, ..] = *look.bytes else { return DecoderFit::No };
        let is_deflate = method & 0x0f == 8 && method >> 4 <= 7 && check & 0x20 == 0;
        if is_deflate && u16::from_be_bytes([method, check]).is_multiple_of(31) {
            let usual = method == 0x78 && look.kinds.any(ByteClasses::HIGH);
            return if usual && look.bytes.len() >= 16 { DecoderFit::Certain } else { DecoderFit::Maybe };
        }
        DecoderFit::No
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let inflated = inner.budget().inflate(value, DeflateWrapper::Zlib);
        PeelResult::whole(inner, &inflated.plain, inflated.why)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, zlib};
    use expect_test::expect;

    #[test]
    fn a_stream_opens() {
        check(
            zlib(b"hello hello hello"),
            expect![[r#"
            value = x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\x00:.\x06}
            value ▸ zlib = hello hello hello
        "#]],
        );
    }

    #[test]
    fn a_cut_stream_gives_what_it_has_and_says_so() {
        let long = "https://a.example/x?y=z ".repeat(9);
        check(
            &zlib(long.as_bytes())[..28],
            expect![[r#"
            value = x\x9c\xcb())(\xb6\xd2\xd7O\xd4K\xadH\xcc-\xc8I\xd5\xaf\xb0\xaf\xb4\xadR\xc8\x18
            value ▸ zlib = https://a.example/x?y=z h
            value ▸ zlib ▸ path 1 = x
            value ▸ zlib ▸ query y = z h
            value ! Cut: the zlib layer ends too early
        "#]],
        );
    }

    #[test]
    fn text_that_starts_the_same_is_text() {
        check(
            "x^2 + y^2 = z^2, as they say",
            expect![[r#"
            value = x^2 + y^2 = z^2, as they say
        "#]],
        );
    }
}
