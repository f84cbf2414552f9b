//! base32, RFC 4648 §6, and with the extended hex alphabet, §7; in either case.

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Base32 {
    name: &'static str,
    about: &'static str,
    value: fn(u8) -> Option<u8>,
}

/// `A` to `Z`, `2` to `7`.
pub(super) static STANDARD: Base32 =
    Base32 { name: "base32", about: "base32, padded or not, in either case (RFC 4648 §6)", value: standard };

/// `0` to `9`, `A` to `V`.
pub(super) static HEX: Base32 =
    Base32 { name: "base32hex", about: "base32 with the extended hex alphabet (RFC 4648 §7)", value: extended };

impl Decoder for Base32 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.only(ByteClasses::ALPHANUMERIC.and(ByteClasses::EQUALS)).at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let upper = ByteClasses::DIGIT.and(ByteClasses::UPPER).and(ByteClasses::EQUALS);
        let lower = ByteClasses::DIGIT.and(ByteClasses::LOWER).and(ByteClasses::EQUALS);
        if look.bytes.len() >= 8 && (look.kinds.only(upper) || look.kinds.only(lower)) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let end = value.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
        let value = &value[..end];
        // Words are base32 too; their first characters tell, or of longer ones all that is in them.
        const TELLING: usize = 16;
        let mut head = [0; 5];
        let known =
            value.first_chunk::<8>().is_some_and(|first| self.decode(first, |i, byte| head[i] = byte).is_some());
        let may_be = sense::may_be_first(&head) || value.len() >= TELLING;
        if !known || !may_be || !inner.budget().room(value.len()) {
            return PeelResult::NOTHING;
        }
        let mut plain = Vec::with_capacity(value.len() * 5 / 8);
        match self.decode(value, |_, byte| plain.push(byte)) {
            Some(()) if sense::makes(&plain) || sense::holds_text(&plain) => PeelResult::whole(inner, &plain, None),
            _ => PeelResult::NOTHING,
        }
    }
}

impl Base32 {
    /// Hands out byte after byte; none if a character is not of the alphabet.
    fn decode(&self, text: &[u8], mut byte: impl FnMut(usize, u8)) -> Option<()> {
        let (mut bits, mut count, mut length) = (0u32, 0, 0);
        for character in text {
            bits = bits << 5 | u32::from((self.value)(character.to_ascii_uppercase())?);
            count += 5;
            if count >= 8 {
                count -= 8;
                byte(length, (bits >> count) as u8);
                length += 1;
            }
        }
        Some(())
    }
}

fn standard(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

fn extended(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'V' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed, shown_of};
    use expect_test::expect;

    #[test]
    fn text_opens_in_both_alphabets_and_cases() {
        check(
            "NBSWY3DPEB3W64TMMQ======",
            expect![[r#"
            value = NBSWY3DPEB3W64TMMQ======
            value ▸ base32 = hello world
        "#]],
        );
        check(
            "nbswy3dpeb3w64tmmq",
            expect![[r#"
            value = nbswy3dpeb3w64tmmq
            value ▸ base32 = hello world
        "#]],
        );
        check(
            data_encoding::BASE32HEX.encode(b"hello world"),
            expect![[r#"
            value = D1IMOR3F41RMUSJCCG======
            value ▸ base32hex = hello world
        "#]],
        );
    }

    #[test]
    fn bytes_with_text_in_them_open() {
        // Messages as they stand in the labels of a name: protobuf and MessagePack.
        let protobuf = [&[0x08, 0x01, 0x12, 22][..], b"https://c4n4ry.example"].concat();
        let msgpack = [&[0x81, 0xa1, b'u', 0xb6][..], b"https://c4n4ry.example"].concat();
        for (bytes, leads) in [(protobuf, "base32 ▸ protobuf 2"), (msgpack, "base32 ▸ msgpack $.u")] {
            let shown = shown_of(data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
            assert!(shown.contains(&format!("value ▸ {leads} = https://c4n4ry.example")), "{shown}");
        }
    }

    #[test]
    fn a_digest_is_no_base32() {
        check_closed("gk3tq7zv2m5xw6rnp4ylh2sdc7bje3uf");
    }

    #[test]
    fn a_word_stays_closed() {
        check_closed("ANALYTICS");
        check_closed("pageview");
    }
}
