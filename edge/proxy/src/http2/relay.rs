//! Forwards HTTP/2 between a client and its server. hyper speaks HTTP/2 on both
//! sides; bodies are kept for the record as they pass.
//!
//! A body is forwarded frame by frame, and each frame only when the receiver
//! has room for it. An exchange is recorded when its response has ended or was
//! given up.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::header::ALT_SVC;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{AnsweredBy, Header, Request, Response};

use crate::{
    clock::ClockMoment,
    exchange::captured_body::CapturedBody,
    exchange::connection_context::ConnectionContext,
    exchange::gate::{BodyWatch, Ruling},
    exchange::hold::{self, BufferedFrames},
    exchange::target::HostPort,
    http2::server::{self, HEADERS, LinkExecutor, STREAM_WINDOW},
    upstream::connector::{ConnectError, ServerConnector},
    upstream::peer::ServerConnection,
};

/// Sends requests to the server that answers them.
pub(crate) trait RequestRoute {
    /// Sends a request and waits for the head of its response.
    fn send(
        &self,
        link: &ConnectionContext,
        request: http::Request<UpstreamBody>,
    ) -> impl Future<Output = Result<http::Response<Incoming>, RelayFailure>> + Send;
}

/// Why a request got no response.
pub(crate) enum RelayFailure {
    Unreached(ConnectError),
    Unanswered(hyper::Error),
}

impl From<ConnectError> for RelayFailure {
    fn from(trouble: ConnectError) -> Self {
        Self::Unreached(trouble)
    }
}

impl From<hyper::Error> for RelayFailure {
    fn from(error: hyper::Error) -> Self {
        Self::Unanswered(error)
    }
}

/// Forwards a request, and returns the response while its body is still
/// arriving.
pub(crate) async fn relay(
    way: &impl RequestRoute,
    link: ConnectionContext,
    began: ClockMoment,
    request: Request,
    mut head: http::request::Parts,
    mut body: Incoming,
) -> Result<http::Response<OutgoingBody>, GateCut> {
    link.shared.has_room().await;
    let mut ahead = BufferedFrames::new();
    if let Some(gate) = &link.settings().gate {
        match Box::pin(hold::http2(&**gate, &link, began, &request, &mut body, &mut ahead)).await {
            Ruling::Pass => {}
            Ruling::Absorb(reply) => {
                return Ok(Box::pin(server::absorbed(&link, began, request, ahead, body, reply)).await);
            }
            Ruling::Cut => {
                Box::pin(link.unanswered(began, request)).await;
                return Err(GateCut);
            }
        }
    }
    let sent = Arc::new(Mutex::new(KeptBody::new(link.part())));
    let upward = UpstreamBody { ahead, inner: body, kept: Arc::clone(&sent) };
    lock(&sent).expect(upward.size_hint().exact(), upward.is_end_stream());
    head.version = http::Version::HTTP_2;
    // hyper's extensions of the incoming request do not apply to the outgoing
    // one.
    head.extensions.clear();
    let mut open =
        OpenExchange { link, began, request, sent, head: None, received: KeptBody::new(CapturedBody::default()) };
    match way.send(&open.link, http::Request::from_parts(head, upward)).await {
        Ok(answer) => {
            let (mut head, body) = answer.into_parts();
            let fields = server::headers(&head.headers);
            let watch = open.watch(head.status.as_u16(), &fields);
            open.received = KeptBody::new(open.link.part().watched(watch));
            open.head = Some((head.status.as_u16(), fields));
            if head.headers.contains_key(ALT_SVC) {
                Box::pin(open.link.offered_http3(open.request.host())).await;
                head.headers = without(&head.headers, &ALT_SVC);
            }
            head.extensions.clear();
            let passing = OutgoingBody::Passing(Box::new(DownstreamBody { inner: body, open: Some(open) }));
            Ok(http::Response::from_parts(head, passing))
        }
        Err(RelayFailure::Unreached(trouble)) => Ok(Box::pin(open.fail(trouble)).await),
        Err(RelayFailure::Unanswered(error)) => {
            let host = open.request.host().to_owned();
            let says = format!("{host}: {}", if error.is_timeout() { "no answer in time" } else { "it hung up" });
            Ok(Box::pin(open.fail(ConnectError { status: 502, says })).await)
        }
    }
}

