//! WebSocket messages (RFC 6455 §5), inflated (RFC 7692).

use flate2::{Decompress, FlushDecompress, Status};
use model::{Body, Direction, Message};

use super::{byte_stream::ByteStream, reader::ByteReader};

/// The extensions that client and server agreed on.
#[derive(Clone, Copy, Default)]
pub(super) struct Agreement {
    deflate: bool,
    client_starts_anew: bool,
    server_starts_anew: bool,
}

/// Bytes that one message may unpack to.
const MESSAGE: usize = 16 << 20;
/// Bytes that all messages of one direction may unpack to.
const ALL: usize = 64 << 20;

impl Agreement {
    /// Reads `Sec-WebSocket-Extensions` of the answer.
    pub(super) fn of(extensions: &[u8]) -> Self {
        let text = String::from_utf8_lossy(extensions).to_ascii_lowercase();
        Self {
            deflate: text.contains("permessage-deflate"),
            client_starts_anew: text.contains("client_no_context_takeover"),
            server_starts_anew: text.contains("server_no_context_takeover"),
        }
    }
}

/// The messages of both directions in the order of time, and whether something
/// could not be read.
pub(super) fn messages(client: &ByteStream, server: &ByteStream, agreement: Agreement) -> (Vec<Message>, bool) {
    let (mut all, mut whole) = half(client, Direction::FromClient, agreement.deflate, agreement.client_starts_anew);
    let (others, others_whole) = half(server, Direction::FromServer, agreement.deflate, agreement.server_starts_anew);
    whole &= others_whole;
    all.extend(others);
    all.sort_by_key(|message| message.at);
    (all, whole)
}

struct Frame<'s> {
    is_last: bool,
    is_packed: bool,
    opcode: u8,
    payload: std::borrow::Cow<'s, [u8]>,
}

fn half(stream: &ByteStream, direction: Direction, deflate: bool, anew: bool) -> (Vec<Message>, bool) {
    let mut inflate = Decompress::new(false);
    let (mut messages, mut joined, mut begun, mut budget, mut whole) = (Vec::new(), Vec::new(), None, ALL, true);
    let mut reader = ByteReader::new(&stream.bytes);
    while !reader.is_empty() {
        let offset = stream.bytes.len() - reader.rest().len();
        let Some(frame) = frame(&mut reader) else {
            whole = false;
            break;
        };
        let at = stream.time_at(offset);
        // The payload of a control frame is data that was sent, so it becomes a
        // message too.
        if frame.opcode >= 8 {
            if !frame.payload.is_empty() {
                messages.push(Message { direction, at, text: false, body: Body::whole(&*frame.payload) });
            }
            continue;
        }
        if frame.opcode != 0 {
            begun = Some((frame.opcode == 1, frame.is_packed && deflate, at));
            joined.clear();
        }
        joined.extend_from_slice(&frame.payload);
        if !frame.is_last {
            continue;
        }
        let Some((text, is_packed, at)) = begun.take() else { continue };
        let mut body = Body::whole(&joined[..]);
        if is_packed {
            if anew {
                inflate.reset(false);
            }
            joined.extend_from_slice(b"\0\0\xff\xff");
            let (plain, is_whole) = unpack(&mut inflate, &joined, budget.min(MESSAGE));
            budget = budget.saturating_sub(plain.len());
            let cut_from = (!is_whole).then_some(plain.len() as u64 + 1);
            body = Body { cut_from, ..Body::whole(plain) };
        }
        joined.clear();
        messages.push(Message { direction, at, text, body });
    }
    (messages, whole)
}

fn frame<'s>(reader: &mut ByteReader<'s>) -> Option<Frame<'s>> {
    let (head, length) = (reader.u8()?, reader.u8()?);
    let (is_masked, length) = (length & 0x80 != 0, usize::from(length & 0x7f));
    let length = match length {
        126 => reader.number(2)?,
        127 => usize::try_from(reader.take(8)?.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte))).ok()?,
        length => length,
    };
    let mask = if is_masked { Some(reader.take(4)?) } else { None };
    let payload = reader.take(length)?;
    let payload = match mask {
        Some(mask) => payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect(),
        None => payload.into(),
    };
    Some(Frame { is_last: head & 0x80 != 0, is_packed: head & 0x40 != 0, opcode: head & 15, payload })
}

fn unpack(inflate: &mut Decompress, mut packed: &[u8], most: usize) -> (Vec<u8>, bool) {
    let mut plain = Vec::with_capacity(packed.len().saturating_mul(3).min(1 << 16));
    loop {
        let (before_in, before_out) = (inflate.total_in(), plain.len());
        plain.reserve(4096);
        let Ok(status) = inflate.decompress_vec(packed, &mut plain, FlushDecompress::Sync) else {
            return (plain, false);
        };
        packed = &packed[(inflate.total_in() - before_in) as usize..];
        if plain.len() > most {
            plain.truncate(most);
            return (plain, false);
        }
        let is_stuck = inflate.total_in() == before_in && plain.len() == before_out;
        if status == Status::StreamEnd || is_stuck || packed.is_empty() && plain.len() < plain.capacity() {
            return (plain, packed.is_empty() || status == Status::StreamEnd);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Time;

    use super::*;

    fn read(client: &[u8], server: &[u8], extensions: &str) -> Vec<(bool, String)> {
        let stream = |bytes: &[u8]| {
            let mut stream = ByteStream::default();
            stream.push(bytes, Time(0));
            stream
        };
        let (messages, _) = messages(&stream(client), &stream(server), Agreement::of(extensions.as_bytes()));
        let text = |message: Message| String::from_utf8_lossy(&message.body.bytes).into_owned();
        messages.into_iter().map(|message| (message.direction == Direction::FromClient, text(message))).collect()
    }

    #[test]
    fn the_examples_of_the_standards_are_read() {
        // RFC 6455 §5.7: masked, in two parts, a ping; RFC 7692 §7.2.3.
        let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(
            read(masked, b"\x01\x03Hel\x80\x02lo\x89\x05Hello", ""),
            [(true, "Hello".into()), (false, "Hello".into()), (false, "Hello".into())]
        );
        let packed = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
        assert_eq!(read(b"", packed, "permessage-deflate"), [(false, "Hello".into()), (false, "Hello".into())]);
    }

    #[test]
    fn a_frame_that_is_cut_leaves_the_others() {
        assert_eq!(read(b"", b"\x81\x02ab\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffx", ""), [(false, "ab".into())]);
    }
}
