//! Handles one connection: its first bytes show the protocol, layer by layer,
//! until HTTP starts or the protocol is unknown.
//!
//! An ordinary browser sends `CONNECT host:443`, then TLS, then HTTP/2. A
//! redirected connection starts with TLS, and the kernel knows its destination.
//! If a client speaks HTTP/2 to us as its proxy, each CONNECT is an HTTP/2
//! stream, and the stream is handled like a connection.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use hyper::upgrade::OnUpgrade;
use model::{Body, Client, IngressKind, NoteCode, SealReason};
use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    DevicePairing,
    clock::ClockMoment,
    exchange::connection_context::{ConnectionContext, ProxyContext},
    exchange::target::{ConnectionTarget, HostPort},
    http1::{self, server::AfterHttp1},
    http2,
    inbound::socks::{self, ReplyCode},
    inbound::splice,
    inbound::stream::{BufferedStream, WireCounts},
    limits::ConnectionTicket,
    pairing_page,
    tls::handshake::{self, TlsOutcome},
    upstream::connector,
    upstream::peer::{DialState, UpstreamPeer, UpstreamServer},
};

/// How many nested layers are read: CONNECT, TLS, CONNECT, TLS …, also if a
/// CONNECT is an HTTP/2 stream.
const DEEPEST: usize = 8;

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The protocol that the next bytes of a connection belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FirstBytes {
    Tls,
    Http1,
    Http2,
    Socks,
    /// The client waits, and the server has sent the first bytes.
    ServerFirst,
    Other,
}

/// Handles a connection to its end.
pub(crate) async fn follow(
    stream: TcpStream,
    peer: SocketAddr,
    mut ticket: ConnectionTicket,
    shared: Arc<ProxyContext>,
) {
    // With Nagle's algorithm small responses would wait for the client's
    // acknowledgements.
    let _ = stream.set_nodelay(true);
    connector::keep_watch(&stream);
    let (original, here) = (original_destination(&stream), stream.local_addr().ok());
    let counts = Arc::new(WireCounts::default());
    let mut conn = BufferedStream::tcp(stream, Arc::clone(&counts), &shared.stop);
    let pairing = shared.settings.pairing.clone().filter(|pairing| !pairing.admits(peer.ip()));
    let number = shared.settings.connections.fetch_add(1, Relaxed);
    let process = match &shared.processes {
        Some(finder) => finder.behind(peer).await,
        None => None,
    };
    if let Some(process) = &process
        && !ticket.of_program(process.pid)
    {
        return;
    }
    let client = Arc::new(Client { address: Some(peer.to_string()), process, ..Client::default() });
    let inlet = if original.is_some() { IngressKind::Transparent } else { IngressKind::Proxy };
    let (opened, under_way) = (ClockMoment::now(), Arc::default());
    let link =
        ConnectionContext { shared, number, inlet, client, peer, here, counts, original, opened, layers: 0, under_way };
    if original.is_none() && !speaks(&mut conn, &link).await {
        return silent(b"", &link, &ConnectionTarget::default(), true).await;
    }
    if link.shared.egress.is_some() && !ticket.takes_one_more() {
        return;
    }
    // The future for the rest of the connection is large, and an idle
    // connection does not need it; so it is boxed.
    Box::pin(begin(conn, link, pairing)).await;
}

/// Waits until a client that was not redirected sends something. False: it sent
/// nothing in time.
async fn speaks(conn: &mut BufferedStream, link: &ConnectionContext) -> bool {
    let ending = link.shared.stop.ending();
    tokio::select! {
        biased;
        waited = timeout(link.settings().idle, conn.readable()) => waited.is_ok(),
        () = ending => true,
    }
}

