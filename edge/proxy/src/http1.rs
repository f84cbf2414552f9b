//! HTTP/1.1 messages on the wire (RFC 9112), without a socket.
//!
//! Heads are read as they came: order, case and repeated names of fields are
//! evidence. hyper keeps fields in a map, which loses the order of repeated
//! names, so HTTP/1 is read here and only HTTP/2 is left to it. Bodies are
//! walked through where they lie: whoever relays them passes on the very bytes.

use model::Header;

use crate::part::Part;

/// The head of a request.
#[derive(Clone)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    /// As it stood in the request line: `/path`, `http://host/path`, `host:port`, `*`.
    pub(crate) target: String,
    pub(crate) minor: u8,
    pub(crate) headers: Vec<Header>,
    /// Bytes of the head, its empty line included.
    pub(crate) length: usize,
}

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

/// A head that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bad(pub(crate) &'static str);

/// Where the head that starts with `bytes` ends; `from` bytes of it were
/// searched before.
pub(crate) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    // The empty line may have begun in what was searched.
    let start = from.saturating_sub(3);
    memchr::memchr_iter(b'\n', &bytes[start..]).map(|at| start + at).find_map(|at| match bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Reads the head of a request that is there as a whole.
pub(crate) fn request(bytes: &[u8]) -> Result<RequestHead, Bad> {
    // Most requests have fewer than 48 fields; none has more than lines.
    let mut few = [httparse::EMPTY_HEADER; 48];
    match parse(bytes, &mut few) {
        Err(httparse::Error::TooManyHeaders) => {
            let lines = memchr::memchr_iter(b'\n', bytes).count();
            parse(bytes, &mut vec![httparse::EMPTY_HEADER; lines])
        }
        read => read,
    }
    .map_err(|_| Bad("the head of a request could not be read"))
}

fn parse<'h, 'b: 'h>(bytes: &'b [u8], fields: &'h mut [httparse::Header<'b>]) -> Result<RequestHead, httparse::Error> {
    let mut request = httparse::Request::new(fields);
    let httparse::Status::Complete(length) = request.parse(bytes)? else { return Err(httparse::Error::NewLine) };
    Ok(RequestHead {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        minor: request.version.unwrap_or_default(),
        headers: request.headers.iter().map(|field| Header::new(field.name, field.value)).collect(),
        length,
    })
}

impl RequestHead {
    /// The values of every field of this name, in order.
    pub(crate) fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| &field.value[..])
    }

    /// The first value of this name, if it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next().and_then(|value| std::str::from_utf8(value).ok()).map(str::trim)
    }

    /// Whether a list field has this member, whatever its case.
    pub(crate) fn lists(&self, name: &str, member: &str) -> bool {
        self.all(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(member))
    }

    pub(crate) fn framing(&self) -> Result<Framing, Bad> {
        if self.all("transfer-encoding").next().is_some() {
            let last = self.all("transfer-encoding").last().unwrap_or_default();
            let chunked = last.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            let is_chunked = chunked.trim_ascii().eq_ignore_ascii_case(b"chunked");
            return if is_chunked { Ok(Framing::Chunked) } else { Err(Bad("a transfer coding without an end")) };
        }
        let mut lengths = self.all("content-length").flat_map(|value| value.split(|byte| *byte == b','));
        let Some(first) = lengths.next() else { return Ok(Framing::Length(0)) };
        let first = number(first)?;
        for other in lengths {
            if number(other)? != first {
                return Err(Bad("two different lengths"));
            }
        }
        Ok(Framing::Length(first))
    }

    /// Whether another request may follow on the connection (RFC 9112 §9.3).
    pub(crate) fn keeps_alive(&self) -> bool {
        let says = |member| self.lists("connection", member) || self.lists("proxy-connection", member);
        if self.minor == 0 { says("keep-alive") } else { !says("close") }
    }

    pub(crate) fn wants_websocket(&self) -> bool {
        self.lists("connection", "upgrade")
            && self.lists("upgrade", "websocket")
            && self.text("sec-websocket-key").is_some()
    }

    pub(crate) fn expects_continue(&self) -> bool {
        self.minor > 0 && self.lists("expect", "100-continue")
    }

    pub(crate) fn version(&self) -> &'static str {
        if self.minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" }
    }
}

fn number(value: &[u8]) -> Result<u64, Bad> {
    let digits = value.trim_ascii();
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| all_digits);
    text.and_then(|text| text.parse().ok()).ok_or(Bad("a length that is no number"))
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
        };
        Self { state, trailers: Vec::new() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
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

    fn head(text: &str) -> RequestHead {
        request(text.as_bytes()).unwrap()
    }

    fn body(framing: Framing, wire: &[u8], at_once: usize) -> Result<(Vec<u8>, usize, bool), Bad> {
        let (mut walk, mut part, mut taken) = (Walk::new(framing), Part::new(100), 0);
        for piece in wire.chunks(at_once) {
            taken += walk.take(piece, &mut part)?;
        }
        Ok((part.whole().bytes.to_vec(), taken, walk.is_done()))
    }

    #[test]
    fn fields_keep_order_case_and_repetition() {
        let read = request(b"GET /a HTTP/1.1\r\nHOST: x\r\ncookie: 1\r\nX-y: \xe4\r\nCookie: 2\r\n\r\nbody").unwrap();
        let names: Vec<&str> = read.headers.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["HOST", "cookie", "X-y", "Cookie"]);
        assert_eq!(read.length, 58);
    }

    #[test]
    fn a_head_may_have_hundreds_of_fields() {
        let fields: String = (0..500).map(|i| format!("a{i}: b\r\n")).collect();
        assert_eq!(head(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).headers.len(), 500);
    }

    #[test]
    fn the_end_of_a_head_is_found_wherever_it_was_cut() {
        let wire = b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        for cut in 0..wire.len() {
            let first = head_end(&wire[..cut], 0);
            assert_eq!(first.or_else(|| head_end(wire, cut)), Some(24), "{cut}");
        }
        assert_eq!(head_end(b"GET / HTTP/1.1\n\nx", 0), Some(16));
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let framing = |fields: &str| head(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).framing();
        assert_eq!(framing("Content-Length: 5"), Ok(Framing::Length(5)));
        assert_eq!(framing("Content-Length: 5, 5"), Ok(Framing::Length(5)));
        assert_eq!(framing("Transfer-Encoding: gzip, Chunked\r\nContent-Length: 5"), Ok(Framing::Chunked));
        assert_eq!(framing("A: b"), Ok(Framing::Length(0)));
        assert!(framing("Content-Length: 5\r\nContent-Length: 6").is_err());
        assert!(framing("Content-Length: +5").is_err());
        assert!(framing("Content-Length: 99999999999999999999").is_err());
        assert!(framing("Transfer-Encoding: gzip").is_err());
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
    fn a_connection_is_kept_as_the_version_says() {
        assert!(head("GET / HTTP/1.1\r\n\r\n").keeps_alive());
        assert!(!head("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").keeps_alive());
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keeps_alive());
        assert!(head("GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n").keeps_alive());
    }
}
