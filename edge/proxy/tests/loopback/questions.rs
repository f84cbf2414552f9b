//! Questions of DNS: in a trial each message is an exchange, whatever is in it.

use std::{
    net::{TcpListener, UdpSocket},
    sync::Arc,
};

use model::{Exchange, Record};
use proxy::dns::{DnsResponder, NameAddresses};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{self, Receiver},
};

const QUESTION: &[u8] = b"\x07\x07\x01\0\0\x01\0\0\0\0\0\0\x06secret\x04told\x07example\0\0\x10\0\x01";

fn responder(trial: Option<u32>) -> (DnsResponder, std::net::SocketAddr, Receiver<Record>) {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(address).unwrap();
    let (sink, records) = mpsc::channel(100);
    let responder =
        DnsResponder::serve(udp, Some(tcp), Arc::new(NameAddresses::default()), Arc::new(sink), trial).unwrap();
    (responder, address, records)
}

async fn next(records: &mut Receiver<Record>) -> Exchange {
    match records.recv().await {
        Some(Record::Exchange(exchange)) => *exchange,
        other => panic!("no exchange: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_kept_whole_over_datagrams_and_over_tcp() {
    let (_responder, address, mut records) = responder(Some(4));
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(QUESTION, address).await.unwrap();
    let seen = next(&mut records).await;
    assert_eq!((&seen.request.url[..], seen.trial), ("dns://secret.told.example/?type=TXT", Some(4)));
    assert_eq!((&seen.request.body.bytes[..], seen.host()), (QUESTION, "secret.told.example"));
    assert!(seen.response.unwrap().body.bytes.len() >= QUESTION.len());

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[&(QUESTION.len() as u16).to_be_bytes()[..], QUESTION].concat()).await.unwrap();
    assert!(stream.read_u16().await.unwrap() > 0);
    let seen = next(&mut records).await;
    assert_eq!((&seen.request.version[..], &seen.request.body.bytes[..]), ("DNS over TCP", QUESTION));
}

#[tokio::test]
async fn what_is_no_question_and_what_breaks_off_are_kept_too() {
    let (_responder, address, mut records) = responder(Some(1));
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"https://visited.example/secret", address).await.unwrap();
    let seen = next(&mut records).await;
    assert_eq!(&seen.request.body.bytes[..], b"https://visited.example/secret");
    assert_eq!((&seen.request.url[..], seen.response), ("dns://unknown/?type=", None));

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"\x01\0secret").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(&next(&mut records).await.request.body.bytes[..], b"secret");
}

#[tokio::test]
async fn outside_of_a_trial_a_question_is_a_note() {
    let (_responder, address, mut records) = responder(None);
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(QUESTION, address).await.unwrap();
    let Some(Record::Note(note)) = records.recv().await else { panic!("no note") };
    assert_eq!((note.code.as_str(), &note.says[..]), ("dns", "secret.told.example TXT"));
}
