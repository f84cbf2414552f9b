//! HTTP/1.1 out of two streams (RFC 9112).
//!
//! Requests and answers are told apart by their framing alone, and answers are
//! given to requests in order. What a connection turns into (a tunnel, HTTP/2,
//! a WebSocket) is handed back to [`super::conversation`].

use model::{Body, GapReason, Header, Request, Response};

use super::{
    byte_stream::ByteStream,
    conversation::Conversation,
    exchange::{self, ConnectionFacts, Outcome},
    websocket::{self, Agreement},
};

/// Whether a stream begins with a request line.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let (method, target) = (parts.next().unwrap_or_default(), parts.next());
    let is_method =
        (1..=32).contains(&method.len()) && method.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-');
    let version = parts.next();
    is_method
        && target.is_some_and(|target| !target.is_empty())
        && version.is_some_and(|version| version.starts_with(b"HTTP/"))
}

/// Whether a stream begins with an answer.
pub(super) fn is_response(bytes: &[u8]) -> bool {
    bytes.starts_with(b"HTTP/")
}

/// The head of a message, and where it ends.
struct MessageHead {
    first: String,
    headers: Vec<Header>,
    length: usize,
}

/// Longer heads are none.
const HEAD: usize = 1 << 20;
/// More of a body is not kept.
const BODY: usize = 16 << 20;
/// Requests of one connection.
const REQUESTS: usize = 1 << 17;

fn head(bytes: &[u8]) -> Option<MessageHead> {
    let seen = &bytes[..bytes.len().min(HEAD)];
    let mut at = 0;
    let mut lines = Vec::new();
    loop {
        let end = at + memchr::memchr(b'\n', &seen[at..])?;
        let line = seen[at..end].strip_suffix(b"\r").unwrap_or(&seen[at..end]);
        at = end + 1;
        if line.is_empty() && !lines.is_empty() {
            break;
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    let headers = lines[1..].iter().filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        Some(Header::new(String::from_utf8_lossy(&line[..colon]), line[colon + 1..].trim_ascii()))
    });
    Some(MessageHead { first: String::from_utf8_lossy(lines[0]).into_owned(), headers: headers.collect(), length: at })
}

impl MessageHead {
    fn field(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| &header.value[..])
    }

    fn says(&self, name: &str, word: &str) -> bool {
        self.field(name).is_some_and(|value| String::from_utf8_lossy(value).to_ascii_lowercase().contains(word))
    }

    fn framing(&self, else_is: Framing) -> Framing {
        if self.says("transfer-encoding", "chunked") {
            return Framing::Chunked;
        }
        let length =
            self.field("content-length").and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
        length.map_or(else_is, Framing::Length)
    }
}

#[derive(Clone, Copy)]
enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilEnd,
}

/// A body, how many bytes it takes in the stream, and whether all of it is there.
fn body(bytes: &[u8], framing: Framing, missing: u64) -> (Body, usize, bool) {
    let kept = |bytes: &[u8]| bytes[..bytes.len().min(BODY)].to_vec();
    match framing {
        Framing::None => (Body::default(), 0, true),
        Framing::Length(length) => {
            let there = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
            let body = kept(&bytes[..there]);
            let cut_from = ((body.len() as u64) < length).then_some(length);
            (Body { cut_from, ..Body::whole(body) }, there, there as u64 == length)
        }
        Framing::UntilEnd => {
            let body = kept(bytes);
            let length = bytes.len() as u64 + missing;
            let cut_from = ((body.len() as u64) < length).then_some(length);
            (Body { cut_from, ..Body::whole(body) }, bytes.len(), missing == 0)
        }
        Framing::Chunked => {
            let (body, taken, is_whole) = chunked(bytes);
            let length = body.len();
            let body = kept(&body);
            let cut_from = (!is_whole || body.len() < length).then_some(length as u64 + u64::from(!is_whole));
            (Body { cut_from, ..Body::whole(body) }, taken, is_whole)
        }
    }
}

/// RFC 9112 §7.1. Trailers are left out of the body, and passed.
fn chunked(bytes: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = memchr::memchr(b'\n', &bytes[at..]).map(|end| &bytes[at..at + end]) else {
            return (body, bytes.len(), false);
        };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = std::str::from_utf8(&line[..digits]).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let Some(size) = size else { return (body, bytes.len(), false) };
        at += line.len() + 1;
        if size == 0 {
            break;
        }
        let there = size.min(bytes.len() - at);
        body.extend_from_slice(&bytes[at..at + there]);
        at += there;
        if there < size {
            return (body, at, false);
        }
        at += bytes[at..].iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    }
    loop {
        let Some(end) = memchr::memchr(b'\n', &bytes[at..]) else { return (body, bytes.len(), at == bytes.len()) };
        let is_last = bytes[at..at + end].trim_ascii().is_empty();
        at += end + 1;
        if is_last {
            return (body, at, true);
        }
    }
}

