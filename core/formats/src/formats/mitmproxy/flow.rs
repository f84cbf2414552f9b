//! One flow: an HTTP exchange, or another connection with what went over it.

use std::{net::IpAddr, sync::Arc};

use model::{
    AnsweredBy, Body, Client, Direction, Exchange, GapReason, Header, IngressKind, Message, Request, Response, Seal,
    SealReason, Time,
};

use super::{
    KNOWN,
    tnetstring::{self, TnetValue},
};
use crate::{
    piece::{PieceResult, body_gap, gap},
    stamp,
};

/// The version of a flow, if it is a number. mitmproxy before 4 has a list.
pub(super) fn version(bytes: &[u8]) -> Option<i64> {
    match tnetstring::dict(bytes).0.at("version") {
        TnetValue::Number(version) => Some(*version as i64),
        TnetValue::List(_) => Some(0),
        _ => None,
    }
}

/// Reads a flow, as far as it can be read.
pub(super) fn read(index: u64, bytes: &[u8]) -> PieceResult {
    let (flow, whole) = tnetstring::dict(bytes);
    let mut made = PieceResult { exchange: None, gaps: Vec::new() };
    match flow.at("version").number().map(|version| version as i64) {
        Some(version) if version < *KNOWN.start() => {
            made.gaps.push(gap(Some(index), GapReason::Unsupported, "the flow is of a mitmproxy before 5"));
            return made;
        }
        Some(version) if version > *KNOWN.end() => {
            let says = format!("the flow has format version {version}, which is newer than we know");
            made.gaps.push(gap(Some(index), GapReason::Unsupported, says));
        }
        _ => {}
    }
    made.exchange = match flow.at("type").bytes() {
        // A flow that was cut may have lost its type.
        Some(b"http") | None => http(index, &flow, &mut made),
        Some(b"websocket") => Some(socket(index, &flow)),
        Some(kind @ (b"tcp" | b"udp")) => Some(stream(index, kind, &flow)),
        Some(b"dns") => Some(dns(index, &flow)),
        Some(_) => None,
    };
    if !whole && made.gaps.is_empty() {
        made.gaps.push(gap(Some(index), GapReason::Broken, "the flow is cut or broken: only a part of it was read"));
    }
    if made.exchange.is_none() && made.gaps.is_empty() {
        made.gaps.push(gap(Some(index), GapReason::Unsupported, "the flow is of a kind that we do not know"));
    }
    made
}

fn http(index: u64, flow: &TnetValue<'_>, made: &mut PieceResult) -> Option<Exchange> {
    let asked = flow.at("request");
    let method = asked.at("method").text();
    if method.is_empty() {
        return None;
    }
    let headers = headers(asked);
    let url = address(asked, &headers);
    let content = asked.at("content");
    let length = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    if content.is_null() && length.is_some_and(|length| length.value != b"0") {
        let says = "the request had a body, and the capture does not have it";
        made.gaps.push(body_gap(index, GapReason::Missing, says));
    }
    let request = Request {
        url,
        version: version_of(asked),
        headers,
        body: Body::whole(content.bytes().unwrap_or_default()),
        method,
    };
    let tunnel = request.method == "CONNECT";
    let response = flow.at("response");
    Some(Exchange {
        started: time(asked.at("timestamp_start")),
        ended: response.at("timestamp_end").number().map(stamp::of_seconds),
        response: (!response.is_null()).then(|| answer(response)),
        messages: flow.at("websocket").at("messages").list().iter().map(socket_message).collect(),
        seal: tunnel.then(|| Seal {
            reason: SealReason::Tunnelled,
            says: "the capture has the tunnel, not what went through it".to_owned(),
            sent: 0,
            received: 0,
        }),
        ..plain(index, flow, request)
    })
}

fn answer(response: &TnetValue<'_>) -> Response {
    Response {
        status: response.at("status_code").number().unwrap_or(0.0) as u16,
        version: version_of(response),
        headers: headers(response),
        body: Body::whole(response.at("content").bytes().unwrap_or_default()),
        by: AnsweredBy::Capture,
    }
}

/// Before version 12 the messages of a WebSocket were a flow of their own.
fn socket(index: u64, flow: &TnetValue<'_>) -> Exchange {
    let scheme = if flow.at("server_conn").at("tls_established").is_true() { "wss" } else { "ws" };
    let request = bare("GET", format!("{scheme}://{}/", server(flow)));
    let messages = flow.at("messages").list().iter().map(socket_message).collect();
    Exchange { messages, ..plain(index, flow, request) }
}

/// `[opcode, from client, content, time, …]`
fn socket_message(message: &TnetValue<'_>) -> Message {
    Message {
        direction: direction(message.nth(1)),
        at: time(message.nth(3)),
        text: message.nth(0).number() == Some(1.0),
        body: Body::whole(message.nth(2).bytes().unwrap_or_default()),
    }
}

