//! Writes captures for tests: packets, connections, and TLS in them.

use std::{
    io::{Read, Write},
    sync::{Arc, Mutex},
};

use rustls::{
    ClientConfig, ClientConnection, KeyLog, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};

/// What one side says, in turn.
#[derive(Clone, Copy)]
pub(super) enum Turn<'t> {
    Client(&'t [u8]),
    Server(&'t [u8]),
}

/// Frames of raw IP, which a file of either kind is made of.
#[derive(Default)]
pub(super) struct WireCapture {
    pub(super) packets: Vec<Vec<u8>>,
    sequences: [u32; 2],
    port: u16,
}

pub(super) const SERVER: [u8; 4] = [192, 0, 2, 1];
pub(super) const CLIENT: [u8; 4] = [10, 0, 0, 2];

impl WireCapture {
    /// Opens another connection to a port.
    pub(super) fn connect(&mut self, port: u16) {
        self.port = port;
        self.sequences = [1000, 5000];
        self.tcp(true, super::packet::SYN, b"");
        self.tcp(false, super::packet::SYN | super::packet::ACK, b"");
    }

    pub(super) fn say(&mut self, turn: Turn<'_>) {
        let (is_client, bytes) = match turn {
            Turn::Client(bytes) => (true, bytes),
            Turn::Server(bytes) => (false, bytes),
        };
        bytes.chunks(1400).for_each(|part| self.tcp(is_client, super::packet::ACK, part));
    }

    pub(super) fn close(&mut self) {
        self.tcp(true, super::packet::FIN | super::packet::ACK, b"");
        self.tcp(false, super::packet::FIN | super::packet::ACK, b"");
    }

    fn tcp(&mut self, is_client: bool, flags: u8, bytes: &[u8]) {
        let client_port = 40_000 + self.port % 1000;
        let (from, to) = if is_client { (client_port, self.port) } else { (self.port, client_port) };
        let sequence = &mut self.sequences[usize::from(!is_client)];
        self.packets.push(ipv4(is_client, 6, &segment(from, to, *sequence, flags, bytes)));
        let step = bytes.len() as u32 + u32::from(flags & (super::packet::SYN | super::packet::FIN) != 0);
        *sequence = sequence.wrapping_add(step);
    }

    pub(super) fn udp(&mut self, is_client: bool, ports: (u16, u16), bytes: &[u8]) {
        let (from, to) = if is_client { ports } else { (ports.1, ports.0) };
        let mut datagram =
            [from.to_be_bytes(), to.to_be_bytes(), (bytes.len() as u16 + 8).to_be_bytes(), [0, 0]].concat();
        datagram.extend_from_slice(bytes);
        self.packets.push(ipv4(is_client, 17, &datagram));
    }

    /// As libpcap writes it.
    pub(super) fn pcap(&self) -> Vec<u8> {
        pcap(101, &self.packets)
    }

    /// As Wireshark writes it, with a key log and a comment on each packet.
    pub(super) fn pcapng(&self, secrets: &[u8], comment: &str) -> Vec<u8> {
        let mut file = block(0x0a0d_0d0a, &[&b"\x4d\x3c\x2b\x1a\x01\0\0\0"[..], &[0xff; 8]].concat());
        file.extend(block(1, &[101, 0, 0, 0, 0, 0, 4, 0]));
        if !secrets.is_empty() {
            let head = [&0x544c_534b_u32.to_le_bytes()[..], &(secrets.len() as u32).to_le_bytes()].concat();
            file.extend(block(10, &[&head, secrets].concat()));
        }
        for (number, packet) in self.packets.iter().enumerate() {
            file.extend(block(6, &enhanced(number as u64, packet, comment)));
        }
        file
    }
}

pub(super) fn segment(from: u16, to: u16, sequence: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend_from_slice(bytes);
    segment
}

pub(super) fn ipv4(is_client: bool, protocol: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 20).to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0];
    let (from, to) = if is_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    packet.extend(from);
    packet.extend(to);
    packet.extend_from_slice(content);
    packet
}

pub(super) fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0".to_vec();
    file.extend(link.to_le_bytes());
    for (number, packet) in packets.iter().enumerate() {
        let length = (packet.len() as u32).to_le_bytes();
        file.extend([&1_588_555_800_u32.to_le_bytes()[..], &(number as u32).to_le_bytes(), &length, &length].concat());
        file.extend_from_slice(packet);
    }
    file
}

