//! Sends the instrument's control: requests of known content, sent from inside the
//! cell the same way as the subject's requests.
//!
//! Each request is recorded before it is sent. If it does not arrive, the audit
//! cannot find it, and the report says so.

mod http2;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream as Blocking, UdpSocket},
    sync::Arc,
    time::Duration,
};

use honey::beacon::{self, BeaconRequest, BeaconTransport};
use model::{PlantedCanary, Record};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proxy::{CertificateAuthority, dns::NameAddresses};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{Error, cell::Cell, now, run::RunContext};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the requests are sent before the subject starts or after it has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlRound {
    Before,
    After,
}

/// Sends the beacons of a round.
pub(crate) async fn send(
    conduct: &RunContext,
    trial: u32,
    cell: &Cell,
    addresses: &NameAddresses,
    round: ControlRound,
) -> Result<(), Error> {
    // Without a client no TLS beacon arrives, and the report says that none was found.
    let clients = TlsClients::trusting(&conduct.authority).ok();
    for beacon in beacon::beacons(conduct.seed, trial, round as u32) {
        if let Some(canary) = beacon.canary.clone() {
            let plant = PlantedCanary { trial: Some(trial), canary, site: Some(beacon.host.clone()) };
            conduct.pen.write(Record::Plant(plant)).await?;
        }
        conduct.pen.write(Record::Beacon(record(trial, &beacon))).await?;
        // An error is ignored: a beacon that is missing in the evidence shows the failure.
        let _ = timeout(PATIENCE, one(cell, clients.as_ref(), addresses, &beacon)).await;
    }
    Ok(())
}

fn record(trial: u32, beacon: &BeaconRequest) -> model::Beacon {
    model::Beacon {
        trial,
        at: now(),
        host: beacon.host.clone(),
        transport: beacon.transport.as_str().into(),
        layer: beacon.layer.as_str().into(),
        disguise: beacon.disguise.as_str().into(),
        canary: beacon.canary.as_ref().map(|canary| canary.id.clone()),
    }
}

async fn one(
    cell: &Cell,
    clients: Option<&TlsClients>,
    addresses: &NameAddresses,
    beacon: &BeaconRequest,
) -> io::Result<()> {
    match beacon.transport {
        BeaconTransport::Dns => return ask(cell, beacon.question()).await,
        BeaconTransport::Datagram => {
            let to = SocketAddr::from((addresses.address_of(&beacon.host), DATAGRAM_PORT));
            let payload = beacon.payload.clone();
            return cell.inside(move || datagram(to, &payload)).await.map_err(io::Error::other)?.map(drop);
        }
        _ => {}
    }
    let port = if beacon.transport == BeaconTransport::Http { 80 } else { 443 };
    let to = SocketAddr::from((addresses.address_of(&beacon.host), port));
    let connected = cell.inside(move || Blocking::connect_timeout(&to, PATIENCE)).await.map_err(io::Error::other)??;
    connected.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(connected)?;
    let request = request(beacon);
    if beacon.transport == BeaconTransport::Http {
        return exchange(&mut stream, &request).await;
    }
    let name = ServerName::try_from(beacon.host.clone()).map_err(io::Error::other)?;
    let clients = clients.ok_or(io::ErrorKind::Unsupported)?;
    if beacon.transport == BeaconTransport::Http2 {
        let stream = clients.http2.connect(name, stream).await?;
        return http2::post(stream, &beacon.host, content_type(beacon.layer), &beacon.payload).await;
    }
    let mut stream = clients.http1.connect(name, stream).await?;
    exchange(&mut stream, &request).await?;
    if beacon.transport == BeaconTransport::WebSocket {
        stream.write_all(&frame(&beacon.payload)).await?;
        // Sends a close frame (RFC 6455 §5.5.1), and reads until the server closes.
        stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await?;
        while stream.read(&mut [0; 256]).await.is_ok_and(|read| read > 0) {}
    }
    Ok(())
}

