//! Encodes a response of our own for the wire and for the record. Both have the
//! same header fields.

use std::time::SystemTime;

use model::{Body, Header, Response};

use crate::{StaticResponse, http1::head::RequestHead};

/// Header fields that belong to one connection (RFC 9110 §7.6.1). The proxy
/// sets them itself, so a response of our own cannot.
const OF_THE_CONNECTION: [&str; 5] = ["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"];

/// The head of a response to an HTTP/1 client, and the record of the response.
pub(crate) fn http1(reply: &StaticResponse, request: &RequestHead, keep: bool) -> (Vec<u8>, Response) {
    let mut headers = fields(reply);
    if has_length(reply.status) {
        headers.push(Header::new("Content-Length", reply.body.len().to_string()));
    }
    if !keep {
        headers.push(Header::new("Connection", "close"));
    } else if request.fields.minor == 0 {
        headers.push(Header::new("Connection", "keep-alive"));
    }
    let mut bytes = Vec::with_capacity(256);
    start_line(&mut bytes, reply.status);
    for header in &headers {
        bytes.extend_from_slice(header.name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(&header.value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    let sent = &reply.body[..sent_body(reply, request)];
    (bytes, record(reply, "HTTP/1.1", headers, sent))
}

/// How many bytes of the body are sent in response to this request.
pub(crate) fn sent_body(reply: &StaticResponse, request: &RequestHead) -> usize {
    if request.method == "HEAD" || !has_length(reply.status) { 0 } else { reply.body.len() }
}

/// The record of a response of our own.
pub(crate) fn record(reply: &StaticResponse, version: &str, headers: Vec<Header>, body: &[u8]) -> Response {
    Response { status: reply.status, version: version.into(), headers, body: Body::whole(body), by: reply.by.clone() }
}

/// The response's own header fields, and `Date`.
pub(crate) fn fields(reply: &StaticResponse) -> Vec<Header> {
    let own = |header: &&Header| !OF_THE_CONNECTION.iter().any(|name| header.name.eq_ignore_ascii_case(name));
    let mut headers: Vec<Header> = reply.headers.iter().filter(own).filter(is_clean).cloned().collect();
    if !headers.iter().any(|header| header.name.eq_ignore_ascii_case("date")) {
        headers.push(Header::new("Date", httpdate::fmt_http_date(SystemTime::now())));
    }
    headers
}

/// Whether a header field is valid, so that it cannot inject another line.
fn is_clean(header: &&Header) -> bool {
    http::HeaderName::from_bytes(header.name.as_bytes()).is_ok() && http::HeaderValue::from_bytes(&header.value).is_ok()
}

/// Whether responses with this status have a body (RFC 9110 §6.4.1).
pub(crate) fn has_length(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 304)
}

fn start_line(bytes: &mut Vec<u8>, status: u16) {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    bytes.extend_from_slice(format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Answer")).as_bytes());
}