async fn begin(conn: BufferedStream, link: ConnectionContext, pairing: Option<Arc<DevicePairing>>) {
    if let Some(pairing) = pairing {
        return pairing_page::turn_away(conn, &link, &pairing).await;
    }
    if link.settings().expects.is_some_and(|expected| expected != link.inlet && expected != IngressKind::Socks) {
        let place = link.place(link.original.map(HostPort::from));
        link.note(NoteCode::Bypassed, link.whereto(&place).with_port(), 1).await;
    }
    let place = link.place(link.original.map(HostPort::from));
    // A redirected client did not ask us for a connection, so there is no reply
    // that could carry the error.
    match UpstreamPeer::find(&link, &place).await {
        Ok(behind) => speak(conn, link, place, behind).await,
        Err(_) => link.note(NoteCode::Unreachable, link.whereto(&place).with_port(), 1).await,
    }
}

/// Handles a tunnel inside HTTP/2 to its end, after the client got the response
/// to its CONNECT. The future is boxed because a tunnel can contain further
/// tunnels.
pub(crate) fn follow_tunnel(
    tunnel: OnUpgrade,
    link: ConnectionContext,
    place: ConnectionTarget,
    behind: UpstreamPeer,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        match tunnel.await {
            Ok(stream) => {
                let conn = BufferedStream::tunnel(stream, Arc::clone(&link.counts), &link.shared.stop);
                speak(conn, link, place, behind).await;
            }
            // The client reset the stream before the tunnel was open.
            Err(_) => silent(b"", &link, &place, false).await,
        }
    })
}

/// The original destination of a redirected connection (`SO_ORIGINAL_DST`).
/// None: the client connected to the proxy itself.
fn original_destination(stream: &TcpStream) -> Option<SocketAddr> {
    let local = stream.local_addr().ok()?;
    let socket = SockRef::from(stream);
    let original =
        if local.ip().to_canonical().is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() };
    // On a socket that was not redirected, the call fails or returns the
    // socket's own address.
    let original = original.ok()?.as_socket()?;
    let same = original.ip().to_canonical() == local.ip().to_canonical() && original.port() == local.port();
    (!same).then_some(original)
}

async fn speak(
    mut conn: BufferedStream,
    mut link: ConnectionContext,
    mut place: ConnectionTarget,
    mut behind: UpstreamPeer,
) {
    while link.layers < DEEPEST {
        link.layers += 1;
        let next = match hear(&mut conn, &link, &place, &mut behind).await {
            None => return,
            Some(FirstBytes::ServerFirst) => return leave(conn, link, place, behind, "the server speaks first").await,
            Some(FirstBytes::Other) => return leave(conn, link, place, behind, "neither TLS nor HTTP").await,
            Some(FirstBytes::Http2) => return Box::pin(http2::server::serve(conn, link, place, behind)).await,
            Some(FirstBytes::Tls) => match Box::pin(handshake::open(conn, &mut link, &mut place, &mut behind)).await {
                TlsOutcome::Inner(inner) => {
                    conn = inner;
                    continue;
                }
                TlsOutcome::Sealed => return,
            },
            Some(FirstBytes::Http1) => {
                match Box::pin(http1::server::serve(&mut conn, &link, &place, &mut behind)).await {
                    AfterHttp1::End => return,
                    AfterHttp1::Tunnel(target) => TunnelRequest::Tunnel(target),
                }
            }
            Some(FirstBytes::Socks) => match socks::wanted(&mut conn, &link).await {
                None => return,
                Some(target) => {
                    link.inlet = IngressKind::Socks;
                    TunnelRequest::Socks(target)
                }
            },
        };
        match tunnel(&mut conn, &link, next).await {
            Some((to, through)) => (place, behind) = (to, through),
            None => return,
        }
    }
    link.seal(&place, SealReason::UnknownProtocol, "more layers within layers than are followed").await;
}

/// The protocol in which a client asked for a connection to a server.
enum TunnelRequest {
    Tunnel(HostPort),
    Socks(HostPort),
}