/// A server that cannot be reached: every request to it fails with this error.
impl RequestRoute for ConnectError {
    async fn send(
        &self,
        _: &ConnectionContext,
        _: http::Request<UpstreamBody>,
    ) -> Result<http::Response<Incoming>, RelayFailure> {
        Err(RelayFailure::Unreached(self.clone()))
    }
}

/// A server that speaks HTTP/2.
pub(crate) struct ToServer {
    sender: Mutex<SendRequest<UpstreamBody>>,
    egress: Arc<ServerConnector>,
    target: HostPort,
    encrypted: bool,
}

impl ToServer {
    pub(crate) async fn new(
        reached: ServerConnection,
        egress: Arc<ServerConnector>,
        link: &ConnectionContext,
    ) -> Result<Self, ConnectError> {
        let (target, encrypted) = (reached.target.clone(), reached.encrypted);
        let sender = Mutex::new(handshake(reached, link).await?);
        Ok(Self { sender, egress, target, encrypted })
    }

    /// The sender for this server; it connects again if the old connection is
    /// closed.
    async fn sender(&self, link: &ConnectionContext) -> Result<SendRequest<UpstreamBody>, ConnectError> {
        let mut sender = lock(&self.sender).clone();
        match sender.ready().await {
            Ok(()) => Ok(sender),
            Err(_) => Box::pin(self.anew(link)).await,
        }
    }

    async fn anew(&self, link: &ConnectionContext) -> Result<SendRequest<UpstreamBody>, ConnectError> {
        let conn = self.egress.connect(&self.target, &link.shared.stop).await?;
        let conn = match self.encrypted {
            true => self.egress.encrypt(conn, &self.target.host, &["h2".to_owned()]).await?.conn,
            false => conn,
        };
        let reached = ServerConnection { conn, target: self.target.clone(), encrypted: self.encrypted };
        let fresh = handshake(reached, link).await?;
        *lock(&self.sender) = fresh.clone();
        Ok(fresh)
    }
}

impl RequestRoute for ToServer {
    async fn send(
        &self,
        link: &ConnectionContext,
        request: http::Request<UpstreamBody>,
    ) -> Result<http::Response<Incoming>, RelayFailure> {
        Ok(self.sender(link).await?.send_request(request).await?)
    }
}

async fn handshake(
    reached: ServerConnection,
    link: &ConnectionContext,
) -> Result<SendRequest<UpstreamBody>, ConnectError> {
    let host = reached.target.host.clone();
    let mut builder = http2::Builder::new(LinkExecutor);
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(HEADERS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(4 * STREAM_WINDOW);
    let made = builder.handshake(TokioIo::new(reached.conn)).await;
    let (sender, connection) =
        made.map_err(|_| ConnectError { status: 502, says: format!("{host} speaks no HTTP/2") })?;
    let stop = link.shared.stop.clone();
    tokio::spawn(async move {
        // The open requests on this connection see the error on their own
        // streams.
        let _ = connection.await;
        drop(stop);
    });
    Ok(sender)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A copy without one field. Removing the field in place would change the order
/// of the others.
fn without(map: &http::HeaderMap, name: &http::HeaderName) -> http::HeaderMap {
    map.iter().filter(|(one, _)| *one != name).map(|(one, value)| (one.clone(), value.clone())).collect()
}

/// The kept part of a body, and its trailer fields.
pub(crate) struct KeptBody {
    part: CapturedBody,
    trailers: Vec<Header>,
    ended: bool,
    declared: Option<u64>,
}

impl KeptBody {
    fn new(part: CapturedBody) -> Self {
        Self { part, trailers: Vec::new(), ended: false, declared: None }
    }

    /// Sets what is known of a body before its first frame. hyper does not poll
    /// a body that has already ended.
    fn expect(&mut self, declared: Option<u64>, ended: bool) {
        self.declared = declared;
        self.ended = ended;
    }

    fn see(&mut self, frame: Option<&Frame<Bytes>>, ends: bool) {
        // The absence of another frame does not prove the end: hyper reports a
        // stream that was reset in the same way.
        self.ended |= ends;
        let Some(frame) = frame else { return };
        if let Some(data) = frame.data_ref() {
            self.part.add(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailers = server::headers(trailers);
        }
    }

    fn body(&mut self) -> model::Body {
        let part = std::mem::take(&mut self.part);
        if self.ended { part.whole() } else { part.broken_off(self.declared) }
    }
}

/// A request's body on its way to the server.
pub(crate) struct UpstreamBody {
    /// Frames that were read while the request was held.
    ahead: BufferedFrames,
    inner: Incoming,
    kept: Arc<Mutex<KeptBody>>,
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = match this.ahead.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None => ready!(Pin::new(&mut this.inner).poll_frame(cx)),
        };
        if let Ok(frame) = frame.as_ref().transpose_ref() {
            lock(&this.kept).see(frame, this.is_end_stream());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: usize = self.ahead.iter().filter_map(Frame::data_ref).map(Bytes::len).sum();
        match self.inner.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + ahead as u64),
            None => SizeHint::default(),
        }
    }
}

