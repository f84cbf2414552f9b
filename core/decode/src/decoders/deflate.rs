//! Raw deflate, RFC 1951, without the header of zlib.
//!
//! Browsers and SDKs send it as `deflate` all the same. Nothing marks it, so it
//! counts only if the stream ends where the value ends, and for sure only if it
//! opens to something that makes sense.

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, sense};
use crate::{
    inflate::DeflateWrapper,
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Deflate;

impl Decoder for Deflate {
    fn name(&self) -> &'static str {
        "deflate"
    }

    fn about(&self) -> &'static str {
        "raw deflate (RFC 1951)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::RAW).at_least(6)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if starts_a_block(look.bytes) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let inflated = inner.budget().inflate(value, DeflateWrapper::None);
        let ends_here = inflated.why.is_none() && inflated.used == value.len();
        if !ends_here && inflated.why != Some(model::GapReason::Budget) {
            return PeelResult::NOTHING;
        }
        sense::whole_or_perhaps(inner, value, &inflated.plain, inflated.why)
    }
}

/// Whether a block could begin here (§3.2.3). Setting up an inflater costs more than this.
fn starts_a_block(bytes: &[u8]) -> bool {
    let mut bits = DeflateBits { bytes, at: 1 };
    match bits.take(2) {
        // Stored: the length, and again inverted.
        Some(0) => bytes.get(1..5).is_some_and(|b| b[0] == !b[2] && b[1] == !b[3]),
        Some(1) => bits.fixed_literal().is_some() && bits.fixed_literal().is_some(),
        Some(2) => bits.has_code_lengths().unwrap_or(false),
        _ => false,
    }
}

/// The bits of a stream, least significant first.
struct DeflateBits<'v> {
    bytes: &'v [u8],
    at: usize,
}

impl DeflateBits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for i in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << i;
            self.at += 1;
        }
        Some(value)
    }

    /// A literal in the fixed codes (§3.2.6); none if it is no literal.
    fn fixed_literal(&mut self) -> Option<u8> {
        let code = self.take(8)?.reverse_bits() >> 24;
        match code {
            0x30..=0xbf => Some((code - 0x30) as u8),
            0xc8.. => Some((144 + (code << 1 | self.take(1)?) - 0x190) as u8),
            _ => None,
        }
    }

    /// Whether the lengths of the codes for the codes' lengths (§3.2.7) make a
    /// complete set: random bits hardly do.
    fn has_code_lengths(&mut self) -> Option<bool> {
        let (literals, distances) = (self.take(5)?, self.take(5)?);
        let lengths = 4 + self.take(4)?;
        let mut filled = 0;
        for _ in 0..lengths {
            let length = self.take(3)?;
            filled += if length > 0 { 128 >> length } else { 0 };
        }
        Some(literals <= 29 && distances <= 29 && filled == 128)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed, deflate};
    use expect_test::expect;

    #[test]
    fn a_stream_opens() {
        check(
            deflate(b"hello hello hello"),
            expect![[r#"
            value = \xcbH\xcd\xc9\xc9W\xc8@\x90\x00
            value ▸ deflate = hello hello hello
        "#]],
        );
    }

    #[test]
    fn a_stream_with_more_behind_it_is_none() {
        check_closed([&deflate(b"hello hello hello")[..], b"\0\0\0"].concat());
    }
}
