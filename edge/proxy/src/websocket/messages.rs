//! Collects the messages of a WebSocket from its frames as they pass.
//!
//! The payload of Ping, Pong and Close frames is arbitrary (RFC 6455 §5.5), and
//! so is that of frames with a reserved type. Such payloads are kept like
//! messages.

use flate2::{Decompress, FlushDecompress, Status};
use model::{Body, Direction, Message, Time};

use crate::{
    clock,
    exchange::captured_body::CapturedBody,
    http1::head::HeaderFields,
    websocket::frame::{self, FrameHead, Opcode},
};

/// How many messages of one connection are kept.
const MOST: usize = 100_000;

/// The messages of a connection in both directions, in order.
pub(crate) struct MessageLog {
    pub(crate) messages: Vec<Message>,
    /// How many bytes may still be kept.
    room: usize,
}

impl MessageLog {
    pub(crate) fn new(room: usize) -> Self {
        Self { messages: Vec::new(), room }
    }

    pub(crate) fn add(&mut self, message: Message) {
        self.room = self.room.saturating_sub(message.body.bytes.len());
        if self.messages.len() < MOST {
            self.messages.push(message);
        }
    }

    /// Adds a message that another log collected; keeps only its length if
    /// there is no room.
    pub(crate) fn add_if_room(&mut self, message: &Message) {
        let mut message = message.clone();
        let length = message.body.bytes.len();
        if length > self.room {
            message.body = Body { bytes: [].into(), cut_from: Some(length as u64) };
        }
        self.add(message);
    }
}

/// The meaning of a frame that has arrived completely.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FrameEvent {
    /// A message was added to the log.
    Message,
    Ping(Vec<u8>),
    Close(Vec<u8>),
    Other,
}

/// Reads one direction of a connection.
pub(crate) struct MessageReader {
    direction: Direction,
    /// The header of a frame, as far as it has arrived.
    head: Vec<u8>,
    frame: Option<PendingFrame>,
    message: Option<PendingMessage>,
    inflate: Option<MessageInflater>,
    /// A frame arrived that the protocol does not allow here.
    broke_rules: bool,
}

/// A frame whose payload is arriving.
struct PendingFrame {
    head: FrameHead,
    at: u64,
    /// The payload of a frame that is not part of a message.
    alone: Option<CapturedBody>,
}

/// A message whose frames are arriving.
struct PendingMessage {
    at: Time,
    text: bool,
    compressed: bool,
    part: CapturedBody,
}

impl MessageReader {
    pub(crate) fn new(direction: Direction, inflate: Option<MessageInflater>) -> Self {
        Self { direction, head: Vec::new(), frame: None, message: None, inflate, broke_rules: false }
    }

    /// Reads bytes up to the end of a frame; returns how many were read, and
    /// the frame's meaning.
    pub(crate) fn hear(&mut self, bytes: &[u8], said: &mut MessageLog) -> (usize, Option<FrameEvent>) {
        let mut at = 0;
        while at < bytes.len() || self.frame.as_ref().is_some_and(PendingFrame::is_whole) {
            let Some(frame) = &mut self.frame else {
                self.head.push(bytes[at]);
                at += 1;
                self.begin(said);
                continue;
            };
            let left = frame.head.payload - frame.at;
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
            frame.take(&bytes[at..at + count], self.message.as_mut(), self.inflate.as_mut());
            at += count;
            if let Some(frame) = self.frame.take_if(|frame| frame.is_whole()) {
                return (at, Some(self.end(frame, said)));
            }
        }
        (at, None)
    }

    /// Whether a frame arrived after which the protocol closes the connection
    /// (RFC 6455 §7.1.7).
    pub(crate) fn broke_rules(&self) -> bool {
        self.broke_rules
    }

    /// Keeps the incomplete message or frame when the connection ends.
    pub(crate) fn hang_up(&mut self, said: &mut MessageLog) {
        self.give_up_message(said);
        let frame = self.frame.take().filter(|frame| frame.at > 0);
        if let Some(part) = frame.and_then(|frame| frame.alone) {
            said.add(self.message_of(part.broken_off(None)));
        }
    }

    fn give_up_message(&mut self, said: &mut MessageLog) {
        if let Some(PendingMessage { at, text, part, .. }) = self.message.take() {
            said.add(Message { direction: self.direction, at, text, body: part.broken_off(None) });
        }
    }

    /// Starts a frame when its header is complete.
    fn begin(&mut self, said: &mut MessageLog) {
        let Some(head) = FrameHead::read(&self.head) else { return };
        self.head.clear();
        let is_open = self.message.is_some();
        self.broke_rules |= !head.is_allowed(is_open, self.inflate.is_some());
        let is_alone = !head.is_of_a_message(is_open);
        if matches!(head.opcode, Opcode::Text | Opcode::Binary) {
            self.give_up_message(said);
            let part = CapturedBody::new(said.room);
            let text = head.opcode == Opcode::Text;
            self.message = Some(PendingMessage { at: clock::now(), text, compressed: head.compressed, part });
        }
        self.frame = Some(PendingFrame { head, at: 0, alone: is_alone.then(|| CapturedBody::new(said.room)) });
    }

