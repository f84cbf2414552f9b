//! UTF-7 (RFC 2152): what is no ASCII stands as base64 of UTF-16 between `+`
//! and `-`.

use base64::Engine;

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult, base64::STANDARD};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Utf7;

impl Decoder for Utf7 {
    fn name(&self) -> &'static str {
        "utf-7"
    }

    fn about(&self) -> &'static str {
        "UTF-7, base64 of UTF-16 between + and - (RFC 2152)"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::PLUS).without(ByteClasses::RAW.and(ByteClasses::HIGH)).at_least(6)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if undone(look.bytes).is_some() { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match undone(value) {
            Some(text) if inner.budget().room(text.len()) => PeelResult::perhaps(inner, text.as_bytes()),
            _ => PeelResult::NOTHING,
        }
    }
}

/// The text meant; none if any `+` begins no such stretch.
fn undone(value: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    let mut stretches = 0;
    while let Some(plus) = memchr::memchr(b'+', rest) {
        text.push_str(std::str::from_utf8(&rest[..plus]).ok()?);
        rest = &rest[plus + 1..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte)).count();
        if length == 0 {
            text.push('+');
            rest = rest.strip_prefix(b"-")?;
            continue;
        }
        let bytes = STANDARD.decode(&rest[..length]).ok()?;
        let (units, half) = bytes.as_chunks::<2>();
        if !half.is_empty() || units.is_empty() {
            return None;
        }
        let decoded = char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)));
        let decoded = decoded.collect::<Result<String, _>>().ok()?;
        if decoded.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return None;
        }
        text.push_str(&decoded);
        stretches += 1;
        rest = &rest[length..];
        rest = rest.strip_prefix(b"-").unwrap_or(rest);
    }
    text.push_str(std::str::from_utf8(rest).ok()?);
    // By chance two letters are some rare character: Latin, Greek and Cyrillic
    // or the marks of ASCII are meant.
    let is_usual =
        |c: char| (c as u32) < 0x600 || matches!(c as u32, 0x2000..=0x206f | 0x3040..=0x9fff | 0xac00..=0xd7a3);
    (stretches > 0 && text.chars().all(is_usual)).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn what_is_no_ascii_opens() {
        check(
            "J+APw-rgen+AEA-a.example",
            expect![[r#"
            value = J+APw-rgen+AEA-a.example
            value ▸ utf-7 = Jürgen@a.example
            value ▸ utf-7 ▸ reversed ~ elpmaxe.a@negrüJ
            value ▸ reversed ~ elpmaxe.a-AEA+negr-wPA+J
        "#]],
        );
    }

    #[test]
    fn a_sum_and_a_number_stay_closed() {
        check_closed("1+1-2 = 0");
        check_closed("+49 151 94636692");
    }
}
