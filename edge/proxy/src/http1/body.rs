//! Bodies of HTTP/1 on the wire (RFC 9112 §6, §7), without a socket.
//!
//! A body is walked through where it lies: its end is found and its content kept
//! on the way, and whoever relays it passes on the very bytes that came. Two
//! things are not content and could carry anything: the extensions of chunks,
//! which nobody uses, are taken out, and the fields after a body go on only as a
//! whole, once they were read. Both are kept for the record.

use model::Header;

use crate::{
    exchange::captured_body::CapturedBody,
    http1::head::{self, BadMessage},
};

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    Length(u64),
    Chunked,
    /// Only answers end with their connection.
    UntilClose,
}

impl BodyFraming {
    /// The length, if it is known beforehand.
    pub(crate) fn declared(self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(length),
            Self::Chunked | Self::UntilClose => None,
        }
    }
}

/// How exact a sender has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyStrictness {
    /// Requests: what two readers could read in two ways is refused.
    Exact,
    /// Answers: servers write worse than that, and browsers read on.
    Lenient,
}

/// Walks through a body: finds its end, and hands on what is in it.
#[derive(Debug)]
pub(crate) struct BodyWalk {
    state: BodyState,
    strictness: BodyStrictness,
    /// Fields after a chunked body (RFC 9112 §7.1.2).
    trailers: Vec<Header>,
    /// Extensions of its chunks (§7.1.1).
    extensions: Vec<u8>,
}

/// Bytes in front that were walked through: first some to pass on, then some to
/// leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WalkedBytes {
    pub(crate) pass: usize,
    pub(crate) leave_out: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyState {
    /// So many bytes until the end.
    Length(u64),
    UntilClose,
    /// In a chunk's size, which is this so far.
    Size {
        size: u64,
        digits: u8,
    },
    /// Behind it, in what is no size.
    Extension(u64),
    /// In the line end after it.
    SizeEnd {
        size: u64,
        cr: bool,
    },
    /// So many bytes until the end of the chunk.
    Data(u64),
    /// In the line end after a chunk.
    DataEnd {
        cr: bool,
    },
    /// Before the trailer section, which is read as a whole.
    Trailers,
    Done,
}

const LONGEST_TRAILERS: usize = 64 * 1024;
/// All extensions of one body. hyper takes as many.
const LONGEST_EXTENSIONS: usize = 16 * 1024;

impl BodyWalk {
    /// Through a request's body.
    pub(crate) fn request(framing: BodyFraming) -> Self {
        Self::new(framing, BodyStrictness::Exact)
    }

