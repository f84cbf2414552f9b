//! Holds requests that the gate wants to see, until the gate has decided.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use model::Request;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout_at},
};

use crate::{
    clock::ClockMoment,
    exchange::captured_body::CapturedBody,
    exchange::connection_context::ConnectionContext,
    exchange::gate::{Gate, HoldRequest, RequestProgress, Ruling},
    http1::body::{BodyFraming, BodyWalk},
    http1::head::{BadMessage, RequestHead},
    http2::server,
    inbound::stream::BufferedStream,
};

/// The result of showing a request to the gate.
pub(crate) struct GateOutcome {
    pub(crate) ruling: Ruling,
    /// The gate wanted to see the body. On a WebSocket it also wants the
    /// messages.
    pub(crate) wanted: bool,
    /// The request breaks the rules of its protocol.
    pub(crate) bad: Option<BadMessage>,
}

impl GateOutcome {
    pub(crate) const PASS: Self = Self { ruling: Ruling::Pass, wanted: false, bad: None };
}

/// Shows an HTTP/1 request to the gate. The bytes of its body stay unchanged in
/// the read buffer.
pub(crate) async fn http1(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    began: ClockMoment,
    head: &RequestHead,
    url: &str,
    framing: BodyFraming,
) -> GateOutcome {
    let Some(gate) = &link.settings().gate else { return GateOutcome::PASS };
    let version = head.fields.version().into();
    let (method, headers, body) = (head.method.clone(), head.fields.all.clone(), model::Body::default());
    let mut exchange = link.exchange(began, Request { method, url: url.to_owned(), version, headers, body });
    let HoldRequest::Hold { bytes, time } = gate.head(&exchange) else { return GateOutcome::PASS };
    let (mut walk, mut part, mut seen) =
        (BodyWalk::request(framing), CapturedBody::counted(bytes, link.settings().limits.lease()), 0);
    if head.expects_continue() && !walk.is_done() && conn.ahead.is_empty() {
        // If the client has gone, forwarding the request fails and shows that.
        let _ = conn.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
    }
    let since = Instant::now();
    loop {
        match walk.take_all(&conn.ahead[seen..], &mut part) {
            Ok(taken) => seen += taken,
            // A broken request is not forwarded, so the gate has nothing to
            // decide.
            Err(bad) => return GateOutcome { bad: Some(bad), ..GateOutcome::PASS },
        }
        if walk.is_done() || part.total() >= bytes as u64 || part.is_cut() {
            break;
        }
        if !matches!(timeout_at(since + time, conn.fill()).await, Ok(Ok(count)) if count > 0) {
            break;
        }
    }
    let whole = walk.is_done() && !part.is_cut();
    exchange.request.headers.extend(walk.fields_beside());
    exchange.request.body = if whole { part.whole() } else { part.broken_off(framing.declared()) };
    let ruling = gate.decide(&exchange, RequestProgress { whole, waited: since.elapsed() }).await;
    GateOutcome { ruling, wanted: true, bad: None }
}

/// Frames of a body that were read while the request was held.
pub(crate) type BufferedFrames = VecDeque<Frame<Bytes>>;

/// Shows an HTTP/2 request to the gate. The frames that were read are kept for
/// forwarding.
pub(crate) async fn http2(
    gate: &dyn Gate,
    link: &ConnectionContext,
    began: ClockMoment,
    request: &Request,
    body: &mut Incoming,
    ahead: &mut BufferedFrames,
) -> Ruling {
    let mut exchange = link.exchange(began, request.clone());
    let HoldRequest::Hold { bytes, time } = gate.head(&exchange) else { return Ruling::Pass };
    let (mut part, since) = (CapturedBody::counted(bytes, link.settings().limits.lease()), Instant::now());
    let declared = hyper::body::Body::size_hint(body).exact();
    let whole = loop {
        if hyper::body::Body::is_end_stream(body) {
            break true;
        }
        // A body that is too large for the memory limit is not held any longer.
        if part.total() >= bytes as u64 || part.is_cut() {
            break false;
        }
        match timeout_at(since + time, body.frame()).await {
            // A stream that the client reset ends here too; its body is
            // incomplete.
            Ok(None) => break hyper::body::Body::is_end_stream(body),
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    part.add(data);
                } else if let Some(trailers) = frame.trailers_ref() {
                    exchange.request.headers.extend(server::headers(trailers));
                }
                ahead.push_back(frame);
            }
            // The time is up, or the client reset the stream; forwarding shows
            // which.
            Ok(Some(Err(_))) | Err(_) => break false,
        }
    };
    exchange.request.body = if whole { part.whole() } else { part.broken_off(declared) };
    gate.decide(&exchange, RequestProgress { whole, waited: since.elapsed() }).await
}

/// The most bytes of a WebSocket message that are held, and the longest time.
pub(crate) const MESSAGE: (usize, Duration) = (1 << 20, Duration::from_secs(2));
