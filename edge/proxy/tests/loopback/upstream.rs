//! Through the proxy to servers and back, unchanged.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
};

use model::{Direction, SealReason};
use proxy::{ForwardMode, PinnedAction, ProxySettings, StaticResponse, UpstreamSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    lab::{Lab, noise, run, text, upstream},
    origin::{Origin, Wire, answer, read_until},
    sealed::hello_record,
};

/// Servers on this machine are reached once they are named.
fn named() -> UpstreamSettings {
    UpstreamSettings { allowed: ["localhost".to_owned()].into(), ..UpstreamSettings::default() }
}

pub(crate) type Log = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server that keeps what it gets, and says the same each time.
pub(crate) fn keeping(
    log: &Log,
    with: &'static [u8],
) -> impl Fn(Wire) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + use<> {
    let log = Arc::clone(log);
    move |mut wire| {
        let log = Arc::clone(&log);
        Box::pin(async move {
            loop {
                let got = answer(&mut wire, with).await;
                if got.is_empty() {
                    return;
                }
                log.lock().unwrap().push(got);
            }
        })
    }
}

pub(crate) async fn say(lab: &Lab, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

pub(crate) const HELLO: &[u8] = b"HTTP/1.1 200 Fine\r\nx-B: 1\r\nContent-Length: 5\r\nX-a: 2\r\nx-B: 3\r\n\r\nhello";

#[tokio::test]
async fn a_request_reaches_its_server_byte_for_byte() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let lab = Lab::onward();
    let fields = "hOST: x\r\nCookie: 1\r\nB: c\r\ncookie: 2\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody";
    let request = format!("POST {} HTTP/1.1\r\nProxy-Connection: y\r\n{fields}", origin.url("http", "/p?q"));
    let mut answer = Vec::new();
    say(&lab, request.as_bytes()).await.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, HELLO);
    assert_eq!(String::from_utf8_lossy(&log.lock().unwrap()[0]), format!("POST /p?q HTTP/1.1\r\n{fields}"));
    let seen = lab.stop().await.only();
    let names: Vec<&str> = seen.request.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["Proxy-Connection", "hOST", "Cookie", "B", "cookie", "Content-Length", "Connection"]);
    assert_eq!(&seen.request.body.bytes[..], b"body");
    let response = seen.response.unwrap();
    assert_eq!((response.status, &response.by[..], &response.body.bytes[..]), (200, "upstream", &b"hello"[..]));
    assert_eq!(response.headers[0].name, "x-B");
}

