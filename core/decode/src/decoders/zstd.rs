//! Zstandard, RFC 8878.

use model::GapReason;
use ruzstd::decoding::StreamingDecoder;

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Zstd;

impl Decoder for Zstd {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn about(&self) -> &'static str {
        "Zstandard, one frame (RFC 8878)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == 0x28).with(ByteClasses::HIGH)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(b"\x28\xb5\x2f\xfd") { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match StreamingDecoder::new(value) {
            Ok(reader) => {
                let (plain, gap) = inner.budget().read(value.len(), reader);
                let gap = gap.map(|why| if why == GapReason::Broken && is_cut(value) { GapReason::Cut } else { why });
                PeelResult::whole(inner, &plain, gap)
            }
            Err(_) => PeelResult::gap(if is_cut(value) { GapReason::Cut } else { GapReason::Broken }),
        }
    }
}

/// Whether the value ends before the frame's last block does (§3.1.1).
fn is_cut(value: &[u8]) -> bool {
    const RLE: u32 = 1;
    let Some(descriptor) = value.get(4) else { return true };
    let single = descriptor >> 5 & 1;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content = match descriptor >> 6 {
        0 => usize::from(single),
        flag => 1 << flag,
    };
    let mut at = 5 + usize::from(1 - single) + dictionary + content;
    while let Some([a, b, c]) = value.get(at..at + 3) {
        let header = u32::from_le_bytes([*a, *b, *c, 0]);
        let size = if header >> 1 & 3 == RLE { 1 } else { header >> 3 };
        at += 3 + size as usize;
        if header & 1 == 1 {
            return at > value.len();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, zstd};
    use expect_test::expect;

    #[test]
    fn a_frame_opens() {
        check(
            zstd(b"hello hello hello"),
            expect![[r#"
            value = (\xb5/\xfd\x008\x89\x00\x00hello hello hello
            value ▸ zstd = hello hello hello
        "#]],
        );
    }

    #[test]
    fn a_cut_frame_is_a_gap() {
        check(
            &zstd(b"hello hello hello")[..12],
            expect![[r#"
                value = (\xb5/\xfd\x008\x89\x00\x00hel
                value ! Cut: the zstd layer ends too early
            "#]],
        );
    }
}