/// `Option<Result<T, E>>` as `Result<Option<&T>, &E>`.
trait TransposeRef<'a, T, E> {
    fn transpose_ref(self) -> Result<Option<&'a T>, &'a E>;
}

impl<'a, T, E> TransposeRef<'a, T, E> for Option<&'a Result<T, E>> {
    fn transpose_ref(self) -> Result<Option<&'a T>, &'a E> {
        self.map(Result::as_ref).transpose()
    }
}

/// An exchange that has not ended.
struct OpenExchange {
    link: ConnectionContext,
    began: ClockMoment,
    request: Request,
    sent: Arc<Mutex<KeptBody>>,
    /// Status and header fields of the response, once it has arrived.
    head: Option<(u16, Vec<Header>)>,
    received: KeptBody,
}

/// The gate closed this request's stream; the other streams of the connection
/// continue.
#[derive(Debug)]
pub(crate) struct GateCut;

impl std::fmt::Display for GateCut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut by the gate")
    }
}

impl std::error::Error for GateCut {}

impl OpenExchange {
    /// Asks the gate whether it wants to see the response's body.
    fn watch(&self, status: u16, fields: &[Header]) -> Option<Box<dyn BodyWatch>> {
        let gate = self.link.settings().gate.as_ref()?;
        let (version, by) = ("HTTP/2".to_owned(), AnsweredBy::Upstream);
        let response = Response { status, version, headers: fields.to_vec(), body: model::Body::default(), by };
        gate.answering(&self.link.exchange(self.began, self.request.clone()), &response)
    }

    /// Answers the client with our own response because the server gave none.
    async fn fail(mut self, trouble: ConnectError) -> http::Response<OutgoingBody> {
        self.complete_request();
        server::answered(&self.link, self.began, self.request, trouble.reply()).await
    }

    fn complete_request(&mut self) {
        let mut sent = lock(&self.sent);
        self.request.body = sent.body();
        self.request.headers.append(&mut sent.trailers);
    }

    async fn record(mut self) {
        self.complete_request();
        let body = self.received.body();
        match self.head {
            None => self.link.unanswered(self.began, self.request).await,
            Some((status, mut headers)) => {
                headers.append(&mut self.received.trailers);
                let (version, by) = ("HTTP/2".to_owned(), AnsweredBy::Upstream);
                let response = Response { status, version, headers, body, by };
                self.link.answered(self.began, self.request, response, Vec::new()).await;
            }
        }
    }
}

/// A response's body on its way to the client.
pub(crate) struct DownstreamBody {
    inner: Incoming,
    open: Option<OpenExchange>,
}

impl DownstreamBody {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let (Ok(frame), Some(open)) = (frame.as_ref().transpose_ref(), &mut self.open) {
            open.received.see(frame, self.inner.is_end_stream());
        }
        Poll::Ready(frame)
    }
}

impl Drop for DownstreamBody {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.received.ended |= self.inner.is_end_stream();
            open.received.declared = self.inner.size_hint().exact().map(|left| left + open.received.part.total());
            let counted = open.link.shared.count_open();
            let mut record = Box::pin(async move {
                open.record().await;
                drop(counted);
            });
            // Usually the sink has room and the record is written at once; a
            // task is needed only for waiting.
            if record.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                tokio::spawn(record);
            }
        }
    }
}

/// The body of a response: our own, or one from a server.
pub(crate) enum OutgoingBody {
    Ours(Option<Bytes>),
    Passing(Box<DownstreamBody>),
}

impl OutgoingBody {
    pub(crate) fn ours(body: Bytes) -> Self {
        Self::Ours(Some(body).filter(|body| !body.is_empty()))
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Ours(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Passing(body) => body.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ours(body) => body.is_none(),
            Self::Passing(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            Self::Passing(body) => body.inner.size_hint(),
        }
    }
}
