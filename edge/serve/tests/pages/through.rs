//! What of the pages can be reached through the proxy: the guide, and nothing else.

use std::{net::SocketAddr, sync::Arc};

use model::Request;
use proxy::{
    AnswerProvider, CertificateAuthority, ForwardMode, InternalHost, Proxy, ProxySettings, StaticResponse,
    UpstreamSettings,
};
use serve::PhoneGuide;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use crate::stage::Stage;

/// A proxy as the guard has it, on whose way the pages stand.
fn proxy(page: SocketAddr) -> Proxy {
    let authority = Arc::new(CertificateAuthority::in_memory("Candor").unwrap());
    let guide: Arc<dyn InternalHost> = PhoneGuide::new(authority.cert_pem(), vec![]).unwrap();
    let answers: Arc<dyn AnswerProvider> = Arc::new(|_: &Request| StaticResponse::sinkhole(200, "text/plain", "sunk"));
    // Even who names this machine must not reach the pages.
    let allowed = ["127.0.0.1", "localhost", "::1", "rebound.example"].map(str::to_owned);
    let upstream = UpstreamSettings { never: vec![page], allowed: allowed.into(), ..UpstreamSettings::default() };
    let settings =
        ProxySettings { onward: ForwardMode::Upstream(upstream), home: Some(guide), ..ProxySettings::default() };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    Proxy::serve(listener, authority, answers, Arc::new(mpsc::channel(64).0), settings).unwrap()
}

async fn say(to: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_pages_are_not_reached_through_the_proxy_by_any_name() {
    let stage = Stage::new().await;
    let (proxy, port) = (proxy(stage.address()), stage.address().port());
    for host in ["127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
    {
        let whole = format!(
            "GET http://{host}:{port}/settings HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            stage.cookie
        );
        let tunnel = format!(
            "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\nGET /settings HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             Cookie: {}\r\nConnection: close\r\n\r\n",
            stage.cookie
        );
        for asked in [whole, tunnel] {
            let answer = say(proxy.address(), &asked).await;
            assert!(!answer.contains("What may leave"), "{asked}");
        }
    }
    assert!(
        stage.get("/settings").await.body.contains("What may leave"),
        "as it stands there for who goes there directly"
    );
    proxy.stop().await;
}

#[tokio::test]
async fn the_guide_is_reached_through_the_proxy_and_only_there() {
    let stage = Stage::new().await;
    let proxy = proxy(stage.address());
    let asked = "GET http://candor.test/ HTTP/1.1\r\nHost: candor.test\r\nConnection: close\r\n\r\n";
    let answer = say(proxy.address(), asked).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("Your phone is connected"), "{answer}");
    let page = stage.ask("GET", "/", &[("Host", "candor.test")], "").await;
    assert_eq!(page.status, 421);
    proxy.stop().await;
}
