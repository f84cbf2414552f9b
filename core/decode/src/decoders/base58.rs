//! base58 with Bitcoin's alphabet (draft-msporny-base58).
//!
//! A number in base 58: quadratic in its length, so only for short values.

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Base58;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Characters of the longest value that is tried.
const LONGEST: usize = 512;

impl Decoder for Base58 {
    fn name(&self) -> &'static str {
        "base58"
    }

    fn about(&self) -> &'static str {
        "base58 with Bitcoin's alphabet, up to 512 characters (draft-msporny-base58)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::UPPER).only(ByteClasses::ALPHANUMERIC).at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let mixed = look.kinds.any(ByteClasses::UPPER) && look.kinds.any(ByteClasses::LOWER);
        if mixed && (8..=LONGEST).contains(&look.bytes.len()) && look.kinds.only(ByteClasses::ALPHANUMERIC) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        if value.len() > LONGEST {
            return PeelResult::NOTHING;
        }
        match decoded(value) {
            Some(plain) if plain.len() >= 6 && sense::makes(&plain) => PeelResult::whole(inner, &plain, None),
            _ => PeelResult::NOTHING,
        }
    }
}

const VALUE: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut i = 0;
    while i < ALPHABET.len() {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
};

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(|byte| VALUE[*byte as usize] == 0xff) {
        return None;
    }
    // Little-endian words; five characters at a time fit a word.
    let mut words: Vec<u32> = Vec::with_capacity(text.len() / 5 + 1);
    for block in text.chunks(5) {
        let (mut carry, mut factor) = (0, 1);
        for byte in block {
            carry = carry * 58 + u64::from(VALUE[*byte as usize]);
            factor *= 58;
        }
        for word in &mut words {
            carry += u64::from(*word) * factor;
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    let zeros = text.iter().take_while(|byte| **byte == b'1').count();
    let bytes: Vec<u8> = words.iter().rev().flat_map(|word| word.to_be_bytes()).skip_while(|byte| *byte == 0).collect();
    Some([vec![0; zeros], bytes].concat())
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn text_opens() {
        check(
            "StV1DL6CwTryKyV",
            expect![[r#"
            value = StV1DL6CwTryKyV
            value ▸ base58 = hello world
        "#]],
        );
    }

    #[test]
    fn an_identifier_stays_closed() {
        check_closed("pageViewTracker");
    }
}
