//! SOCKS5 (RFC 1928) with and without a password (RFC 1929). Only CONNECT is
//! supported: UDP requests are refused and recorded.

use bytes::Buf;
use model::NoteCode;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    exchange::connection_context::ConnectionContext, exchange::target::HostPort, inbound::stream::BufferedStream,
};

const VERSION: u8 = 5;
const NO_PASSWORD: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_OF_THESE: u8 = 0xff;

/// The reply codes of SOCKS5 (RFC 1928 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyCode {
    Connected = 0,
    NotAllowed = 2,
    Unreachable = 4,
    NoSuchCommand = 7,
    NoSuchAddress = 8,
}

/// Speaks SOCKS until the client has named its target. None: the client was
/// refused or has gone.
pub(crate) async fn wanted(conn: &mut BufferedStream, link: &ConnectionContext) -> Option<HostPort> {
    match timeout(link.settings().head_time, greeting(conn, link)).await {
        Ok(wanted) => wanted,
        Err(_) => {
            link.note(NoteCode::SocksRefused, "a client did not come to say where it wanted to go", 1).await;
            None
        }
    }
}

async fn greeting(conn: &mut BufferedStream, link: &ConnectionContext) -> Option<HostPort> {
    let methods = read(conn, methods).await?;
    let expected = link.settings().socks_password.as_ref();
    let chosen = match expected {
        Some(_) => PASSWORD,
        None if methods.contains(&NO_PASSWORD) => NO_PASSWORD,
        None => PASSWORD,
    };
    if !methods.contains(&chosen) {
        let _ = conn.write_all(&[VERSION, NONE_OF_THESE]).await;
        link.note(NoteCode::SocksRefused, "a client offered no way to log in that is taken", 1).await;
        return None;
    }
    conn.write_all(&[VERSION, chosen]).await.ok()?;
    if chosen == PASSWORD {
        let given = read(conn, password).await?;
        let right = expected.is_none_or(|expected| *expected == given);
        conn.write_all(&[1, u8::from(!right)]).await.ok()?;
        if !right {
            link.note(NoteCode::SocksRefused, "a client gave a wrong name or password", 1).await;
            return None;
        }
    }
    let request = read(conn, request).await?;
    match request {
        SocksRequest::Connect(target) => Some(target),
        SocksRequest::Refused(told, code) => {
            tell(conn, told).await;
            link.note(code, "a client asked for more than connections", 1).await;
            None
        }
    }
}

/// Sends a reply code to the client. False: the client has gone, or the code is
/// an error and the connection must be closed.
pub(crate) async fn tell(conn: &mut BufferedStream, told: ReplyCode) -> bool {
    let answer = [VERSION, told as u8, 0, 1, 0, 0, 0, 0, 0, 0];
    conn.write_all(&answer).await.is_ok() && told == ReplyCode::Connected
}

#[derive(Debug, PartialEq, Eq)]
enum SocksRequest {
    Connect(HostPort),
    Refused(ReplyCode, NoteCode),
}

/// Reads until `parse` succeeds; `parse` returns the value and its length in
/// bytes.
async fn read<T>(conn: &mut BufferedStream, parse: impl Fn(&[u8]) -> Option<(T, usize)>) -> Option<T> {
    const LONGEST: usize = 1_024;
    loop {
        if let Some((value, length)) = parse(&conn.ahead) {
            conn.ahead.advance(length);
            return Some(value);
        }
        if conn.ahead.len() > LONGEST || !matches!(conn.fill().await, Ok(count) if count > 0) {
            return None;
        }
    }
}

fn methods(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let [_, count, rest @ ..] = bytes else { return None };
    let count = usize::from(*count);
    rest.get(..count).map(|methods| (methods.to_vec(), 2 + count))
}

fn password(bytes: &[u8]) -> Option<((String, String), usize)> {
    let (name, after) = counted(bytes.get(1..)?)?;
    let (word, _) = counted(after)?;
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    Some(((text(name), text(word)), 3 + name.len() + word.len()))
}

fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn request(bytes: &[u8]) -> Option<(SocksRequest, usize)> {
    let [_, command, _, kind, rest @ ..] = bytes else { return None };
    let (host, length) = match kind {
        1 => (std::net::Ipv4Addr::from(*rest.first_chunk::<4>()?).to_string(), 4),
        4 => (std::net::Ipv6Addr::from(*rest.first_chunk::<16>()?).to_string(), 16),
        3 => counted(rest).map(|(name, _)| (String::from_utf8_lossy(name).into_owned(), 1 + name.len()))?,
        _ => return Some((SocksRequest::Refused(ReplyCode::NoSuchAddress, NoteCode::SocksRefused), bytes.len())),
    };
    let port = u16::from_be_bytes(*rest.get(length..)?.first_chunk()?);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let request = match command {
        1 => SocksRequest::Connect(HostPort { host, port }),
        3 => SocksRequest::Refused(ReplyCode::NoSuchCommand, NoteCode::SocksUdpRefused),
        _ => SocksRequest::Refused(ReplyCode::NoSuchCommand, NoteCode::SocksRefused),
    };
    Some((request, 4 + length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(host: &str, port: u16) -> SocksRequest {
        SocksRequest::Connect(HostPort { host: host.into(), port })
    }

    #[test]
    fn an_address_is_a_name_or_a_number() {
        for (wire, wanted) in [
            (&b"\x05\x01\x00\x03\x09A.example\x01\xbb"[..], connect("a.example", 443)),
            (b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50", connect("192.0.2.7", 80)),
            (b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50", connect("2001:db8::1", 80)),
            (
                b"\x05\x03\x00\x01\0\0\0\0\0\0",
                SocksRequest::Refused(ReplyCode::NoSuchCommand, NoteCode::SocksUdpRefused),
            ),
        ] {
            assert_eq!(request(wire), Some((wanted, wire.len())));
            assert!((0..wire.len()).all(|cut| request(&wire[..cut]).is_none()));
        }
        assert!(matches!(request(b"\x05\x01\x00\x07"), Some((SocksRequest::Refused(..), 4))));
    }

    #[test]
    fn a_name_and_a_password_are_read() {
        let wire = b"\x01\x04user\x03pas";
        assert_eq!(password(wire), Some((("user".into(), "pas".into()), wire.len())));
        assert!((0..wire.len()).all(|cut| password(&wire[..cut]).is_none()));
    }
}
