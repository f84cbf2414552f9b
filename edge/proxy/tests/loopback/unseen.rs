//! Nothing goes on unseen: what can carry anything is in the record and was
//! decided on, or does not go on.

use std::sync::{Arc, Mutex};

use model::{Exchange, Header};
use proxy::{
    Gate, HoldRequest, ProxySettings, RequestProgress, Ruling, RulingFuture, StaticResponse, UpstreamSettings,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    lab::{Lab, Seen, echo, upstream},
    origin::{Origin, Wire},
    upstream::say,
};

pub(crate) const SECRET: &[u8] = b"secret-4711";

pub(crate) fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|part| part == SECRET)
}

/// Absorbs what carries the secret, wherever that stands.
#[derive(Default)]
struct SecretGate;

impl Gate for SecretGate {
    fn head(&self, _: &Exchange) -> HoldRequest {
        HoldRequest::Hold { bytes: 1 << 20, time: std::time::Duration::from_secs(30) }
    }

    fn decide<'a>(&'a self, exchange: &'a Exchange, _: RequestProgress) -> RulingFuture<'a> {
        let absorbed = carries_secret(exchange);
        Box::pin(async move {
            if absorbed {
                Ruling::Absorb(StaticResponse::sinkhole(200, "text/plain", "absorbed"))
            } else {
                Ruling::Pass
            }
        })
    }
}

/// Whether the secret stands anywhere in what a client said.
pub(crate) fn carries_secret(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    let in_field = |field: &Header| has_secret(field.name.as_bytes()) || has_secret(&field.value);
    has_secret(request.url.as_bytes())
        || request.headers.iter().any(in_field)
        || has_secret(&request.body.bytes)
        || exchange.messages.iter().any(|message| has_secret(&message.body.bytes))
}

