//! MessagePack (msgpack/msgpack, spec.md), a whole value that is a map or an
//! array.

use std::borrow::Cow;

use super::{
    Decoder, DecoderFit, InnerValues, PeelResult,
    tree::{self, ByteReader, ItemReader, TreeItem},
};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Msgpack;

impl Decoder for Msgpack {
    fn name(&self) -> &'static str {
        "msgpack"
    }

    fn about(&self) -> &'static str {
        "a value in a MessagePack map or array, paths as in JSON (msgpack, spec)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| matches!(byte, 0x81..=0x8f | 0x91..=0x9f | 0xdc..=0xdf)).with(ByteClasses::RAW)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let starts = matches!(look.bytes, [0x81..=0x8f | 0x91..=0x9f | 0xdc..=0xdf, ..]);
        if starts && look.bytes.len() >= 4 && look.kinds.any(ByteClasses::HIGH) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        tree::give(MsgpackReader(ByteReader(value)), inner)
    }
}

#[derive(Clone)]
struct MsgpackReader<'v>(ByteReader<'v>);

impl<'v> ItemReader<'v> for MsgpackReader<'v> {
    fn next(&mut self) -> Option<TreeItem<'v>> {
        let bytes = &mut self.0;
        let item = match bytes.byte()? {
            byte @ 0x00..=0x7f => TreeItem::Integer(byte.into()),
            byte @ 0x80..=0x8f => TreeItem::Map(Some(u64::from(byte & 0x0f))),
            byte @ 0x90..=0x9f => TreeItem::Array(Some(u64::from(byte & 0x0f))),
            byte @ 0xa0..=0xbf => text(bytes.take(u64::from(byte & 0x1f))?),
            0xc0 => TreeItem::Nothing,
            0xc1 => return None,
            0xc2 => TreeItem::Word("false"),
            0xc3 => TreeItem::Word("true"),
            byte @ 0xc4..=0xc6 => {
                let length = bytes.number(1 << (byte - 0xc4))?;
                TreeItem::Bytes(Cow::Borrowed(bytes.take(length)?))
            }
            byte @ 0xc7..=0xc9 => {
                let length = bytes.number(1 << (byte - 0xc7))?;
                bytes.byte()?;
                TreeItem::Bytes(Cow::Borrowed(bytes.take(length)?))
            }
            0xca => TreeItem::Float(f32::from_bits(bytes.number(4)? as u32).into()),
            0xcb => TreeItem::Float(f64::from_bits(bytes.number(8)?)),
            byte @ 0xcc..=0xcf => TreeItem::Integer(bytes.number(1 << (byte - 0xcc))?.into()),
            0xd0 => TreeItem::Integer((bytes.number(1)? as i8).into()),
            0xd1 => TreeItem::Integer((bytes.number(2)? as i16).into()),
            0xd2 => TreeItem::Integer((bytes.number(4)? as i32).into()),
            0xd3 => TreeItem::Integer((bytes.number(8)? as i64).into()),
            byte @ 0xd4..=0xd8 => {
                bytes.byte()?;
                TreeItem::Bytes(Cow::Borrowed(bytes.take(1 << (byte - 0xd4))?))
            }
            byte @ 0xd9..=0xdb => {
                let length = bytes.number(1 << (byte - 0xd9))?;
                text(bytes.take(length)?)
            }
            0xdc => TreeItem::Array(Some(bytes.number(2)?)),
            0xdd => TreeItem::Array(Some(bytes.number(4)?)),
            0xde => TreeItem::Map(Some(bytes.number(2)?)),
            0xdf => TreeItem::Map(Some(bytes.number(4)?)),
            byte @ 0xe0..=0xff => TreeItem::Integer((byte as i8).into()),
        };
        Some(item)
    }

    fn is_done(&self) -> bool {
        self.0.0.is_empty()
    }
}

fn text(bytes: &[u8]) -> TreeItem<'_> {
    TreeItem::Text(Cow::Borrowed(bytes))
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn values_have_paths() {
        check(
            b"\x83\xa3url\xb2https://a.example/\xa4list\x92\xff\xc3\xa1b\xc4\x02\x01\x02",
            expect![[r#"
                value = \x83\xa3url\xb2https://a.example/\xa4list\x92\xff\xc3\xa1b\xc4\x02\x01\x02
                value ▸ msgpack $.url = https://a.example/
                value ▸ msgpack $.list[0] = -1
                value ▸ msgpack $.list[1] = true
                value ▸ msgpack $.b = \u{1}\u{2}
            "#]],
        );
    }

    #[test]
    fn numbers_alone_are_none() {
        check_closed(b"\x93\x01\xcc\x80\x03");
    }
}