    pub(crate) fn new(framing: BodyFraming, strictness: BodyStrictness) -> Self {
        let state = match framing {
            BodyFraming::Length(0) => BodyState::Done,
            BodyFraming::Length(length) => BodyState::Length(length),
            BodyFraming::Chunked => BodyState::SIZE,
            BodyFraming::UntilClose => BodyState::UntilClose,
        };
        Self { state, strictness, trailers: Vec::new(), extensions: Vec::new() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == BodyState::Done
    }

    /// Whether the end of the connection is the end of the body.
    pub(crate) fn ends_with_connection(&self) -> bool {
        self.state == BodyState::UntilClose
    }

    /// Whether all that was walked through goes on as it came.
    pub(crate) fn goes_on_whole(&self) -> bool {
        self.extensions.is_empty()
    }

    /// Takes what belongs to the body from the front of `bytes`, up to what is to
    /// be left out, and adds its content to `part`. Nothing: more bytes are needed.
    pub(crate) fn take(&mut self, bytes: &[u8], part: &mut CapturedBody) -> Result<WalkedBytes, BadMessage> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            if let BodyState::Extension(size) = self.state {
                let leave_out = self.extension(&bytes[at..], size)?;
                if leave_out > 0 || matches!(self.state, BodyState::Extension(_)) {
                    return Ok(WalkedBytes { pass: at, leave_out });
                }
            }
            match self.step(&bytes[at..], part)? {
                0 if !matches!(self.state, BodyState::Extension(_) | BodyState::SizeEnd { .. }) => break,
                count => at += count,
            }
        }
        Ok(WalkedBytes { pass: at, leave_out: 0 })
    }

    /// The same for bytes that stay where they are: takes all it can, and gives
    /// how many.
    pub(crate) fn take_all(&mut self, bytes: &[u8], part: &mut CapturedBody) -> Result<usize, BadMessage> {
        let mut at = 0;
        loop {
            let WalkedBytes { pass, leave_out } = self.take(&bytes[at..], part)?;
            at += pass + leave_out;
            if pass + leave_out == 0 {
                return Ok(at);
            }
        }
    }

    /// What came beside the content, for the record: trailers, and extensions of
    /// chunks as a field of their own.
    pub(crate) fn fields_beside(&self) -> Vec<Header> {
        let extensions = Some(&self.extensions).filter(|bytes| !bytes.trim_ascii().is_empty());
        let extensions = extensions.map(|bytes| Header::new(model::CHUNK_EXTENSIONS, &bytes[..]));
        extensions.into_iter().chain(self.trailers.iter().cloned()).collect()
    }

    fn step(&mut self, bytes: &[u8], part: &mut CapturedBody) -> Result<usize, BadMessage> {
        match self.state {
            BodyState::UntilClose => {
                part.add(bytes);
                Ok(bytes.len())
            }
            BodyState::Length(left) => {
                let (count, left) = add(bytes, left, part);
                self.state = if left == 0 { BodyState::Done } else { BodyState::Length(left) };
                Ok(count)
            }
            BodyState::Data(left) => {
                let (count, left) = add(bytes, left, part);
                self.state = if left == 0 { BodyState::DataEnd { cr: false } } else { BodyState::Data(left) };
                Ok(count)
            }
            BodyState::DataEnd { cr } => {
                self.state = match bytes[0] {
                    b'\r' if !cr || self.is_lenient() => BodyState::DataEnd { cr: true },
                    b'\n' if cr || self.is_lenient() => BodyState::SIZE,
                    _ => return Err(BadMessage("a chunk is longer than it says")),
                };
                Ok(1)
            }
            BodyState::Size { size, digits } => self.size_byte(bytes[0], size, digits),
            BodyState::SizeEnd { size, cr } => {
                self.state = match bytes[0] {
                    b'\r' if !cr => BodyState::SizeEnd { size, cr: true },
                    b'\n' if (cr || self.is_lenient()) && size == 0 => BodyState::Trailers,
                    b'\n' if cr || self.is_lenient() => BodyState::Data(size),
                    _ => return Err(NO_NUMBER),
                };
                Ok(1)
            }
            BodyState::Trailers => self.trailer_section(bytes),
            BodyState::Extension(_) | BodyState::Done => Ok(0),
        }
    }

    fn is_lenient(&self) -> bool {
        self.strictness == BodyStrictness::Lenient
    }

    fn size_byte(&mut self, byte: u8, size: u64, digits: u8) -> Result<usize, BadMessage> {
        let digit = char::from(byte).to_digit(16);
        self.state = match (byte, digit) {
            (_, Some(digit)) if digits < 16 => {
                BodyState::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }
            }
            (b'\n', _) if digits == 0 => return Err(BadMessage("a chunk without a size")),
            (b';' | b' ' | b'\t', _) if digits > 0 => BodyState::Extension(size),
            (b'\r' | b'\n', _) if digits > 0 => BodyState::SizeEnd { size, cr: false },
            _ => return Err(NO_NUMBER),
        };
        Ok(usize::from(digit.is_some()))
    }

    /// Keeps an extension as far as it is there, up to the end of its line.
    fn extension(&mut self, bytes: &[u8], size: u64) -> Result<usize, BadMessage> {
        let line_end = memchr::memchr(b'\n', bytes);
        let line = &bytes[..line_end.unwrap_or(bytes.len())];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_too_much = self.extensions.len() + line.len() > LONGEST_EXTENSIONS;
        if is_too_much || (!self.is_lenient() && line.contains(&b'\r')) {
            return Err(BadMessage("extensions of chunks that are none, or without an end"));
        }
        self.extensions.extend_from_slice(line);
        if line_end.is_some() {
            self.state = BodyState::SizeEnd { size, cr: false };
        }
        Ok(line.len())
    }

    /// Takes the fields after a body, once all of them are there.
    fn trailer_section(&mut self, bytes: &[u8]) -> Result<usize, BadMessage> {
        let Some(end) = section_end(bytes) else {
            let is_too_long = bytes.len() >= LONGEST_TRAILERS;
            return if is_too_long { Err(BadMessage("trailers without an end")) } else { Ok(0) };
        };
        let section = &bytes[..end];
        self.trailers = match head::fields(section) {
            Some(fields) if self.is_lenient() || is_exact(section, &fields) => fields,
            _ if self.is_lenient() => vec![Header::new(model::TRAILERS, section)],
            _ => return Err(BadMessage("trailers that are no fields, or not allowed there")),
        };
        self.state = BodyState::Done;
        Ok(end)
    }
}

