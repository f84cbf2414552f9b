//! NameGate are decided on before anybody hears them: no look-up, no connection and
//! no hello goes out for a name that is stopped.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use model::Exchange;
use proxy::{
    Gate, HoldRequest, NameRuling, ProxySettings, RequestProgress, Ruling, RulingFuture, StaticResponse,
    UpstreamSettings,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    http2_proxy::tls,
    lab::{Lab, authority, echo, upstream},
    origin::read_until,
};

/// Stops whatever has `stopped` in its name.
#[derive(Default)]
struct NameGate {
    asked: Mutex<Vec<String>>,
}

fn is_stopped(exchange: &Exchange) -> bool {
    let host = exchange.request.header("host").unwrap_or_default();
    exchange.request.url.contains("stopped") || host.starts_with(b"stopped")
}

impl Gate for NameGate {
    fn connecting(&self, exchange: &Exchange) -> NameRuling {
        self.asked.lock().unwrap().push(exchange.host().to_owned());
        match exchange.host() {
            host if host.contains("never") => NameRuling::Never,
            _ if is_stopped(exchange) => NameRuling::Wait,
            _ => NameRuling::Tell,
        }
    }

    fn head(&self, _: &Exchange) -> HoldRequest {
        HoldRequest::Hold { bytes: 1_000, time: Duration::from_secs(30) }
    }

    fn decide<'a>(&'a self, exchange: &'a Exchange, _: RequestProgress) -> RulingFuture<'a> {
        let stopped = is_stopped(exchange);
        Box::pin(async move {
            if stopped { Ruling::Absorb(StaticResponse::sinkhole(200, "text/plain", "absorbed")) } else { Ruling::Pass }
        })
    }
}

/// What came to a server: its connections, each with what was said on it.
type HeardBytes = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server that says nothing, and keeps what it hears.
async fn listening() -> (SocketAddr, HeardBytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), HeardBytes::default());
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            let number = log.lock().unwrap().len();
            log.lock().unwrap().push(Vec::new());
            tokio::spawn(async move {
                let mut some = [0; 4_096];
                while let Ok(count @ 1..) = stream.read(&mut some).await {
                    log.lock().unwrap()[number].extend_from_slice(&some[..count]);
                }
            });
        }
    });
    (address, heard)
}

/// How a client comes to us.
#[derive(Clone, Copy, Debug)]
enum ClientRoute {
    Connect,
    Socks,
    SocksByAddress,
}

