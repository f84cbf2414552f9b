//! WebSockets that end in the sinkhole.

use model::{Direction, Request};
use proxy::{AnswerProvider, ProxySettings, StaticResponse};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::lab::Lab;

const UPGRADE: &str = "GET http://push.example/s HTTP/1.1\r\nHost: push.example\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

async fn upgraded(lab: &Lab) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(answer).unwrap())
}

/// A frame with a mask of zeros, which leaves the text as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0][..], payload].concat()
}

#[tokio::test]
async fn what_a_client_says_is_recorded_message_by_message() {
    let lab = Lab::start();
    let (mut stream, answer) = upgraded(&lab).await;
    assert!(answer.starts_with("HTTP/1.1 101 "));
    assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert!(!answer.contains("deflate"));
    let wire = [
        frame(0x81, b"{\"hello\":1}"),
        frame(0x02, b"ab"),
        frame(0x89, b"ping"),
        frame(0x80, b"cd"),
        frame(0x88, &[3, 232]),
    ];
    stream.write_all(&wire.concat()).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x8a\x04ping\x88\x02\x03\xe8");
    let seen = lab.stop().await.only();
    assert_eq!(seen.response.unwrap().status, 101);
    let said: Vec<_> = seen.messages.iter().map(|message| (message.text, &message.body.bytes[..])).collect();
    assert_eq!(said, [(true, &b"{\"hello\":1}"[..]), (false, b"ping"), (false, b"abcd")]);
    assert!(seen.messages.iter().all(|message| message.direction == Direction::FromClient));
}

#[derive(Debug)]
struct Greeter;

impl AnswerProvider for Greeter {
    fn answer(&self, _: &Request) -> StaticResponse {
        StaticResponse::sinkhole(200, "text/plain", "")
    }

    fn message(&self, request: &Request, message: &[u8]) -> Option<bytes::Bytes> {
        (request.host() == "push.example" && message == b"hello").then(|| "welcome".into())
    }
}

#[tokio::test]
async fn a_message_has_the_answer_that_is_known_for_it() {
    let lab = Lab::with(ProxySettings::default(), Greeter);
    let (mut stream, _) = upgraded(&lab).await;
    stream.write_all(&[frame(0x81, b"hello"), frame(0x81, b"x"), frame(0x88, b"")].concat()).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x81\x07welcome\x88\x00");
    let said = lab.stop().await.only().messages;
    let said: Vec<_> = said.iter().map(|one| (one.direction, &one.body.bytes[..])).collect();
    use Direction::{FromClient, FromServer};
    assert_eq!(said, [(FromClient, &b"hello"[..]), (FromServer, b"welcome"), (FromClient, b"x")]);
}

#[tokio::test]
async fn a_socket_that_is_open_when_the_proxy_stops_is_recorded() {
    let lab = Lab::start();
    let (mut stream, _) = upgraded(&lab).await;
    stream.write_all(&frame(0x81, b"here")).await.unwrap();
    // An answer to a ping means that what came before it was read.
    stream.write_all(&frame(0x89, b"")).await.unwrap();
    assert_eq!(stream.read_u16().await.unwrap(), 0x8a00);
    let seen = lab.stop().await.only();
    assert_eq!(&seen.messages[0].body.bytes[..], b"here");
}

#[tokio::test]
async fn a_message_that_broke_off_is_kept_and_marked() {
    let lab = Lab::start();
    let (mut stream, _) = upgraded(&lab).await;
    stream.write_all(&[frame(0x01, b"half"), frame(0x89, b"")].concat()).await.unwrap();
    assert_eq!(stream.read_u16().await.unwrap(), 0x8a00);
    drop(stream);
    let seen = lab.stop().await.only();
    assert_eq!((&seen.messages[0].body.bytes[..], seen.messages[0].body.cut_from), (&b"half"[..], Some(4)));
}