/// Any port except those of DNS and QUIC.
const DATAGRAM_PORT: u16 = 4433;

/// Sends one datagram. A rule that rejects it may cause an error at once.
fn datagram(to: SocketAddr, payload: &[u8]) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.send_to(payload, to)?;
    Ok(socket)
}

/// Asks the resolver of the cell, and waits for its answer.
async fn ask(cell: &Cell, question: Vec<u8>) -> io::Result<()> {
    let asked = cell.inside(move || datagram((Ipv4Addr::LOCALHOST, 53).into(), &question)).await;
    let socket = asked.map_err(io::Error::other)??;
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)?.recv(&mut [0; 512]).await.map(drop)
}

/// TLS clients that trust only Candor's authority.
struct TlsClients {
    http1: TlsConnector,
    http2: TlsConnector,
}

impl TlsClients {
    fn trusting(authority: &CertificateAuthority) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(authority.cert_pem().as_bytes()).map_err(io::Error::other)?;
        roots.add(certificate).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
        let speaking = |protocol: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        Ok(Self { http1: speaking(b"http/1.1"), http2: speaking(b"h2") })
    }
}

/// The HTTP/1.1 request of a beacon; empty for transports without one.
fn request(beacon: &BeaconRequest) -> Vec<u8> {
    let host = &beacon.host;
    let text = String::from_utf8_lossy(&beacon.payload);
    match beacon.transport {
        BeaconTransport::Http | BeaconTransport::Https => {
            let kind = content_type(beacon.layer);
            let length = beacon.payload.len();
            let head = format!(
                "POST /control HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
            );
            [head.as_bytes(), &beacon.payload].concat()
        }
        BeaconTransport::Query => {
            let text = utf8_percent_encode(&text, NON_ALPHANUMERIC);
            format!("GET /control?v={text} HTTP/1.1\r\nHost: {host}\r\n\r\n").into()
        }
        BeaconTransport::Header => format!("GET /control HTTP/1.1\r\nHost: {host}\r\nX-Control: {text}\r\n\r\n").into(),
        BeaconTransport::WebSocket => format!(
            "GET /control HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: Y2FuZG9yIGFza3MgeW91IQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        .into(),
        BeaconTransport::Http2 | BeaconTransport::Dns | BeaconTransport::Datagram => vec![],
    }
}

fn content_type(layer: beacon::BeaconLayer) -> &'static str {
    match layer {
        beacon::BeaconLayer::Json => "application/json",
        beacon::BeaconLayer::Form => "application/x-www-form-urlencoded",
        beacon::BeaconLayer::Gzip | beacon::BeaconLayer::Zlib | beacon::BeaconLayer::Protobuf => {
            "application/octet-stream"
        }
        beacon::BeaconLayer::None | beacon::BeaconLayer::Base64 | beacon::BeaconLayer::Hex => "text/plain",
    }
}

/// Sends a request and reads the head of its answer.
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < 16_384 => head.push(byte),
            Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
            Err(ended) => return Err(ended),
        }
    }
    Ok(())
}

/// One binary message of a client, masked with zeros (RFC 6455 §5.3).
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_framed_with_its_length() {
        assert_eq!(frame(b"ab"), [0x82, 0x82, 0, 0, 0, 0, b'a', b'b']);
        assert_eq!(frame(&[7; 300])[..4], [0x82, 0xfe, 1, 44]);
    }

    #[test]
    fn what_has_a_meaning_in_an_address_is_written_in_percent() {
        let beacon = BeaconRequest {
            host: "a.example".into(),
            transport: BeaconTransport::Query,
            layer: beacon::BeaconLayer::None,
            disguise: beacon::BeaconDisguise::Plain,
            canary: None,
            payload: b"a+b={}".to_vec(),
        };
        assert!(request(&beacon).starts_with(b"GET /control?v=a%2Bb%3D%7B%7D HTTP/1.1"));
    }
}
