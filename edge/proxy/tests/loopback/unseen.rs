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
struct Seeker;

impl Gate for Seeker {
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
        let lab =
            Lab::with(ProxySettings { gate: Some(Arc::new(Seeker)), ..upstream(UpstreamSettings::default()) }, echo);
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
