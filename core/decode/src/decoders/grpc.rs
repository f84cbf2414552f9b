//! gRPC messages in a body (grpc/grpc, PROTOCOL-HTTP2.md): a flag, a length,
//! the message. A compressed message is opened by what it says itself, not by
//! `grpc-encoding`.

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Grpc;

impl Decoder for Grpc {
    fn name(&self) -> &'static str {
        "grpc"
    }

    fn about(&self) -> &'static str {
        "the n-th message of a gRPC or gRPC-Web body (grpc/grpc, PROTOCOL-HTTP2)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte <= 1).with(ByteClasses::NUL)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let starts = matches!(look.bytes, [0 | 1, 0, ..]) && look.kinds.any(ByteClasses::NUL);
        if starts && messages(look.bytes).is_some() { DecoderFit::Certain } else { DecoderFit::No }
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

/// All messages, if the value is messages and nothing else. 0x80 marks the
/// trailers of gRPC-Web.
fn messages(value: &[u8]) -> Option<Vec<&[u8]>> {
    let mut messages = Vec::new();
    let mut rest = value;
    while let [flag, a, b, c, d, after @ ..] = rest {
        if !matches!(flag, 0 | 1 | 0x80 | 0x81) {
            return None;
        }
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (message, after) = after.split_at_checked(length)?;
        messages.push(message);
        rest = after;
    }
    (rest.is_empty() && messages.iter().any(|message| !message.is_empty())).then_some(messages)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, gzip};
    use expect_test::expect;

    #[test]
    fn messages_open_compressed_or_not() {
        let packed = gzip(b"\x0a\x05hello\x10\x80\x01");
        let mut body = b"\0\0\0\0\x07\x0a\x05hello".to_vec();
        body.extend([1, 0, 0, 0, packed.len() as u8]);
        body.extend(packed);
        check(
            body,
            expect![[r#"
            value = \x00\x00\x00\x00\x07\n\x05hello\x01\x00\x00\x00\x1e\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xe3b\xcdH\xcd\xc9\xc9\x17h`\x04\x00)\xdc\xact\n\x00\x00\x00
            value ▸ grpc 1 = \n\u{5}hello
            value ▸ grpc 1 ▸ protobuf 1 = hello
            value ▸ grpc 2 = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xe3b\xcdH\xcd\xc9\xc9\x17h`\x04\x00)\xdc\xact\n\x00\x00\x00
            value ▸ grpc 2 ▸ gzip = \n\x05hello\x10\x80\x01
            value ▸ grpc 2 ▸ gzip ▸ protobuf 1 = hello
            value ▸ grpc 2 ▸ gzip ▸ protobuf 2 = 128
        "#]],
        );
    }
}
