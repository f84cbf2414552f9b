//! Forwards HTTP/1 between a client and its server.
//!
//! Heads and bodies are forwarded byte for byte. Only fields for the proxy are
//! removed (RFC 9110 §7.6.1), and offers of HTTP/3, which would let the client
//! bypass the proxy.

use std::{
    borrow::Cow,
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::Buf;
use model::{AnsweredBy, Body, Direction, Exchange, Header, Message, Request, Response, SealReason};
use tokio::time::timeout;

use crate::{
    clock::ClockMoment,
    exchange::body_pump::{BodyPump, PumpEnd},
    exchange::captured_body::CapturedBody,
    exchange::connection_context::ConnectionContext,
    exchange::gate::{BodyWatch, Ruling},
    exchange::hold::{self, GateOutcome},
    exchange::target::{ConnectionTarget, HostPort},
    http1::body::{BodyFraming, BodyStrictness, BodyWalk, WalkedBytes},
    http1::head::{self, BadMessage, RequestHead, ResponseHead},
    http1::server,
    inbound::splice,
    inbound::stream::BufferedStream,
    upstream::connector::ConnectError,
    upstream::peer::UpstreamServer,
    websocket::gated,
    websocket::pass,
};

/// One exchange that is being forwarded.
struct Http1Relay<'l> {
    link: &'l ConnectionContext,
    began: ClockMoment,
    head: RequestHead,
    url: String,
    /// The request's body as it is forwarded.
    sent: Http1BodyCopy,
    /// The gate wants to see the messages of a WebSocket, too.
    wanted: bool,
}

/// A body that is being forwarded.
struct Http1BodyCopy {
    framing: BodyFraming,
    walk: BodyWalk,
    part: CapturedBody,
    pump: BodyPump,
}

impl Http1BodyCopy {
    fn request(framing: BodyFraming, part: CapturedBody) -> Self {
        Self { framing, walk: BodyWalk::request(framing), part, pump: BodyPump::new() }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut BufferedStream,
        sink: &mut BufferedStream,
    ) -> Poll<Result<(), PumpEnd>> {
        self.pump.body(cx, source, sink, &mut self.walk, &mut self.part)
    }

    /// Forwards a response's body together with its head, which stands before
    /// it in the read buffer.
    fn answer(framing: BodyFraming, part: CapturedBody, source: &BufferedStream, head: usize) -> Self {
        let walk = BodyWalk::new(framing, BodyStrictness::Lenient);
        let mut way = Self { framing, walk, part, pump: BodyPump::new() };
        // An error is found again when the body is polled.
        let walked = way.walk.take(&source.ahead[head..], &mut way.part).unwrap_or_default();
        way.pump = BodyPump::with(WalkedBytes { pass: head + walked.pass, ..walked });
        way
    }

    /// The part of the body that arrived, and its trailers and chunk
    /// extensions.
    fn record(self, ended_well: bool) -> (Body, Vec<Header>) {
        let beside = self.walk.fields_beside();
        let whole = ended_well || self.walk.is_done();
        (if whole { self.part.whole() } else { self.part.broken_off(self.framing.declared()) }, beside)
    }
}

/// Forwards a request to the server and the response to the client. False: the
/// caller must close the connection.
pub(crate) async fn exchange(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    place: &ConnectionTarget,
    server: &mut UpstreamServer,
    head: RequestHead,
    url: String,
    raw: &[u8],
) -> bool {
    let (began, framing) = (ClockMoment::now(), head.framing());
    let GateOutcome { ruling, wanted, bad } = match framing {
        Ok(framing) => hold::http1(conn, link, began, &head, &url, framing).await,
        Err(bad) => GateOutcome { bad: Some(bad), ..GateOutcome::PASS },
    };
    if let Ruling::Absorb(reply) = ruling {
        return server::exchange(conn, link, place, head, url, Some(reply)).await;
    }
    let sent = Http1BodyCopy::request(framing.unwrap_or(BodyFraming::Length(0)), link.part());
    let mut relay = Http1Relay { link, began, head, url, sent, wanted };
    if let Some(bad) = bad {
        relay.keep_what_is_there(conn);
        return server::refuse_framing(conn, link, place, began, relay.request(), bad).await;
    }
    if matches!(ruling, Ruling::Cut) {
        relay.unanswered().await;
        return false;
    }
    match relay.send(conn, place, server, raw).await {
        Ok(answer) => relay.receive(conn, place, server, answer).await,
        Err(Http1Failure::Trouble(trouble)) => relay.fail(conn, trouble).await,
        Err(Http1Failure::Bad(bad)) => server::refuse_framing(conn, link, place, began, relay.request(), bad).await,
        Err(Http1Failure::ClientGone) => {
            server.reached = None;
            relay.unanswered().await;
            false
        }
    }
}

