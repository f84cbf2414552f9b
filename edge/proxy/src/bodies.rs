//! Bodies of HTTP/1 on the wire (RFC 9112 §6, §7), without a socket.
//!
//! A body is walked through where it lies: its end is found and its content kept
//! on the way, and whoever relays it passes on the very bytes that came.

use model::Header;

use crate::{heads::Bad, part::Part};

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// Only answers end with their connection.
    UntilClose,
}

impl Framing {
    /// The length, if it is known beforehand.
    pub(crate) fn declared(self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(length),
            Self::Chunked | Self::UntilClose => None,
        }
    }
}

/// Walks through a body: finds its end, and hands on what is in it.
#[derive(Debug)]
pub(crate) struct Walk {
    state: State,
    /// Fields after a chunked body (RFC 9112 §7.1.2).
    pub(crate) trailers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes until the end.
    Length(u64),
    UntilClose,
    /// In a chunk's size line; the size so far, and whether extensions began.
    Size {
        size: u64,
        digits: u8,
        skip: bool,
    },
    /// So many bytes until the end of the chunk.
    Data(u64),
    /// The line end after a chunk.
    DataEnd,
    /// In the trailer section, at the start of a line or not.
    Trailers {
        line: u32,
    },
    Done,
}

const LONGEST_TRAILERS: usize = 64 * 1024;

impl Walk {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::SIZE,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, trailers: Vec::new() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the end of the connection is the end of the body.
    pub(crate) fn ends_with_connection(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Takes what belongs to the body from the front of `bytes`, adds its
    /// content to `part`, and gives the number of bytes taken.
    pub(crate) fn take(&mut self, bytes: &[u8], part: &mut Part) -> Result<usize, Bad> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            at += self.step(&bytes[at..], part)?;
        }
        Ok(at)
    }

    fn step(&mut self, bytes: &[u8], part: &mut Part) -> Result<usize, Bad> {
        match self.state {
            State::UntilClose => {
                part.add(bytes);
                Ok(bytes.len())
            }
            State::Length(left) => {
                let count = shorter(left, bytes);
                part.add(&bytes[..count]);
                let left = left - count as u64;
                self.state = if left == 0 { State::Done } else { State::Length(left) };
                Ok(count)
            }
            State::Data(left) => {
                let count = shorter(left, bytes);
                part.add(&bytes[..count]);
                let left = left - count as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                Ok(count)
            }
            State::DataEnd => {
                match bytes[0] {
                    b'\r' => {}
                    b'\n' => self.state = State::SIZE,
                    _ => return Err(Bad("a chunk is longer than it says")),
                }
                Ok(1)
            }
            State::Size { size, digits, skip } => {
                self.state = size_step(bytes[0], size, digits, skip)?;
                Ok(1)
            }
            State::Trailers { line } => {
                self.trailer_byte(bytes[0], line)?;
                Ok(1)
            }
            State::Done => Ok(0),
        }
    }

    fn trailer_byte(&mut self, byte: u8, line: u32) -> Result<(), Bad> {
        if self.trailers.len() >= LONGEST_TRAILERS {
            return Err(Bad("trailers without an end"));
        }
        self.trailers.push(byte);
        self.state = match byte {
            b'\n' if line == 0 => State::Done,
            b'\n' => State::Trailers { line: 0 },
            b'\r' => State::Trailers { line },
            _ => State::Trailers { line: line + 1 },
        };
        Ok(())
    }

    /// The fields that came after the body.
    pub(crate) fn trailer_fields(&self) -> Vec<Header> {
        let mut fields = [httparse::EMPTY_HEADER; 48];
        match httparse::parse_headers(&self.trailers, &mut fields) {
            Ok(httparse::Status::Complete((_, fields))) => {
                fields.iter().map(|field| Header::new(field.name, field.value)).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl State {
    const SIZE: Self = Self::Size { size: 0, digits: 0, skip: false };
}

fn size_step(byte: u8, size: u64, digits: u8, skip: bool) -> Result<State, Bad> {
    let digit = char::from(byte).to_digit(16);
    match (byte, digit) {
        (b'\n', _) if digits == 0 => Err(Bad("a chunk without a size")),
        (b'\n', _) if size == 0 => Ok(State::Trailers { line: 0 }),
        (b'\n', _) => Ok(State::Data(size)),
        _ if skip => Ok(State::Size { size, digits, skip }),
        (_, Some(digit)) if digits < 16 => {
            Ok(State::Size { size: size << 4 | u64::from(digit), digits: digits + 1, skip })
        }
        (b';' | b' ' | b'\t' | b'\r', _) if digits > 0 => Ok(State::Size { size, digits, skip: true }),
        _ => Err(Bad("a chunk with a size that is no number")),
    }
}

fn shorter(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(framing: Framing, wire: &[u8], at_once: usize) -> Result<(Vec<u8>, usize, bool), Bad> {
        let (mut walk, mut part, mut taken) = (Walk::new(framing), Part::new(100), 0);
        for piece in wire.chunks(at_once) {
            taken += walk.take(piece, &mut part)?;
        }
        Ok((part.whole().bytes.to_vec(), taken, walk.is_done()))
    }

    #[test]
    fn chunks_are_joined_however_they_are_cut() {
        let wire = b"5;name=value\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\nGET";
        for at_once in 1..wire.len() {
            let (content, taken, done) = body(Framing::Chunked, wire, at_once).unwrap();
            assert_eq!((&content[..], taken, done), (&b"hello!"[..], wire.len() - 3, true), "{at_once}");
        }
    }

    #[test]
    fn chunks_that_lie_are_refused() {
        for wire in ["x\r\n", "\r\n", "2\r\nabc\r\n", "11111111111111111\r\n"] {
            assert!(body(Framing::Chunked, wire.as_bytes(), 3).is_err(), "{wire}");
        }
    }

    #[test]
    fn a_body_of_a_known_length_leaves_what_follows() {
        assert_eq!(body(Framing::Length(3), b"abcdef", 2), Ok((b"abc".to_vec(), 3, true)));
        assert_eq!(body(Framing::Length(0), b"abc", 3), Ok((vec![], 0, true)));
    }

    #[test]
    fn a_body_without_a_length_goes_on_to_the_end() {
        assert_eq!(body(Framing::UntilClose, b"abc", 2), Ok((b"abc".to_vec(), 3, false)));
    }
}
