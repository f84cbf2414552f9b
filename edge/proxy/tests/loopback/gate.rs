//! What a gate decides happens, and what it lets go passes unchanged.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use model::{Exchange, Response};
use proxy::{
    BodyWatch, Gate, HoldRequest, ProxySettings, RequestProgress, Ruling, RulingFuture, StaticResponse,
    UpstreamSettings,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    lab::{Lab, echo, noise, text, upstream},
    origin::{Origin, answer, read_until},
    upstream::{HELLO, Log, Node, keeping, say},
};

/// Absorbs what carries `secret`, cuts what carries `knife`, and lets the rest go.
#[derive(Default)]
pub(crate) struct Words {
    so_far: Mutex<Vec<RequestProgress>>,
    watched: Arc<Mutex<Vec<u8>>>,
}

impl Gate for Words {
    fn head(&self, exchange: &Exchange) -> HoldRequest {
        match exchange.request.url.contains("page") {
            true => HoldRequest::Pass,
            false => HoldRequest::Hold { bytes: 1 << 20, time: Duration::from_millis(300) },
        }
    }

    fn decide<'a>(&'a self, exchange: &'a Exchange, so_far: RequestProgress) -> RulingFuture<'a> {
        self.so_far.lock().unwrap().push(so_far);
        let message = exchange.messages.first();
        let bytes = message.map_or(&exchange.request.body.bytes, |message| &message.body.bytes);
        let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
        let ruling = match () {
            () if has(b"secret") => Ruling::Absorb(StaticResponse::sinkhole(200, "application/json", "{\"code\":0}")),
            () if has(b"knife") => Ruling::Cut,
            () => Ruling::Pass,
        };
        Box::pin(async move { ruling })
    }

    fn sealed(&self, _: &Exchange) -> bool {
        false
    }

    fn answering(&self, _: &Exchange, answer: &Response) -> Option<Box<dyn BodyWatch>> {
        assert!(answer.body.bytes.is_empty());
        Some(Box::new(Seen(Arc::clone(&self.watched))))
    }
}

struct Seen(Arc<Mutex<Vec<u8>>>);

impl BodyWatch for Seen {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.lock().unwrap().extend_from_slice(bytes);
    }
}

pub(crate) fn gated() -> (Lab, Arc<Words>) {
    let words = Arc::new(Words::default());
    let settings =
        ProxySettings { gate: Some(Arc::clone(&words) as Arc<dyn Gate>), ..upstream(UpstreamSettings::default()) };
    (Lab::with(settings, echo), words)
}

#[tokio::test]
async fn what_is_absorbed_is_answered_and_reaches_nobody() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let (lab, _) = gated();
    let url = origin.url("http", "/collect");
    let (proxy, ca) = (format!("http://{}", lab.address), lab.file("ca.pem"));
    let again = ["--next", "-sS", "--proxy", &proxy, "--cacert", &ca, "-d", "nothing", &url];
    let out = lab.curl(&[&["-d", "a secret", &url][..], &again].concat()).await;
    assert_eq!(text(&out), "{\"code\":0}hello", "and the connection goes on");
    assert_eq!(log.lock().unwrap().len(), 1);
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].connection, seen[1].connection);
    assert_eq!(&seen[0].request.body.bytes[..], b"a secret");
    assert_eq!(seen[0].response.as_ref().unwrap().by, "sinkhole");
}

#[tokio::test]
async fn what_is_cut_has_no_answer() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let (lab, _) = gated();
    let out = lab.curl(&["-d", "a knife", &origin.url("http", "/")]).await;
    assert!(!out.status.success() && out.stdout.is_empty());
    assert!(log.lock().unwrap().is_empty());
    assert!(lab.stop().await.only().response.is_none());
}

#[tokio::test]
async fn what_was_held_passes_byte_for_byte() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let (lab, words) = gated();
    let body = noise(100_000);
    let head =
        format!("POST /p HTTP/1.1\r\nhOST: localhost:{}\r\nContent-Length: 100000\r\n\r\n", origin.address.port());
    let first = head.replace("/p", &origin.url("http", "/p"));
    let mut stream = say(&lab, first.as_bytes()).await;
    for piece in body.chunks(30_000) {
        stream.write_all(piece).await.unwrap();
    }
    assert!(read_until(&mut stream, b"hello").await.ends_with(b"hello"));
    assert_eq!(log.lock().unwrap()[0], [head.as_bytes(), &body].concat());
    assert!(words.so_far.lock().unwrap()[0].whole);
}

#[tokio::test]
async fn what_comes_too_slowly_is_decided_as_far_as_it_came() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let (lab, words) = gated();
    let head = format!("POST {} HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo", origin.url("http", "/p"));
    let mut stream = say(&lab, head.as_bytes()).await;
    while words.so_far.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let so_far = words.so_far.lock().unwrap()[0];
    assert!(!so_far.whole && so_far.waited >= Duration::from_millis(300));
    stream.write_all(b"dy").await.unwrap();
    assert!(read_until(&mut stream, b"hello").await.ends_with(b"hello"));
    assert!(log.lock().unwrap()[0].ends_with(b"\r\n\r\nbody"));
}

