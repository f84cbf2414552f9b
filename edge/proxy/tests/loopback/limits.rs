//! What no client may take alone: every connection, all the memory, endless time.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use model::NoteCode;
use proxy::{CommonLimits, Gate, ProxySettings, ReachedLimit, UpstreamSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::{
    gate::Words,
    lab::{Lab, echo, upstream},
    origin::Origin,
    upstream::{HELLO, Log, keeping},
};

type Reached = Arc<Mutex<Vec<ReachedLimit>>>;

fn limits(connections: usize, held: usize) -> (Arc<CommonLimits>, Reached) {
    let reached = Reached::default();
    let heard = Arc::clone(&reached);
    let tell = move |limit| heard.lock().unwrap().push(limit);
    (Arc::new(CommonLimits::of_size(connections, held, Some(Box::new(tell)))), reached)
}

/// All that a client is told until its connection ends.
async fn to_the_end(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A connection that is refused may end in a reset.
    let _ = stream.read_to_end(&mut all).await;
    all
}

async fn say(to: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// A connection of another client: this one has another loopback address.
async fn of_another_client(to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

const ASK: &[u8] = b"GET http://a.example/ HTTP/1.1\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_client_that_takes_every_connection_it_may_leaves_room_for_others() {
    let (limits, reached) = limits(3, 1 << 20);
    let lab = Lab::with(ProxySettings { limits, ..ProxySettings::default() }, echo);
    let mut held = Vec::new();
    for _ in 0..3 {
        // An answer says that this one was taken before the next.
        let mut stream = say(lab.address, b"GET http://a.example/ HTTP/1.1\r\n\r\n").await;
        stream.read_u8().await.unwrap();
        held.push(stream);
    }
    for _ in 0..5 {
        let refused = TcpStream::connect(lab.address).await.unwrap();
        assert!(to_the_end(refused).await.is_empty());
    }
    assert_eq!(*reached.lock().unwrap(), [ReachedLimit::Connections], "said once");
    drop(held);
    // Those that ended make room, as soon as it is noticed.
    let mut answer = Vec::new();
    while answer.is_empty() {
        let mut other = of_another_client(lab.address).await;
        let _ = other.write_all(ASK).await;
        answer = to_the_end(other).await;
    }
    assert!(answer.ends_with(b"GET 0"));
    let seen = lab.stop().await;
    assert!(seen.notes.iter().any(|note| note.code == NoteCode::ConnectionsRefused && note.count >= 5));
}

#[tokio::test]
async fn a_connection_on_which_nothing_was_said_takes_one_descriptor_and_no_more() {
    let origin = Origin::clear(keeping(&Log::default(), HELLO)).await;
    // Three that are idle, and one with its server.
    let (limits, reached) = limits(5, 1 << 20);
    let lab = Lab::with(ProxySettings { limits, ..upstream(UpstreamSettings::default()) }, echo);
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(TcpStream::connect(lab.address).await.unwrap());
    }
    let ask = format!("GET {} HTTP/1.1\r\nConnection: close\r\n\r\n", origin.url("http", "/"));
    assert!(to_the_end(say(lab.address, ask.as_bytes()).await).await.ends_with(b"hello"));
    assert!(reached.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_begins_and_says_no_more_is_not_waited_for() {
    let settings = ProxySettings {
        head_time: Duration::from_millis(30),
        idle: Duration::from_secs(600),
        ..ProxySettings::default()
    };
    let lab = Lab::with(settings, echo);
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for half in [
        &b"\x05"[..],
        b"\x05\x01\x00\x05\x01",
        b"GE",
        b"PRI * HT",
        b"\x16",
        b"\x16\x03\x01",
        b"GET http://a.example/ HTTP/1.1\r\nHost:",
        &PREFACE[..20],
    ] {
        let stream = say(lab.address, half).await;
        to_the_end(stream).await;
    }
    let seen = lab.stop().await;
    assert_eq!(seen.notes.iter().filter(|note| note.code == NoteCode::SocksRefused).count(), 2);
    assert_eq!(seen.exchanges.iter().filter(|exchange| exchange.seal.is_some()).count(), 6);
}

#[tokio::test]
async fn a_connection_on_which_nothing_goes_on_ends() {
    let settings = ProxySettings {
        idle: Duration::from_millis(30),
        head_time: Duration::from_millis(30),
        ..ProxySettings::default()
    };
    let lab = Lab::with(settings, echo);
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings_frame = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    for said in [
        &b""[..],
        b"CONNECT a.example:443 HTTP/1.1\r\n\r\n",
        b"\x05\x01\x00\x05\x01\x00\x03\x09a.example\x00\x50",
        b"GET http://a.example/ HTTP/1.1\r\n\r\n",
        PREFACE,
        &settings_frame,
    ] {
        let stream = say(lab.address, said).await;
        to_the_end(stream).await;
    }
    assert_eq!(lab.stop().await.exchanges.len(), 1);
}

/// What is held of one request is bounded, and of all together.
#[tokio::test]
async fn requests_that_are_held_share_what_may_be_held() {
    let log = Log::default();
    let origin = Origin::clear(keeping(&log, HELLO)).await;
    let (limits, reached) = limits(100, 1 << 20);
    let words = Arc::new(Words::default());
    let settings = ProxySettings {
        limits,
        gate: Some(Arc::clone(&words) as Arc<dyn Gate>),
        ..upstream(UpstreamSettings::default())
    };
    let lab = Lab::with(settings, echo);
    let head = format!(
        "POST {} HTTP/1.1\r\nConnection: close\r\nContent-Length: 600000\r\n\r\n",
        origin.url("http", "/collect")
    );
    // Each fits alone; all of them together do not.
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(say(lab.address, &[head.as_bytes(), &[b'a'; 599_999]].concat()).await);
    }
    for client in &mut clients {
        client.write_all(b"a").await.unwrap();
    }
    for client in clients {
        assert!(to_the_end(client).await.ends_with(b"hello"));
    }
    assert!(reached.lock().unwrap().contains(&ReachedLimit::HeldBytes));
    let seen = lab.stop().await.exchanges;
    assert_eq!(seen.len(), 4, "every one of them is in the record");
    assert!(seen.iter().all(|exchange| exchange.request.body.cut_from.is_none_or(|whole| whole == 600_000)));
}

#[tokio::test]
async fn a_head_for_which_there_is_no_room_is_refused_and_others_are_served() {
    let (limits, reached) = limits(100, 256 << 10);
    let lab = Lab::with(ProxySettings { limits, ..ProxySettings::default() }, echo);
    let long = [&b"GET http://a.example/ HTTP/1.1\r\nX: "[..], &[b'a'; 700_000]].concat();
    let mut flood = TcpStream::connect(lab.address).await.unwrap();
    // It may be refused before all was said.
    let _ = flood.write_all(&long).await;
    to_the_end(flood).await;
    assert_eq!(*reached.lock().unwrap(), [ReachedLimit::HeldBytes]);
    assert!(to_the_end(say(lab.address, ASK).await).await.ends_with(b"GET 0"));
    let seen = lab.stop().await;
    assert_eq!(seen.exchanges.len(), 1);
    assert!(seen.notes.iter().any(|note| note.code == NoteCode::CutRequest), "it did not just vanish");
}
