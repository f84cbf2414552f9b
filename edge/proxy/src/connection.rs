//! The way of one connection: what it carries is told from its first bytes,
//! layer by layer, until HTTP is spoken or nothing can be read.
//!
//! An ordinary browser's connection goes: `CONNECT host:443`, then TLS, then
//! HTTP/2. A redirected one starts at TLS, with its target known to the kernel.

use std::{net::SocketAddr, sync::Arc};

use model::{Client, Inlet, SealReason};
use socket2::SockRef;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    clock::Moment,
    link::{Link, Shared},
    place::{Place, Target},
    serve1::{self, Next},
    serve2, tls,
    wire::{Conn, Counts},
};

/// Layers within layers that are followed: CONNECT, TLS, CONNECT, TLS …
const DEEPEST: usize = 8;

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the next bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speech {
    Tls,
    Http1,
    Http2,
    Other,
}

/// Follows a connection to its end.
pub(crate) async fn follow(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    // Without it small answers wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let original = original_destination(&stream);
    let counts = Arc::new(Counts::default());
    let conn = Conn::tcp(stream, Arc::clone(&counts), &shared.stop);
    let number = shared.settings.connections.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let client = Client { address: Some(peer.to_string()), ..Client::default() };
    let inlet = if original.is_some() { Inlet::Transparent } else { Inlet::Proxy };
    let link = Link { shared, number, inlet, client, counts, original, opened: Moment::now() };
    if link.settings().expects.is_some_and(|expected| expected != inlet) {
        let place = Place { encrypted: false, target: None };
        link.note("bypassed", link.whereto(&place).with_port(), 1).await;
    }
    speak(conn, link).await;
}

/// Where a redirected connection was going (`SO_ORIGINAL_DST`); none if it came
/// to us on purpose.
fn original_destination(stream: &TcpStream) -> Option<SocketAddr> {
    let local = stream.local_addr().ok()?;
    let socket = SockRef::from(stream);
    let original =
        if local.ip().to_canonical().is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() };
    // A socket that was not redirected has none, or its own address.
    let original = original.ok()?.as_socket()?;
    let same = original.ip().to_canonical() == local.ip().to_canonical() && original.port() == local.port();
    (!same).then_some(original)
}

async fn speak(mut conn: Conn, mut link: Link) {
    let target = link.original.map(Target::from);
    let mut place = Place { encrypted: false, target };
    for _ in 0..DEEPEST {
        match hear(&mut conn, &link, &place).await {
            None => return,
            Some(Speech::Tls) => match tls::open(conn, &mut link, &mut place).await {
                Some(inner) => conn = inner,
                None => return,
            },
            Some(Speech::Http2) => return serve2::serve(conn, link, place).await,
            Some(Speech::Http1) => match serve1::serve(&mut conn, &link, &place).await {
                Next::End => return,
                Next::Tunnel(target) => place = Place { encrypted: false, target: Some(target) },
            },
            Some(Speech::Other) => return swallow(conn, &link, &place).await,
        }
    }
    link.seal(&place, SealReason::UnknownProtocol, "more layers within layers than are followed").await;
}

/// Waits until it can be told what the client speaks. None: it said nothing,
/// or it is over.
async fn hear(conn: &mut Conn, link: &Link, place: &Place) -> Option<Speech> {
    loop {
        if let Some(speech) = tell(&conn.ahead) {
            return Some(speech);
        }
        match timeout(link.settings().idle, conn.fill_unless_ending(&link.shared.stop)).await {
            Ok(Some(Ok(count))) if count > 0 => {}
            Ok(None) if conn.ahead.is_empty() => return None,
            Ok(Some(Err(error))) if tls::late_refusal(&error).is_some() => {
                let (reason, says) = tls::late_refusal(&error)?;
                link.seal(place, reason, says).await;
                return None;
            }
            end => {
                silent(conn.ahead.is_empty(), link, place, end.is_err()).await;
                return None;
            }
        }
    }
}

/// A connection that ended before anything was said on it. Browsers connect
/// ahead of need; some programs also end like this when they do not take our
/// certificate, so the name is kept.
async fn silent(wholly: bool, link: &Link, place: &Place, timed_out: bool) {
    if !wholly {
        link.seal(place, SealReason::UnknownProtocol, "ended before it could be told what it was").await;
        return;
    }
    let code = match timed_out {
        true => "silent-timeout",
        false if place.encrypted => "closed-after-handshake",
        false => "silent",
    };
    link.note(code, link.whereto(place).with_port(), 1).await;
}

/// What these first bytes are; none if more are needed.
fn tell(bytes: &[u8]) -> Option<Speech> {
    match bytes {
        [] => None,
        [22] => None,
        [22, 3, ..] => Some(Speech::Tls),
        _ if HTTP2_PREFACE.starts_with(&bytes[..bytes.len().min(HTTP2_PREFACE.len())]) => {
            (bytes.len() >= HTTP2_PREFACE.len()).then_some(Speech::Http2)
        }
        _ => method(bytes),
    }
}

/// HTTP/1 starts with a method (RFC 9110 §9.1: a token; all that are used are
/// in capitals) and a space.
fn method(bytes: &[u8]) -> Option<Speech> {
    const LONGEST: usize = 24;
    let length = bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')).count();
    match bytes.get(length) {
        None if length <= LONGEST => None,
        Some(b' ') if (1..=LONGEST).contains(&length) => Some(Speech::Http1),
        // An empty line before a request is to be ignored (RFC 9112 §2.2).
        Some(b'\r' | b'\n') if length == 0 => Some(Speech::Http1),
        _ => Some(Speech::Other),
    }
}

/// Takes what a client says in a protocol that is not ours, and counts it.
async fn swallow(mut conn: Conn, link: &Link, place: &Place) {
    let limit = link.settings().swallow_limit;
    while link.counts.sent() < limit {
        conn.ahead.clear();
        match timeout(link.settings().head_time, conn.fill()).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => break,
        }
    }
    link.seal(place, SealReason::UnknownProtocol, "neither TLS nor HTTP").await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_told_from_its_first_bytes() {
        for (bytes, speech) in [
            (&b"GET / HTTP/1.1"[..], Some(Speech::Http1)),
            (b"M-SEARCH * HTTP/1.1", Some(Speech::Http1)),
            (b"PROPFIND /", Some(Speech::Http1)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Speech::Http2)),
            (b"PR", None),
            (b"PRI * HTTP/2.0\r\n", None),
            (b"GE", None),
            (b"", None),
            (b"\x16", None),
            (b"\x16\x03\x01", Some(Speech::Tls)),
            (b"\x16\x02", Some(Speech::Other)),
            (b"SSH-2.0-x", Some(Speech::Other)),
            (b"get / http", Some(Speech::Other)),
            (b"\x00\x01", Some(Speech::Other)),
            (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", Some(Speech::Other)),
        ] {
            assert_eq!(tell(bytes), speech, "{bytes:?}");
        }
    }
}