#[tokio::test]
async fn what_the_gate_does_not_want_is_not_held() {
    let origin = Origin::clear(keeping(&Log::default(), HELLO)).await;
    let (lab, words) = gated();
    let out = lab.curl(&["-d", "a secret of the page's own", &origin.url("http", "/page")]).await;
    assert_eq!(text(&out), "hello");
    assert!(words.so_far.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_is_seen_before_the_client_has_it() {
    let origin = Origin::clear(keeping(&Log::default(), HELLO)).await;
    let (lab, words) = gated();
    let watched = Arc::clone(&words.watched);
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n\r\n", origin.url("http", "/page")).as_bytes()).await;
    read_until(&mut stream, b"hello").await;
    assert_eq!(*watched.lock().unwrap(), b"hello");
}

#[tokio::test]
async fn messages_are_dropped_one_by_one_and_the_others_stay_readable() {
    // The third message refers to the first two (RFC 7692 §7.2.3.2).
    let mut deflate = flate2::Compress::new(flate2::Compression::default(), false);
    let mut packed = |text: &str| {
        let mut out = vec![0; 200];
        let before = deflate.total_out();
        deflate.compress(text.as_bytes(), &mut out, flate2::FlushCompress::Sync).unwrap();
        out.truncate((deflate.total_out() - before) as usize - 4);
        [&[0xc1, 0x80 | out.len() as u8, 0, 0, 0, 0][..], &out].concat()
    };
    let wire = [packed("hello there"), packed("a secret there"), packed("hello there"), b"\x88\x80\0\0\0\0".to_vec()];
    let got = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&got);
    let origin = Origin::clear(move |mut stream| {
        let log = Arc::clone(&log);
        async move {
            let head = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
            answer(&mut stream, head).await;
            let all = read_until(&mut stream, b"\x88\x80\0\0\0\0").await;
            log.lock().unwrap().extend(all);
            stream.write_all(b"\x88\x00").await.unwrap();
        }
    })
    .await;
    let (lab, _) = gated();
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n{fields}", origin.url("http", "/")).as_bytes()).await;
    read_until(&mut stream, b"\r\n\r\n").await;
    for byte in wire.concat() {
        stream.write_all(&[byte]).await.unwrap();
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x88\x00");
    let expected = [&wire[0][..], b"\x81\x8b\0\0\0\0hello there", &wire[3]].concat();
    assert_eq!(*got.lock().unwrap(), expected);
    let said: Vec<_> = lab.stop().await.only().messages.iter().map(|one| one.body.bytes.to_vec()).collect();
    assert_eq!(said, [&b"hello there"[..], b"a secret there", b"hello there"]);
}

#[tokio::test]
async fn over_http2_requests_are_held_absorbed_and_cut_each_for_itself() {
    let (lab, words) = gated();
    let Some(node) = Node::start(&lab) else {
        println!("skipped: no node");
        return;
    };
    let url = format!("https://localhost:{}/", node.1);
    let body = noise(200_000);
    std::fs::write(lab.file("body"), &body).unwrap();
    let data = format!("@{}", lab.file("body"));
    let out = lab.curl(&["--http2", "--data-binary", &data, &url]).await;
    assert!(out.stdout == body, "held and passed whole");
    let (proxy, ca) = (format!("http://{}", lab.address), lab.file("ca.pem"));
    let again = ["--next", "-sS", "--http2", "--proxy", &proxy, "--cacert", &ca, "-d", "me", &url];
    let out = lab.curl(&[&["--http2", "-d", "a secret", &url][..], &again].concat()).await;
    assert_eq!(text(&out), "{\"code\":0}me");
    let out = lab.curl(&["--http2", "-d", "a knife", &url]).await;
    assert!(!out.status.success());
    assert!(words.so_far.lock().unwrap().iter().all(|so_far| so_far.whole));
    assert!(words.watched.lock().unwrap().ends_with(b"me"));
}

#[tokio::test]
async fn what_cannot_be_read_goes_on_only_if_the_gate_says_so() {
    let origin = Origin::clear(|mut wire| async move {
        let _ = wire.write_all(b"SSH-2.0-x\r\n").await;
        let _ = read_until(&mut wire, b"never").await;
    })
    .await;
    let (lab, _) = gated();
    let connect = format!("CONNECT localhost:{} HTTP/1.1\r\n\r\n", origin.address.port());
    let mut stream = say(&lab, connect.as_bytes()).await;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.ends_with(b"\r\n\r\n"), "not a word of the server");
    assert!(lab.stop().await.only().seal.is_some());
}
