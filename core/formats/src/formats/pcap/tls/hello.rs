//! The two hellos (RFC 8446 §4.1).

use super::records;
use crate::formats::pcap::{byte_stream::ByteStream, reader::ByteReader};

/// What is read of a ClientHello.
pub(in crate::formats::pcap) struct ClientHello {
    pub(in crate::formats::pcap) random: [u8; 32],
    /// The server's name, as the client asks for it.
    pub(in crate::formats::pcap) name: Option<String>,
}

/// What is read of a ServerHello.
pub(super) struct ServerHello {
    pub(super) random: [u8; 32],
    pub(super) suite: u16,
    pub(super) version: u16,
    /// MACs are made of what is encrypted (RFC 7366).
    pub(super) mac_is_last: bool,
}

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

pub(super) fn client(stream: &ByteStream) -> Option<ClientHello> {
    let (kind, message) = records::messages(&stream.bytes, 1).pop()?;
    if kind == CLIENT_HELLO { client_hello(&message) } else { None }
}

pub(in crate::formats::pcap) fn client_hello(message: &[u8]) -> Option<ClientHello> {
    let mut reader = ByteReader::new(message);
    reader.u16()?;
    let random = reader.take(32)?.try_into().ok()?;
    reader.prefixed(1)?;
    reader.prefixed(2)?;
    reader.prefixed(1)?;
    let mut name = None;
    for (kind, body) in extensions(&mut reader) {
        if kind == 0 {
            name = server_name(body);
        }
    }
    Some(ClientHello { random, name })
}

/// RFC 6066 §3.
fn server_name(body: &[u8]) -> Option<String> {
    let mut reader = ByteReader::new(body);
    reader.u16()?;
    if reader.u8()? != 0 {
        return None;
    }
    let name = std::str::from_utf8(reader.prefixed(2)?).ok()?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    is_name.then(|| name.to_ascii_lowercase())
}

pub(super) fn server(stream: &ByteStream) -> Option<ServerHello> {
    let hellos = records::messages(&stream.bytes, 2).into_iter().filter(|(kind, _)| *kind == SERVER_HELLO);
    hellos.filter_map(|(_, message)| server_hello(&message)).find(|hello| hello.random != RETRY)
}

fn server_hello(message: &[u8]) -> Option<ServerHello> {
    let mut reader = ByteReader::new(message);
    let version = reader.u16()?;
    let random = reader.take(32)?.try_into().ok()?;
    reader.prefixed(1)?;
    let suite = reader.u16()?;
    reader.u8()?;
    let mut hello = ServerHello { random, suite, version, mac_is_last: false };
    for (kind, body) in extensions(&mut reader) {
        match (kind, body) {
            (43, [high, low]) => hello.version = u16::from_be_bytes([*high, *low]),
            (22, _) => hello.mac_is_last = true,
            _ => {}
        }
    }
    Some(hello)
}

fn extensions<'m>(reader: &mut ByteReader<'m>) -> impl Iterator<Item = (u16, &'m [u8])> + use<'m> {
    let mut list = ByteReader::new(reader.prefixed(2).unwrap_or_default());
    std::iter::from_fn(move || Some((list.u16()?, list.prefixed(2)?)))
}
