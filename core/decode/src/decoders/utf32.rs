//! UTF-32 in either byte order (Unicode Standard §3.10), with a byte
//! order mark or without.

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct Utf32;

impl Decoder for Utf32 {
    fn name(&self) -> &'static str {
        "utf-32"
    }

    fn about(&self) -> &'static str {
        "UTF-32 in either byte order, as UTF-8 (Unicode Standard §3.10)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::NUL).at_least(12)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let is_start = matches!(look.bytes, [0, 0, _, _, 0, 0, ..] | [_, _, 0, 0, _, _, 0, 0, ..]);
        if is_start && look.bytes.len().is_multiple_of(4) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let little = value.get(2..4) == Some(b"\0\0");
        let (units, rest) = value.as_chunks::<4>();
        let code = |unit: &[u8; 4]| if little { u32::from_le_bytes(*unit) } else { u32::from_be_bytes(*unit) };
        let Some(text) = units.iter().map(|unit| char::from_u32(code(unit))).collect::<Option<String>>() else {
            return PeelResult::NOTHING;
        };
        let text = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
        if rest.is_empty() && text.len() >= 3 && value_view::is_text(text.as_bytes()) && inner.budget().room(text.len())
        {
            return PeelResult::whole(inner, text.as_bytes(), None).surely();
        }
        PeelResult::NOTHING
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check_closed, shown_of};

    #[test]
    fn both_orders_open_with_and_without_a_mark() {
        for bytes in [u32::to_le_bytes as fn(u32) -> [u8; 4], u32::to_be_bytes] {
            for text in ["hello wörld", "\u{feff}hello wörld"] {
                let value: Vec<u8> = text.chars().flat_map(|c| bytes(c.into())).collect();
                assert!(shown_of(value).contains("value ▸ utf-32 = hello wörld"));
            }
        }
    }

    #[test]
    fn a_table_of_numbers_is_none() {
        check_closed([1u32, 2, 3, 0xff80_7f01].map(u32::to_le_bytes).concat());
    }
}
