//! HTTP/2 spoken to the proxy itself: tunnels on its streams (RFC 9113 §8.5), and
//! requests for whatever server they name. hyper is the client.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http2::{SendRequest, handshake},
    upgrade::Upgraded,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::SealReason;
use proxy::{PinnedAction, ProxySettings, UpstreamSettings};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    gate::gated,
    lab::{Lab, authority, echo, noise, upstream},
    origin::{self, Origin, read_until},
    own::at_home,
    upstream::{HELLO, Log, keeping},
};

pub(crate) type Spoken = SendRequest<Full<Bytes>>;
pub(crate) type Tunnel = TokioIo<Upgraded>;

/// TLS as a client speaks it that trusts this certificate.
pub(crate) async fn tls<S: AsyncRead + AsyncWrite + Unpin>(
    wire: S,
    name: &str,
    pem: &str,
    speaks: &[&str],
) -> TlsStream<S> {
    try_tls(wire, name, pem, speaks).await.unwrap()
}

async fn try_tls<S: AsyncRead + AsyncWrite + Unpin>(
    wire: S,
    name: &str,
    pem: &str,
    speaks: &[&str],
) -> std::io::Result<TlsStream<S>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = speaks.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), wire).await
}

async fn spoken(wire: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Spoken {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(wire)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// To the proxy in clear.
pub(crate) async fn in_clear(lab: &Lab) -> Spoken {
    spoken(TcpStream::connect(lab.address).await.unwrap()).await
}

/// To the proxy over TLS, in the version of HTTP that it prefers.
async fn encrypted(lab: &Lab) -> Spoken {
    let wire = TcpStream::connect(lab.address).await.unwrap();
    let wire = tls(wire, "127.0.0.1", authority().cert_pem(), &["h2", "http/1.1"]).await;
    assert_eq!(wire.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    spoken(wire).await
}

async fn asked(proxy: &mut Spoken, request: Request<Full<Bytes>>) -> Response<Incoming> {
    proxy.ready().await.unwrap();
    proxy.send_request(request).await.unwrap()
}

async fn wanted(proxy: &mut Spoken, target: &str) -> Response<Incoming> {
    asked(proxy, Request::connect(target).body(Full::default()).unwrap()).await
}

pub(crate) async fn tunnel(proxy: &mut Spoken, target: &str) -> Tunnel {
    let answer = wanted(proxy, target).await;
    assert_eq!(answer.status(), 200);
    TokioIo::new(hyper::upgrade::on(answer).await.unwrap())
}

async fn body(answer: Response<Incoming>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Asks for one page over HTTP/1, and gives the last bytes of the answer.
async fn page(wire: &mut (impl AsyncRead + AsyncWrite + Unpin), host: &str, end: &[u8]) -> String {
    wire.write_all(format!("GET /p HTTP/1.1\r\nhOST: {host}\r\nX-oDD: 1\r\n\r\n").as_bytes()).await.unwrap();
    String::from_utf8(read_until(wire, end).await).unwrap()
}

fn ended(answer: &str, end: &str) {
    assert!(answer.ends_with(end), "{answer}");
}

#[tokio::test]
async fn each_tunnel_of_a_connection_is_followed_to_its_requests() {
    let lab = Lab::start();
    let mut proxy = encrypted(&lab).await;
    let mut clear = tunnel(&mut proxy, "a.example:80").await;
    let inner = tunnel(&mut proxy, "b.example:443").await;
    let authority = authority();
    let ca = authority.cert_pem();
    let mut inner = tls(inner, "b.example", ca, &["http/1.1"]).await;
    let both = tls(tunnel(&mut proxy, "c.example:443").await, "c.example", ca, &["h2"]).await;
    let mut both = spoken(both).await;
    ended(&page(&mut inner, "b.example", b"GET 0").await, "GET 0");
    ended(&page(&mut clear, "a.example", b"GET 0").await, "GET 0");
    let sent = Request::post("https://c.example/up").body(Full::from(noise(300_000))).unwrap();
    assert_eq!(body(asked(&mut both, sent).await).await, "POST 300000");
    drop((proxy, clear, inner, both));
    let mut seen = lab.stop().await.exchanges;
    seen.sort_by_key(|one| one.connection);
    let urls: Vec<&str> = seen.iter().map(|one| one.request.url.as_str()).collect();
    assert_eq!(urls, ["http://a.example/p", "https://b.example/p", "https://c.example/up"]);
    assert!(seen[2].request.body.bytes[..] == noise(300_000)[..]);
    let mut numbers: Vec<u64> = seen.iter().map(|one| one.connection).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 3, "a number for each tunnel");
    let names: Vec<_> =
        seen.iter().map(|one| one.client.hello.as_ref().and_then(|hello| hello.sni.as_deref())).collect();
    assert_eq!(names, [None, Some("b.example"), Some("c.example")]);
    assert!(seen.iter().all(|one| one.client.address == seen[0].client.address));
    assert_eq!(seen[0].request.headers[1].name, "X-oDD");
}

#[tokio::test]
async fn what_a_tunnel_carries_reaches_its_server_byte_for_byte() {
    let (log, secret) = (Log::default(), Log::default());
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let behind_tls = Origin::encrypted(&["http/1.1"], keeping(&secret, HELLO)).await;
    let lab = Lab::onward();
    let mut proxy = encrypted(&lab).await;
    let mut first = tunnel(&mut proxy, &format!("localhost:{}", origin.address.port())).await;
    let second = tunnel(&mut proxy, &format!("localhost:{}", behind_tls.address.port())).await;
    let mut second = tls(second, "localhost", authority().cert_pem(), &["h2", "http/1.1"]).await;
    assert_eq!(second.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]), "what its server speaks");
    ended(&page(&mut second, "b", b"hello").await, std::str::from_utf8(HELLO).unwrap());
    ended(&page(&mut first, "a", b"hello").await, std::str::from_utf8(HELLO).unwrap());
    assert_eq!(log.lock().unwrap()[0], b"GET /p HTTP/1.1\r\nhOST: a\r\nX-oDD: 1\r\n\r\n");
    assert_eq!(secret.lock().unwrap()[0], b"GET /p HTTP/1.1\r\nhOST: b\r\nX-oDD: 1\r\n\r\n");
    drop((proxy, first, second));
    assert_eq!(lab.stop().await.exchanges.len(), 2);
}

#[tokio::test]
async fn a_request_to_the_proxy_goes_on_in_http1() {
    let log = Log::default();
    let answer = b"HTTP/1.1 201 Fine\r\nx-b: 1\r\nConnection: keep-alive\r\nAlt-Svc: h3=\":1\"\r\nContent-Length: 5\r\nx-a: 2\r\n\r\nhello";
    let origin = Origin::clear(keeping(&log, answer)).await;
    let lab = Lab::onward();
    for mut proxy in [in_clear(&lab).await, encrypted(&lab).await] {
        let sent = Request::post(origin.url("http", "/p?q"))
            .header("x-z", "1")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .header("content-length", "50000")
            .header("x-a", "2");
        let answer = asked(&mut proxy, sent.body(Full::from(noise(50_000))).unwrap()).await;
        assert_eq!(answer.status(), 201);
        let names: Vec<&str> = answer.headers().keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["x-b", "content-length", "x-a"]);
        assert_eq!(body(answer).await, "hello");
        let got = log.lock().unwrap().remove(0);
        let fields = format!(
            "host: localhost:{}\r\nx-z: 1\r\ncookie: a=1; b=2\r\ncontent-length: 50000\r\nx-a: 2\r\n\r\n",
            origin.address.port()
        );
        let head = format!("POST /p?q HTTP/1.1\r\n{fields}");
        assert_eq!(String::from_utf8_lossy(&got[..head.len()]), head);
        assert!(got[head.len()..] == noise(50_000)[..]);
    }
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 2);
    for (one, has_hello) in seen.iter().zip([false, true]) {
        assert_eq!((one.request.url.clone(), &one.request.version[..]), (origin.url("http", "/p?q"), "HTTP/2"));
        assert!(one.request.body.bytes[..] == noise(50_000)[..]);
        assert_eq!(one.response.as_ref().unwrap().by, "upstream");
        assert_eq!(&one.response.as_ref().unwrap().body.bytes[..], b"hello");
        assert_eq!((one.client.hello.is_some(), one.client.http2.is_some()), (has_hello, true));
    }
}