/// `[from client, content, time]`
fn stream(index: u64, kind: &[u8], flow: &TnetValue<'_>) -> Exchange {
    let kind = String::from_utf8_lossy(kind).into_owned();
    let request = bare(&kind.to_ascii_uppercase(), format!("{kind}://{}/", server(flow)));
    let message = |message: &TnetValue<'_>| Message {
        direction: direction(message.nth(0)),
        at: time(message.nth(2)),
        text: false,
        body: Body::whole(message.nth(1).bytes().unwrap_or_default()),
    };
    let messages = flow.at("messages").list().iter().map(message).collect();
    Exchange { messages, ..plain(index, flow, request) }
}

fn dns(index: u64, flow: &TnetValue<'_>) -> Exchange {
    let question = flow.at("request").at("questions").nth(0);
    let kind = question.at("type").number().unwrap_or(1.0);
    let url = format!("dns://{}/{}?type={kind}", server(flow), question.at("name").text());
    let exchange = plain(index, flow, bare("DNS", url));
    let asked = flow.at("request").at("timestamp").number().map(stamp::of_seconds);
    Exchange { started: asked.unwrap_or(exchange.started), ..exchange }
}

/// An exchange that nothing is known of but the connection.
fn plain(index: u64, flow: &TnetValue<'_>, request: Request) -> Exchange {
    let client = flow.at("client_conn");
    let peer = if client.at("peername").is_null() { client.at("address") } else { client.at("peername") };
    Exchange {
        index,
        trial: None,
        connection: index,
        started: time(client.at("timestamp_start")),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::new(Client { address: host_port(peer), ..Client::default() }),
        request,
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

fn bare(method: &str, url: String) -> Request {
    Request { method: method.to_owned(), url, version: String::new(), headers: Vec::new(), body: Body::default() }
}

/// The address as the client knew it: where the connection was redirected the
/// server has only a number, and the name stands in the headers.
fn address(request: &TnetValue<'_>, headers: &[Header]) -> String {
    let authority = request.at("authority").text();
    let host_header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"));
    let named = match authority.is_empty() {
        true => host_header.map(|header| String::from_utf8_lossy(&header.value).into_owned()).unwrap_or_default(),
        false => authority,
    };
    let (scheme, path) = (request.at("scheme").text(), request.at("path").text());
    let scheme = if scheme.is_empty() { "https".to_owned() } else { scheme };
    let host = match named.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host.to_owned(),
        _ => named,
    };
    let host = if host.is_empty() { bracketed(&request.at("host").text()) } else { host };
    let port = match (&*scheme, request.at("port").number().unwrap_or(0.0)) {
        (_, 0.0) | ("https" | "wss", 443.0) | ("http" | "ws", 80.0) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{host}{port}{slash}{path}")
}

/// `host:port` of the server that the connection went to.
fn server(flow: &TnetValue<'_>) -> String {
    let connection = flow.at("server_conn");
    let names = ["address", "peername", "ip_address"];
    let port_of = |at: &TnetValue<'_>| host_port(at);
    names.iter().find_map(|name| port_of(connection.at(name))).unwrap_or_else(|| "unknown".to_owned())
}

/// `[host, port, …]`
fn host_port(address: &TnetValue<'_>) -> Option<String> {
    let host = address.nth(0).bytes()?;
    let port = address.nth(1).number()?;
    Some(format!("{}:{port}", bracketed(&String::from_utf8_lossy(host))))
}

/// IPv6 addresses stand in brackets (RFC 3986 §3.2.2).
fn bracketed(host: &str) -> String {
    match host.parse() {
        Ok(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_owned(),
    }
}

fn headers(half: &TnetValue<'_>) -> Vec<Header> {
    let header = |pair: &TnetValue<'_>| {
        let name = String::from_utf8_lossy(pair.nth(0).bytes()?).into_owned();
        Some(Header { name, value: pair.nth(1).bytes()?.to_vec() })
    };
    half.at("headers").list().iter().filter_map(header).collect()
}

fn version_of(half: &TnetValue<'_>) -> String {
    let version = half.at("http_version").text();
    match &*version {
        "HTTP/2.0" => "HTTP/2".to_owned(),
        "HTTP/3.0" => "HTTP/3".to_owned(),
        _ => version,
    }
}

fn direction(from_client: &TnetValue<'_>) -> Direction {
    if from_client.is_true() { Direction::FromClient } else { Direction::FromServer }
}

fn time(seconds: &TnetValue<'_>) -> Time {
    seconds.number().map(stamp::of_seconds).unwrap_or_default()
}
