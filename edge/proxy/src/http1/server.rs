//! Serves clients that speak HTTP/1.
//!
//! Requests are handled one after the other. Requests for a server are
//! forwarded. Candor's own responses are recorded before they are sent, so the
//! record contains every exchange that a client saw.

use std::io;

use bytes::{Buf, BytesMut};
use model::{Body, NoteCode, Request, SealReason};
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    StaticResponse,
    clock::ClockMoment,
    exchange::captured_body::CapturedBody,
    exchange::connection_context::ConnectionContext,
    exchange::static_response,
    exchange::target::{ConnectionTarget, HostPort, RequestAddress},
    http1::body::BodyWalk,
    http1::head::{self, BadMessage, RequestHead},
    http1::relay,
    inbound::stream::BufferedStream,
    upstream::peer::UpstreamPeer,
    websocket::pass,
};

/// What happens on a connection after its HTTP/1 part.
pub(crate) enum AfterHttp1 {
    End,
    /// The client asked for a tunnel and waits for the answer to its CONNECT.
    Tunnel(HostPort),
}

/// Why a request could not be read.
enum ReadFailure {
    /// The client closed the connection, or the proxy stops.
    Gone,
    Bad(&'static str),
}

impl From<io::Error> for ReadFailure {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<BadMessage> for ReadFailure {
    fn from(BadMessage(says): BadMessage) -> Self {
        Self::Bad(says)
    }
}

pub(crate) async fn serve(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    place: &ConnectionTarget,
    behind: &mut UpstreamPeer,
) -> AfterHttp1 {
    loop {
        let (mut head, raw) = match next_head(conn, link).await {
            Ok(Some(head)) => head,
            Ok(None) => return AfterHttp1::End,
            Err(broken) => {
                refuse(conn, link, place, broken).await;
                return AfterHttp1::End;
            }
        };
        if head.method == "CONNECT" {
            if let Some(target) = HostPort::read(&head.target, 443) {
                return AfterHttp1::Tunnel(target);
            }
            refuse(conn, link, place, ReadFailure::Bad("CONNECT to what is no address")).await;
            return AfterHttp1::End;
        }
        let RequestAddress { url, claims } = link.address(place, &head.target, head.fields.text("host")).await;
        let fields = std::mem::take(&mut head.fields.all);
        head.fields.all = claims.into_iter().chain(fields).collect();
        let keep = match behind {
            UpstreamPeer::Server(server) if !link.shared.owns(model::host_of(&url)) => {
                relay::exchange(conn, link, place, server, head, url, &raw).await
            }
            _ => exchange(conn, link, place, head, url, None).await,
        };
        if !keep {
            let _ = conn.shutdown().await;
            return AfterHttp1::End;
        }
    }
}

/// Reads the next request head. None: the connection ended or stayed idle
/// between requests, so no request was lost.
async fn next_head(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
) -> Result<Option<(RequestHead, BytesMut)>, ReadFailure> {
    let settings = link.settings();
    let mut searched = 0;
    let mut first_byte: Option<ClockMoment> = None;
    loop {
        if searched == 0 {
            skip_empty_lines(conn);
        }
        let end = head::end(&conn.ahead, searched);
        if end.unwrap_or(conn.ahead.len()) > settings.head_limit {
            return Err(ReadFailure::Bad("the head of a request is longer than is taken"));
        }
        if let Some(end) = end {
            let raw = conn.ahead.split_to(end);
            return match head::request(&raw) {
                Ok(head) => Ok(Some((head, raw))),
                Err(bad) => {
                    // The bytes of a head that could not be parsed go back into
                    // the buffer, so that they are recorded.
                    let rest = std::mem::replace(&mut conn.ahead, raw);
                    conn.ahead.extend_from_slice(&rest);
                    Err(bad.into())
                }
            };
        }
        searched = conn.ahead.len();
        let idle = searched == 0;
        let patience = if idle { settings.idle } else { settings.head_time };
        let filled = timeout(patience, async {
            if idle { conn.fill_unless_ending(&link.shared.stop).await } else { Some(conn.fill().await) }
        });
        match filled.await {
            Ok(Some(Ok(count))) if count > 0 => {}
            _ if idle => return Ok(None),
            Ok(_) => return Err(ReadFailure::Gone),
            Err(_) => return Err(ReadFailure::Bad("the head of a request did not come to its end")),
        }
        // A client that sends its head byte by byte must finish within
        // `head_time`.
        let began = *first_byte.get_or_insert_with(ClockMoment::now);
        if began.ended().seconds_since(began.began()) > settings.head_time.as_secs_f64() {
            return Err(ReadFailure::Bad("the head of a request did not come to its end"));
        }
    }
}

fn skip_empty_lines(conn: &mut BufferedStream) {
    let empty = conn.ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    conn.ahead.advance(empty);
}

/// Records a request that could not be read, and tells the client.
async fn refuse(conn: &mut BufferedStream, link: &ConnectionContext, place: &ConnectionTarget, broken: ReadFailure) {
    match broken {
        ReadFailure::Gone => link.note(NoteCode::CutRequest, link.whereto(place).with_port(), 1).await,
        ReadFailure::Bad(says) => {
            let kept = &conn.ahead[..conn.ahead.len().min(link.settings().body_limit)];
            link.seal_with(place, SealReason::UnknownProtocol, says, Body::whole(kept)).await;
            let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = conn.write_all(answer).await;
            let _ = conn.shutdown().await;
        }
    }
}

/// Records a request whose body has no certain end, and tells the client.
/// False: the caller must close the connection.
pub(crate) async fn refuse_framing(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    place: &ConnectionTarget,
    began: ClockMoment,
    request: Request,
    BadMessage(says): BadMessage,
) -> bool {
    link.unanswered(began, request).await;
    refuse(conn, link, place, ReadFailure::Bad(says)).await;
    false
}

/// Reads the rest of a request, answers it without a server (with `reply` if
/// there is one), and records it. False: the caller must close the connection.
pub(crate) async fn exchange(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    place: &ConnectionTarget,
    head: RequestHead,
    url: String,
    reply: Option<StaticResponse>,
) -> bool {
    let began = ClockMoment::now();
    let (request, broken) = read_body(conn, link, &head, url).await;
    match broken {
        None => {}
        Some(ReadFailure::Gone) => {
            link.unanswered(began, request).await;
            return false;
        }
        Some(broken @ ReadFailure::Bad(_)) => {
            link.unanswered(began, request).await;
            refuse(conn, link, place, broken).await;
            return false;
        }
    }
    let reply = match reply {
        Some(reply) => reply,
        None => link.answer(&request).await,
    };
    if head.wants_websocket() && reply.status < 300 {
        pass::sinkhole(conn, link, began, request, &head, &reply).await;
        return false;
    }
    let keep = head.fields.keep_alive() && !link.shared.stop.is_ending();
    tell(conn, link, began, request, &head, reply, keep).await && keep
}

/// Records a response of our own and sends it. False: the client has closed the
/// connection.
pub(crate) async fn tell(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    began: ClockMoment,
    request: Request,
    head: &RequestHead,
    reply: StaticResponse,
    keep: bool,
) -> bool {
    let (bytes, response) = static_response::http1(&reply, head, keep);
    link.answered(began, request, response, Vec::new()).await;
    write(conn, &bytes, &reply.body[..static_response::sent_body(&reply, head)]).await.is_ok()
}

/// Reads the request's body as far as it arrives.
async fn read_body(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    head: &RequestHead,
    url: String,
) -> (Request, Option<ReadFailure>) {
    let mut part = link.part();
    let mut headers = head.fields.all.clone();
    let (body, broken) = match head.framing() {
        Err(bad) => (part.whole(), Some(bad.into())),
        Ok(framing) => {
            let mut walk = BodyWalk::request(framing);
            let read = walk_body(conn, link, head, &mut walk, &mut part).await;
            headers.extend(walk.fields_beside());
            match read {
                Ok(()) => (part.whole(), None),
                Err(broken) => (part.broken_off(framing.declared()), Some(broken)),
            }
        }
    };
    let request = Request { method: head.method.clone(), url, version: head.fields.version().into(), headers, body };
    (request, broken)
}

async fn walk_body(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    head: &RequestHead,
    walk: &mut BodyWalk,
    part: &mut CapturedBody,
) -> Result<(), ReadFailure> {
    if head.expects_continue() && !walk.is_done() && conn.ahead.is_empty() {
        conn.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let settings = link.settings();
    loop {
        let taken = walk.take_all(&conn.ahead, part)?;
        conn.ahead.advance(taken);
        if walk.is_done() {
            return Ok(());
        }
        if part.total() > settings.swallow_limit {
            return Err(ReadFailure::Bad("the body of a request is longer than is taken"));
        }
        match timeout(settings.idle, conn.fill()).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => return Err(ReadFailure::Gone),
        }
    }
}

/// Sends a head and a body; in one TLS record if they fit.
pub(crate) async fn write(conn: &mut BufferedStream, head: &[u8], body: &[u8]) -> io::Result<()> {
    const ONE_RECORD: usize = 16 * 1024;
    if body.is_empty() {
        conn.write_all(head).await?;
    } else if head.len() + body.len() <= ONE_RECORD {
        conn.write_all(&[head, body].concat()).await?;
    } else {
        conn.write_all(head).await?;
        conn.write_all(body).await?;
    }
    conn.flush().await
}
