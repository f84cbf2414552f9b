//! HTTP/1 message bodies on the wire (RFC 9112 §6, §7), without a socket.
//!
//! The parser reads a body inside the read buffer: it finds the end, copies the
//! content for the record, and the caller forwards the bytes as they arrived.
//! Chunk extensions and trailer fields are not content and could carry any
//! data. Extensions are removed, because nobody uses them; trailer fields are
//! forwarded only after the whole section was read. Both are kept for the
//! record.

use model::Header;

use crate::{
    exchange::captured_body::CapturedBody,
    http1::head::{self, BadMessage},
};

/// How the end of a body is determined (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    Length(u64),
    Chunked,
    /// The body ends when the connection closes; only responses may do that.
    UntilClose,
}

impl BodyFraming {
    /// The body's length, if the message declares it.
    pub(crate) fn declared(self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(length),
            Self::Chunked | Self::UntilClose => None,
        }
    }
}

/// How strictly a body must follow the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyStrictness {
    /// For requests: a body that two parsers could read differently is refused.
    Exact,
    /// For responses: servers break the grammar, and browsers accept it.
    Lenient,
}

/// Parses a body step by step: finds its end and keeps its content.
#[derive(Debug)]
pub(crate) struct BodyWalk {
    state: BodyState,
    strictness: BodyStrictness,
    /// Fields after a chunked body (RFC 9112 §7.1.2).
    trailers: Vec<Header>,
    /// Extensions of its chunks (§7.1.1).
    extensions: Vec<u8>,
}

/// How many bytes at the front were parsed: the first `pass` bytes are
/// forwarded, the next `leave_out` bytes are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WalkedBytes {
    pub(crate) pass: usize,
    pub(crate) leave_out: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyState {
    /// This many bytes remain until the end.
    Length(u64),
    UntilClose,
    /// In the size of a chunk; `size` is its value so far.
    Size {
        size: u64,
        digits: u8,
    },
    /// After the size, in a chunk extension.
    Extension(u64),
    /// In the line end after the size.
    SizeEnd {
        size: u64,
        cr: bool,
    },
    /// This many bytes remain until the end of the chunk.
    Data(u64),
    /// In the line end after a chunk's data.
    DataEnd {
        cr: bool,
    },
    /// Before the trailer section, which is parsed only when it is complete.
    Trailers,
    Done,
}

const LONGEST_TRAILERS: usize = 64 * 1024;
/// Most bytes of chunk extensions in one body. hyper has the same limit.
const LONGEST_EXTENSIONS: usize = 16 * 1024;

impl BodyWalk {
    /// A parser for a request's body.
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

    /// Whether the body ends when the connection closes.
    pub(crate) fn ends_with_connection(&self) -> bool {
        self.state == BodyState::UntilClose
    }

    /// Whether every parsed byte is forwarded as it arrived.
    pub(crate) fn goes_on_whole(&self) -> bool {
        self.extensions.is_empty()
    }

    /// Parses bytes of the body at the front of `bytes`, up to the next bytes
    /// that must be dropped, and adds the content to `part`. An empty result
    /// means that more bytes are needed.
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

    /// The same as [`Self::take`] for bytes that stay in the buffer: parses as
    /// much as possible, and returns how many bytes that were.
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

    /// Trailer fields, and the chunk extensions as one more field, for the
    /// record.
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

    /// Keeps a chunk extension up to the end of its line, as far as it has
    /// arrived.
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

    /// Parses the trailer section once it is complete.
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

/// Where the trailer section at the front of `bytes` ends.
fn section_end(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => head::end(bytes, 0),
    }
}

/// Whether every parser finds the same trailer fields, and none of them changes
/// the framing or the routing of the message (RFC 9110 §6.5.1).
fn is_exact(section: &[u8], fields: &[Header]) -> bool {
    const NEVER_AFTER: [&str; 5] = ["content-length", "transfer-encoding", "host", "connection", "trailer"];
    let line_ends = memchr::memchr_iter(b'\n', section);
    line_ends.into_iter().all(|at| at > 0 && section[at - 1] == b'\r')
        && !fields.iter().any(|field| NEVER_AFTER.iter().any(|name| field.name.eq_ignore_ascii_case(name)))
}

/// Adds up to `left` bytes to `part`; returns how many were added and how many
/// are still missing.
fn add(bytes: &[u8], left: u64, part: &mut CapturedBody) -> (usize, u64) {
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    part.add(&bytes[..count]);
    (count, left - count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content of a parsed body, and the bytes that are forwarded.
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
