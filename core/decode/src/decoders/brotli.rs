//! Brotli, RFC 7932.
//!
//! A content encoding of browsers and of few SDKs. Nothing marks it, so it
//! counts only if the stream is whole, and for sure only if it opens to something
//! that makes sense.

use brotli_decompressor::Decompressor;

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Brotli;

impl Decoder for Brotli {
    fn name(&self) -> &'static str {
        "brotli"
    }

    fn about(&self) -> &'static str {
        "Brotli (RFC 7932)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::RAW).at_least(6)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if starts_a_stream(look.bytes) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        const BUFFER: usize = 4 << 10;
        let (plain, gap) = inner.budget().read(value.len(), Decompressor::new(value, BUFFER));
        if !matches!(gap, None | Some(model::GapReason::Budget)) {
            return PeelResult::NOTHING;
        }
        sense::whole_or_perhaps(inner, value, &plain, gap)
    }
}

/// Whether the first bits are those of a stream (§9.1, §9.2): a window, then a
/// meta-block whose length the value could hold. Setting up a decoder costs
/// more than this.
fn starts_a_stream(bytes: &[u8]) -> bool {
    let Some(head) = bytes.first_chunk::<6>() else { return false };
    let [a, b, c, d, e, f] = *head;
    let mut bits = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
    let mut take = |count: u32| {
        let value = bits & ((1 << count) - 1);
        bits >>= count;
        value
    };
    if take(1) == 1 && take(3) == 0 && take(3) == 1 {
        return false; // the window of large-window Brotli
    }
    let last = take(1) == 1;
    if last && take(1) == 1 {
        return false; // an empty stream
    }
    let nibbles = take(2) as u32 + 4;
    if nibbles == 7 {
        return !last && take(1) == 0; // metadata first
    }
    let length = 1 + take(4 * nibbles);
    let shortest = 1u64 << (4 * (nibbles - 1));
    // More nibbles than needed are forbidden (§9.2); few bytes are hardly much.
    let lies = if nibbles > 4 { length <= shortest } else { length > bytes.len() as u64 * 400 };
    if lies {
        return false;
    }
    if !last && take(1) == 1 {
        return length <= bytes.len() as u64; // not compressed
    }
    // Short streams have one block type for each of the three (§9.2).
    bytes.len() > 512 || take(3) == 0
}

#[cfg(test)]
mod tests {
    use crate::checks::{brotli, check, check_closed};
    use expect_test::expect;

    #[test]
    fn a_stream_opens() {
        check(
            brotli(b"hello hello hello"),
            expect![[r#"
            value = \x1b\x10\x00\xf8\x8d\x94n\xdeDU\x86\x96l o\x01O\x1c`\x1c
            value ▸ brotli = hello hello hello
        "#]],
        );
    }

    #[test]
    fn half_a_stream_is_none() {
        let long = "what a person reads, and what a person writes, are two things".repeat(3);
        check_closed(&brotli(long.as_bytes())[..30]);
    }
}