#[tokio::test]
async fn a_host_can_be_said_to_be_elsewhere() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let mut there = UpstreamSettings::default();
    there.fixed.insert("nobody-knows-this-name.example".into(), origin.address);
    let lab = Lab::with(upstream(there), crate::lab::echo);
    assert_eq!(text(&lab.curl(&["http://nobody-knows-this-name.example/p"]).await), "hello");
    assert!(log.lock().unwrap()[0].starts_with(b"GET /p HTTP/1.1\r\nHost: nobody-knows-this-name.example\r\n"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut here = UpstreamSettings::default();
    here.fixed.insert("*".into(), listener.local_addr().unwrap());
    let lab = Lab::on(listener, upstream(here), crate::lab::echo);
    assert!(text(&lab.curl(&["http://any.example/"]).await).contains("any.example leads back to Candor itself"));
}

#[tokio::test]
async fn a_tls_request_passes_byte_for_byte_over_one_connection() {
    let log = Log::default();
    let origin = Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await;
    let lab = Lab::onward();
    let body = noise(200_000);
    std::fs::write(lab.file("body"), &body).unwrap();
    let (one, two) = (origin.url("https", "/1"), origin.url("https", "/2"));
    let data = format!("@{}", lab.file("body"));
    let out = lab.curl(&["-H", "X-oDD: 1", "--data-binary", &data, &one, &two]).await;
    assert_eq!(text(&out), "hellohello");
    assert_eq!(origin.protocols.lock().unwrap().len(), 1);
    for got in log.lock().unwrap().iter() {
        assert!(got.ends_with(&body) && got.windows(9).any(|part| part == b"X-oDD: 1\r"));
    }
    let seen = lab.stop().await.exchanges;
    assert!(seen.iter().all(|seen| seen.request.body.bytes[..] == body[..]));
}

#[tokio::test]
async fn the_client_is_offered_what_the_server_speaks() {
    for (speaks, version) in [(&["h2", "http/1.1"][..], "2"), (&["http/1.1"], "1.1"), (&[], "1.1")] {
        // It hangs up on HTTP/2: what counts here is what was agreed on.
        let log = Log::default();
        let origin = Origin::encrypted(speaks, keeping(&log, HELLO)).await;
        let lab = Lab::onward();
        let out = lab.curl(&["-o", "/dev/null", "-w", "%{http_version}", &origin.url("https", "/")]).await;
        if version == "1.1" {
            assert_eq!(text(&out), version);
        }
        let agreed = origin.protocols.lock().unwrap()[0].clone();
        assert_eq!(agreed.as_deref().map(String::from_utf8_lossy), speaks.first().map(|name| (*name).into()));
        drop(lab.stop().await);
    }
}

#[tokio::test]
async fn what_comes_in_pieces_passes_at_once() {
    let (tell, told) = tokio::sync::watch::channel(0);
    let origin = Origin::clear(move |mut wire| {
        let mut told = told.clone();
        async move {
            answer(&mut wire, b"HTTP/1.1 200 x\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n").await;
            told.changed().await.unwrap();
            wire.write_all(b"data: 2\n\n").await.unwrap();
        }
    })
    .await;
    let lab = Lab::onward();
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n\r\n", origin.url("http", "/")).as_bytes()).await;
    read_until(&mut stream, b"data: 1\n\n").await;
    // Only now does the server go on: nothing was held back.
    tell.send(1).unwrap();
    let rest = read_until(&mut stream, b"data: 2\n\n").await;
    assert_eq!(rest, b"data: 2\n\n");
    drop(stream);
    let seen = lab.stop().await.only();
    assert_eq!(&seen.response.unwrap().body.bytes[..], b"data: 1\n\ndata: 2\n\n");
}

#[tokio::test]
async fn trailers_and_interim_answers_pass() {
    const ANSWER: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n";
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, ANSWER)).await;
    let lab = Lab::onward();
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n\r\n", origin.url("http", "/")).as_bytes()).await;
    // The extension of a chunk says nothing to anybody.
    let passed = String::from_utf8_lossy(ANSWER).replace(";e=1", "");
    let mut all = vec![0; passed.len()];
    stream.read_exact(&mut all).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&all), passed);
    drop(stream);
    let response = lab.stop().await.only().response.unwrap();
    assert_eq!((response.status, &response.body.bytes[..]), (200, &b"abc"[..]));
    let last: Vec<&str> = response.headers.iter().rev().take(2).map(|field| field.name.as_str()).collect();
    assert_eq!(last, ["X-Sum", model::CHUNK_EXTENSIONS], "both are in the record");
}

