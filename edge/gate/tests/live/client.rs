//! A client that says exactly what it is told to, through a guard, over TLS.

use std::{net::SocketAddr, sync::Arc};

use model::Request;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::stand::authority;

/// Fields that belong to one connection, or that are set here.
const OWN: [&str; 6] = ["host", "content-length", "transfer-encoding", "connection", "proxy-connection", "upgrade"];

/// Fields of a request that arrive as they were sent.
pub(crate) fn fields(request: &Request) -> Vec<(String, Vec<u8>)> {
    let sent = request.headers.iter().filter(|field| !field.name.starts_with(':'));
    let sent = sent.map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()));
    sent.filter(|(name, _)| !OWN.contains(&name.as_str())).collect()
}

/// Sends a request on a connection of its own; what came back until that ended.
pub(crate) async fn send(guard: SocketAddr, request: &Request) -> Vec<u8> {
    let rest = request.url.split_once("://").unwrap().1;
    let host = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())).0;
    send_to(guard, host, request).await
}

/// The same on a connection to another host than the one that it names.
pub(crate) async fn send_to(guard: SocketAddr, to: &str, request: &Request) -> Vec<u8> {
    let rest = request.url.split_once("://").unwrap().1;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut wire = format!("{} {slash}{path} HTTP/1.1\r\nHost: {host}\r\n", request.method).into_bytes();
    for (name, value) in fields(request) {
        wire.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
    }
    let length = request.body.bytes.len();
    wire.extend(format!("Content-Length: {length}\r\nConnection: close\r\n\r\n").into_bytes());
    wire.extend(&request.body.bytes[..]);
    say(guard, to, &wire).await
}

async fn say(guard: SocketAddr, host: &str, wire: &[u8]) -> Vec<u8> {
    let name = host.split(':').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(guard).await.unwrap();
    stream.write_all(format!("CONNECT {name}:443 HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap();
        answer.push(byte);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    let connector = TlsConnector::from(Arc::new(trusting()));
    let mut stream = connector.connect(ServerName::try_from(name).unwrap(), stream).await.unwrap();
    stream.write_all(wire).await.unwrap();
    stream.flush().await.unwrap();
    let mut all = Vec::new();
    // A cut connection ends without a word.
    let _ = stream.read_to_end(&mut all).await;
    all
}

fn trusting() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(authority().cert_pem().as_bytes()).flatten());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}