/// Why a request got no response.
enum Http1Failure {
    Trouble(ConnectError),
    /// The request breaks the rules of its protocol.
    Bad(BadMessage),
    ClientGone,
}

/// A response whose head has arrived; the head is still in the server's read
/// buffer.
struct Http1Answer {
    head: ResponseHead,
    length: usize,
}

impl From<ConnectError> for Http1Failure {
    fn from(trouble: ConnectError) -> Self {
        Self::Trouble(trouble)
    }
}

impl Http1Relay<'_> {
    /// Sends the request and waits for the head of the response.
    async fn send(
        &mut self,
        client: &mut BufferedStream,
        place: &ConnectionTarget,
        server: &mut UpstreamServer,
        raw: &[u8],
    ) -> Result<Http1Answer, Http1Failure> {
        let (target, encrypted) = self.target(place)?;
        let onward = onward_head(raw, &self.head);
        let whole = self.body_at_hand(client);
        loop {
            let (conn, used) = server.reach(self.link, &target, encrypted).await?;
            match self.send_once(client, conn, &onward, whole).await {
                Ok(answer) => {
                    client.ahead.advance(whole.unwrap_or_default());
                    return Ok(answer);
                }
                // The server may have closed an idle connection meanwhile; a
                // request whose body is complete can be sent again (RFC 9110
                // §9.2.2).
                Err(Http1Failure::Trouble(_)) if used && whole.is_some() && self.may_repeat() => server.reached = None,
                Err(failed) => {
                    server.reached = None;
                    return Err(failed);
                }
            }
        }
    }

    /// The server for the request, and whether to use TLS.
    fn target(&self, place: &ConnectionTarget) -> Result<(HostPort, bool), ConnectError> {
        if place.target.is_some() {
            return Ok((self.link.destination(place), place.encrypted));
        }
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let encrypted = matches!(scheme, "https" | "wss");
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let target = HostPort::read(authority, if encrypted { 443 } else { 80 });
        let says = "this is a proxy: ask it for an absolute address".to_owned();
        let target = target.filter(|_| !self.head.target.starts_with('/')).ok_or(ConnectError { status: 400, says })?;
        Ok((target, encrypted))
    }

    fn may_repeat(&self) -> bool {
        matches!(self.head.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE")
    }

    /// Keeps the part of an invalid body that comes before the error.
    fn keep_what_is_there(&mut self, client: &mut BufferedStream) {
        while let Ok(walked) = self.sent.walk.take(&client.ahead, &mut self.sent.part) {
            if walked == WalkedBytes::default() {
                return;
            }
            client.ahead.advance(walked.pass + walked.leave_out);
        }
    }

    /// The encoded length of a body that has arrived completely.
    fn body_at_hand(&mut self, client: &BufferedStream) -> Option<usize> {
        if self.sent.walk.is_done() {
            return Some(0);
        }
        let mut trial = Http1BodyCopy::request(self.sent.framing, self.link.part());
        let taken = trial.walk.take_all(&client.ahead, &mut trial.part).ok()?;
        (trial.walk.is_done() && trial.walk.goes_on_whole()).then(|| {
            self.sent = trial;
            taken
        })
    }

    async fn send_once(
        &mut self,
        client: &mut BufferedStream,
        server: &mut BufferedStream,
        head: &[u8],
        whole: Option<usize>,
    ) -> Result<Http1Answer, Http1Failure> {
        let body = &client.ahead[..whole.unwrap_or_default()];
        server::write(server, head, body).await.map_err(|_| self.hung_up())?;
        let mut sending = whole.is_none();
        loop {
            let answer = self.answer_head(client, server, &mut sending).await?;
            // Interim responses (1xx) are forwarded before the final response
            // (RFC 9110 §15.2).
            let interim = matches!(answer.head.status, 100 | 102..=199);
            if !interim {
                return Ok(answer);
            }
            let passed = server::write(client, &server.ahead[..answer.length], b"").await;
            passed.map_err(|_| Http1Failure::ClientGone)?;
            server.ahead.advance(answer.length);
        }
    }

    /// Waits for the head of a response while the request's body is still being
    /// sent.
    async fn answer_head(
        &mut self,
        client: &mut BufferedStream,
        server: &mut BufferedStream,
        sending: &mut bool,
    ) -> Result<Http1Answer, Http1Failure> {
        let mut searched = 0;
        loop {
            if let Some(length) = head::end(&server.ahead, searched) {
                let head = head::response(&server.ahead[..length]);
                return head
                    .map(|head| Http1Answer { head, length })
                    .map_err(|BadMessage(says)| self.trouble(502, says));
            }
            searched = server.ahead.len();
            if searched > self.link.settings().head_limit {
                return Err(self.trouble(502, "the head of its answer is longer than is taken"));
            }
            let sent = &mut self.sent;
            let filled = poll_fn(|cx| {
                if *sending && let Poll::Ready(ended) = sent.poll(cx, client, server) {
                    *sending = false;
                    match ended {
                        Err(PumpEnd::Source) => return Poll::Ready(Err(Http1Failure::ClientGone)),
                        Err(PumpEnd::Bad(bad)) => return Poll::Ready(Err(Http1Failure::Bad(bad))),
                        // A server may have sent its response before it stopped
                        // reading.
                        Ok(()) | Err(PumpEnd::Sink) => {}
                    }
                }
                server.poll_fill(cx).map(|filled| Ok(filled.unwrap_or_default()))
            });
            match timeout(self.link.settings().idle, filled).await {
                Ok(Err(failed)) => return Err(failed),
                Ok(Ok(0)) => return Err(self.hung_up()),
                Ok(Ok(_)) => {}
                Err(_) => return Err(self.trouble(504, "it did not answer in time")),
            }
        }
    }

    fn hung_up(&self) -> Http1Failure {
        self.trouble(502, "it hung up without an answer")
    }

    fn trouble(&self, status: u16, says: &str) -> Http1Failure {
        Http1Failure::Trouble(ConnectError { status, says: format!("{}: {says}", model::host_of(&self.url)) })
    }

    /// Forwards the response to its end. False: the caller must close the
    /// connection.
    async fn receive(
        mut self,
        client: &mut BufferedStream,
        place: &ConnectionTarget,
        server: &mut UpstreamServer,
        answer: Http1Answer,
    ) -> bool {
        let Some(reached) = &mut server.reached else { return false };
        let conn = &mut reached.conn;
        let length = for_the_client(conn, &answer);
        if PAST_US.iter().any(|name| answer.head.fields.has(name)) {
            self.link.offered_http3(model::host_of(&self.url)).await;
        }
        if answer.head.status == 101 {
            let both_agree = self.head.wants_websocket() && answer.head.fields.lists("upgrade", "websocket");
            if both_agree {
                let messages = self.upgrade(client, conn, &answer.head, length).await;
                self.finish(answer.head, Body::default(), messages).await;
            } else {
                self.unread_upgrade(client, conn, place, answer.head, length).await;
            }
            server.reached = None;
            return false;
        }
        // If the server declares contradicting lengths, the body ends when it
        // closes the connection.
        let framing = answer.head.framing(&self.head.method).unwrap_or(BodyFraming::UntilClose);
        let part = self.link.part().watched(self.watch(&answer.head));
        let mut way = Http1BodyCopy::answer(framing, part, conn, length);
        let ended = poll_fn(|cx| {
            if !self.sent.walk.is_done() {
                // The rest of the request is sent while the response arrives.
                let _ = self.sent.poll(cx, client, conn);
            }
            way.poll(cx, conn, client)
        })
        .await;
        let keep = ended.is_ok()
            && self.sent.walk.is_done()
            && framing != BodyFraming::UntilClose
            && answer.head.fields.keep_alive()
            && self.head.fields.keep_alive();
        if !keep {
            server.reached = None;
        }
        let (stop, mut head) = (self.link.shared.stop.is_ending(), answer.head);
        let (body, trailers) = way.record(ended.is_ok());
        head.fields.all.extend(trailers);
        self.finish(head, body, Vec::new()).await;
        keep && !stop
    }

    /// Passes an upgraded connection through unread, if the gate allows it, and
    /// records that its protocol could not be read.
    async fn unread_upgrade(
        self,
        client: &mut BufferedStream,
        server: &mut BufferedStream,
        place: &ConnectionTarget,
        head: ResponseHead,
        length: usize,
    ) {
        const SAYS: &str = "upgraded to a protocol that is not read";
        let link = self.link;
        let place = match self.target(place) {
            Ok((target, _)) if place.target.is_none() => ConnectionTarget::to(Some(target), None),
            _ => place.clone(),
        };
        let mut said = CapturedBody::new(link.settings().body_limit);
        let goes_on = link.may_go_on(&place, SealReason::UnknownProtocol, SAYS)
            && server::write(client, &server.ahead[..length], b"").await.is_ok();
        self.finish(head, Body::default(), Vec::new()).await;
        if goes_on {
            server.ahead.advance(length);
            let keep = |direction, bytes: &[u8]| {
                if direction == Direction::FromClient {
                    said.add(bytes);
                }
            };
            splice::both_ways(client, server, link.settings().idle, keep).await;
        }
        link.seal_with(&place, SealReason::UnknownProtocol, SAYS, said.whole()).await;
    }

    /// Forwards the messages of a WebSocket.
    async fn upgrade(
        &self,
        client: &mut BufferedStream,
        server: &mut BufferedStream,
        head: &ResponseHead,
        length: usize,
    ) -> Vec<Message> {
        if server::write(client, &server.ahead[..length], b"").await.is_err() {
            return Vec::new();
        }
        server.ahead.advance(length);
        match &self.link.settings().gate {
            Some(gate) if self.wanted => {
                gated::pass(client, server, self.link, &head.fields, &**gate, self.opening()).await
            }
            _ => pass::pass(client, server, self.link, &head.fields).await,
        }
    }

    /// Asks the gate whether it wants to see the response's body.
    fn watch(&self, head: &ResponseHead) -> Option<Box<dyn BodyWatch>> {
        let gate = self.link.settings().gate.as_ref()?;
        let (version, headers) = (head.fields.version().into(), head.fields.all.clone());
        let (body, by) = (Body::default(), AnsweredBy::Upstream);
        gate.answering(&self.opening(), &Response { status: head.status, version, headers, body, by })
    }

    /// The exchange with the request's head and no body.
    fn opening(&self) -> Exchange {
        let (method, url, version) = (self.head.method.clone(), self.url.clone(), self.head.fields.version().into());
        let (headers, body) = (self.head.fields.all.clone(), Body::default());
        self.link.exchange(self.began, Request { method, url, version, headers, body })
    }

    /// Tells the client what went wrong, and records this as our response.
    async fn fail(self, client: &mut BufferedStream, trouble: ConnectError) -> bool {
        let (link, began, head) = (self.link, self.began, self.head.clone());
        server::tell(client, link, began, self.request(), &head, trouble.reply(), false).await;
        false
    }

    fn request(self) -> Request {
        let version = self.head.fields.version().into();
        let mut headers = self.head.fields.all;
        let (body, trailers) = self.sent.record(false);
        headers.extend(trailers);
        Request { method: self.head.method, url: self.url, version, headers, body }
    }

    async fn unanswered(self) {
        let (link, began) = (self.link, self.began);
        link.unanswered(began, self.request()).await;
    }

    async fn finish(self, head: ResponseHead, body: Body, messages: Vec<Message>) {
        let (link, began) = (self.link, self.began);
        let version = head.fields.version().into();
        let response =
            Response { status: head.status, version, headers: head.fields.all, body, by: AnsweredBy::Upstream };
        link.answered(began, self.request(), response, messages).await;
    }
}