pub(super) fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = (padded as u32 + 12).to_le_bytes();
    let mut block = [&kind.to_le_bytes()[..], &length, body].concat();
    block.resize(8 + padded, 0);
    block.extend(length);
    block
}

fn enhanced(number: u64, packet: &[u8], comment: &str) -> Vec<u8> {
    let ticks = 1_588_555_800_000_000 + number;
    let length = (packet.len() as u32).to_le_bytes();
    let high = ((ticks >> 32) as u32).to_le_bytes();
    let mut body = [&[0; 4][..], &high, &(ticks as u32).to_le_bytes(), &length, &length, packet].concat();
    body.resize(body.len().next_multiple_of(4), 0);
    if !comment.is_empty() {
        body.extend([1, 0, comment.len() as u8, 0]);
        body.extend_from_slice(comment.as_bytes());
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend([0; 4]);
    }
    body
}

/// A connection of TLS in memory: what goes over the wire, and its secrets.
pub(super) struct TlsPeers {
    client: ClientConnection,
    server: ServerConnection,
    log: Arc<LoggedSecrets>,
}

#[derive(Debug, Default)]
struct LoggedSecrets(Mutex<String>);

impl KeyLog for LoggedSecrets {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.0.lock().unwrap().push_str(&format!("{label} {} {}\n", hex(random), hex(secret)));
    }
}

impl TlsPeers {
    pub(super) fn new(version: &'static SupportedProtocolVersion, suite: Option<rustls::CipherSuite>) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let mut provider = rustls::crypto::ring::default_provider();
        provider.cipher_suites.retain(|known| suite.is_none_or(|suite| known.suite() == suite));
        let provider = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let log = Arc::new(LoggedSecrets::default());
        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.key_log = log.clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let client = ClientConnection::new(Arc::new(client), ServerName::try_from("a.example").unwrap()).unwrap();
        Self { client, server: ServerConnection::new(Arc::new(server)).unwrap(), log }
    }

    pub(super) fn handshake(&mut self, capture: &mut WireCapture) {
        while self.client.is_handshaking() || self.server.is_handshaking() {
            self.exchange(capture);
        }
        self.exchange(capture);
    }

    pub(super) fn say(&mut self, turn: Turn<'_>, capture: &mut WireCapture) {
        match turn {
            Turn::Client(bytes) => self.client.writer().write_all(bytes).unwrap(),
            Turn::Server(bytes) => self.server.writer().write_all(bytes).unwrap(),
        }
        self.exchange(capture);
    }

    /// Both sides go on with new keys (RFC 8446 §4.6.3).
    pub(super) fn update_keys(&mut self, capture: &mut WireCapture) {
        self.client.refresh_traffic_keys().unwrap();
        self.exchange(capture);
    }

    fn exchange(&mut self, capture: &mut WireCapture) {
        let mut sent = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut sent).unwrap();
        }
        capture.say(Turn::Client(&sent));
        let mut rest = &sent[..];
        while !rest.is_empty() {
            self.server.read_tls(&mut rest).unwrap();
            self.server.process_new_packets().unwrap();
            let _ = self.server.reader().read(&mut [0; 1 << 16]);
        }
        let mut sent = Vec::new();
        while self.server.wants_write() {
            self.server.write_tls(&mut sent).unwrap();
        }
        capture.say(Turn::Server(&sent));
        let mut rest = &sent[..];
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).unwrap();
            self.client.process_new_packets().unwrap();
            let _ = self.client.reader().read(&mut [0; 1 << 16]);
        }
    }

    pub(super) fn secrets(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }
}

/// The first two datagrams of a QUIC connection, with the two halves of a
/// ClientHello, the second half in the first (Chromium mixes them).
pub(super) fn initial_datagrams(name: &str) -> (Vec<u8>, Vec<u8>) {
    let mut extension = vec![0, 0];
    let length = name.len() as u16;
    for more in [5, 3] {
        extension.extend((length + more).to_be_bytes());
    }
    extension.push(0);
    extension.extend(length.to_be_bytes());
    extension.extend_from_slice(name.as_bytes());
    let mut body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
    body.extend((extension.len() as u16).to_be_bytes());
    body.extend(extension);
    let mut hello = vec![1, 0, 0, body.len() as u8];
    hello.extend(body);
    let (early, late) = hello.split_at(30);
    let frame = |offset: u8, part: &[u8]| [&[6, offset, 0x40, part.len() as u8][..], part, &[0; 900]].concat();
    (super::quic::sealed_initial(0, &frame(30, late)), super::quic::sealed_initial(1, &frame(0, early)))
}
