//! HTTP/1 message heads on the wire (RFC 9112), without a socket.
//!
//! Heads are kept as they arrived: the order, case and repetition of field
//! names are evidence. hyper keeps fields in a map, which loses the order of
//! repeated names, so HTTP/1 is read here and only HTTP/2 is left to hyper.

use model::Header;

use crate::http1::body::BodyFraming;

/// The head of a request.
#[derive(Clone)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    /// The target as written in the request line: `/path`, `http://host/path`,
    /// `host:port`, `*`.
    pub(crate) target: String,
    pub(crate) fields: HeaderFields,
}

/// The head of an answer.
#[derive(Clone)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) fields: HeaderFields,
}

/// The fields of a head as they arrived, and the HTTP version that defines
/// their meaning.
#[derive(Clone)]
pub(crate) struct HeaderFields {
    /// The minor version: the x of HTTP/1.x.
    pub(crate) minor: u8,
    pub(crate) all: Vec<Header>,
}

/// Why bytes are not a valid message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadMessage(pub(crate) &'static str);

/// Where the head at the front of `bytes` ends; the first `from` bytes were
/// searched before.
pub(crate) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    // The empty line may start in the bytes that were searched before.
    let start = from.saturating_sub(3);
    memchr::memchr_iter(b'\n', &bytes[start..]).map(|at| start + at).find_map(|at| match bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Parses the head of a request; all of its bytes must be there.
pub(crate) fn request(bytes: &[u8]) -> Result<RequestHead, BadMessage> {
    let mut few = [httparse::EMPTY_HEADER; FEW];
    let read = match parse_request(bytes, &mut few) {
        Err(httparse::Error::TooManyHeaders) => parse_request(bytes, &mut vec![httparse::EMPTY_HEADER; lines(bytes)]),
        read => read,
    };
    read.map_err(|_| BadMessage("the head of a request could not be read"))
}

/// Parses the head of a response; all of its bytes must be there.
pub(crate) fn response(bytes: &[u8]) -> Result<ResponseHead, BadMessage> {
    let mut few = [httparse::EMPTY_HEADER; FEW];
    let read = match parse_response(bytes, &mut few) {
        Err(httparse::Error::TooManyHeaders) => parse_response(bytes, &mut vec![httparse::EMPTY_HEADER; lines(bytes)]),
        read => read,
    };
    read.map_err(|_| BadMessage("the head of an answer could not be read"))
}

/// Parses header fields without a start line, up to their empty line.
pub(crate) fn fields(section: &[u8]) -> Option<Vec<Header>> {
    let mut fields = vec![httparse::EMPTY_HEADER; lines(section)];
    match httparse::parse_headers(section, &mut fields) {
        Ok(httparse::Status::Complete((length, fields))) if length == section.len() => {
            Some(fields.iter().map(|field| Header::new(field.name, field.value)).collect())
        }
        _ => None,
    }
}

/// Most heads have fewer fields than this; a head cannot have more fields than
/// lines.
const FEW: usize = 48;

fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn parse_request<'h, 'b: 'h>(
    bytes: &'b [u8],
    fields: &'h mut [httparse::Header<'b>],
) -> Result<RequestHead, httparse::Error> {
    let mut request = httparse::Request::new(fields);
    let httparse::Status::Complete(_) = request.parse(bytes)? else { return Err(httparse::Error::NewLine) };
    Ok(RequestHead {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        fields: HeaderFields::of(request.version, request.headers),
    })
}

fn parse_response<'h, 'b: 'h>(
    bytes: &'b [u8],
    fields: &'h mut [httparse::Header<'b>],
) -> Result<ResponseHead, httparse::Error> {
    let mut response = httparse::Response::new(fields);
    // Servers put spaces and folded lines where the grammar forbids them;
    // browsers accept that.
    let mut config = httparse::ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true).allow_obsolete_multiline_headers_in_responses(true);
    let httparse::Status::Complete(_) = config.parse_response(&mut response, bytes)? else {
        return Err(httparse::Error::NewLine);
    };
    let status = response.code.unwrap_or_default();
    Ok(ResponseHead { status, fields: HeaderFields::of(response.version, response.headers) })
}