#[tokio::test]
async fn what_may_not_be_reached_is_refused_on_its_stream_alone() {
    let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let page_of_ours = own.local_addr().unwrap();
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let unnamed = Origin::clear(keeping(&log, HELLO)).await;
    let named = format!("localhost:{}", origin.address.port());
    let allowed = [named.clone(), page_of_ours.to_string(), format!("localhost:{}", page_of_ours.port())].into();
    let never = UpstreamSettings { never: vec![page_of_ours], allowed, ..UpstreamSettings::default() };
    let onward = proxy::ForwardMode::Upstream(never);
    let lab = Lab::with(at_home(ProxySettings { onward, ..ProxySettings::default() }), echo);
    let mut proxy = encrypted(&lab).await;
    let mut open = tunnel(&mut proxy, &named).await;
    let unnamed = unnamed.address.port();
    let refused = [
        format!("127.0.0.1:{}", page_of_ours.port()),
        format!("localhost:{}", page_of_ours.port()),
        format!("[::ffff:127.0.0.1]:{}", page_of_ours.port()),
        format!("0.0.0.0:{}", lab.address.port()),
        lab.address.to_string(),
        format!("127.0.0.1:{unnamed}"),
        "localhost:5037".into(),
        "169.254.169.254:80".into(),
        "[fd00:ec2::254]:80".into(),
    ];
    for target in &refused {
        let answer = wanted(&mut proxy, target).await;
        assert_eq!(answer.status(), 403, "{target}");
        assert!(body(answer).await.starts_with("Candor cannot pass this on."));
        let answer = asked(&mut proxy, Request::get(format!("http://{target}/")).body(Full::default()).unwrap()).await;
        assert_eq!(answer.status(), 403, "{target}");
    }
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(wanted(&mut proxy, &format!("candor.test:{free}")).await.status(), 200, "ours, at any port");
    ended(&page(&mut open, "x", b"hello").await, "hello");
    drop((proxy, open));
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 2 * refused.len() + 1);
    let by_us = seen.iter().filter(|one| one.response.as_ref().is_some_and(|answer| answer.by == "proxy")).count();
    assert_eq!(by_us, 2 * refused.len());
    assert_eq!(log.lock().unwrap().len(), 1);
    own.set_nonblocking(true).unwrap();
    assert!(own.accept().is_err(), "somebody reached a socket of ours");
}