/// Header fields that a client addresses to its proxy.
const FOR_THE_PROXY: [&str; 2] = ["proxy-connection", "proxy-authorization"];
/// Content-Length has no meaning when Transfer-Encoding is also there.
const IDLE_LENGTH: [&str; 1] = ["content-length"];
/// Header fields by which a server offers HTTP/3 (RFC 7838).
const PAST_US: [&str; 1] = ["alt-svc"];

/// The request head in the form that the server gets.
fn onward_head<'r>(raw: &'r [u8], head: &RequestHead) -> Cow<'r, [u8]> {
    let path = origin_form(&head.target);
    let idle_length = head.fields.has_idle_length();
    if path == head.target && !idle_length && !FOR_THE_PROXY.iter().any(|name| head.fields.has(name)) {
        return Cow::Borrowed(raw);
    }
    let mut onward = format!("{} {path} {}\r\n", head.method, head.fields.version()).into_bytes();
    let names = [&FOR_THE_PROXY[..], if idle_length { &IDLE_LENGTH } else { &[] }].concat();
    without(&mut onward, &raw[line_end(raw)..], &names);
    Cow::Owned(onward)
}

/// Changes the head in the server's read buffer to the form that the client
/// gets, and returns its length.
fn for_the_client(server: &mut BufferedStream, answer: &Http1Answer) -> usize {
    let idle_length = answer.head.fields.has_idle_length();
    if !idle_length && !PAST_US.iter().any(|name| answer.head.fields.has(name)) {
        return answer.length;
    }
    let raw = server.ahead.split_to(answer.length);
    let head = client_head(&raw, idle_length);
    let rest = std::mem::take(&mut server.ahead);
    server.ahead.extend_from_slice(&head);
    server.ahead.extend_from_slice(&rest);
    head.len()
}