impl HeaderFields {
    fn of(minor: Option<u8>, fields: &[httparse::Header<'_>]) -> Self {
        let all = fields.iter().map(|field| Header::new(field.name, field.value)).collect();
        Self { minor: minor.unwrap_or_default(), all }
    }

    /// The values of all fields with this name, in order.
    pub(crate) fn named<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.all.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| &field.value[..])
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// The first value of this field, if it is valid UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.named(name).next().and_then(|value| std::str::from_utf8(value).ok()).map(str::trim)
    }

    /// Whether a list-valued field has this member; case does not matter.
    pub(crate) fn lists(&self, name: &str, member: &str) -> bool {
        self.named(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(member))
    }

    /// Whether another message may follow on this connection (RFC 9112 §9.3).
    pub(crate) fn keep_alive(&self) -> bool {
        let says = |member| self.lists("connection", member) || self.lists("proxy-connection", member);
        !self.has_idle_length() && if self.minor == 0 { says("keep-alive") } else { !says("close") }
    }

    pub(crate) fn version(&self) -> &'static str {
        if self.minor == 0 { "HTTP/1.0" } else { "HTTP/1.1" }
    }

    /// The framing that the fields declare; None if they declare none.
    fn framing(&self) -> Result<Option<BodyFraming>, BadMessage> {
        if self.has("transfer-encoding") {
            let codings = self.named("transfer-encoding").flat_map(|value| value.split(|byte| *byte == b','));
            let mut ends_chunked = false;
            for coding in codings {
                // `chunked` must be the last transfer coding and may be applied
                // only once (RFC 9112 §6.1).
                if ends_chunked {
                    return Err(BadMessage("chunked is not the last transfer coding"));
                }
                ends_chunked = coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
            }
            return Ok(Some(if ends_chunked { BodyFraming::Chunked } else { BodyFraming::UntilClose }));
        }
        let mut lengths = self.named("content-length").flat_map(|value| value.split(|byte| *byte == b','));
        let Some(first) = lengths.next() else { return Ok(None) };
        let first = number(first)?;
        for other in lengths {
            if number(other)? != first {
                return Err(BadMessage("two different lengths"));
            }
        }
        Ok(Some(BodyFraming::Length(first)))
    }
}

impl HeaderFields {
    /// Whether the head has both Content-Length and Transfer-Encoding: two
    /// parsers may disagree about the end of such a message (RFC 9112 §6.3).
    /// The Content-Length is not forwarded, and the connection is not reused.
    pub(crate) fn has_idle_length(&self) -> bool {
        self.has("transfer-encoding") && self.has("content-length")
    }
}

impl RequestHead {
    /// The framing of the request. An error: parsers could disagree about its
    /// end or about its host.
    pub(crate) fn framing(&self) -> Result<BodyFraming, BadMessage> {
        if self.fields.named("host").nth(1).is_some() {
            return Err(BadMessage("more than one Host (RFC 9112 §3.2)"));
        }
        match self.fields.framing()? {
            Some(BodyFraming::UntilClose) => Err(BadMessage("a transfer coding without an end")),
            Some(BodyFraming::Chunked) if self.fields.minor == 0 => Err(BadMessage("a transfer coding in HTTP/1.0")),
            stated => Ok(stated.unwrap_or(BodyFraming::Length(0))),
        }
    }

    pub(crate) fn wants_websocket(&self) -> bool {
        self.fields.lists("connection", "upgrade")
            && self.fields.lists("upgrade", "websocket")
            && self.fields.has("sec-websocket-key")
    }

    pub(crate) fn expects_continue(&self) -> bool {
        self.fields.minor > 0 && self.fields.lists("expect", "100-continue")
    }
}

