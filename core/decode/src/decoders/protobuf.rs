//! Protocol Buffers without their schema (protobuf.dev, "Encoding").
//!
//! A place is the way through nested messages by field numbers: `2.1`; the
//! second field of a number is `2#2`, and so `2#2.1`. Bytes in a field may be
//! text, a message, or neither, and nothing on the wire says which: they are
//! always visited, opened as a value, and entered where they read as a message.
//!
//! Numbers are values as well: a varint in decimal, unsigned; fixed64 and
//! fixed32 as their 8 or 4 bytes *in big-endian order*, so that a digest's
//! prefix sent as a fixed number reads as the digest does.

use std::ops::ControlFlow;

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, names::NameStack};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct Protobuf;

impl Decoder for Protobuf {
    fn name(&self) -> &'static str {
        "protobuf"
    }

    fn about(&self) -> &'static str {
        "a field of a message, by numbers; fixed64 and fixed32 as big-endian bytes (protobuf.dev, Encoding)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(is_tag).with(ByteClasses::RAW.and(ByteClasses::BREAK))
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.bytes[0] & 7 == 2 || !look.is_text() { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        if !is_message(value, 0) {
            return PeelResult::NOTHING;
        }
        let _ = fields(value, &mut String::new(), 0, inner);
        // Random bytes read as fields, too, but of high numbers.
        let how = if highest_number(value) <= USUAL { PeelOutcome::Opened } else { PeelOutcome::Perhaps };
        PeelResult { how, gap: None }
    }
}

/// Field numbers that people give; higher ones are for extensions.
const USUAL: u64 = 4095;

fn highest_number(message: &[u8]) -> u64 {
    let mut rest = message;
    let numbers = std::iter::from_fn(|| {
        let (number, _, after) = field(rest, 0)?;
        rest = after;
        Some(number)
    });
    numbers.max().unwrap_or(0)
}

/// Messages within messages that are entered.
const DEEPEST: usize = 32;

/// One field as it stands on the wire.
enum WireField<'v> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(&'v [u8]),
    /// Between the start and the end of a group.
    Group(&'v [u8]),
}

fn fields(message: &[u8], path: &mut String, depth: usize, inner: &mut dyn InnerValues) -> ControlFlow<()> {
    let mut names = NameStack::default();
    let mut rest = message;
    let outer = path.len();
    while let Some((number, field, after)) = field(rest, depth) {
        rest = after;
        path.truncate(outer);
        if outer > 0 {
            path.push('.');
        }
        let start = path.len();
        push(path, number);
        let nth = names.nth(&path.as_bytes()[start..], 0);
        if nth > 1 {
            path.push('#');
            push(path, nth as u64);
        }
        match field {
            WireField::Varint(number) => {
                inner.show(LayerPlace::at(path.as_str()), itoa::Buffer::new().format(number).as_bytes())?
            }
            WireField::Fixed64(bytes) => inner.show(LayerPlace::at(path.as_str()), &bytes)?,
            WireField::Fixed32(bytes) => inner.show(LayerPlace::at(path.as_str()), &bytes)?,
            WireField::Group(message) => fields(message, path, depth + 1, inner)?,
            WireField::Bytes(bytes) => bytes_field(bytes, path, depth, inner)?,
        }
    }
    path.truncate(outer);
    ControlFlow::Continue(())
}

fn bytes_field(bytes: &[u8], path: &mut String, depth: usize, inner: &mut dyn InnerValues) -> ControlFlow<()> {
    let place = LayerPlace::at(path.as_str());
    let enter = depth < DEEPEST && is_nested(bytes, depth + 1);
    if !enter {
        return inner.give(place, bytes);
    }
    if value_view::is_text(bytes) {
        inner.give(place, bytes)?;
    } else {
        inner.give_beside(place, bytes)?;
    }
    fields(bytes, path, depth + 1, inner)
}

/// Whether bytes in a field read as a message. Text does only if its first
/// byte is the tag of a field of bytes, which then has to end exactly.
fn is_nested(bytes: &[u8], depth: usize) -> bool {
    bytes.len() >= 2 && is_message(bytes, depth) && (bytes[0] & 7 == 2 || !value_view::is_text(bytes))
}

/// Whether all of `bytes` reads as fields.
pub(super) fn is_message(bytes: &[u8], depth: usize) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match field(rest, depth) {
            Some((_, _, after)) => rest = after,
            None => return false,
        }
    }
    !bytes.is_empty()
}

/// Whether a message may start with this byte: a wire type that exists, and a
/// field number that is not 0.
fn is_tag(byte: u8) -> bool {
    matches!(byte & 7, 0 | 1 | 2 | 3 | 5) && byte >> 3 != 0
}

