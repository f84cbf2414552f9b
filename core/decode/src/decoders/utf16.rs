//! UTF-16, either byte order, with a byte order mark or without (RFC 2781).

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct Utf16;

#[derive(Clone, Copy, PartialEq)]
enum ByteOrder {
    Big,
    Little,
}

impl Decoder for Utf16 {
    fn name(&self) -> &'static str {
        "utf-16"
    }

    fn about(&self) -> &'static str {
        "UTF-16 in either byte order, as UTF-8 (RFC 2781)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::RAW).at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let even = look.bytes.len().is_multiple_of(2) && look.bytes.len() >= 8;
        if even && (look.kinds.any(ByteClasses::NUL) || has_mark(look.bytes)) && order(look.bytes).is_some() {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(order) = order(value) else { return PeelResult::NOTHING };
        let text = if has_mark(value) { &value[2..] } else { value };
        let units = text.as_chunks::<2>().0.iter().map(|pair| match order {
            ByteOrder::Big => u16::from_be_bytes(*pair),
            ByteOrder::Little => u16::from_le_bytes(*pair),
        });
        let Ok(plain) = char::decode_utf16(units).collect::<Result<String, _>>() else { return PeelResult::NOTHING };
        if value_view::is_text(plain.trim_end_matches('\0').as_bytes()) && inner.budget().room(plain.len()) {
            return PeelResult::whole(inner, plain.trim_end_matches('\0').as_bytes(), None);
        }
        PeelResult::NOTHING
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\xff\xfe")
}

/// The byte order: by the mark, or by where most of the zeros are.
fn order(bytes: &[u8]) -> Option<ByteOrder> {
    match bytes {
        [0xfe, 0xff, ..] => return Some(ByteOrder::Big),
        [0xff, 0xfe, ..] => return Some(ByteOrder::Little),
        _ => {}
    }
    let pairs = bytes.as_chunks::<2>().0;
    let zeros = |i: usize| pairs.iter().filter(|pair| pair[i] == 0).count() * 4 > pairs.len() * 3;
    match (zeros(0), zeros(1)) {
        (true, false) => Some(ByteOrder::Big),
        (false, true) => Some(ByteOrder::Little),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn both_orders_open() {
        check(
            utf16("hello wörld", u16::to_le_bytes),
            expect![[r#"
            value = h\x00e\x00l\x00l\x00o\x00 \x00w\x00\xf6\x00r\x00l\x00d\x00
            value ▸ utf-16 = hello wörld
        "#]],
        );
        check(
            utf16("hello wörld", u16::to_be_bytes),
            expect![[r#"
            value = \x00h\x00e\x00l\x00l\x00o\x00 \x00w\x00\xf6\x00r\x00l\x00d
            value ▸ utf-16 = hello wörld
        "#]],
        );
    }

    #[test]
    fn a_mark_says_the_order() {
        check(
            utf16("\u{feff}漢字です", u16::to_le_bytes),
            expect![[r#"
                value = \xff\xfe\"oW[g0Y0
                value ▸ utf-16 = 漢字です
            "#]],
        );
    }
}