impl ResponseHead {
    /// The framing of the response to a request with this method.
    pub(crate) fn framing(&self, method: &str) -> Result<BodyFraming, BadMessage> {
        match self.status {
            100..=199 | 204 | 304 => Ok(BodyFraming::Length(0)),
            _ if method == "HEAD" => Ok(BodyFraming::Length(0)),
            _ => Ok(self.fields.framing()?.unwrap_or(BodyFraming::UntilClose)),
        }
    }
}

fn number(value: &[u8]) -> Result<u64, BadMessage> {
    let digits = value.trim_ascii();
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| all_digits);
    text.and_then(|text| text.parse().ok()).ok_or(BadMessage("a length that is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> RequestHead {
        request(text.as_bytes()).unwrap()
    }

    #[test]
    fn fields_keep_order_case_and_repetition() {
        let read = request(b"GET /a HTTP/1.1\r\nHOST: x\r\ncookie: 1\r\nX-y: \xe4\r\nCookie: 2\r\n\r\nbody").unwrap();
        let names: Vec<&str> = read.fields.all.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["HOST", "cookie", "X-y", "Cookie"]);
    }

    #[test]
    fn a_head_may_have_hundreds_of_fields() {
        let fields: String = (0..500).map(|i| format!("a{i}: b\r\n")).collect();
        assert_eq!(head(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).fields.all.len(), 500);
    }

    #[test]
    fn the_end_of_a_head_is_found_wherever_it_was_cut() {
        let wire = b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        for cut in 0..wire.len() {
            let first = end(&wire[..cut], 0);
            assert_eq!(first.or_else(|| end(wire, cut)), Some(24), "{cut}");
        }
        assert_eq!(end(b"GET / HTTP/1.1\n\nx", 0), Some(16));
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let framing = |fields: &str| head(&format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")).framing();
        assert_eq!(framing("Content-Length: 5"), Ok(BodyFraming::Length(5)));
        assert_eq!(framing("Content-Length: 5, 5"), Ok(BodyFraming::Length(5)));
        assert_eq!(framing("Transfer-Encoding: gzip, Chunked\r\nContent-Length: 5"), Ok(BodyFraming::Chunked));
        assert_eq!(framing("A: b"), Ok(BodyFraming::Length(0)));
        assert!(framing("Content-Length: 5\r\nContent-Length: 6").is_err());
        assert!(framing("Content-Length: +5").is_err());
        assert!(framing("Content-Length: 99999999999999999999").is_err());
        for bad in [
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: chunked\r\nX: y\r\nTransfer-Encoding: chunked",
            "Host: a.example\r\nHost: b.example",
            "Host: a.example\r\nX: y\r\nhost: a.example",
        ] {
            assert!(framing(bad).is_err(), "{bad}");
        }
        assert!(head("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").framing().is_err());
    }

    #[test]
    fn a_connection_is_kept_as_the_version_says() {
        assert!(head("GET / HTTP/1.1\r\n\r\n").fields.keep_alive());
        assert!(!head("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").fields.keep_alive());
        assert!(!head("GET / HTTP/1.0\r\n\r\n").fields.keep_alive());
        let two_lengths = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n";
        assert!(!head(two_lengths).fields.keep_alive());
        assert!(head("GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n").fields.keep_alive());
    }

    #[test]
    fn an_answer_ends_by_its_request_its_status_and_its_fields() {
        let framing =
            |head: &str, method| response(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes()).unwrap().framing(method);
        assert_eq!(framing("200 OK\r\nContent-Length: 5", "GET"), Ok(BodyFraming::Length(5)));
        assert_eq!(framing("200 OK\r\nContent-Length: 5", "HEAD"), Ok(BodyFraming::Length(0)));
        assert_eq!(framing("304 x\r\nContent-Length: 5", "GET"), Ok(BodyFraming::Length(0)));
        assert_eq!(framing("200 OK", "GET"), Ok(BodyFraming::UntilClose));
        assert_eq!(framing("200 OK\r\nTransfer-Encoding: chunked", "GET"), Ok(BodyFraming::Chunked));
        assert!(framing("200 OK\r\nContent-Length: x", "GET").is_err());
    }
}
