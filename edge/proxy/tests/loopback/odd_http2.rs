//! Connections of HTTP/2 as no browser makes them: none vanishes, and a request
//! goes to no server that does not answer for its host.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, body::Incoming, client::conn::http2::handshake, server::conn::http2, service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    http2_proxy::tls,
    lab::{Lab, authority},
    origin::{Origin, Wire, read_until},
    unseen::{SECRET, has_secret},
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// POST http://told.example/p (RFC 7541, appendix A).
const ASK: &[u8] = b"\x83\x86\x04\x02/p\x01\x0ctold.example";

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream][..], payload].concat()
}

/// What a client says, and whether something of its choice is in it.
fn odd_connections() -> Vec<(&'static str, bool, Vec<u8>)> {
    let (data, headers, priority, reset, settings, ping, goaway, window, continuation) = (0, 1, 2, 3, 4, 6, 7, 8, 9);
    let begun = |frames: &[Vec<u8>]| [PREFACE.to_vec(), frame(settings, 0, 0, b""), frames.concat()].concat();
    let debug = [&[0; 8][..], SECRET].concat();
    let flood: Vec<_> = (0..400).map(|_| frame(priority, 0, 3, b"\0\0\0\x01s")).collect();
    vec![
        ("half a preface", false, PREFACE[..15].to_vec()),
        ("a preface that is none", true, [&PREFACE[..18], SECRET].concat()),
        ("a preface alone", false, PREFACE.to_vec()),
        ("settings alone", false, begun(&[])),
        ("no settings first", false, [PREFACE, &frame(ping, 0, 0, b"12345678")].concat()),
        ("a farewell", false, begun(&[frame(goaway, 0, 0, &[0; 8])])),
        ("a farewell with words", true, begun(&[frame(goaway, 0, 0, &debug)])),
        ("a frame that nobody knows", true, begun(&[frame(0xbe, 0, 0, SECRET)])),
        ("a frame of a server", true, begun(&[frame(5, 4, 1, SECRET)])),
        ("a flood of priorities", false, begun(&flood)),
        ("content of nothing", true, begun(&[frame(data, 0, 1, SECRET)])),
        ("a reset of nothing", false, begun(&[frame(reset, 0, 1, &[0; 4])])),
        ("a window of nothing", false, begun(&[frame(window, 0, 0, &[0; 4])])),
        ("a piece of no header", false, begun(&[frame(continuation, 4, 1, b"")])),
        ("a request and the end", true, begun(&[frame(headers, 4, 1, ASK), frame(data, 1, 1, SECRET)])),
        ("a request that is taken back", false, begun(&[frame(headers, 4, 1, ASK), frame(reset, 0, 1, &[0, 0, 0, 8])])),
        ("a request of no sense", true, begun(&[frame(headers, 5, 1, &[b"\x40\x01A\x0b", SECRET].concat())])),
        ("half a request", true, begun(&[frame(headers, 0, 1, &[ASK, b"\x40\x01a\x0b", SECRET].concat())])),
        ("a stream of a server", true, begun(&[frame(headers, 5, 2, SECRET)])),
        ("a frame beyond all lengths", false, [PREFACE, b"\xff\xff\xff\x04\0\0\0\0\0"].concat()),
    ]
}

async fn tunnel(lab: &Lab, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    assert!(read_until(&mut stream, b"\r\n\r\n").await.starts_with(b"HTTP/1.1 200 "));
    stream
}

#[tokio::test]
async fn no_connection_vanishes_however_odd_it_is() {
    for (name, carries, bytes) in odd_connections() {
        let lab = Lab::start();
        let mut stream = tunnel(&lab, "told.example:80").await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let seen = lab.stop().await;
        let hosts = seen.exchanges.iter().map(|one| one.host().to_owned());
        let hosts: Vec<_> = hosts.chain(seen.notes.iter().map(|note| note.says.clone())).collect();
        assert!(!hosts.is_empty(), "{name}: no trace");
        assert!(hosts.iter().all(|host| host.starts_with("told.example")), "{name}: {hosts:?}");
        let in_record = seen.exchanges.iter().any(|one| has_secret(&one.request.body.bytes));
        assert!(!carries || in_record, "{name}: what it carried is not in the record");
    }
}

#[tokio::test]
async fn frames_beside_requests_are_in_the_record_too() {
    let lab = Lab::start();
    let mut stream = tunnel(&lab, "told.example:80").await;
    let asked = [PREFACE, &frame(4, 0, 0, b""), &frame(1, 5, 1, ASK)].concat();
    stream.write_all(&asked).await.unwrap();
    read_until(&mut stream, b"POST 0").await;
    stream.write_all(&frame(0xbe, 0, 0, SECRET)).await.unwrap();
    stream.shutdown().await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 2);
    assert!(seen[0].seal.is_none() && seen[1].seal.is_some());
    assert_eq!(&seen[1].request.body.bytes[..], SECRET);
}

/// A server of HTTP/2 that keeps which hosts it was asked for.
async fn asked_for(log: &Arc<Mutex<Vec<String>>>) -> Origin {
    let log = Arc::clone(log);
    Origin::encrypted(&["h2"], move |wire: Wire| {
        let log = Arc::clone(&log);
        async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                log.lock().unwrap().push(request.uri().host().unwrap_or_default().to_owned());
                async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"server")))) }
            });
            let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(wire), answer).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_foreign_authority_passes_only_where_the_certificate_of_the_server_covers_it() {
    let log = Arc::default();
    let origin = asked_for(&log).await;
    let lab = Lab::onward();
    let port = origin.address.port();
    let wire =
        tls(tunnel(&lab, &format!("localhost:{port}")).await, "localhost", authority().cert_pem(), &["h2"]).await;
    let (mut sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(wire)).await.unwrap();
    tokio::spawn(connection);
    let mut foreign = Vec::new();
    for (authority, host, status) in [
        ("localhost", None, 200),
        ("covered.example", None, 200),
        ("visited.example", None, 421),
        ("127.0.0.1", None, 421),
        ("localhost", Some("visited.example"), 421),
        ("visited.example", Some("localhost"), 421),
        ("localhost", Some("covered.example"), 200),
    ] {
        let mut request = Request::post(format!("https://{authority}:{port}/p"));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = sender.send_request(request.body(Full::<Bytes>::from("content")).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{authority} {host:?}");
        drop(answer.into_body().collect().await);
        foreign.push(status == 421);
    }
    drop(sender);
    assert_eq!(*log.lock().unwrap(), ["localhost", "covered.example", "localhost"]);
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), foreign.len());
    for (one, is_foreign) in seen.iter().zip(foreign) {
        assert!(!is_foreign || one.host() == "localhost" && one.foreign_name().is_some(), "{}", one.request.url);
        assert_eq!(one.response.as_ref().unwrap().by == "proxy", is_foreign);
    }
}