async fn come(lab: &Lab, route: ClientRoute, name: &str, address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    let port = address.port();
    match route {
        ClientRoute::Connect => {
            stream.write_all(format!("CONNECT {name}:{port} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
            let told = read_until(&mut stream, b"\r\n\r\n").await;
            assert!(told.starts_with(b"HTTP/1.1 200 "), "the client has its tunnel, and nobody was asked");
        }
        ClientRoute::Socks | ClientRoute::SocksByAddress => {
            let to = match route {
                ClientRoute::Socks => [&[3, name.len() as u8][..], name.as_bytes()].concat(),
                _ => vec![1, 127, 0, 0, 1],
            };
            stream.write_all(&[&[5, 1, 0, 5, 1, 0][..], &to, &port.to_be_bytes()].concat()).await.unwrap();
            let mut told = [0; 12];
            stream.read_exact(&mut told).await.unwrap();
            assert_eq!(told[..4], [5, 0, 5, 0]);
        }
    }
    stream
}

async fn asked(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str) -> String {
    stream.write_all(format!("GET /p HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

fn gated() -> (Lab, Arc<NameGate>) {
    let names = Arc::new(NameGate::default());
    let settings =
        ProxySettings { gate: Some(Arc::clone(&names) as Arc<dyn Gate>), ..upstream(UpstreamSettings::default()) };
    (Lab::with(settings, echo), names)
}

#[tokio::test]
async fn no_server_hears_of_a_name_that_is_stopped() {
    for route in [ClientRoute::Connect, ClientRoute::Socks, ClientRoute::SocksByAddress] {
        for encrypted in [false, true] {
            // Nobody could look this name up: that it is not tried is part of the test.
            let (name, (address, heard)) = ("stopped.invalid", listening().await);
            let (lab, _) = gated();
            let stream = come(&lab, route, name, address).await;
            let answer = match encrypted {
                false => asked(stream, name).await,
                true => asked(tls(stream, name, authority().cert_pem(), &["http/1.1"]).await, name).await,
            };
            assert!(answer.ends_with("absorbed"), "{route:?} {encrypted}: {answer}");
            let seen = lab.stop().await.only();
            assert!(seen.response.is_some() && seen.seal.is_none());
            assert!(heard.lock().unwrap().is_empty(), "{route:?} {encrypted}: it was connected to");
        }
    }
}

#[tokio::test]
async fn a_name_in_a_hello_is_decided_on_before_a_server_hears_it() {
    for (route, name) in [
        (ClientRoute::Connect, "localhost"),
        (ClientRoute::Connect, "127.0.0.1"),
        (ClientRoute::Socks, "localhost"),
        (ClientRoute::SocksByAddress, ""),
    ] {
        let (address, heard) = listening().await;
        let (lab, names) = gated();
        let stream = come(&lab, route, name, address).await;
        let inside = tls(stream, "c2vjcmv0.stopped.invalid", authority().cert_pem(), &["http/1.1"]).await;
        assert!(asked(inside, "stopped.invalid").await.ends_with("absorbed"));
        drop(lab.stop().await);
        let said = heard.lock().unwrap().concat();
        assert!(said.is_empty(), "{route:?}: {}", String::from_utf8_lossy(&said));
        assert!(names.asked.lock().unwrap().iter().any(|name| name == "c2vjcmv0.stopped.invalid"), "{route:?}");
    }
}

#[tokio::test]
async fn a_tunnel_in_http2_is_decided_on_in_the_same_way() {
    let (address, heard) = listening().await;
    let (lab, _) = gated();
    let mut proxy = crate::http2_proxy::in_clear(&lab).await;
    let inside = crate::http2_proxy::tunnel(&mut proxy, &format!("stopped.invalid:{}", address.port())).await;
    assert!(asked(inside, "stopped.invalid").await.ends_with("absorbed"));
    drop(proxy);
    drop(lab.stop().await);
    assert!(heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_knows_only_an_address_is_connected_once_its_name_is_known_or_nobody_speaks() {
    let log = crate::upstream::Log::default();
    let origin =
        crate::origin::Origin::encrypted(&["http/1.1"], crate::upstream::keeping(&log, crate::upstream::HELLO)).await;
    let (lab, _) = gated();
    let stream = come(&lab, ClientRoute::SocksByAddress, "", origin.address).await;
    let inside = tls(stream, "localhost", authority().cert_pem(), &["http/1.1"]).await;
    assert!(asked(inside, "localhost").await.ends_with("hello"));
    let mail = crate::origin::Origin::clear(|mut wire| async move {
        let _ = wire.write_all(b"220 mail.example\r\n").await;
        let said = read_until(&mut wire, b"\r\n").await;
        let _ = wire.write_all(&said).await;
    })
    .await;
    let mut stream = come(&lab, ClientRoute::SocksByAddress, "", mail.address).await;
    assert_eq!(read_until(&mut stream, b"\r\n").await, b"220 mail.example\r\n", "the server speaks first");
    stream.write_all(b"EHLO x\r\n").await.unwrap();
    assert_eq!(read_until(&mut stream, b"\r\n").await, b"EHLO x\r\n");
    drop(stream);
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.iter().filter(|one| one.seal.is_some()).count(), 1);
}

#[tokio::test]
async fn a_name_that_is_never_to_be_told_is_not_told_for_a_request_that_may_go_on_either() {
    let name = "c2vjcmv0.never.invalid";
    for route in [Some(ClientRoute::Connect), Some(ClientRoute::Socks), None] {
        let (address, heard) = listening().await;
        let (lab, _) = gated();
        let answer = match route {
            Some(route) => asked(come(&lab, route, name, address).await, "localhost").await,
            None => {
                let mut stream = TcpStream::connect(lab.address).await.unwrap();
                let head = format!("GET http://{name}:{}/ HTTP/1.1\r\nHost: localhost\r\n\r\n", address.port());
                stream.write_all(head.as_bytes()).await.unwrap();
                let mut all = Vec::new();
                let _ = stream.read_to_end(&mut all).await;
                String::from_utf8_lossy(&all).into_owned()
            }
        };
        assert!(answer.starts_with("HTTP/1.1 403 "), "{route:?}: {answer}");
        assert_eq!(lab.stop().await.only().response.unwrap().status, 403);
        assert!(heard.lock().unwrap().is_empty(), "{route:?}");
    }
}
