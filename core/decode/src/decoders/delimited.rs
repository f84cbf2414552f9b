//! Protobuf messages one after another, each behind its length as a varint
//! (protobuf.dev, Techniques, "Streaming Multiple Messages").

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelResult, protobuf};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Delimited;

impl Decoder for Delimited {
    fn name(&self) -> &'static str {
        "delimited"
    }

    fn about(&self) -> &'static str {
        "the n-th of several protobuf messages, each behind its length (protobuf.dev, Techniques)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::RAW.and(ByteClasses::BREAK)).at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if messages(look.bytes).is_some() { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(messages) = messages(value) else { return PeelResult::NOTHING };
        for (i, message) in messages.iter().enumerate() {
            if inner.give(LayerPlace::at(itoa::Buffer::new().format(i + 1)), message).is_break() {
                break;
            }
        }
        PeelResult::ALL
    }
}

/// All messages, if each reads as one and nothing is left over.
fn messages(value: &[u8]) -> Option<Vec<&[u8]>> {
    let mut messages = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let (length, after) = protobuf::varint(rest)?;
        let (message, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        if message.len() < 4 || !protobuf::is_message(message, 0) {
            return None;
        }
        messages.push(message);
        rest = after;
    }
    Some(messages)
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn messages_behind_their_lengths_open() {
        check(
            b"\x0c\x0a\x05hello\x10\x80\x80\x80\x01\x07\x0a\x05again",
            expect![[r#"
                value = \x0c\n\x05hello\x10\x80\x80\x80\x01\x07\n\x05again
                value ▸ delimited 1 = \n\x05hello\x10\x80\x80\x80\x01
                value ▸ delimited 1 ▸ protobuf 1 = hello
                value ▸ delimited 1 ▸ protobuf 2 = 2097152
                value ▸ delimited 2 = \n\u{5}again
                value ▸ delimited 2 ▸ protobuf 1 = again
            "#]],
        );
    }
}
