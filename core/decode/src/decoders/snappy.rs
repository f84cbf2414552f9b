//! Snappy, raw (google/snappy, format_description.txt) and framed
//! (framing_format.txt).
//!
//! Raw Snappy only says how long it will be; it counts if it comes out exactly
//! so long, and for sure if it makes sense.

use snap::{raw, read::FrameDecoder};

use super::{Decoder, DecoderFit, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Snappy;

pub(super) struct SnappyFramed;

impl Decoder for Snappy {
    fn name(&self) -> &'static str {
        "snappy"
    }

    fn about(&self) -> &'static str {
        "Snappy without frames (google/snappy, format description)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::RAW.and(ByteClasses::BREAK).and(ByteClasses::SPACE))
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let length = raw::decompress_len(look.bytes).unwrap_or(0);
        // Three bytes copy at most 64 (§2.2.2), so more than 22-fold is a lie.
        let possible = (4..=look.bytes.len() * 22).contains(&length) && length + 8 >= look.bytes.len() / 2;
        // What comes first cannot be a copy (§2.1).
        let first = look.bytes.iter().position(|byte| byte & 0x80 == 0).map_or(&[][..], |end| &look.bytes[end + 1..]);
        let literal = match first {
            [tag, rest @ ..] if tag & 3 == 0 && tag >> 2 < 60 => usize::from(tag >> 2) < rest.len().min(length),
            [tag, ..] => tag & 3 == 0 && length > 60,
            [] => false,
        };
        if possible && literal { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let length = raw::decompress_len(value).unwrap_or(usize::MAX);
        if !inner.budget().room(length) {
            return PeelResult::NOTHING;
        }
        match raw::Decoder::new().decompress_vec(value) {
            Ok(plain) => sense::whole_or_perhaps(inner, value, &plain, None).surely(),
            Err(_) => PeelResult::NOTHING,
        }
    }
}

impl Decoder for SnappyFramed {
    fn name(&self) -> &'static str {
        "snappy-framed"
    }

    fn about(&self) -> &'static str {
        "Snappy in frames (google/snappy, framing format)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == 0xff)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(b"\xff\x06\0\0sNaPpY") { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let (plain, gap) = inner.budget().read(value.len(), FrameDecoder::new(value));
        PeelResult::whole(inner, &plain, gap)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, snappy, snappy_framed};
    use expect_test::expect;

    #[test]
    fn raw_and_framed_open() {
        check(
            snappy(b"hello hello hello"),
            expect![[r#"
            value = \u{11}@hello hello hello
            value ▸ snappy = hello hello hello
        "#]],
        );
        check(
            snappy_framed(b"hello hello hello"),
            expect![[r#"
            value = \xff\x06\x00\x00sNaPpY\x01\x15\x00\x00\xab\x04\xb5\x1dhello hello hello
            value ▸ snappy-framed = hello hello hello
        "#]],
        );
    }
}
