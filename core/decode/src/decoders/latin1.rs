//! Bytes as characters: each character stands for the byte of its number, as
//! in ISO 8859-1.
//!
//! Scripts hold bytes in strings and send the strings as UTF-8; a text read in
//! the wrong charset and sent on (`Ã¼`) is the same thing.

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Latin1;

impl Decoder for Latin1 {
    fn name(&self) -> &'static str {
        "latin-1"
    }

    fn about(&self) -> &'static str {
        "bytes written as the characters of their numbers (ISO/IEC 8859-1)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::HIGH)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        // The first byte meant that is none of ASCII's must start a character,
        // or be within a mark.
        let Some(first) = look.bytes.iter().position(|byte| *byte >= 0x80) else { return DecoderFit::No };
        match look.bytes[first..] {
            [0xc3, 0x82..=0xb4, 0xc2, 0x80..=0xbf, ..] => DecoderFit::Maybe,
            [0xc2 | 0xc3, ..] if first < 3 && (look.starts_with(b"\x1f\xc2\x8b") || look.bytes[0] & 0x8f == 8) => {
                DecoderFit::Maybe
            }
            [0xc2, ..] if look.starts_with(b"(\xc2\xb5/") => DecoderFit::Maybe,
            _ => DecoderFit::No,
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Ok(text) = std::str::from_utf8(value) else { return PeelResult::NOTHING };
        let Some(plain) = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>() else {
            return PeelResult::NOTHING;
        };
        if sense::makes(&plain) && inner.budget().room(plain.len()) {
            return PeelResult::whole(inner, &plain, None);
        }
        PeelResult::NOTHING
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed, zlib};
    use expect_test::expect;

    #[test]
    fn compressed_bytes_in_a_string_open() {
        let text: String = zlib(b"hello hello hello").into_iter().map(char::from).collect();
        check(
            text,
            expect![[r#"
            value = x\u{9c}ËHÍÉÉWÈ@\u{90}\0:.\u{6}}
            value ▸ latin-1 = x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\x00:.\x06}
            value ▸ latin-1 ▸ zlib = hello hello hello
        "#]],
        );
    }

    #[test]
    fn a_text_read_in_the_wrong_charset_opens() {
        check(
            "JÃ¼rgen MÃ¼ller",
            expect![[r#"
            value = JÃ¼rgen MÃ¼ller
            value ▸ latin-1 = Jürgen Müller
        "#]],
        );
    }

    #[test]
    fn a_text_in_the_right_one_stays() {
        check_closed("Jürgen Müller");
    }
}