/// Connects to the server that a client asked for, and tells the client. None:
/// it failed.
async fn tunnel(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    asked: TunnelRequest,
) -> Option<(ConnectionTarget, UpstreamPeer)> {
    let (target, is_socks) = match asked {
        TunnelRequest::Tunnel(target) => (target, false),
        TunnelRequest::Socks(target) => (target, true),
    };
    let place = link.place(Some(target));
    match (UpstreamPeer::find(link, &place).await, is_socks) {
        (Ok(behind), true) => socks::tell(conn, ReplyCode::Connected).await.then_some((place, behind)),
        (Ok(behind), false) => {
            let told = conn.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
            told.is_ok().then_some((place, behind))
        }
        (Err(trouble), is_socks) => {
            link.refused_tunnel(&place, &trouble, "HTTP/1.1").await;
            if is_socks {
                let told = if trouble.status == 403 { ReplyCode::NotAllowed } else { ReplyCode::Unreachable };
                socks::tell(conn, told).await;
            } else {
                let _ = conn.write_all(&trouble.answer_to_connect()).await;
                let _ = conn.shutdown().await;
            }
            None
        }
    }
}

/// How long to wait for the client's first bytes before the server is connected
/// to by address alone: in some protocols the server sends first.
const SILENCE: Duration = Duration::from_millis(300);

/// Waits until the first bytes show the protocol. None: nothing was sent, or
/// the connection ended.
async fn hear(
    conn: &mut BufferedStream,
    link: &ConnectionContext,
    place: &ConnectionTarget,
    behind: &mut UpstreamPeer,
) -> Option<FirstBytes> {
    // The first bytes must arrive within `head_time`, so a client cannot send
    // them one by one without end.
    let mut begun: Option<Instant> = None;
    loop {
        if let Some(speech) = tell(&conn.ahead, place.target.is_none()) {
            return Some(speech);
        }
        let waits_for_a_name =
            matches!(behind, UpstreamPeer::Server(UpstreamServer { dialling: DialState::NotNamedYet, .. }))
                && conn.ahead.is_empty();
        let server_first = async {
            match behind {
                UpstreamPeer::Server(UpstreamServer { reached: Some(reached), .. }) if !reached.encrypted => {
                    reached.conn.fill().await
                }
                _ => std::future::pending().await,
            }
        };
        let until = match conn.ahead.is_empty() {
            true => Instant::now() + link.settings().idle,
            false => *begun.get_or_insert_with(Instant::now) + link.settings().head_time,
        };
        let filled = tokio::select! {
            biased;
            () = sleep(SILENCE), if waits_for_a_name => {
                if !dial_unnamed(link, place, behind).await {
                    return None;
                }
                continue;
            }
            filled = timeout_at(until, conn.fill_unless_ending(&link.shared.stop)) => filled,
            Ok(count) = server_first, if conn.ahead.is_empty() => {
                if count > 0 {
                    return Some(FirstBytes::ServerFirst);
                }
                // The server closed the connection before either side sent
                // anything. The client's own connection will end too.
                *behind = UpstreamPeer::Us;
                Ok(Some(Ok(0)))
            }
        };
        match filled {
            Ok(Some(Ok(count))) if count > 0 => {}
            Ok(None) if conn.ahead.is_empty() => return None,
            Ok(Some(Err(error))) if handshake::late_refusal(&error).is_some() => {
                let (reason, says) = handshake::late_refusal(&error)?;
                handshake::refused(link, &link.whereto(place).host, reason, &error);
                link.seal(place, reason, says).await;
                return None;
            }
            end => {
                silent(&conn.ahead, link, place, end.is_err()).await;
                return None;
            }
        }
    }
}

/// Connects to a server that is only known by its address. False: it failed.
async fn dial_unnamed(link: &ConnectionContext, place: &ConnectionTarget, behind: &mut UpstreamPeer) -> bool {
    let UpstreamPeer::Server(server) = behind else { return true };
    let dialled = server.dial_as(link, place, &link.whereto(place).host).await;
    if dialled.is_err() {
        link.note(NoteCode::Unreachable, link.whereto(place).with_port(), 1).await;
    }
    dialled.is_ok()
}