#[tokio::test]
async fn where_nobody_listens_the_stream_says_so() {
    let lab = Lab::onward();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut proxy = in_clear(&lab).await;
    assert_eq!(wanted(&mut proxy, &format!("localhost:{free}")).await.status(), 502);
    let request = Request::get(format!("http://localhost:{free}/")).body(Full::default()).unwrap();
    assert_eq!(asked(&mut proxy, request).await.status(), 502);
    drop(proxy);
    let seen = lab.stop().await.exchanges;
    assert_eq!((&seen[0].request.method[..], seen[0].response.as_ref().unwrap().status), ("CONNECT", 502));
    assert_eq!(seen[0].response.as_ref().unwrap().version, "HTTP/2");
}

#[tokio::test]
async fn our_own_pages_are_reached_by_their_name_and_not_recorded() {
    for settings in [at_home(ProxySettings::default()), at_home(upstream(UpstreamSettings::default()))] {
        let lab = Lab::with(settings, echo);
        let mut proxy = encrypted(&lab).await;
        let request = Request::get("http://candor.test/1").body(Full::default()).unwrap();
        assert_eq!(body(asked(&mut proxy, request).await).await, "127.0.0.1 http://candor.test/1 0");
        let mut inside = tunnel(&mut proxy, "candor.test:80").await;
        ended(&page(&mut inside, "candor.test", b"/p 0").await, "127.0.0.1 http://candor.test/p 0");
        drop((proxy, inside));
        assert!(lab.stop().await.exchanges.is_empty());
    }
}

#[tokio::test]
async fn a_gate_decides_in_tunnels_and_beside_them() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let (lab, _) = gated();
    let mut proxy = encrypted(&lab).await;
    let url = origin.url("http", "/collect");
    let ask = |says: &'static str| Request::post(&url).body(Full::from(says)).unwrap();
    assert_eq!(body(asked(&mut proxy, ask("a secret")).await).await, "{\"code\":0}");
    proxy.ready().await.unwrap();
    assert!(proxy.send_request(ask("a knife")).await.is_err());
    let mut inside = tunnel(&mut proxy, &format!("localhost:{}", origin.address.port())).await;
    inside.write_all(b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\na secret").await.unwrap();
    ended(&String::from_utf8(read_until(&mut inside, b"}").await).unwrap(), "{\"code\":0}");
    assert!(log.lock().unwrap().is_empty());
    drop((proxy, inside));
    assert_eq!(lab.stop().await.exchanges.len(), 3);
}