/// Reads all requests of a connection, with their answers.
pub(super) fn read(
    conversation: &Conversation<'_>,
    facts: &ConnectionFacts,
    client: &ByteStream,
    server: &ByteStream,
    out: &mut Outcome,
) {
    let (mut asked, mut answered) = (0, 0);
    for _ in 0..REQUESTS {
        asked += blank(&client.bytes[asked..]);
        if asked >= client.bytes.len() {
            break;
        }
        let Some(request) = head(&client.bytes[asked..]).filter(|head| is_request(head.first.as_bytes())) else {
            let rest = client.bytes.len() - asked;
            out.gap_of_last(
                "entry",
                GapReason::Broken,
                format!("{rest} bytes follow on its connection that are no request"),
            );
            break;
        };
        let started = client.time_at(asked);
        let (content, taken, _) =
            body(&client.bytes[asked + request.length..], request.framing(Framing::None), client.missing);
        let after = asked + request.length + taken;
        let (method, response) = (method_of(&request), next_response(server, &mut answered, &request));
        let status = response.as_ref().map(|response| response.0.status);
        let extensions =
            response.as_ref().and_then(|(response, _)| response.header("sec-websocket-extensions")).map(<[u8]>::to_vec);
        let target = request.first.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut exchange = facts.exchange(started, made(facts, request, &target, content));
        if let Some((response, end)) = response {
            exchange.ended = Some(server.time_at(end.saturating_sub(1)));
            exchange.response = Some(response);
        }
        match (method.as_str(), status) {
            ("CONNECT", Some(200..=299)) => {
                out.push(exchange);
                let through = tunnel(facts, &target);
                conversation.read(
                    &through,
                    &client.tail(asked_head(&client.bytes, asked)),
                    &server.tail(answered),
                    out,
                );
                return;
            }
            (_, Some(101)) => {
                let (sent, got) = (client.tail(after), server.tail(answered));
                turned(conversation, facts, exchange, (&sent, &got), extensions.as_deref(), out);
                return;
            }
            _ => out.push(exchange),
        }
        asked = after;
    }
    if client.missing > 0 {
        let says = format!(
            "{} bytes of its connection are not in the capture: what was sent after it is not known",
            client.missing
        );
        out.gap_of_last("entry", GapReason::Missing, says);
    }
    if server.missing > 0 {
        let says = format!("{} bytes of what its server said are not in the capture", server.missing);
        out.gap_of_last("entry", GapReason::Missing, says);
    }
}

/// Where the head of a request ends: a tunnel begins there.
fn asked_head(bytes: &[u8], at: usize) -> usize {
    at + head(&bytes[at..]).map_or(0, |head| head.length)
}

/// Empty lines before a request (RFC 9112 §2.2).
fn blank(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

fn method_of(request: &MessageHead) -> String {
    request.first.split(' ').next().unwrap_or_default().to_owned()
}

/// What a connection became after 101.
fn turned(
    conversation: &Conversation<'_>,
    facts: &ConnectionFacts,
    mut exchange: model::Exchange,
    (client, server): (&ByteStream, &ByteStream),
    extensions: Option<&[u8]>,
    out: &mut Outcome,
) {
    let upgrade =
        exchange.response.as_ref().and_then(|response| response.header("upgrade")).map(<[u8]>::to_ascii_lowercase);
    if upgrade.as_deref() == Some(b"websocket") {
        let agreement = Agreement::of(extensions.unwrap_or_default());
        let (messages, is_whole) = websocket::messages(client, server, agreement);
        exchange.messages = messages;
        out.push(exchange);
        if !is_whole || client.missing > 0 {
            out.gap_of_last("entry", GapReason::Cut, "not all messages of the WebSocket are in the capture");
        }
        return;
    }
    out.push(exchange);
    conversation.read(facts, client, server, out);
}

/// Through a proxy: the connection goes to whom the client asked for.
fn tunnel(facts: &ConnectionFacts, target: &str) -> ConnectionFacts {
    let (host, port) = target.rsplit_once(':').unwrap_or((target, "443"));
    let host = host.trim_matches(['[', ']']).to_owned();
    ConnectionFacts { host, port: port.parse().unwrap_or(443), name: None, is_tls: false, ..facts.clone() }
}

fn made(facts: &ConnectionFacts, request: MessageHead, target: &str, body: Body) -> Request {
    let method = method_of(&request);
    let url = match method.as_str() {
        "CONNECT" => format!("https://{}/", target.strip_suffix(":443").unwrap_or(target)),
        _ => facts.url(target, request.field("host")),
    };
    let version = request.first.rsplit(' ').next().unwrap_or_default().to_owned();
    Request { method, url, version, headers: request.headers, body }
}

/// The next final answer, and where it ends; interim ones are passed by.
fn next_response(server: &ByteStream, at: &mut usize, request: &MessageHead) -> Option<(Response, usize)> {
    loop {
        *at += blank(&server.bytes[*at..]);
        let head = head(&server.bytes[*at..]).filter(|head| is_response(head.first.as_bytes()))?;
        let mut parts = head.first.splitn(3, ' ');
        let version = parts.next().unwrap_or_default().to_owned();
        let status: u16 = parts.next().and_then(|status| status.parse().ok()).unwrap_or(0);
        let method = method_of(request);
        let framing = match (method.as_str(), status) {
            ("HEAD", _) | (_, 100..=199 | 204 | 304) | ("CONNECT", 200..=299) => Framing::None,
            _ => head.framing(Framing::UntilEnd),
        };
        let (body, taken, _) = body(&server.bytes[*at + head.length..], framing, server.missing);
        *at += head.length + taken;
        if status != 101 && (100..200).contains(&status) {
            continue;
        }
        return Some((exchange::answer(status, version, head.headers, body), *at));
    }
}