#[tokio::test]
async fn a_body_waits_for_the_servers_word() {
    let origin = Origin::clear(|mut wire| async move {
        read_until(&mut wire, b"\r\n\r\n").await;
        wire.write_all(b"HTTP/1.1 417 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
    })
    .await;
    let lab = Lab::onward();
    std::fs::write(lab.file("body"), noise(2_000_000)).unwrap();
    let arguments = ["-w", "%{http_code}", "--http1.1", "-T", &lab.file("body"), &origin.url("http", "/")];
    assert_eq!(text(&lab.curl(&arguments).await), "417");
    let seen = lab.stop().await.only();
    assert_eq!(seen.response.unwrap().status, 417);
    assert_eq!(seen.request.body.cut_from, Some(2_000_000));
}

#[tokio::test]
async fn large_bodies_stream_and_only_their_beginning_is_kept() {
    let origin = Origin::clear(|mut wire| async move {
        read_until(&mut wire, b"\r\n\r\n").await;
        wire.write_all(b"HTTP/1.1 200 x\r\nContent-Length: 30000000\r\n\r\n").await.unwrap();
        for _ in 0..300 {
            if wire.write_all(&[7; 100_000]).await.is_err() {
                return;
            }
        }
    })
    .await;
    let lab =
        Lab::with(ProxySettings { body_limit: 50_000, ..upstream(UpstreamSettings::default()) }, crate::lab::echo);
    let out = lab.curl(&["-o", "/dev/null", "-w", "%{size_download}", &origin.url("http", "/")]).await;
    assert_eq!(text(&out), "30000000");
    let body = lab.stop().await.only().response.unwrap().body;
    assert_eq!((body.bytes.len(), body.cut_from), (50_000, Some(30_000_000)));
}

#[tokio::test]
async fn a_server_gone_in_mid_body_is_recorded_as_cut() {
    let log = Log::default();
    let origin = Origin::clear(move |mut wire| {
        let _ = &log;
        async move {
            answer(&mut wire, b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nhalf").await;
        }
    })
    .await;
    let lab = Lab::onward();
    assert!(!lab.curl(&[&origin.url("http", "/")]).await.status.success());
    let body = lab.stop().await.only().response.unwrap().body;
    assert_eq!((&body.bytes[..], body.cut_from), (&b"half"[..], Some(100)));
}

#[tokio::test]
async fn a_client_gone_in_mid_answer_disturbs_nobody() {
    let origin = Origin::clear(|mut wire| async move {
        read_until(&mut wire, b"\r\n\r\n").await;
        let _ = wire.write_all(b"HTTP/1.1 200 x\r\n\r\n").await;
        while wire.write_all(&[7; 10_000]).await.is_ok() {}
    })
    .await;
    let lab = Lab::onward();
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n\r\n", origin.url("http", "/")).as_bytes()).await;
    let mut some = [0; 1_000];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    let body = lab.stop().await.only().response.unwrap().body;
    assert!(body.cut_from.unwrap() >= 900);
}

#[tokio::test]
async fn a_half_closed_client_still_has_its_answer() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let lab = Lab::onward();
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n\r\n", origin.url("http", "/")).as_bytes()).await;
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, HELLO);
    drop(lab.stop().await);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_is_made_anew() {
    let origin = Origin::clear(|mut wire| async move {
        answer(&mut wire, HELLO).await;
    })
    .await;
    let lab = Lab::onward();
    let request = format!("GET {} HTTP/1.1\r\n\r\n", origin.url("http", "/"));
    let mut stream = say(&lab, request.as_bytes()).await;
    for _ in 0..3 {
        let mut all = vec![0; HELLO.len()];
        stream.read_exact(&mut all).await.unwrap();
        assert_eq!(all, HELLO);
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    drop(stream);
    assert!(lab.stop().await.exchanges.len() >= 3);
}

#[tokio::test]
async fn an_offer_of_http3_does_not_pass() {
    let log = Log::default();
    let origin =
        Origin::clear(keeping(&log, b"HTTP/1.1 200 x\r\nalt-SVC: h3=\":443\"\r\nContent-Length: 2\r\n\r\nok")).await;
    let lab = Lab::onward();
    let out = lab.curl(&["-i", &origin.url("http", "/")]).await;
    assert_eq!(text(&out), "HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(lab.stop().await.only().response.unwrap().headers[0].name, "alt-SVC");
}

#[tokio::test]
async fn a_server_with_a_wrong_certificate_is_shown_and_recorded() {
    let origin = Origin::misnamed().await;
    let lab = Lab::onward();
    let out = lab.curl(&["-w", "%{http_code}", &origin.url("https", "/x")]).await;
    assert!(text(&out).contains("the certificate of localhost is not valid: it is for another name"), "{}", text(&out));
    assert!(text(&out).ends_with("502"));
    let seen = lab.stop().await.only();
    assert_eq!((&seen.request.url[..], &seen.response.unwrap().by[..]), (&origin.url("https", "/x")[..], "proxy"));
}

#[tokio::test]
async fn a_server_named_as_insecure_is_reached() {
    let origin = Origin::misnamed().await;
    let named = UpstreamSettings { insecure: ["localhost".to_owned()].into(), ..UpstreamSettings::default() };
    let lab = Lab::with(upstream(named), crate::lab::echo);
    let out = lab.curl(&["-w", "%{http_code}", &origin.url("https", "/x")]).await;
    assert!(text(&out).contains("hung up without an answer"), "{}", text(&out));
    drop(lab.stop().await);
}

#[tokio::test]
async fn where_nobody_listens_the_client_hears_it() {
    let lab = Lab::onward();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let out = lab.curl(&["-w", "%{http_code}", &format!("http://localhost:{port}/")]).await;
    assert!(text(&out).ends_with("502"), "{}", text(&out));
    assert!(!lab.curl(&[&format!("https://localhost:{port}/")]).await.status.success());
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen[1].request.method, "CONNECT");
    assert_eq!(seen[1].response.as_ref().unwrap().status, 502);
}

#[tokio::test]
async fn hosts_of_our_own_never_reach_a_server() {
    struct Owner;
    impl proxy::AnswerProvider for Owner {
        fn answer(&self, _: &model::Request) -> StaticResponse {
            StaticResponse::sinkhole(200, "text/plain", "ours")
        }
        fn owns(&self, host: &str) -> bool {
            host == "honey.example"
        }
    }
    let lab = Lab::with(upstream(UpstreamSettings::default()), Owner);
    for url in ["http://honey.example/1", "https://honey.example/2"] {
        assert_eq!(text(&lab.curl(&[url]).await), "ours", "{url}");
    }
    assert_eq!(lab.stop().await.exchanges.len(), 2);
}

#[tokio::test]
async fn a_proxy_is_not_led_to_itself_or_to_what_is_kept_from_it() {
    let page = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = page.local_addr().unwrap();
    let lab =
        Lab::with(upstream(UpstreamSettings { never: vec![own], ..UpstreamSettings::default() }), crate::lab::echo);
    let itself = lab.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"] {
        for port in [own.port(), itself] {
            let out = lab.curl(&["-g", "-w", "%{http_code}", &format!("http://{host}:{port}/")]).await;
            assert!(text(&out).ends_with("403"), "{host}: {}", text(&out));
            assert!(!lab.curl(&["-g", "-p", &format!("http://{host}:{port}/")]).await.status.success());
        }
    }
    drop(lab.stop().await);
}

#[tokio::test]
async fn a_pinned_host_is_passed_through_after_some_refusals() {
    let log = Log::default();
    let origin = Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await;
    let pinned = UpstreamSettings { on_pinned: PinnedAction::Tunnel { after: 2 }, ..UpstreamSettings::default() };
    let lab = Lab::with(upstream(pinned), crate::lab::echo);
    let (root, proxy, url) = (lab.file("root.pem"), format!("http://{}", lab.address), origin.url("https", "/"));
    std::fs::write(&root, crate::origin::root()).unwrap();
    let mut went = Vec::new();
    for _ in 0..3 {
        // A client that trusts its server's certificate, and not ours.
        went.push(run("curl", &["-sS", "--proxy", &proxy, "--cacert", &root, &url]).await.status.success());
    }
    assert_eq!(went, [false, false, true]);
    let seen = lab.stop().await.exchanges;
    let reasons: Vec<SealReason> = seen.iter().map(|seen| seen.seal.as_ref().unwrap().reason).collect();
    assert_eq!(reasons, [SealReason::Refused, SealReason::Refused, SealReason::Tunnelled]);
    let seal = seen[2].seal.as_ref().unwrap();
    assert!(seal.sent > 500 && seal.received > 500);
    assert!(seen[2].client.hello.is_some());
}

#[tokio::test]
async fn what_one_client_gives_up_again_and_again_is_opened_to_another() {
    let log = Log::default();
    let origin = Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await;
    let pinned = UpstreamSettings { on_pinned: PinnedAction::Tunnel { after: 2 }, ..UpstreamSettings::default() };
    let lab = Lab::with(upstream(pinned), crate::lab::echo);
    let target = format!("localhost:{}", origin.address.port());
    for _ in 0..3 {
        let mut stream = say(&lab, format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await;
        read_until(&mut stream, b"\r\n\r\n").await;
        stream.write_all(&hello_record(b"localhost")).await.unwrap();
        // The answer is there: what comes now is a client that goes away.
        stream.read_exact(&mut [0; 512]).await.unwrap();
        drop(stream);
        lab.recorded().await;
    }
    assert_eq!(text(&lab.curl(&[&origin.url("https", "/")]).await), "hello");
    let seen = lab.stop().await.exchanges;
    let reasons: Vec<_> = seen.iter().map(|seen| seen.seal.as_ref().map(|seal| seal.reason)).collect();
    assert_eq!(reasons, [Some(SealReason::Refused), Some(SealReason::Refused), Some(SealReason::Tunnelled), None]);
}

#[tokio::test]
async fn nothing_is_opened_where_only_recording_was_asked() {
    let log = Log::default();
    let origin = Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await;
    let settings = ProxySettings { onward: ForwardMode::Untouched(named()), ..ProxySettings::default() };
    let lab = Lab::with(settings, crate::lab::echo);
    let root = lab.file("root.pem");
    std::fs::write(&root, crate::origin::root()).unwrap();
    let out = lab.curl(&["--cacert", &root, &origin.url("https", "/")]).await;
    assert_eq!(text(&out), "hello");
    let seen = lab.stop().await.only();
    assert_eq!(seen.seal.unwrap().reason, SealReason::Tunnelled);
}

#[tokio::test]
async fn a_server_that_speaks_first_is_passed_through() {
    let origin = Origin::mail().await;
    let lab = Lab::onward();
    let target = format!("localhost:{}", origin.address.port());
    let mut stream = say(&lab, format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await;
    read_until(&mut stream, b"220 mail.example\r\n").await;
    stream.write_all(b"EHLO x\r\n").await.unwrap();
    assert_eq!(read_until(&mut stream, b"\r\n").await, b"EHLO x\r\n");
    drop(stream);
    let seal = lab.stop().await.only().seal.unwrap();
    assert_eq!((seal.reason, &seal.says[..]), (SealReason::UnknownProtocol, "the server speaks first"));
}

#[tokio::test]
async fn a_websocket_passes_untouched_and_is_read() {
    // permessage-deflate: the second "Hello" refers to the first (RFC 7692 §7.2.3.2).
    const FIRST: &[u8] = &[0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0];
    const SECOND: &[u8] = &[0xc1, 5, 0xf2, 0, 0x11, 0, 0];
    let origin = Origin::clear(|mut wire| async move {
        let head = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        answer(&mut wire, &[&head[..], FIRST, SECOND].concat()).await;
        read_until(&mut wire, b"\x88\x80\0\0\0\0").await;
        wire.write_all(b"\x88\x00").await.unwrap();
    })
    .await;
    let lab = Lab::onward();
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut stream = say(&lab, format!("GET {} HTTP/1.1\r\n{fields}", origin.url("http", "/")).as_bytes()).await;
    read_until(&mut stream, b"\r\n\r\n").await;
    let mut got = [0; FIRST.len() + SECOND.len()];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(got, [FIRST, SECOND].concat()[..]);
    stream.write_all(b"\x81\x82\0\0\0\0me\x88\x80\0\0\0\0").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x88\x00");
    drop(stream);
    let seen = lab.stop().await.only();
    let said: Vec<_> = seen.messages.iter().map(|one| (one.direction, &one.body.bytes[..])).collect();
    use Direction::{FromClient, FromServer};
    assert_eq!(said, [(FromServer, &b"Hello"[..]), (FromServer, b"Hello"), (FromClient, b"me")]);
}

/// Node's HTTP/2 server: it says back what it got, with trailers.
const NODE: &str = r#"
const http2 = require('http2'), fs = require('fs');
const server = http2.createSecureServer({ key: fs.readFileSync(process.argv[2]), cert: fs.readFileSync(process.argv[3]) });
server.on('stream', (stream, headers) => {
  let parts = [];
  stream.on('data', part => parts.push(part));
  stream.on('end', () => {
    stream.respond({ ':status': 201, 'x-one': '1', 'alt-svc': 'h3=":443"', 'x-two': String(headers['x-sent']) }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    stream.end(Buffer.concat(parts));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"#;

pub(crate) struct Node(std::process::Child, pub(crate) u16);

impl Node {
    pub(crate) fn start(lab: &Lab) -> Option<Self> {
        use std::io::BufRead;
        let (certificate, key) = crate::origin::certificate("localhost");
        for (name, text) in [("cert", &certificate[..]), ("key", &key), ("node.js", NODE)] {
            std::fs::write(lab.file(name), text).unwrap();
        }
        let mut command = std::process::Command::new("node");
        command.args([lab.file("node.js"), lab.file("key"), lab.file("cert")]).stdout(std::process::Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            println!("skipped: there is no node here");
            return None;
        };
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self(child, line.trim().parse().unwrap()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn http2_passes_both_ways_with_trailers() {
    let lab = Lab::onward();
    let Some(node) = Node::start(&lab) else { return };
    let body = noise(3_000_000);
    std::fs::write(lab.file("body"), &body).unwrap();
    let url = format!("https://localhost:{}/p", node.1);
    let (data, saved) = (format!("@{}", lab.file("body")), lab.file("saved"));
    let arguments =
        ["--suppress-connect-headers", "-o", &saved, "-D", "-", "-H", "X-Sent: here", "--data-binary", &data, &url];
    let head = text(&lab.curl(&arguments).await);
    assert!(head.starts_with("HTTP/2 201 \r\nx-one: 1\r\nx-two: here\r\n"), "{head}");
    assert!(head.contains("x-sum: 7"), "{head}");
    assert!(std::fs::read(&saved).unwrap() == body);
    // Many streams at once, over one connection.
    let many: Vec<String> = (0..40).map(|i| format!("{url}{i}")).collect();
    let many: Vec<&str> =
        ["--parallel", "--parallel-immediate"].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert!(lab.curl(&many).await.status.success());
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 41);
    let (request, response) = (&seen[0].request, seen[0].response.as_ref().unwrap());
    assert!(request.body.bytes[..] == body[..] && response.body.bytes[..] == body[..]);
    assert_eq!((request.body.cut_from, response.body.cut_from), (None, None));
    let names: Vec<&str> = response.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["x-one", "alt-svc", "x-two", "date", "x-sum"]);
    assert_eq!(response.by, "upstream");
}