fn client_head(raw: &[u8], idle_length: bool) -> Vec<u8> {
    let mut onward = raw[..line_end(raw)].to_vec();
    let names = [&PAST_US[..], if idle_length { &IDLE_LENGTH } else { &[] }].concat();
    without(&mut onward, &raw[line_end(raw)..], &names);
    onward
}

fn line_end(raw: &[u8]) -> usize {
    memchr::memchr(b'\n', raw).map_or(raw.len(), |at| at + 1)
}

/// Copies field lines, except the fields with these names.
fn without(onward: &mut Vec<u8>, lines: &[u8], names: &[&str]) {
    let mut dropping = false;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
        let continues = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        dropping = if continues { dropping } else { names.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes())) };
        if !dropping {
            onward.extend_from_slice(line);
        }
    }
}

/// The request target in the form that a server expects (RFC 9112 §3.2.1).
fn origin_form(target: &str) -> Cow<'_, str> {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else { return target.into() };
    match rest.find(['/', '?']).map(|at| &rest[at..]) {
        None => "/".into(),
        Some(path) if path.starts_with('/') => path.into(),
        Some(query) => format!("/{query}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(raw: &str) -> String {
        let head = head::request(raw.as_bytes()).unwrap();
        String::from_utf8(onward_head(raw.as_bytes(), &head).into_owned()).unwrap()
    }

    #[test]
    fn a_request_to_a_server_passes_as_it_came() {
        let raw = "GET /p  HTTP/1.1\r\nhOST: a\r\nCookie: 1\r\nX: y\r\nCookie: 2\r\n\r\n";
        let raw = raw.replace("  ", " ");
        assert_eq!(passed_on(&raw), raw);
    }

    #[test]
    fn what_is_said_to_the_proxy_stays_here() {
        assert_eq!(
            passed_on(
                "GET http://a.example/p?q HTTP/1.1\r\nHost: a.example\r\nProxy-Connection: x\r\nProxy-authorization: y\r\nB: c\r\n\r\n"
            ),
            "GET /p?q HTTP/1.1\r\nHost: a.example\r\nB: c\r\n\r\n"
        );
        assert_eq!(passed_on("GET http://a.example HTTP/1.0\r\n\r\n"), "GET / HTTP/1.0\r\n\r\n");
        assert!(passed_on("GET http://a.example?x HTTP/1.1\r\n\r\n").starts_with("GET /?x HTTP"));
    }

    #[test]
    fn a_length_beside_a_transfer_coding_goes_nowhere() {
        let raw = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nB: c\r\n\r\n";
        assert_eq!(passed_on(raw), raw.replace("Content-Length: 4\r\n", ""));
        let raw = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(client_head(raw, true), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    #[test]
    fn an_offer_of_http3_is_taken_out() {
        let raw = b"HTTP/1.1 200 OK\r\nA: b\r\nAlt-Svc: h3=\":443\"\r\nC: d\r\n\r\n";
        assert_eq!(client_head(raw, false), b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n");
    }
}
