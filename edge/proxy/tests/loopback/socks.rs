//! SOCKS5, by curl.

use model::IngressKind;
use proxy::{ProxySettings, UpstreamSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    lab::{Lab, echo, run, text, upstream},
    origin::{Origin, answer},
};

async fn curl(lab: &Lab, proxy: &str, url: &str) -> String {
    let (proxy, ca) = (proxy.replace("HERE", &lab.address.to_string()), lab.file("ca.pem"));
    text(&run("curl", &["-sS", "--proxy", &proxy, "--cacert", &ca, url]).await)
}

#[tokio::test]
async fn names_and_addresses_are_taken() {
    let lab = Lab::start();
    for (proxy, url) in [
        ("socks5h://HERE", "https://a.example/1"),
        ("socks5h://HERE", "http://a.example:8080/2"),
        ("socks5://HERE", "https://192.0.2.9/3"),
        ("socks5h://user:word@HERE", "https://a.example/4"),
    ] {
        assert_eq!(curl(&lab, proxy, url).await, "GET 0", "{url}");
    }
    let seen = lab.stop().await.exchanges;
    let urls: Vec<&str> = seen.iter().map(|seen| seen.request.url.as_str()).collect();
    assert_eq!(urls, ["https://a.example/1", "http://a.example:8080/2", "https://192.0.2.9/3", "https://a.example/4"]);
    assert!(seen.iter().all(|seen| seen.inlet == IngressKind::Socks));
}

#[tokio::test]
async fn a_password_is_asked_for_where_one_is_set() {
    let settings = ProxySettings { socks_password: Some(("user".into(), "word".into())), ..ProxySettings::default() };
    let lab = Lab::with(settings, echo);
    assert_eq!(curl(&lab, "socks5h://user:word@HERE", "http://a.example/").await, "GET 0");
    assert_eq!(curl(&lab, "socks5h://user:other@HERE", "http://a.example/").await, "");
    assert_eq!(curl(&lab, "socks5h://HERE", "http://a.example/").await, "");
    let seen = lab.stop().await;
    assert_eq!(seen.exchanges.len(), 1);
    assert_eq!(seen.notes.iter().filter(|note| note.code == "socks-refused").count(), 2);
}

#[tokio::test]
async fn datagrams_are_refused_and_noted() {
    let lab = Lab::start();
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(b"\x05\x01\x00\x05\x03\x00\x01\0\0\0\0\0\0").await.unwrap();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await.unwrap();
    assert_eq!(told, b"\x05\x00\x05\x07\x00\x01\0\0\0\0\0\0");
    assert_eq!(lab.stop().await.notes[0].code, "socks-udp-refused");
}

#[tokio::test]
async fn a_client_hears_whether_its_server_was_reached() {
    let origin = Origin::clear(|mut wire| async move {
        answer(&mut wire, b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok").await;
    })
    .await;
    let lab = Lab::with(upstream(UpstreamSettings::default()), echo);
    assert_eq!(curl(&lab, "socks5h://HERE", &origin.url("http", "/")).await, "ok");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream
        .write_all(&[&b"\x05\x01\x00\x05\x01\x00\x01\x7f\0\0\x01"[..], &nobody.to_be_bytes()].concat())
        .await
        .unwrap();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await.unwrap();
    assert_eq!(told[3], 4);
    drop(lab.stop().await);
}