/// A server that keeps all that it gets, and answers each head.
pub(crate) async fn keeping_all(got: &Arc<Mutex<Vec<u8>>>) -> Origin {
    let got = Arc::clone(got);
    Origin::clear(move |mut wire: Wire| {
        let got = Arc::clone(&got);
        async move {
            let mut some = [0; 4_096];
            while let Ok(count @ 1..) = wire.read(&mut some).await {
                got.lock().unwrap().extend_from_slice(&some[..count]);
                let is_end = some[..count].ends_with(b"\r\n\r\n") || some[..count].ends_with(b"end");
                if is_end && wire.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok").await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

/// Requests with something beside head and content that could carry anything.
/// What comes first says whether an honest client could have sent it.
fn odd_requests() -> Vec<(bool, &'static str, String)> {
    let post = |fields: &str, rest: &str| format!("POST URL HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{rest}");
    let chunked = |rest: &str| post("Transfer-Encoding: chunked\r\n", rest);
    let trailers: String = (0..60).map(|i| format!("X-{i}: secret-4711-{i}\r\n")).collect();
    vec![
        (true, "an extension", chunked("5;x=secret-4711\r\nhello\r\n0\r\n\r\n")),
        (true, "an extension of the last chunk", chunked("5\r\nhello\r\n0;secret-4711\r\n\r\n")),
        (true, "an extension in quotes", chunked("5 ; x=\"secret-4711;\"\r\nhello\r\n0\r\n\r\n")),
        (true, "an extension without a name", chunked("5 secret-4711\r\nhello\r\n0\r\n\r\n")),
        (true, "a trailer", chunked("5\r\nhello\r\n0\r\nX-T: secret-4711\r\n\r\n")),
        (true, "a name of a trailer", chunked("5\r\nhello\r\n0\r\nsecret-4711: x\r\n\r\n")),
        (true, "sixty trailers", chunked(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n"))),
        (false, "a trailer that is no field", chunked("5\r\nhello\r\n0\r\nno field secret-4711\r\n\r\n")),
        (false, "a trailer that is folded", chunked("0\r\nX-T: a\r\n secret-4711\r\n\r\n")),
        (false, "a trailer for another host", chunked("0\r\nHost: secret-4711.example\r\n\r\n")),
        (false, "a malformed chunk", chunked("zz;secret-4711\r\nhello\r\n0\r\n\r\n")),
        (
            false,
            "a head before a malformed chunk",
            post("Transfer-Encoding: chunked\r\nX-T: secret-4711\r\n", "zz\r\n"),
        ),
        (false, "a bare CR in a size", chunked("5\rsecret-4711\r\nhello\r\n0\r\n\r\n")),
        (false, "a bare LF after a size", chunked("5;secret-4711\nhello\r\n0\r\n\r\n")),
        (false, "bytes after a chunk", chunked("5\r\nhellosecret-4711\r\n0\r\n\r\n")),
        (false, "two hosts", post("Host: secret-4711.example\r\nContent-Length: 3\r\n", "end")),
        (false, "chunks within chunks", post("Transfer-Encoding: chunked, chunked\r\n", "secret-4711")),
        (false, "a coding that nobody knows", post("Transfer-Encoding: xchunked\r\n", "secret-4711")),
        (false, "two lengths", post("Content-Length: 3\r\nContent-Length: 11\r\n", "secret-4711")),
    ]
}

async fn sent(lab: Lab, request: &str) -> Seen {
    let mut stream = say(&lab, request.as_bytes()).await;
    let mut some = [0; 512];
    // An answer, ours or the server's, or the end of the connection.
    let _ = stream.read(&mut some).await;
    drop(stream);
    lab.stop().await
}

#[tokio::test]
async fn what_carries_a_value_beside_a_body_does_not_pass_the_gate() {
    for (_, name, request) in odd_requests() {
        let got = Arc::default();
        let origin = keeping_all(&got).await;
        let lab = Lab::with(
            ProxySettings { gate: Some(Arc::new(SecretGate)), ..upstream(UpstreamSettings::default()) },
            echo,
        );
        let seen = sent(lab, &request.replace("URL", &origin.url("http", "/p"))).await;
        assert!(!has_secret(&got.lock().unwrap()), "{name}: {}", String::from_utf8_lossy(&got.lock().unwrap()));
        assert!(seen.exchanges.iter().any(carries_secret), "{name}: it is not in the record");
    }
}

#[tokio::test]
async fn what_goes_on_without_a_gate_is_in_the_record() {
    for (is_honest, name, request) in odd_requests() {
        let got = Arc::default();
        let origin = keeping_all(&got).await;
        let seen = sent(Lab::onward(), &request.replace("URL", &origin.url("http", "/p"))).await;
        assert!(seen.exchanges.iter().any(carries_secret), "{name}: it is not in the record");
        let answers: Vec<_> = seen.exchanges.iter().filter_map(|one| one.response.as_ref()).collect();
        assert_eq!(answers.len(), usize::from(is_honest), "{name}");
        assert_eq!(seen.exchanges.iter().any(|one| one.seal.is_some()), !is_honest, "{name}: counted as unread");
        let got = got.lock().unwrap();
        assert!(!name.contains("extension") || !has_secret(&got), "{name}: has no meaning, and stays here");
    }
}

#[tokio::test]
async fn the_sinkhole_keeps_what_stands_beside_a_body() {
    for (_, name, request) in odd_requests() {
        let seen = sent(Lab::start(), &request.replace("URL", "http://a.example/p")).await;
        assert!(seen.exchanges.iter().any(carries_secret), "{name}: it is not in the record");
    }
}

#[tokio::test]
async fn a_length_beside_chunks_reaches_nobody_and_nothing_follows_it() {
    let got = Arc::default();
    let origin = keeping_all(&got).await;
    let lab = Lab::onward();
    let url = origin.url("http", "/p");
    let first = format!(
        "POST {url} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    let mut stream =
        say(&lab, format!("{first}GET {url}/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let got = String::from_utf8_lossy(&got.lock().unwrap()).to_lowercase();
    assert!(got.contains("transfer-encoding: chunked") && !got.contains("content-length"), "{got}");
    assert!(!got.contains("smuggled"), "{got}");
    let seen = lab.stop().await.only();
    assert_eq!(seen.request.header("content-length"), Some(&b"6"[..]), "and it is in the record");
}

/// A frame of a client, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0][..], payload].concat()
}

/// Frames that carry the secret, in what way, and whether a server may take them.
fn odd_frames() -> Vec<(bool, &'static str, Vec<u8>)> {
    let text = [&b"\x0f\xa1"[..], SECRET].concat();
    let long = [&b"\x89\xfe\x00\xc8\0\0\0\0"[..], SECRET, &[b'x'; 189]].concat();
    vec![
        (true, "a message", frame(0x81, SECRET)),
        (true, "a ping", frame(0x89, SECRET)),
        (true, "a pong", frame(0x8a, SECRET)),
        (true, "a reason to close", frame(0x88, &text)),
        (true, "a ping within a message", [frame(0x01, b"a"), frame(0x89, SECRET), frame(0x80, b"b")].concat()),
        (true, "a message in three frames", [frame(0x01, b"sec"), frame(0x00, b"ret-"), frame(0x80, b"4711")].concat()),
        (false, "a reserved opcode", frame(0x83, SECRET)),
        (false, "a reserved control opcode", frame(0x8f, SECRET)),
        (false, "a continuation of nothing", frame(0x80, SECRET)),
        (false, "a message that another one ends", [frame(0x01, SECRET), frame(0x81, b"x")].concat()),
        (false, "a ping that goes on", frame(0x09, SECRET)),
        (false, "a ping that is too long", long),
        (false, "a reserved bit", frame(0x91, SECRET)),
        (false, "compressed, as nobody agreed", frame(0xc1, SECRET)),
    ]
}

/// A server that upgrades as it is told, and keeps what it gets then.
async fn upgrading(got: &Arc<Mutex<Vec<u8>>>, to: &'static str) -> Origin {
    let got = Arc::clone(got);
    Origin::clear(move |mut wire: Wire| {
        let got = Arc::clone(&got);
        async move {
            crate::origin::read_until(&mut wire, b"\r\n\r\n").await;
            let answer = format!("HTTP/1.1 101 x\r\nUpgrade: {to}\r\nConnection: Upgrade\r\n\r\n");
            wire.write_all(answer.as_bytes()).await.unwrap();
            let mut some = [0; 4_096];
            while let Ok(count @ 1..) = wire.read(&mut some).await {
                got.lock().unwrap().extend_from_slice(&some[..count]);
            }
        }
    })
    .await
}

const ASK: &str = "Host: localhost\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Upgrades, and says this; waits until both sides are done.
async fn said_after(lab: Lab, origin: &Origin, ask: &str, bytes: &[u8]) -> Seen {
    let head = format!("GET {} HTTP/1.1\r\n{ASK}Upgrade: {ask}\r\n\r\n", origin.url("http", "/socket"));
    let mut stream = say(&lab, head.as_bytes()).await;
    crate::origin::read_until(&mut stream, b"\r\n\r\n").await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
    lab.stop().await
}

#[tokio::test]
async fn no_frame_of_a_socket_passes_the_gate_with_a_value_in_it() {
    for (is_allowed, name, bytes) in odd_frames() {
        let got = Arc::default();
        let origin = upgrading(&got, "websocket").await;
        let lab = Lab::with(
            ProxySettings { gate: Some(Arc::new(SecretGate)), ..upstream(UpstreamSettings::default()) },
            echo,
        );
        let bytes = [bytes, frame(0x81, b"innocent")].concat();
        let seen = said_after(lab, &origin, "websocket", &bytes).await.only();
        let got = got.lock().unwrap();
        assert!(!has_secret(&got), "{name}");
        assert_eq!(got.ends_with(b"innocent"), is_allowed, "{name}: what has no meaning ends the connection");
        let all: Vec<u8> = seen.messages.iter().flat_map(|message| message.body.bytes.to_vec()).collect();
        assert!(has_secret(&all), "{name}: it is not in the record");
    }
}

#[tokio::test]
async fn every_frame_of_a_socket_is_in_the_record_without_a_gate() {
    for (_, name, bytes) in odd_frames() {
        let got = Arc::default();
        let origin = upgrading(&got, "websocket").await;
        let seen = said_after(Lab::onward(), &origin, "websocket", &bytes).await.only();
        let all: Vec<u8> = seen.messages.iter().flat_map(|message| message.body.bytes.to_vec()).collect();
        assert!(has_secret(&all), "{name}: it is not in the record");
        assert_eq!(*got.lock().unwrap(), bytes, "{name}: nothing is changed");
    }
}

/// Lets nothing on that cannot be read.
struct ClosedGate;

impl Gate for ClosedGate {
    fn head(&self, _: &Exchange) -> HoldRequest {
        HoldRequest::Pass
    }

    fn decide<'a>(&'a self, _: &'a Exchange, _: RequestProgress) -> RulingFuture<'a> {
        Box::pin(async { Ruling::Pass })
    }

    fn sealed(&self, _: &Exchange) -> bool {
        false
    }
}

#[tokio::test]
async fn what_follows_an_upgrade_to_something_else_is_kept_counted_and_decided_on() {
    for (asked, agreed) in [("foo", "foo"), ("websocket", "foo"), ("foo", "websocket"), ("h2c", "h2c")] {
        let got = Arc::default();
        let origin = upgrading(&got, agreed).await;
        let seen = said_after(Lab::onward(), &origin, asked, SECRET).await.exchanges;
        assert_eq!(*got.lock().unwrap(), SECRET, "{asked} {agreed}");
        let seal = seen[1].seal.as_ref().unwrap();
        assert_eq!(
            (seen[0].response.as_ref().unwrap().status, &*seal.says),
            (101, "upgraded to a protocol that is not read")
        );
        assert_eq!((&seen[1].request.body.bytes[..], seen[1].host()), (SECRET, "localhost"));
        let got = Arc::default();
        let origin = upgrading(&got, agreed).await;
        let lab = Lab::with(
            ProxySettings { gate: Some(Arc::new(ClosedGate)), ..upstream(UpstreamSettings::default()) },
            echo,
        );
        let seen = said_after(lab, &origin, asked, SECRET).await.exchanges;
        assert!(got.lock().unwrap().is_empty(), "{asked} {agreed}");
        assert!(seen[1].seal.is_some());
    }
}

#[tokio::test]
async fn what_a_client_says_in_a_protocol_that_is_not_read_is_kept() {
    let got: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = Arc::clone(&got);
    let origin = Origin::clear(move |mut wire: Wire| {
        let got = Arc::clone(&kept);
        async move {
            let mut all = Vec::new();
            let _ = wire.read_to_end(&mut all).await;
            *got.lock().unwrap() = all;
        }
    })
    .await;
    let lab = Lab::onward();
    let mut stream =
        say(&lab, format!("CONNECT localhost:{} HTTP/1.1\r\n\r\n", origin.address.port()).as_bytes()).await;
    crate::origin::read_until(&mut stream, b"\r\n\r\n").await;
    let said = [b"\0\x01", SECRET].concat();
    stream.write_all(&said).await.unwrap();
    stream.shutdown().await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    let seen = lab.stop().await.only();
    assert_eq!((&*got.lock().unwrap(), &seen.request.body.bytes[..]), (&said, &said[..]));
    assert!(seen.seal.is_some());
}