/// The field that `bytes` start with: number, content, what follows.
fn field(bytes: &[u8], depth: usize) -> Option<(u64, WireField<'_>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let number = tag >> 3;
    if number == 0 || number > 536_870_911 {
        return None;
    }
    let (field, rest) = match tag & 7 {
        0 => varint(rest).map(|(value, rest)| (WireField::Varint(value), rest))?,
        1 => rest.split_first_chunk().map(|(value, rest)| (WireField::Fixed64(reversed(*value)), rest))?,
        5 => rest.split_first_chunk().map(|(value, rest)| (WireField::Fixed32(reversed(*value)), rest))?,
        2 => {
            let (length, rest) = varint(rest)?;
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (WireField::Bytes(value), rest)
        }
        3 if depth < DEEPEST => {
            let (length, end) = group_length(rest, number, depth + 1)?;
            (WireField::Group(&rest[..length]), &rest[end..])
        }
        _ => return None,
    };
    Some((number, field, rest))
}

/// How long a group's fields are, and where its end tag ends.
fn group_length(bytes: &[u8], number: u64, depth: usize) -> Option<(usize, usize)> {
    let mut rest = bytes;
    loop {
        let (tag, after) = varint(rest)?;
        if tag == number << 3 | 4 {
            return Some((bytes.len() - rest.len(), bytes.len() - after.len()));
        }
        rest = field(rest, depth)?.2;
    }
}

pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i as u32);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

fn reversed<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    bytes.reverse();
    bytes
}

fn push(path: &mut String, number: u64) {
    path.push_str(itoa::Buffer::new().format(number));
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn fields_are_numbered() {
        check(
            b"\x0a\x05hello\x10\x96\x01",
            expect![[r#"
            value = \n\x05hello\x10\x96\x01
            value ▸ protobuf 1 = hello
            value ▸ protobuf 2 = 150
        "#]],
        );
    }

    #[test]
    fn messages_within_are_entered() {
        check(
            b"\x12\x0a\x0a\x05hello\x18\xff\x01\x12\x02\x08\x01",
            expect![[r#"
                value = \x12\n\n\x05hello\x18\xff\x01\x12\x02\x08\x01
                value ▸ protobuf 2 = \n\x05hello\x18\xff\x01
                value ▸ protobuf 2.1 = hello
                value ▸ protobuf 2.3 = 255
                value ▸ protobuf 2#2 = \u{8}\u{1}
                value ▸ protobuf 2#2.1 = 1
            "#]],
        );
    }

    #[test]
    fn fixed_numbers_read_as_digests_do() {
        check(
            b"\x12\x0e\x09\x08\x07\x06\x05\x04\x03\x02\x01\x15\x04\x03\x02\x01",
            expect![[r#"
            value = \u{12}\u{e}\t\u{8}\u{7}\u{6}\u{5}\u{4}\u{3}\u{2}\u{1}\u{15}\u{4}\u{3}\u{2}\u{1}
            value ▸ protobuf 2 = \t\u{8}\u{7}\u{6}\u{5}\u{4}\u{3}\u{2}\u{1}\u{15}\u{4}\u{3}\u{2}\u{1}
            value ▸ protobuf 2.1 = \u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}
            value ▸ protobuf 2.2 = \u{1}\u{2}\u{3}\u{4}
        "#]],
        );
    }

    #[test]
    fn groups_are_entered() {
        check(
            b"\x0b\x12\x05hello\x0c\x10\x80\x01",
            expect![[r#"
            value = \x0b\x12\x05hello\x0c\x10\x80\x01
            value ▸ protobuf 1.2 = hello
            value ▸ protobuf 2 = 128
        "#]],
        );
    }

    #[test]
    fn text_in_a_field_opens_as_text_does() {
        check(
            b"\x0a\x1baGVsbG8gd29ybGQgYW5kIG1vcmU\x10\x80\x01",
            expect![[r#"
            value = \n\x1baGVsbG8gd29ybGQgYW5kIG1vcmU\x10\x80\x01
            value ▸ protobuf 1 = aGVsbG8gd29ybGQgYW5kIG1vcmU
            value ▸ protobuf 1 ▸ base64 = hello world and more
            value ▸ protobuf 2 = 128
        "#]],
        );
    }

    #[test]
    fn a_cut_message_is_no_message() {
        check(
            b"\x0a\x15hello\x10\x96",
            expect![[r#"
            value = \n\x15hello\x10\x96
        "#]],
        );
    }
}
