//! What cannot be read is recorded as sealed, never left out.

use model::SealReason;
use proxy::ProxySettings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::lab::{Lab, run};

/// A tunnel to a host, as a client gets it.
async fn tunnel(lab: &Lab, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 39];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    stream
}

#[tokio::test]
async fn a_client_that_refuses_our_certificate_is_sealed_with_its_alert() {
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
        let lab = Lab::start();
        let proxy = format!("http://{}", lab.address);
        let arguments = [version, &["-sS", "--proxy", &proxy, "https://pinned.example/x"]].concat();
        assert!(!run("curl", &arguments).await.status.success());
        let seen = lab.stop().await.only();
        let seal = seen.seal.unwrap();
        assert_eq!((seal.reason, &seal.says[..]), (SealReason::Refused, "refused our certificate: alert unknown_ca"));
        assert_eq!((&seen.request.method[..], &seen.request.url[..]), ("CONNECT", "https://pinned.example:443/"));
        assert!(seal.sent > 200 && seal.received > 200);
        assert_eq!(seen.client.hello.clone().unwrap().sni.as_deref(), Some("pinned.example"));
        assert!(seen.response.is_none());
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_on_our_certificate_is_sealed() {
    let lab = Lab::start();
    let mut stream = tunnel(&lab, "quiet.example:443").await;
    stream.write_all(&hello_record(b"quiet.example")).await.unwrap();
    let mut some = [0; 512];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    lab.recorded().await;
    let seen = lab.stop().await.only();
    assert_eq!(seen.seal.unwrap().says, "hung up on our certificate without an alert");
    assert_eq!(seen.request.url, "https://quiet.example:443/");
}

#[tokio::test]
async fn a_name_with_a_port_in_the_hello_is_kept() {
    let lab = Lab::start();
    let mut stream = tunnel(&lab, "192.0.2.1:443").await;
    stream.write_all(&hello_record(b"odd.example:443")).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    let seen = lab.stop().await.only();
    assert_eq!(seen.seal.as_ref().unwrap().reason, SealReason::UnknownProtocol);
    assert_eq!(seen.client.hello.clone().unwrap().sni.as_deref(), Some("odd.example:443"));
    // The address was connected to; that it has this name, the client says alone.
    assert_eq!((&seen.request.url[..], seen.foreign_name()), ("https://192.0.2.1:443/", Some("odd.example")));
}

#[tokio::test]
async fn garbage_after_connect_is_sealed_and_counted() {
    let lab = Lab::start();
    let mut stream = tunnel(&lab, "ssh.example:22").await;
    stream.write_all(b"SSH-2.0-client\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    let seen = lab.stop().await.only();
    let seal = seen.seal.as_ref().unwrap();
    assert_eq!((seal.reason, &seal.says[..]), (SealReason::UnknownProtocol, "neither TLS nor HTTP"));
    assert_eq!(seen.request.url, "https://ssh.example:22/");
    assert_eq!(&seen.request.body.bytes[..], b"SSH-2.0-client\r\n");
    assert_eq!(seal.sent, "CONNECT ssh.example:22 HTTP/1.1\r\n\r\nSSH-2.0-client\r\n".len() as u64);
}

#[tokio::test]
async fn what_could_not_be_parsed_is_kept() {
    for (said, says) in [
        (&b"GET /secret HTTP/9.9\r\nX: y\r\n\r\n"[..], "the head of a request could not be read"),
        (b"\x16\x03\x01\0\x06\x02secret", "looks like TLS and does not begin with a ClientHello"),
        (b"SECRET", "ended before it could be told what it was"),
    ] {
        let lab = Lab::start();
        let mut stream = tunnel(&lab, "told.example:443").await;
        stream.write_all(said).await.unwrap();
        stream.shutdown().await.unwrap();
        // It may be reset, as it was not read to its end.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let seen = lab.stop().await.only();
        assert_eq!((&seen.seal.as_ref().unwrap().says[..], &seen.request.body.bytes[..]), (says, said));
        assert_eq!(seen.request.url, "https://told.example:443/");
    }
}

#[tokio::test]
async fn a_tunnel_that_is_never_used_is_noted_by_name() {
    let lab = Lab::with(ProxySettings { trial: Some(3), ..ProxySettings::default() }, crate::lab::echo);
    let mut stream = tunnel(&lab, "ahead.example:443").await;
    stream.shutdown().await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    let seen = lab.stop().await;
    assert!(seen.exchanges.is_empty());
    let note = &seen.notes[0];
    assert_eq!((&note.code[..], &note.says[..], note.trial), ("silent", "ahead.example:443", Some(3)));
}

/// A ClientHello of TLS 1.2 and 1.3 with this name, in one record.
pub(crate) fn hello_record(name: &[u8]) -> Vec<u8> {
    let length = |size: usize| (size as u16).to_be_bytes();
    let sni = [&length(name.len() + 3)[..], &[0], &length(name.len()), name].concat();
    let extension = |number: u8, body: &[u8]| [&[0, number][..], &length(body.len()), body].concat();
    let extensions = [
        extension(0, &sni),
        extension(10, &[0, 2, 0, 0x17]),
        extension(11, &[1, 0]),
        extension(13, &[0, 4, 4, 3, 8, 4]),
    ]
    .concat();
    let body =
        [&[3, 3][..], &[7; 32], &[0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2c, 1, 0], &length(extensions.len()), &extensions]
            .concat();
    let message = [&[1, 0][..], &length(body.len()), &body].concat();
    [&[22, 3, 1][..], &length(message.len()), &message].concat()
}