    fn end(&mut self, frame: PendingFrame, said: &mut MessageLog) -> FrameEvent {
        let Some(alone) = frame.alone else {
            return if frame.head.last { self.whole(said) } else { FrameEvent::Other };
        };
        let body = alone.whole();
        let payload = body.bytes.to_vec();
        if says_something(frame.head.opcode, &payload) {
            said.add(self.message_of(body));
        }
        match frame.head.opcode {
            Opcode::Ping => FrameEvent::Ping(payload),
            Opcode::Close => FrameEvent::Close(payload),
            _ => FrameEvent::Other,
        }
    }

    /// The payload of a frame that is not part of a message, as a message.
    fn message_of(&self, body: Body) -> Message {
        Message { direction: self.direction, at: clock::now(), text: false, body }
    }

    fn whole(&mut self, said: &mut MessageLog) -> FrameEvent {
        let Some(PendingMessage { at, text, compressed, mut part }) = self.message.take() else {
            return FrameEvent::Other;
        };
        let broken = match &mut self.inflate {
            Some(inflate) if compressed => inflate.end(&mut part).is_err(),
            _ => false,
        };
        let body = if broken { part.broken_off(None) } else { part.whole() };
        said.add(Message { direction: self.direction, at, text, body });
        FrameEvent::Message
    }
}

impl PendingFrame {
    fn is_whole(&self) -> bool {
        self.at == self.head.payload
    }

    fn take(&mut self, bytes: &[u8], message: Option<&mut PendingMessage>, inflate: Option<&mut MessageInflater>) {
        let mut plain = bytes.to_vec();
        if let Some(mask) = self.head.mask {
            frame::unmask(&mut plain, mask, self.at);
        }
        self.at += bytes.len() as u64;
        if let Some(alone) = &mut self.alone {
            alone.add(&plain);
            return;
        }
        match (message, inflate) {
            (Some(open), Some(inflate)) if open.compressed => inflate.add(&plain, &mut open.part),
            (Some(open), _) => open.part.add(&plain),
            (None, _) => {}
        }
    }
}

/// Whether a separate frame carries data. A Close frame with only a registered
/// status code (RFC 6455 §7.4) does not.
fn says_something(opcode: Opcode, payload: &[u8]) -> bool {
    match (opcode, payload) {
        (_, []) => false,
        (Opcode::Close, [high, low]) => !(1_000..1_016).contains(&u16::from_be_bytes([*high, *low])),
        _ => true,
    }
}

/// Decompresses messages (RFC 7692, permessage-deflate).
pub(crate) struct MessageInflater {
    stream: Decompress,
    /// Each message is compressed without the previous ones as context.
    afresh: bool,
    /// How many bytes may still be output: a decompression bomb costs a gap in
    /// the record and not the machine's memory. Each input byte raises the
    /// budget.
    budget: u64,
    broken: bool,
}

/// How many bytes one connection may output, and how many more for each input
/// byte: text is compressed to a hundredth at most.
const BUDGET: u64 = 4 << 20;
const RATIO: u64 = 256;
/// The most bytes that one connection may output.
const LARGEST_BUDGET: u64 = 1 << 30;

/// A message could not be decompressed.
#[derive(Debug)]
struct BrokenMessage;

impl MessageInflater {
    /// The decompressors for both directions, as the server's response agreed;
    /// None without compression.
    pub(crate) fn agreed(answer: &HeaderFields) -> Option<(Self, Self)> {
        let agreed = answer.named("sec-websocket-extensions").filter_map(|value| std::str::from_utf8(value).ok());
        let agreed =
            agreed.flat_map(|value| value.split(',')).find(|one| one.trim().starts_with("permessage-deflate"))?;
        let says = |parameter| agreed.split(';').any(|part| part.trim() == parameter);
        Some((Self::new(says("client_no_context_takeover")), Self::new(says("server_no_context_takeover"))))
    }

    fn new(afresh: bool) -> Self {
        Self { stream: Decompress::new(false), afresh, budget: BUDGET, broken: false }
    }

    /// Whether each message is compressed without the previous ones as context.
    pub(crate) fn is_afresh(&self) -> bool {
        self.afresh
    }

    fn add(&mut self, bytes: &[u8], part: &mut CapturedBody) {
        let mut rest = bytes;
        self.budget = (self.budget + RATIO * bytes.len() as u64).min(LARGEST_BUDGET);
        let mut out = [0; 8 * 1024];
        while !self.broken {
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(rest, &mut out, FlushDecompress::Sync);
            let count = (self.stream.total_out() - before_out) as usize;
            part.add(&out[..count]);
            rest = &rest[(self.stream.total_in() - before_in) as usize..];
            self.budget = self.budget.saturating_sub(count as u64);
            self.broken = !matches!(status, Ok(Status::Ok | Status::BufError)) || self.budget == 0;
            if rest.is_empty() && count < out.len() {
                return;
            }
            if count == 0 && self.stream.total_in() == before_in {
                return;
            }
        }
    }

