//! Text written backwards, and base64 written backwards.
//!
//! Any text can be read backwards, so what is found in it is weak evidence.

use model::LayerPlace;

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, part};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Reversed;

/// Longer texts are hardly one value.
const LONGEST: usize = 512;

impl Decoder for Reversed {
    fn name(&self) -> &'static str {
        "reversed"
    }

    fn about(&self) -> &'static str {
        "a text, or base64, written backwards"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Weak
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.without(ByteClasses::RAW.and(ByteClasses::SPACE).and(ByteClasses::BREAK)).at_least(10)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        // Words, numbers, dates and hex say nothing backwards.
        let telling = ByteClasses::DIGIT.and(ByteClasses::AT).and(ByteClasses::EQUALS);
        let telling = if look.layer.ends_with("header") {
            telling
        } else {
            telling.and(ByteClasses::SLASH).and(ByteClasses::UPPER)
        };
        let dull = ByteClasses::DIGIT.and(ByteClasses::LOWER_HEX).and(ByteClasses::UPPER_HEX).and(ByteClasses::DOT);
        let dull = dull.and(ByteClasses::DASH).and(ByteClasses::COLON).and(ByteClasses::COMMA);
        let may = look.bytes.len() <= LONGEST && look.kinds.any(telling) && !look.kinds.only(dull);
        if may && !look.starts_with(b"http") { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut backwards = value.to_vec();
        backwards.reverse();
        if !value.is_ascii() {
            let Ok(text) = std::str::from_utf8(value) else { return PeelResult::NOTHING };
            backwards = text.chars().rev().collect::<String>().into_bytes();
        }
        if part::opens(backwards.trim_ascii_end()) == Some(0) {
            return PeelResult::whole(inner, &backwards, None);
        }
        // Padding stands at the end of what is not backwards.
        if !value.ends_with(b"=") || value.starts_with(b"=") {
            let _ = inner.show(LayerPlace::Whole, &backwards);
        }
        PeelResult::NOTHING
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{base64, check};
    use expect_test::expect;

    #[test]
    fn a_value_written_backwards_is_seen() {
        check(
            "elpmaxe.a@nosrep",
            expect![[r#"
            value = elpmaxe.a@nosrep
            value ▸ reversed ~ person@a.example
        "#]],
        );
    }

    #[test]
    fn base64_that_opens_to_bytes_is_read_backwards_too() {
        let text = base64(b"Ulrike.Zwoelfmann@a.example--");
        check(
            text.chars().rev().collect::<String>().trim_matches('='),
            expect![[r#"
            value = 0SLlxGctFGel5SYA5mbh1mZsV2b3plLltWayxWV
            value ▸ base64 = \xd1\"\xe5\xc4g-\x14g\xa5\xe5&\x00\xe6f\xe1\xd6flWf\xf7\xa6R\xe5\xb5f\xb2\xc5e
            value ▸ reversed ~ VWxyaWtlLlp3b2VsZm1hbm5AYS5leGFtcGxlLS0
            value ▸ reversed ▸ base64 ~ Ulrike.Zwoelfmann@a.example--
        "#]],
        );
    }

    #[test]
    fn base64_written_backwards_opens() {
        check(
            base64(b"hello world").chars().rev().collect::<String>(),
            expect![[r#"
            value = =QGby92dg8GbsVGa
            value ▸ reversed ~ aGVsbG8gd29ybGQ=
            value ▸ reversed ▸ base64 ~ hello world
        "#]],
        );
    }
}