const NO_NUMBER: BadMessage = BadMessage("a chunk with a size that is no number");

impl BodyState {
    const SIZE: Self = Self::Size { size: 0, digits: 0 };
}

/// Where the trailer section that starts with `bytes` ends.
fn section_end(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => head::end(bytes, 0),
    }
}

/// Whether every reader finds the same fields, and none that says how the message
/// is to be read or where it goes (RFC 9110 §6.5.1).
fn is_exact(section: &[u8], fields: &[Header]) -> bool {
    const NEVER_AFTER: [&str; 5] = ["content-length", "transfer-encoding", "host", "connection", "trailer"];
    let line_ends = memchr::memchr_iter(b'\n', section);
    line_ends.into_iter().all(|at| at > 0 && section[at - 1] == b'\r')
        && !fields.iter().any(|field| NEVER_AFTER.iter().any(|name| field.name.eq_ignore_ascii_case(name)))
}

/// Adds what there is of `left` bytes; gives how many, and how many are still left.
fn add(bytes: &[u8], left: u64, part: &mut CapturedBody) -> (usize, u64) {
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    part.add(&bytes[..count]);
    (count, left - count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a body, and what of its bytes goes on.
    #[derive(Debug, PartialEq)]
    struct WalkResult {
        content: Vec<u8>,
        onward: Vec<u8>,
        beside: Vec<(String, Vec<u8>)>,
        done: bool,
    }

    fn read(mut walk: BodyWalk, wire: &[u8], at_once: usize) -> Result<WalkResult, BadMessage> {
        let (mut part, mut ahead, mut onward) = (CapturedBody::new(1_000), Vec::new(), Vec::new());
        for piece in wire.chunks(at_once) {
            ahead.extend_from_slice(piece);
            loop {
                let WalkedBytes { pass, leave_out } = walk.take(&ahead, &mut part)?;
                onward.extend(ahead.drain(..pass));
                ahead.drain(..leave_out);
                if pass + leave_out == 0 {
                    break;
                }
            }
        }
        let beside = walk.fields_beside().into_iter().map(|field| (field.name, field.value)).collect();
        Ok(WalkResult { content: part.whole().bytes.to_vec(), onward, beside, done: walk.is_done() })
    }

    fn chunked(wire: &[u8], at_once: usize) -> Result<WalkResult, BadMessage> {
        read(BodyWalk::request(BodyFraming::Chunked), wire, at_once)
    }

    #[test]
    fn chunks_are_joined_however_they_are_cut() {
        let wire = b"5\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\nGET";
        for at_once in 1..=wire.len() {
            let read = chunked(wire, at_once).unwrap();
            assert_eq!((&read.content[..], read.done), (&b"hello!"[..], true), "{at_once}");
            assert_eq!(read.onward, wire[..wire.len() - 3], "{at_once}");
            assert_eq!(read.beside, [("X-Sum".to_owned(), b"6".to_vec())]);
        }
    }

    #[test]
    fn extensions_of_chunks_stay_here_and_are_kept() {
        let wire = b"5;name=secret\r\nhello\r\n1 \t;x=\"y;z\" \r\n!\r\n0;last\r\n\r\n";
        for strictness in [BodyStrictness::Exact, BodyStrictness::Lenient] {
            for at_once in 1..=wire.len() {
                let read = read(BodyWalk::new(BodyFraming::Chunked, strictness), wire, at_once).unwrap();
                assert_eq!(read.onward, b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "{at_once}");
                let kept = b";name=secret \t;x=\"y;z\" ;last".to_vec();
                assert_eq!(read.beside, [(model::CHUNK_EXTENSIONS.to_owned(), kept)], "{at_once}");
            }
        }
    }

    #[test]
    fn chunks_that_two_readers_read_in_two_ways_are_refused() {
        for wire in [
            "x\r\n",
            "\r\n",
            "2\r\nabc\r\n",
            "11111111111111111\r\n",
            "5\nhello\n0\n\n",
            "5\r\nhello\n",
            "5\r\nhello\r\r\n",
            "5\r\rX\r\nhello\r\n",
            "5;a\rb\r\nhello\r\n",
            "5;a\nhello",
            "0x5\r\nhello\r\n",
            "+5\r\nhello\r\n",
            " 5\r\nhello\r\n",
            "-1\r\n",
            "0\r\nno field at all\r\n\r\n",
            "0\r\nA: b\nC: d\r\n\r\n",
            "0\r\nContent-Length: 3\r\n\r\n",
            "0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "0\r\nhOst: a.example\r\n\r\n",
            "0\r\nA: b\r\n c\r\n\r\n",
        ] {
            for at_once in 1..=wire.len() {
                assert!(chunked(wire.as_bytes(), at_once).is_err(), "{wire:?} {at_once}");
            }
        }
        for (unit, times) in [(&b";abcdefgh"[..], 3_000), (&b"; "[..], 20_000)] {
            assert!(chunked(&[b"5", &unit.repeat(times)[..]].concat(), 2_000).is_err());
        }
        assert!(chunked(&[b"0\r\n", &b"a: b\r\n".repeat(20_000)[..]].concat(), 2_000).is_err());
    }

    #[test]
    fn trailers_are_read_however_many_they_are_and_go_on_only_as_a_whole() {
        let fields: String = (0..200).map(|i| format!("X-{i}: value-{i}\r\n")).collect();
        let wire = format!("1\r\na\r\n0\r\n{fields}\r\n");
        for at_once in [1, 7, 4_096] {
            let read = chunked(wire.as_bytes(), at_once).unwrap();
            assert_eq!((read.beside.len(), read.onward.len()), (200, wire.len()));
        }
        let half = chunked(&wire.as_bytes()[..wire.len() - 2], 9).unwrap();
        assert_eq!((half.onward, half.done), (b"1\r\na\r\n0\r\n".to_vec(), false));
    }

    #[test]
    fn what_a_server_sends_after_its_body_is_kept_whatever_it_is() {
        let wire = b"1\na\r\n0\r\nno field at all\r\n\r\n";
        let read = read(BodyWalk::new(BodyFraming::Chunked, BodyStrictness::Lenient), wire, 5).unwrap();
        assert_eq!((&read.onward[..], read.done), (&wire[..], true));
        assert_eq!(read.beside, [(model::TRAILERS.to_owned(), b"no field at all\r\n\r\n".to_vec())]);
    }

    #[test]
    fn a_body_of_a_known_length_leaves_what_follows() {
        let body = |length| read(BodyWalk::request(BodyFraming::Length(length)), b"abcdef", 2).unwrap();
        assert_eq!((body(3).content, body(3).onward, body(3).done), (b"abc".to_vec(), b"abc".to_vec(), true));
        assert_eq!((body(0).onward, body(0).done), (vec![], true));
    }

    #[test]
    fn a_body_without_a_length_goes_on_to_the_end() {
        let read = read(BodyWalk::new(BodyFraming::UntilClose, BodyStrictness::Lenient), b"abc", 2).unwrap();
        assert_eq!((read.content, read.done), (b"abc".to_vec(), false));
    }
}
