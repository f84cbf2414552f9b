//! Serves clients that speak HTTP/2, to a server or to us as their proxy.
//!
//! hyper speaks HTTP/2; the client's fingerprint is read from the bytes before
//! hyper gets them. Extended CONNECT (RFC 8441) is not offered, so that
//! browsers open WebSockets over HTTP/1.1, where the proxy can read them.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, OnceLock, atomic::Ordering::Relaxed},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    body::{Body as _, Incoming},
    rt::Executor,
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Body, Client, Header, NoteCode, Request, SealReason};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

use crate::{
    StaticResponse,
    clock::ClockMoment,
    exchange::captured_body::CapturedBody,
    exchange::connection_context::ConnectionContext,
    exchange::hold::BufferedFrames,
    exchange::static_response,
    exchange::target::{ConnectionTarget, HostPort},
    http2::fingerprint::{ClientFrames, FingerprintTee},
    http2::relay::{self, GateCut, OutgoingBody, ToServer},
    http2::to_http1::ToAnybody,
    inbound::connection,
    inbound::stream::BufferedStream,
    upstream::connector::ConnectError,
    upstream::peer::{DialState, UpstreamPeer},
};

/// The largest header list that is accepted. hyper's default of 16 KiB is too
/// small for the cookies of trackers.
pub(crate) const HEADERS: u32 = 1 << 20;
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
const STREAMS: u32 = 256;
/// How many bytes a client may send ahead on a tunnel. The connection's window
/// has room for all possible tunnels at once: a tunnel that is not read must
/// not block the others.
const TUNNEL_WINDOW: u32 = 128 << 10;

/// Shared by all requests of a connection.
struct Http2Session {
    link: ConnectionContext,
    place: ConnectionTarget,
    print: Arc<OnceLock<String>>,
    /// The client with its HTTP/2 fingerprint.
    client: OnceLock<Arc<Client>>,
    server: FarEnd,
}

/// Who answers the requests of a connection.
enum FarEnd {
    Us,
    Server(ToServer),
    /// The server that each request names: the client uses us as its proxy.
    Anybody(ToAnybody),
    Nobody(ConnectError),
}

pub(crate) async fn serve(
    conn: BufferedStream,
    link: ConnectionContext,
    place: ConnectionTarget,
    behind: UpstreamPeer,
) {
    let stop = link.shared.stop.clone();
    let (stream_window, connection_window) = match place.target {
        Some(_) => (STREAM_WINDOW, 4 * STREAM_WINDOW),
        None => (TUNNEL_WINDOW, STREAMS * TUNNEL_WINDOW),
    };
    let (frames, stays) = (Arc::new(ClientFrames::default()), (link.clone(), place.clone()));
    let (tee, print) = FingerprintTee::new(conn, &frames);
    let server = far(&link, &place, behind).await;
    let session = Arc::new(Http2Session { link, place, print, client: OnceLock::new(), server });
    let (served, watched) = (Arc::clone(&frames), Arc::clone(&session));
    let at_rest = Arc::strong_count(&watched.link.under_way);
    let answer = service_fn(move |request| {
        let session = Arc::clone(&session);
        served.served.fetch_add(1, Relaxed);
        DetachedTask(Some(Box::pin(async move { session.exchange(request).await })))
    });
    let mut builder = http2::Builder::new(LinkExecutor);
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_header_list_size(HEADERS)
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(connection_window)
        .max_concurrent_streams(STREAMS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(tee), answer));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.ending() => None,
        () = watched.stands_idle(&frames, at_rest) => None,
    };
    if ended.is_none() && !stop.is_ending() {
        connection.as_mut().graceful_shutdown();
        // A client that does not answer the GOAWAY gets no more time than this.
        let _ = timeout(watched.link.settings().head_time, connection).await;
    } else if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        // Protocol errors of the client do not change the record from here on.
        let _ = connection.await;
    }
    settle_frames(&stays.0, &stays.1, &frames, ended.is_none()).await;
}

/// Records the bytes of a connection that were in none of the delivered
/// requests. If the proxy ends the connection itself, requests that arrive too
/// late belong to the client's next connection, so they do not count as broken.
async fn settle_frames(link: &ConnectionContext, place: &ConnectionTarget, frames: &ClientFrames, is_our_end: bool) {
    let served = frames.served.load(Relaxed);
    let (unread, unserved, is_ordinary) = {
        let account = frames.account();
        (account.unread().to_vec(), account.requests().saturating_sub(served), account.is_ordinary())
    };
    let whereto = link.whereto(place).with_port();
    if !is_ordinary {
        let says = "frames of HTTP/2 with bytes that are in no request";
        link.seal_with(place, SealReason::UnknownProtocol, says, Body::whole(unread)).await;
    } else if served == 0 && unserved > 0 {
        let says = "requests in HTTP/2 that broke off or break its rules";
        link.seal_with(place, SealReason::UnknownProtocol, says, Body::whole(unread)).await;
    } else if served == 0 {
        link.note(NoteCode::Http2WithoutRequest, whereto, 1).await;
    } else if unserved > 0 && !is_our_end {
        link.note(NoteCode::Http2BrokenRequests, whereto, unserved).await;
    }
}

