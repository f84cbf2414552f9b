//! CBOR, RFC 8949, a whole value that is a map or an array.

use std::borrow::Cow;

use super::{
    Decoder, DecoderFit, InnerValues, PeelResult,
    tree::{self, ByteReader, ItemReader, TreeItem},
};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Cbor;

impl Decoder for Cbor {
    fn name(&self) -> &'static str {
        "cbor"
    }

    fn about(&self) -> &'static str {
        "a value in a CBOR map or array, paths as in JSON (RFC 8949)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY
            .starting(|byte| matches!(byte, 0x81..=0x9b | 0x9f | 0xa1..=0xbb | 0xbf | 0xd9))
            .with(ByteClasses::RAW)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let starts = matches!(look.bytes, [0x81..=0x9b | 0x9f | 0xa1..=0xbb | 0xbf | 0xd9, ..]);
        if starts && look.bytes.len() >= 4 && look.kinds.any(ByteClasses::HIGH) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        tree::give(CborReader(ByteReader(value)), inner)
    }
}

#[derive(Clone)]
struct CborReader<'v>(ByteReader<'v>);

impl<'v> ItemReader<'v> for CborReader<'v> {
    fn next(&mut self) -> Option<TreeItem<'v>> {
        let (mut major, mut argument, mut info) = self.head()?;
        while major == 6 {
            // Tags say what a value means; it is read without (§3.4).
            argument?;
            (major, argument, info) = self.head()?;
        }
        let item = match (major, argument) {
            (0, Some(number)) => TreeItem::Integer(number.into()),
            (1, Some(number)) => TreeItem::Integer(-1 - i128::from(number)),
            (2, _) => TreeItem::Bytes(self.string(2, argument)?),
            (3, _) => TreeItem::Text(self.string(3, argument)?),
            (4, count) => TreeItem::Array(count),
            (5, count) => TreeItem::Map(count),
            (7, None) => TreeItem::End,
            (7, Some(value)) => match info {
                20 => TreeItem::Word("false"),
                21 => TreeItem::Word("true"),
                25 => TreeItem::Float(half(value as u16)),
                26 => TreeItem::Float(f32::from_bits(value as u32).into()),
                27 => TreeItem::Float(f64::from_bits(value)),
                _ => TreeItem::Nothing,
            },
            _ => return None,
        };
        Some(item)
    }

    fn is_done(&self) -> bool {
        self.0.0.is_empty()
    }
}

impl<'v> CborReader<'v> {
    /// Major type, argument (none: indefinite, or the end of such), additional
    /// information (§3).
    fn head(&mut self) -> Option<(u8, Option<u64>, u8)> {
        let byte = self.0.byte()?;
        let (major, info) = (byte >> 5, byte & 0x1f);
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24..=27 => Some(self.0.number(1 << (info - 24))?),
            31 => None,
            _ => return None,
        };
        Some((major, argument, info))
    }

    /// A string, in one piece or in several (§3.2.3).
    fn string(&mut self, of: u8, length: Option<u64>) -> Option<Cow<'v, [u8]>> {
        if let Some(length) = length {
            return self.0.take(length).map(Cow::Borrowed);
        }
        let mut joined = Vec::new();
        loop {
            match self.head()? {
                (7, None, _) => return Some(Cow::Owned(joined)),
                (major, Some(length), _) if major == of => joined.extend_from_slice(self.0.take(length)?),
                _ => return None,
            }
        }
    }
}

/// An IEEE 754 half (§3.3, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn values_have_paths() {
        check(
            b"\xbf\x63url\x7f\x66https:\x6c//a.example/\xff\x61n\x9f\x20\xf9\x3e\x00\xff\x61t\xc0\x64time\xff",
            expect![[r#"
                value = \xbfcurl\x7ffhttps:l//a.example/\xffan\x9f \xf9>\x00\xffat\xc0dtime\xff
                value ▸ cbor $.url = https://a.example/
                value ▸ cbor $.n[0] = -1
                value ▸ cbor $.n[1] = 1.5
                value ▸ cbor $.t = time
            "#]],
        );
    }
}
