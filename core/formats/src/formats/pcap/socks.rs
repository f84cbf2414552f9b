//! SOCKS5 (RFC 1928): what a client asks a proxy for, before it speaks to a server.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{byte_stream::ByteStream, reader::ByteReader};

/// Where a client wants to go, and where in both streams it begins to speak.
pub(super) struct SocksRequest {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) client: usize,
    pub(super) server: usize,
}

/// The request at the beginning of two streams, if the proxy granted it.
pub(super) fn request(client: &ByteStream, server: &ByteStream) -> Option<SocksRequest> {
    let (mut asked, mut told) = (ByteReader::new(&client.bytes), ByteReader::new(&server.bytes));
    if asked.u8()? != 5 || told.u8()? != 5 {
        return None;
    }
    asked.prefixed(1)?;
    // Name and password (RFC 1929).
    if told.u8()? == 2 {
        asked.u8()?;
        asked.prefixed(1)?;
        asked.prefixed(1)?;
        told.take(2)?;
    }
    if asked.take(3)? != [5, 1, 0] || told.take(3)? != [5, 0, 0] {
        return None;
    }
    let (host, port) = address(&mut asked)?;
    address(&mut told)?;
    let left = |stream: &ByteStream, reader: ByteReader<'_>| stream.bytes.len() - reader.rest().len();
    Some(SocksRequest { host, port, client: left(client, asked), server: left(server, told) })
}

fn address(reader: &mut ByteReader<'_>) -> Option<(String, u16)> {
    let host = match reader.u8()? {
        1 => Ipv4Addr::from(<[u8; 4]>::try_from(reader.take(4)?).ok()?).to_string(),
        4 => Ipv6Addr::from(<[u8; 16]>::try_from(reader.take(16)?).ok()?).to_string(),
        3 => {
            let name = std::str::from_utf8(reader.prefixed(1)?).ok()?;
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
            name.bytes().all(fits).then(|| name.to_ascii_lowercase())?
        }
        _ => return None,
    };
    Some((host, reader.u16()?))
}
