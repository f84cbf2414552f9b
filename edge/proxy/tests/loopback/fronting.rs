//! A request goes where its connection goes, whatever name it gives itself.
//!
//! A browser that wants to hide a report opens a connection to its collector and
//! writes the name of the visited site into `Host`, `:authority` or its hello.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http2::handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::Exchange;
use proxy::{AnswerProvider, ProxySettings, StaticResponse, UpstreamSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    http2_proxy::tls,
    lab::{Lab, authority, echo, text, upstream},
    origin::{Origin, answer},
    own::at_home,
};

/// The world of an audit: one site is ours, everybody else is the sinkhole.
struct World;

impl AnswerProvider for World {
    fn answer(&self, request: &model::Request) -> StaticResponse {
        let is_site = request.host() == "visited.example";
        StaticResponse::sinkhole(200, "text/plain", if is_site { "a page" } else { "sinkhole" })
    }

    fn owns(&self, host: &str) -> bool {
        host == "visited.example"
    }
}

fn went_to(exchange: &Exchange) -> (&str, Option<&str>) {
    (&exchange.request.url, exchange.foreign_name())
}

const TO_COLLECTOR: (&str, Option<&str>) = ("https://collector.example/sa?p=x", Some("visited.example"));

async fn tunnel(lab: &Lab, target: &str) -> TcpStream {
    let mut wire = TcpStream::connect(lab.address).await.unwrap();
    wire.write_all(format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let mut told = [0; 39];
    wire.read_exact(&mut told).await.unwrap();
    wire
}

#[tokio::test]
async fn a_tunnel_to_a_collector_with_the_sites_name_in_host_reaches_the_collector() {
    let lab = Lab::with(ProxySettings::default(), World);
    let out = lab.curl(&["--http1.1", "-H", "Host: visited.example", "https://collector.example/sa?p=x"]).await;
    assert_eq!(text(&out), "sinkhole", "{}", String::from_utf8_lossy(&out.stderr));
    let seen = lab.stop().await.only();
    assert_eq!(went_to(&seen), TO_COLLECTOR);
    assert_eq!(seen.request.header("host"), Some(&b"visited.example"[..]));
}

#[tokio::test]
async fn the_address_in_a_request_line_does_not_lead_a_tunnel_elsewhere() {
    let lab = Lab::with(ProxySettings::default(), World);
    let target = "https://visited.example/sa?p=x";
    let out = lab.curl(&["--http1.1", "--request-target", target, "https://collector.example/"]).await;
    assert_eq!(text(&out), "sinkhole", "{}", String::from_utf8_lossy(&out.stderr));
    let seen = lab.stop().await.only();
    assert_eq!(went_to(&seen), TO_COLLECTOR);
    assert_eq!(seen.request.header(model::AUTHORITY), Some(&b"visited.example"[..]));
}

#[tokio::test]
async fn a_request_in_clear_goes_where_its_tunnel_goes() {
    let lab = Lab::with(ProxySettings::default(), World);
    let out = lab.curl(&["-p", "-H", "Host: visited.example", "http://collector.example/clear"]).await;
    assert_eq!(text(&out), "sinkhole");
    // And one that names its target itself has that for its destination.
    let out = lab.curl(&["-H", "Host: visited.example", "http://collector.example/asked"]).await;
    assert_eq!(text(&out), "sinkhole");
    let seen = lab.stop().await.exchanges;
    let all: Vec<_> = seen.iter().map(went_to).collect();
    let fronted = Some("visited.example");
    assert_eq!(all, [("http://collector.example/clear", fronted), ("http://collector.example/asked", fronted)]);
}

#[tokio::test]
async fn a_foreign_authority_over_http2_is_no_destination() {
    let lab = Lab::with(ProxySettings::default(), World);
    let wire = tunnel(&lab, "collector.example:443").await;
    let wire = tls(wire, "collector.example", authority().cert_pem(), &["h2"]).await;
    let (mut sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(wire)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://visited.example/sa?p=x").body(Full::<Bytes>::default()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(&answer.into_body().collect().await.unwrap().to_bytes()[..], b"sinkhole");
    let seen = lab.stop().await.only();
    assert_eq!(went_to(&seen), TO_COLLECTOR);
    assert_eq!(seen.request.header(model::AUTHORITY), Some(&b"visited.example"[..]));
}

#[tokio::test]
async fn a_name_in_the_hello_is_no_destination_either() {
    let lab = Lab::with(ProxySettings::default(), World);
    let wire = tunnel(&lab, "collector.example:443").await;
    let mut wire = tls(wire, "visited.example", authority().cert_pem(), &["http/1.1"]).await;
    wire.write_all(b"GET /sa?p=x HTTP/1.1\r\nHost: collector.example\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("sinkhole"), "{answer}");
    let seen = lab.stop().await.only();
    assert_eq!(went_to(&seen), TO_COLLECTOR);
    assert_eq!(seen.client.hello.clone().unwrap().sni.as_deref(), Some("visited.example"));
}

#[tokio::test]
async fn a_host_of_our_own_is_not_reached_by_naming_it_to_a_server() {
    let origin = Origin::encrypted(&["http/1.1"], |mut wire| async move {
        answer(&mut wire, b"HTTP/1.1 200 x\r\nContent-Length: 6\r\n\r\nserver").await;
    })
    .await;
    let lab = Lab::with(upstream(UpstreamSettings::default()), World);
    let url = origin.url("https", "/x");
    assert_eq!(text(&lab.curl(&["-H", "Host: visited.example", &url]).await), "server");
    let seen = lab.stop().await.only();
    assert_eq!(went_to(&seen), (&url[..], Some("visited.example")));
}

#[tokio::test]
async fn our_own_pages_keep_their_name_wherever_they_are_asked_for() {
    let lab = Lab::with(at_home(ProxySettings::default()), echo);
    let out = lab.curl(&["-H", "Host: candor.test", "https://elsewhere.example/1"]).await;
    assert_eq!(text(&out), "127.0.0.1 https://candor.test/1 0");
    assert!(lab.stop().await.exchanges.is_empty());
}
