//! Clients that speak HTTP/2.
//!
//! hyper speaks it; the settings by which clients are told apart are read from
//! the bytes before hyper has them. Extended CONNECT (RFC 8441) is not offered,
//! so that browsers open WebSockets over HTTP/1.1, where they can be read.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body as _, Incoming},
    rt::Executor,
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Header, Request};

use crate::{Reply, clock::Moment, http2_print::Tee, link::Link, part::Part, place::Place, reply, wire::Conn};

/// Header lists that are taken. hyper would offer 16 KiB, which the cookies of
/// trackers exceed.
const HEADERS: u32 = 1 << 20;
const STREAM_WINDOW: u32 = 1 << 20;
const STREAMS: u32 = 256;

pub(crate) async fn serve(conn: Conn, link: Link, place: Place) {
    let stop = link.shared.stop.clone();
    let (tee, print) = Tee::new(conn);
    let session = Arc::new((link, place));
    let answer = service_fn(move |request| {
        let session = Arc::clone(&session);
        let print = print.clone();
        async move {
            let (link, place) = &*session;
            let mut link = link.clone();
            link.client.http2 = print.get().cloned();
            Ok::<_, Infallible>(exchange(request, &link, place).await)
        }
    });
    let mut builder = http2::Builder::new(Spawn);
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_header_list_size(HEADERS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(4 * STREAM_WINDOW)
        .max_concurrent_streams(STREAMS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(tee), answer));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.ending() => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        // What a client does wrong from here on changes nothing in the record.
        let _ = connection.await;
    }
}

/// Tasks of hyper hold the link through their service, and with it the proxy.
#[derive(Clone)]
struct Spawn;

impl<F> Executor<F> for Spawn
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        tokio::spawn(task);
    }
}

async fn exchange(request: http::Request<Incoming>, link: &Link, place: &Place) -> http::Response<Full<Bytes>> {
    let began = Moment::now();
    let (head, body) = request.into_parts();
    let declared = body.size_hint().exact();
    let mut request = Request {
        method: head.method.as_str().to_owned(),
        url: place.url(&absolute(&head.uri), host(&head)),
        version: "HTTP/2".into(),
        headers: headers(&head.headers),
        body: model::Body::default(),
    };
    let mut part = Part::new(link.settings().body_limit);
    match read_body(body, link, &mut part, &mut request.headers).await {
        Ok(()) => request.body = part.whole(),
        Err(()) => {
            request.body = part.broken_off(declared);
            link.unanswered(began, request).await;
            return http::Response::new(Full::default());
        }
    }
    let reply = link.shared.answers.answer(&request);
    let fields = reply::fields(&reply);
    let sent =
        if request.method == "HEAD" || !reply::has_length(reply.status) { Bytes::new() } else { reply.body.clone() };
    let response = reply::record(&reply, "HTTP/2", lower(fields), &sent);
    let answer = http2_answer(&reply, &response.headers, sent);
    link.answered(began, request, response, Vec::new()).await;
    answer
}

/// Reads a body to its end, its trailers into `fields`. An error: the client
/// took the request back, has gone, or sends without end.
async fn read_body(mut body: Incoming, link: &Link, part: &mut Part, fields: &mut Vec<Header>) -> Result<(), ()> {
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
    Ok(())
}

/// hyper puts `:scheme` and `:authority` into the address.
fn absolute(uri: &http::Uri) -> String {
    match uri.authority() {
        Some(_) => uri.to_string(),
        None => uri.path_and_query().map_or_else(|| "/".into(), ToString::to_string),
    }
}

fn host(head: &http::request::Parts) -> Option<&str> {
    head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok())
}

fn headers(map: &http::HeaderMap) -> Vec<Header> {
    map.iter().map(|(name, value)| Header::new(name.as_str(), value.as_bytes())).collect()
}

/// Field names are lower case in HTTP/2 (RFC 9113 §8.2.1).
fn lower(mut fields: Vec<Header>) -> Vec<Header> {
    for field in &mut fields {
        field.name.make_ascii_lowercase();
    }
    fields
}

fn http2_answer(reply: &Reply, fields: &[Header], body: Bytes) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(body));
    *response.status_mut() = http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::OK);
    for field in fields {
        let name = http::HeaderName::from_bytes(field.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(&field.value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
