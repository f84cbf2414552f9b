//! LZ4 frames (lz4/doc/lz4_Frame_format.md).

use lz4_flex::frame::FrameDecoder;

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{prefilter::Prefilter, value_view::ValueView};

pub(super) struct Lz4;

impl Decoder for Lz4 {
    fn name(&self) -> &'static str {
        "lz4"
    }

    fn about(&self) -> &'static str {
        "LZ4 frames (LZ4 Frame Format 1.6)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == 0x04)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(b"\x04\x22\x4d\x18") { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let (plain, gap) = inner.budget().read(value.len(), FrameDecoder::new(value));
        PeelResult::whole(inner, &plain, gap)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, lz4};
    use expect_test::expect;

    #[test]
    fn a_frame_opens() {
        check(
            lz4(b"hello hello hello"),
            expect![[r#"
            value = \x04\"M\x18`@\x82\x11\x00\x00\x80hello hello hello\x00\x00\x00\x00
            value ▸ lz4 = hello hello hello
        "#]],
        );
    }

    #[test]
    fn a_cut_frame_is_a_gap() {
        check(
            &lz4(b"hello hello hello")[..12],
            expect![[r#"
            value = \x04\"M\x18`@\x82\x11\x00\x00\x80h
            value ! Cut: the lz4 layer ends too early
        "#]],
        );
    }
}