/// Records a connection that ended before the client sent anything. Browsers
/// open connections ahead of need. Some programs also close a connection in
/// this way when they reject our certificate, so the host name is recorded.
async fn silent(said: &[u8], link: &ConnectionContext, place: &ConnectionTarget, timed_out: bool) {
    if !said.is_empty() {
        let says = "ended before it could be told what it was";
        link.seal_with(place, SealReason::UnknownProtocol, says, Body::whole(said)).await;
        return;
    }
    let code = match timed_out {
        true => NoteCode::SilentTimeout,
        false if place.encrypted => NoteCode::ClosedAfterHandshake,
        false => NoteCode::Silent,
    };
    link.note(code, link.whereto(place).with_port(), 1).await;
}

/// The protocol of these first bytes; None if more bytes are needed. SOCKS is
/// possible only if the client connected `to_a_proxy`.
fn tell(bytes: &[u8], to_a_proxy: bool) -> Option<FirstBytes> {
    match bytes {
        [5, ..] if to_a_proxy => Some(FirstBytes::Socks),
        [] => None,
        [22] => None,
        [22, 3, ..] => Some(FirstBytes::Tls),
        _ if HTTP2_PREFACE.starts_with(&bytes[..bytes.len().min(HTTP2_PREFACE.len())]) => {
            (bytes.len() >= HTTP2_PREFACE.len()).then_some(FirstBytes::Http2)
        }
        _ => method(bytes),
    }
}

/// Whether the bytes start with an HTTP/1 method (RFC 9110 §9.1: a token; all
/// known methods are in capitals) and a space.
fn method(bytes: &[u8]) -> Option<FirstBytes> {
    const LONGEST: usize = 24;
    let length = bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')).count();
    match bytes.get(length) {
        None if length <= LONGEST => None,
        Some(b' ') if (1..=LONGEST).contains(&length) => Some(FirstBytes::Http1),
        // Empty lines before a request must be ignored (RFC 9112 §2.2).
        Some(b'\r' | b'\n') if length == 0 => Some(FirstBytes::Http1),
        _ => Some(FirstBytes::Other),
    }
}

/// Passes a connection of an unknown protocol through unread. Without a server,
/// reads the client's bytes and records them.
async fn leave(
    mut conn: BufferedStream,
    link: ConnectionContext,
    place: ConnectionTarget,
    mut behind: UpstreamPeer,
    says: &str,
) {
    if !dial_unnamed(&link, &place, &mut behind).await {
        return link.seal_with(&place, SealReason::UnknownProtocol, says, Body::whole(&conn.ahead[..])).await;
    }
    if let UpstreamPeer::Server(UpstreamServer { reached: Some(reached), .. }) = behind {
        return splice::untouched(conn, reached.conn, &link, &place, SealReason::UnknownProtocol, says).await;
    }
    let (limit, mut part) = (link.settings().swallow_limit, link.part());
    while link.counts.sent() < limit {
        part.add(&conn.ahead);
        conn.ahead.clear();
        match timeout(link.settings().head_time, conn.fill()).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => break,
        }
    }
    part.add(&conn.ahead);
    link.seal_with(&place, SealReason::UnknownProtocol, says, part.whole()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_told_from_its_first_bytes() {
        for (bytes, speech) in [
            (&b"GET / HTTP/1.1"[..], Some(FirstBytes::Http1)),
            (b"M-SEARCH * HTTP/1.1", Some(FirstBytes::Http1)),
            (b"PROPFIND /", Some(FirstBytes::Http1)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(FirstBytes::Http2)),
            (b"PR", None),
            (b"PRI * HTTP/2.0\r\n", None),
            (b"GE", None),
            (b"", None),
            (b"\x16", None),
            (b"\x16\x03\x01", Some(FirstBytes::Tls)),
            (b"\x16\x02", Some(FirstBytes::Other)),
            (b"SSH-2.0-x", Some(FirstBytes::Other)),
            (b"get / http", Some(FirstBytes::Other)),
            (b"\x00\x01", Some(FirstBytes::Other)),
            (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", Some(FirstBytes::Other)),
            (b"\x05\x01", Some(FirstBytes::Socks)),
        ] {
            assert_eq!(tell(bytes, true), speech, "{bytes:?}");
        }
        assert_eq!(tell(b"\x05\x01", false), Some(FirstBytes::Other));
    }
}