#[tokio::test]
async fn a_sealed_tunnel_has_counts_of_its_own() {
    let lab = Lab::start();
    let mut proxy = encrypted(&lab).await;
    let mut loud = tunnel(&mut proxy, "a.example:80").await;
    ended(&page(&mut loud, "a.example", b"GET 0").await, "GET 0");
    let mut inside = tunnel(&mut proxy, "ssh.example:22").await;
    inside.write_all(b"SSH-2.0-client\r\n").await.unwrap();
    inside.shutdown().await.unwrap();
    inside.read_to_end(&mut Vec::new()).await.unwrap();
    ended(&page(&mut loud, "a.example", b"GET 0").await, "GET 0");
    drop((proxy, loud, inside));
    let seen = lab.stop().await.exchanges;
    let sealed: Vec<_> = seen.iter().filter(|one| one.seal.is_some()).collect();
    assert_eq!(sealed.len(), 1);
    let seal = sealed[0].seal.as_ref().unwrap();
    assert_eq!((seal.reason, &seal.says[..]), (SealReason::UnknownProtocol, "neither TLS nor HTTP"));
    assert_eq!((seal.sent, seal.received), (16, 0));
    assert_eq!(sealed[0].request.url, "https://ssh.example:22/");
}

#[tokio::test]
async fn a_pinned_host_is_passed_through_after_some_refusals() {
    let log = Log::default();
    let origin = Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await;
    let pinned = UpstreamSettings { on_pinned: PinnedAction::Tunnel { after: 2 }, ..UpstreamSettings::default() };
    let lab = Lab::with(upstream(pinned), echo);
    let mut proxy = encrypted(&lab).await;
    let mut went = Vec::new();
    for _ in 0..3 {
        let inside = tunnel(&mut proxy, &format!("localhost:{}", origin.address.port())).await;
        // A client that trusts its server's certificate, and not ours.
        let opened = try_tls(inside, "localhost", &origin::root(), &[]).await;
        went.push(opened.is_ok());
        if let Ok(mut inside) = opened {
            ended(&page(&mut inside, "x", b"hello").await, "hello");
            inside.shutdown().await.unwrap();
        }
    }
    assert_eq!(went, [false, false, true]);
    drop(proxy);
    let seen = lab.stop().await.exchanges;
    let reasons: Vec<SealReason> = seen.iter().map(|seen| seen.seal.as_ref().unwrap().reason).collect();
    assert_eq!(reasons, [SealReason::Refused, SealReason::Refused, SealReason::Tunnelled]);
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_in_a_tunnel_is_opened_where_only_recording_was_asked() {
    let log = Log::default();
    let origin = Origin::encrypted(&["http/1.1"], keeping(&log, HELLO)).await;
    let named = UpstreamSettings { allowed: ["localhost".to_owned()].into(), ..UpstreamSettings::default() };
    let onward = proxy::ForwardMode::Untouched(named);
    let lab = Lab::with(ProxySettings { onward, ..ProxySettings::default() }, echo);
    let mut proxy = encrypted(&lab).await;
    let inside = tunnel(&mut proxy, &format!("localhost:{}", origin.address.port())).await;
    let mut inside = tls(inside, "localhost", &origin::root(), &[]).await;
    ended(&page(&mut inside, "x", b"hello").await, "hello");
    inside.shutdown().await.unwrap();
    drop((inside, proxy));
    let seal = lab.stop().await.only().seal.unwrap();
    assert_eq!(seal.reason, SealReason::Tunnelled);
    assert!(seal.sent > 200 && seal.received > 500, "{} {}", seal.sent, seal.received);
}

#[tokio::test]
async fn a_server_that_speaks_first_is_heard_in_a_tunnel() {
    let origin = Origin::mail().await;
    let lab = Lab::onward();
    let mut proxy = in_clear(&lab).await;
    let mut inside = tunnel(&mut proxy, &format!("localhost:{}", origin.address.port())).await;
    read_until(&mut inside, b"220 mail.example\r\n").await;
    inside.write_all(b"EHLO x\r\n").await.unwrap();
    assert_eq!(read_until(&mut inside, b"\r\n").await, b"EHLO x\r\n");
    drop((inside, proxy));
    assert_eq!(lab.stop().await.only().seal.unwrap().says, "the server speaks first");
}

#[tokio::test]
async fn tunnels_within_tunnels_are_followed_so_far_and_no_further() {
    let lab = Lab::start();
    let mut levels = vec![in_clear(&lab).await];
    for _ in 0..20 {
        let mut inside = tunnel(levels.last_mut().unwrap(), "deeper.example:80").await;
        // The settings with which HTTP/2 begins, on both sides.
        let begun = inside.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
        if begun.is_err() || inside.read_exact(&mut [0; 9]).await.is_err() {
            break;
        }
        let next = tunnel(levels.last_mut().unwrap(), "deeper.example:80").await;
        levels.push(spoken(next).await);
    }
    assert_eq!(levels.len(), 8);
    drop(levels);
    let sealed = lab.stop().await.exchanges;
    let says: Vec<_> = sealed.iter().filter_map(|one| one.seal.as_ref()).map(|seal| seal.says.as_str()).collect();
    assert_eq!(says, ["more layers within layers than are followed"]);
}

#[tokio::test]
async fn a_tunnel_ends_with_its_connection_and_says_what_was_lost() {
    let came = Arc::new(Notify::new());
    let told = Arc::clone(&came);
    let origin = Origin::clear(move |mut wire| {
        let told = Arc::clone(&told);
        async move {
            read_until(&mut wire, b"half").await;
            told.notify_one();
            wire.read_to_end(&mut Vec::new()).await.unwrap_or_default();
        }
    })
    .await;
    let lab = Lab::onward();
    let wire = TcpStream::connect(lab.address).await.unwrap().into_std().unwrap();
    let same = wire.try_clone().unwrap();
    let mut proxy = spoken(TcpStream::from_std(wire).unwrap()).await;
    let mut inside = tunnel(&mut proxy, &format!("localhost:{}", origin.address.port())).await;
    inside.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
    came.notified().await;
    same.shutdown(std::net::Shutdown::Both).unwrap();
    lab.recorded().await;
    let lost = lab.stop().await.only();
    assert!(lost.response.is_none());
    assert_eq!((&lost.request.body.bytes[..], lost.request.body.cut_from), (&b"half"[..], Some(9)));
}

#[tokio::test]
async fn a_proxy_that_stops_ends_its_tunnels() {
    let lab = Lab::start();
    let mut proxy = encrypted(&lab).await;
    let idle = tunnel(&mut proxy, "idle.example:443").await;
    let mut used = tunnel(&mut proxy, "used.example:80").await;
    ended(&page(&mut used, "used.example", b"GET 0").await, "GET 0");
    let mut half = tunnel(&mut proxy, "half.example:80").await;
    half.write_all(b"GET /half HTTP/1.1\r\n").await.unwrap();
    ended(&page(&mut used, "used.example", b"GET 0").await, "GET 0");
    let seen = timeout(Duration::from_secs(30), lab.stop()).await.unwrap();
    assert_eq!(seen.exchanges.len(), 2);
    let mut notes: Vec<_> = seen.notes.iter().map(|note| (note.code.as_str(), note.says.as_str())).collect();
    notes.sort_unstable();
    assert_eq!(notes, [("cut-request", "half.example:80")]);
    drop((idle, half));
}

#[tokio::test]
async fn tunnels_that_nobody_reads_do_not_hold_up_the_others() {
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.set_recv_buffer_size(4_096).unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let deaf: TcpListener = deaf.listen(64).unwrap();
    let target = format!("localhost:{}", deaf.local_addr().unwrap().port());
    let lab = Lab::onward();
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let mut proxy = in_clear(&lab).await;
    let mut stuck = Vec::new();
    for _ in 0..8 {
        let mut inside = tunnel(&mut proxy, &target).await;
        let wire = deaf.accept().await.unwrap().0;
        stuck.push(tokio::spawn(async move {
            let full = vec![0xff; 1 << 20];
            let mut written = 0;
            // Full when nothing more goes in for a while; less would only make this test weaker.
            while written < 64 && timeout(Duration::from_millis(500), inside.write_all(&full)).await.is_ok() {
                written += 1;
            }
            (inside, wire, written)
        }));
    }
    let mut kept = Vec::new();
    for one in stuck {
        kept.push(one.await.unwrap());
    }
    assert!(kept.iter().all(|(_, _, written)| *written < 64), "nobody read them");
    let request = Request::post(origin.url("http", "/")).header("content-length", "300000");
    let answer = asked(&mut proxy, request.body(Full::from(noise(300_000))).unwrap());
    let answer = timeout(Duration::from_secs(30), answer).await.expect("the others have gone on");
    assert_eq!((answer.status(), answer.headers()["x-b"].to_str().unwrap()), (hyper::StatusCode::OK, "1"));
    assert!(log.lock().unwrap()[0].ends_with(&noise(300_000)));
    drop((kept, proxy));
    drop(lab.stop().await);
}