async fn far(link: &ConnectionContext, place: &ConnectionTarget, behind: UpstreamPeer) -> FarEnd {
    let UpstreamPeer::Server(mut server) = behind else { return FarEnd::Us };
    let dialled = server.dial_as(link, place, &link.whereto(place).host).await;
    if let Some(trouble) = server.trouble.or(dialled.err()) {
        return FarEnd::Nobody(trouble);
    }
    let Some(reached) = server.reached else {
        return match server.dialling {
            DialState::ByRequest => FarEnd::Anybody(ToAnybody::new(server.egress)),
            _ => FarEnd::Nobody(ConnectError::withheld(&link.whereto(place).host)),
        };
    };
    match ToServer::new(reached, server.egress, link).await {
        Ok(server) => FarEnd::Server(server),
        Err(trouble) => FarEnd::Nobody(trouble),
    }
}

/// hyper's tasks hold the connection context through their service, and with it
/// the proxy.
#[derive(Clone)]
pub(crate) struct LinkExecutor;

impl<F> Executor<F> for LinkExecutor
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        tokio::spawn(task);
    }
}

/// Work that continues in a task of its own when its future is dropped: hyper
/// drops the future of a stream that the client reset, but its exchange must
/// still be recorded.
struct DetachedTask<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> Future for DetachedTask<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // A future that is polled again after its end stays pending.
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let output = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for DetachedTask<F> {
    fn drop(&mut self) {
        // Without a runtime the program is exiting and did not stop the proxy
        // first.
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

impl Http2Session {
    /// The client of this connection, with its HTTP/2 fingerprint once that is
    /// known.
    fn client(&self) -> Arc<Client> {
        let Some(print) = self.print.get() else { return Arc::clone(&self.link.client) };
        let known = || Arc::new(Client { http2: Some(print.clone()), ..Client::clone(&self.link.client) });
        Arc::clone(self.client.get_or_init(known))
    }

    /// Returns when the connection was inactive for the longest permitted idle
    /// time. `at_rest` is the number of holders of `under_way` on an inactive
    /// connection.
    async fn stands_idle(&self, frames: &ClientFrames, at_rest: usize) {
        const LOOKS: u32 = 16;
        let (mut quiet, mut before) = (0, 0);
        while quiet <= LOOKS {
            sleep(self.link.settings().idle / LOOKS).await;
            let (served, holders) = (frames.served.load(Relaxed), Arc::strong_count(&self.link.under_way));
            quiet = if served == before && holders == at_rest { quiet + 1 } else { 0 };
            before = served;
        }
    }

    async fn exchange(&self, request: http::Request<Incoming>) -> Result<http::Response<OutgoingBody>, GateCut> {
        // Rare branches are boxed, here and in the relay: otherwise they would
        // enlarge the future of every request, which is moved and stored as a
        // whole.
        if request.method() == http::Method::CONNECT {
            return Ok(Box::pin(self.tunnel(request)).await);
        }
        let began = ClockMoment::now();
        let link = ConnectionContext { client: self.client(), ..self.link.clone() };
        let (head, body) = request.into_parts();
        let is_misdirected =
            matches!(self.server, FarEnd::Server(_)) && self.is_misdirected(&link, &absolute(&head.uri), host(&head));
        let addressed = link.address(&self.place, &absolute(&head.uri), host(&head)).await;
        let seen = Request {
            method: head.method.as_str().to_owned(),
            url: addressed.url,
            version: "HTTP/2".into(),
            headers: addressed.claims.into_iter().chain(headers(&head.headers)).collect(),
            body: model::Body::default(),
        };
        if is_misdirected && !link.shared.owns(seen.host()) {
            let trouble = ConnectError::misdirected(seen.host());
            return Box::pin(relay::relay(&trouble, link, began, seen, head, body)).await;
        }
        match &self.server {
            FarEnd::Server(way) if !link.shared.owns(seen.host()) => {
                relay::relay(way, link, began, seen, head, body).await
            }
            FarEnd::Anybody(way) if !link.shared.owns(seen.host()) => {
                Box::pin(relay::relay(way, link, began, seen, head, body)).await
            }
            FarEnd::Nobody(trouble) if !link.shared.owns(seen.host()) => {
                Box::pin(relay::relay(trouble, link, began, seen, head, body)).await
            }
            _ => Ok(Box::pin(sinkhole(&link, began, seen, body)).await),
        }
    }

    /// Whether a request is for a host that the server of this connection does
    /// not serve, judged by its certificate (RFC 9110 §15.5.20). The server
    /// name in the ClientHello counts as covered, because the server chose its
    /// certificate for it.
    fn is_misdirected(&self, link: &ConnectionContext, target: &str, host: Option<&str>) -> bool {
        let authority =
            target.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let asked_for = link.client.hello.as_ref().and_then(|hello| hello.sni.as_deref());
        let is_foreign = |named: &str| {
            self.place.is_foreign(named)
                && asked_for.is_none_or(|asked| !asked.eq_ignore_ascii_case(model::host_of(named)))
        };
        authority.into_iter().chain(host).any(is_foreign)
    }

    /// Gives the client a tunnel on this stream (RFC 9113 §8.5), or an error
    /// response; other streams are not affected.
    async fn tunnel(&self, mut request: http::Request<Incoming>) -> http::Response<OutgoingBody> {
        let link = self.link.tunnelled();
        let Some(target) = request.uri().authority().and_then(|named| HostPort::read(named.as_str(), 443)) else {
            link.seal(&self.place, SealReason::UnknownProtocol, "CONNECT to what is no address").await;
            return response_of(&StaticResponse::sinkhole(400, "text/plain", ""), &[], Bytes::new());
        };
        let place = link.place(Some(target));
        match UpstreamPeer::find(&link, &place).await {
            Ok(behind) => {
                let tunnel = hyper::upgrade::on(&mut request);
                tokio::spawn(connection::follow_tunnel(tunnel, link, place, behind));
                http::Response::new(OutgoingBody::ours(Bytes::new()))
            }
            Err(trouble) => {
                link.refused_tunnel(&place, &trouble, "HTTP/2").await;
                let reply = trouble.reply();
                response_of(&reply, &lower(static_response::fields(&reply)), reply.body.clone())
            }
        }
    }
}

/// Reads the request to its end and answers it without a server.
async fn sinkhole(
    link: &ConnectionContext,
    began: ClockMoment,
    mut request: Request,
    body: Incoming,
) -> http::Response<OutgoingBody> {
    let declared = body.size_hint().exact();
    let mut part = link.part();
    if read_body(body, link, &mut part, &mut request.headers).await.is_err() {
        request.body = part.broken_off(declared);
        link.unanswered(began, request).await;
        return http::Response::new(OutgoingBody::ours(Bytes::new()));
    }
    request.body = part.whole();
    let reply = link.answer(&request).await;
    answered(link, began, request, reply).await
}

/// Reads the held part and the rest of a request, and answers it with `reply`.
pub(crate) async fn absorbed(
    link: &ConnectionContext,
    began: ClockMoment,
    mut request: Request,
    ahead: BufferedFrames,
    body: Incoming,
    reply: StaticResponse,
) -> http::Response<OutgoingBody> {
    let mut part = link.part();
    for frame in &ahead {
        if let Some(data) = frame.data_ref() {
            part.add(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            request.headers.extend(headers(trailers));
        }
    }
    request.body = match read_body(body, link, &mut part, &mut request.headers).await {
        Ok(()) => part.whole(),
        Err(()) => part.broken_off(None),
    };
    answered(link, began, request, reply).await
}

/// Records a response of our own, and returns it in hyper's types.
pub(crate) async fn answered(
    link: &ConnectionContext,
    began: ClockMoment,
    request: Request,
    reply: StaticResponse,
) -> http::Response<OutgoingBody> {
    let fields = static_response::fields(&reply);
    let has_body = request.method != "HEAD" && static_response::has_length(reply.status);
    let sent = if has_body { reply.body.clone() } else { Bytes::new() };
    let response = static_response::record(&reply, "HTTP/2", lower(fields), &sent);
    let answer = response_of(&reply, &response.headers, sent);
    link.answered(began, request, response, Vec::new()).await;
    answer
}

/// Reads a body to its end, and puts its trailers into `fields`. An error: the
/// client reset the stream, closed the connection, or sends more than the
/// limit.
async fn read_body(
    mut body: Incoming,
    link: &ConnectionContext,
    part: &mut CapturedBody,
    fields: &mut Vec<Header>,
) -> Result<(), ()> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ())?;
        if let Some(data) = frame.data_ref() {
            part.add(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            fields.extend(headers(trailers));
        }
        if part.total() > link.settings().swallow_limit {
            return Err(());
        }
    }
    // hyper ends the body of a stream that was reset like any other.
    if body.is_end_stream() { Ok(()) } else { Err(()) }
}

/// hyper puts `:scheme` and `:authority` into the URI.
fn absolute(uri: &http::Uri) -> String {
    match uri.authority() {
        Some(_) => uri.to_string(),
        None => uri.path_and_query().map_or_else(|| "/".into(), ToString::to_string),
    }
}

fn host(head: &http::request::Parts) -> Option<&str> {
    head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok())
}

pub(crate) fn headers(map: &http::HeaderMap) -> Vec<Header> {
    map.iter().map(|(name, value)| Header::new(name.as_str(), value.as_bytes())).collect()
}

/// Field names are lower case in HTTP/2 (RFC 9113 §8.2.1).
fn lower(mut fields: Vec<Header>) -> Vec<Header> {
    for field in &mut fields {
        field.name.make_ascii_lowercase();
    }
    fields
}

fn response_of(reply: &StaticResponse, fields: &[Header], body: Bytes) -> http::Response<OutgoingBody> {
    let mut response = http::Response::new(OutgoingBody::ours(body));
    *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::OK);
    for field in fields {
        let name = http::HeaderName::from_bytes(field.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(&field.value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