    /// Ends a message: adds the four bytes that the sender leaves out (RFC 7692
    /// §7.2.2).
    fn end(&mut self, part: &mut CapturedBody) -> Result<(), BrokenMessage> {
        self.add(&[0, 0, 0xff, 0xff], part);
        if self.broken {
            return Err(BrokenMessage);
        }
        if self.afresh {
            self.stream.reset(false);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All messages in these bytes, which arrive in pieces of `at_once` bytes.
    fn said(wire: &[u8], inflate: Option<MessageInflater>, at_once: usize) -> Vec<(bool, Vec<u8>, Option<u64>)> {
        let (mut said, mut ear) = (MessageLog::new(1_000), MessageReader::new(Direction::FromClient, inflate));
        for mut piece in wire.chunks(at_once) {
            while !piece.is_empty() {
                let (taken, _) = ear.hear(piece, &mut said);
                piece = &piece[taken..];
            }
        }
        ear.hang_up(&mut said);
        said.messages.iter().map(|one| (one.text, one.body.bytes.to_vec(), one.body.cut_from)).collect()
    }

    #[test]
    fn messages_are_joined_from_frames_with_others_between() {
        let wire = b"\x01\x03Hel\x89\x04ping\x80\x02lo\x82\x01x\x81\x00";
        for at_once in 1..wire.len() {
            let all = said(wire, None, at_once);
            let message = |text, body: &[u8]| (text, body.to_vec(), None);
            assert_eq!(
                all,
                [message(false, b"ping"), message(true, b"Hello"), message(false, b"x"), message(true, b"")]
            );
        }
    }

    #[test]
    fn what_frames_carry_that_are_no_message_is_kept() {
        for (wire, kept) in [
            (&b"\x89\x01a"[..], &b"a"[..]),
            (b"\x8a\x01a", b"a"),
            (b"\x88\x03\x03\xe8a", b"\x03\xe8a"),
            (b"\x88\x02\x0f\xff", b"\x0f\xff"),
            (b"\x83\x01a", b"a"),
            (b"\x8b\x01a", b"a"),
            (b"\x80\x01a", b"a"),
            (b"\x00\x01a", b"a"),
            (b"\x89\x7e\x00\x80", b""),
            (b"\x89\x05ab", b"ab"),
        ] {
            for at_once in 1..=wire.len() {
                let all = said(wire, None, at_once);
                assert_eq!(all.iter().map(|one| &one.1[..]).collect::<Vec<_>>().concat(), kept, "{wire:?}");
            }
        }
        assert_eq!(said(b"\x89\x00\x8a\x00\x88\x02\x03\xe8", None, 3), [], "nothing is said by that");
        let long = [&b"\x89\x7e\x01\x00"[..], &[b'a'; 256]].concat();
        assert_eq!(said(&long, None, 50)[0].1.len(), 256, "longer than it may be");
    }

    #[test]
    fn compressed_messages_are_opened_with_what_came_before() {
        // RFC 7692 §7.2.3.2: the second message refers to the first.
        let wire = [&[0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0][..], &[0xc1, 5, 0xf2, 0, 0x11, 0, 0]].concat();
        for at_once in 1..wire.len() {
            let all = said(&wire, Some(MessageInflater::new(false)), at_once);
            assert_eq!(all, [(true, b"Hello".to_vec(), None), (true, b"Hello".to_vec(), None)]);
        }
        let all = said(&wire[..9].repeat(2), Some(MessageInflater::new(true)), 3);
        assert_eq!(all[1].1, b"Hello");
    }

    #[test]
    fn what_does_not_open_is_marked() {
        let wire = [0xc1, 3, 0xff, 0xff, 0xff];
        assert_eq!(said(&wire, Some(MessageInflater::new(false)), 9)[0].2, Some(0));
        // The first frame says that the message is not compressed, although
        // compression was agreed.
        assert_eq!(said(b"\x81\x01a", Some(MessageInflater::new(false)), 9), [(true, b"a".to_vec(), None)]);
    }

    #[test]
    fn what_was_agreed_on_is_read_from_the_answer() {
        let agreed = |value: &str| {
            let head = format!("HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: {value}\r\n\r\n");
            let fields = crate::http1::head::response(head.as_bytes()).unwrap().fields;
            MessageInflater::agreed(&fields).map(|(client, server)| (client.afresh, server.afresh))
        };
        assert_eq!(agreed("permessage-deflate; server_no_context_takeover"), Some((false, true)));
        assert_eq!(agreed("x-other, permessage-deflate;client_max_window_bits=12"), Some((false, false)));
        assert_eq!(agreed("x-other"), None);
    }
}
