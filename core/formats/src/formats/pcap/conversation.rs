//! Recognises the protocol of a connection by its first bytes, never by its
//! port.

use model::{Body, Direction, GapReason, Message, SealReason};

use super::{
    byte_stream::ByteStream,
    exchange::{ConnectionFacts, Outcome},
    http1, http2,
    key_log::KeyLog,
    socks, tls,
};

/// The context of reading a connection: TLS keys, and the depth of tunnels.
#[derive(Clone, Copy)]
pub(in crate::formats) struct Conversation<'k> {
    pub(in crate::formats) keys: &'k KeyLog,
    /// Number of protocols around this connection.
    pub(in crate::formats) depth: u8,
}

/// Protocols within each other: a tunnel through two proxies has seven.
const DEEPEST: u8 = 8;

impl Conversation<'_> {
    /// Reads the exchanges of a connection.
    pub(in crate::formats) fn read(
        &self,
        facts: &ConnectionFacts,
        client: &ByteStream,
        server: &ByteStream,
        out: &mut Outcome,
    ) {
        if client.bytes.is_empty() && server.bytes.is_empty() {
            return;
        }
        if self.depth > DEEPEST {
            out.gap(GapReason::Budget, "a connection has more tunnels in each other than the budget allows");
            return;
        }
        let inner = Self { depth: self.depth + 1, ..*self };
        if tls::is_tls(&client.bytes) || client.bytes.is_empty() && tls::is_tls(&server.bytes) {
            inner.tls(facts, client, server, out);
        } else if client.bytes.starts_with(http2::PREFACE) {
            http2::read(&inner, facts, client, server, out);
        } else if http1::is_request(&client.bytes) {
            http1::read(&inner, facts, client, server, out);
        } else if let Some(request) = socks::request(client, server) {
            let through =
                ConnectionFacts { host: request.host, port: request.port, name: None, is_tls: false, ..facts.clone() };
            inner.read(&through, &client.tail(request.client), &server.tail(request.server), out);
        } else {
            unknown(facts, client, server, out);
        }
    }

    fn tls(&self, facts: &ConnectionFacts, client: &ByteStream, server: &ByteStream, out: &mut Outcome) {
        let opened = tls::decrypt(client, server, self.keys);
        let name = opened.hello.and_then(|hello| hello.name);
        let inside = ConnectionFacts { name, is_tls: true, ..facts.clone() };
        let before = out.exchanges.len();
        self.read(&inside, &opened.client, &opened.server, out);
        let Some(says) = opened.closed else { return };
        // The connection has no application data: only the handshake was sent.
        if opened.sealed == (0, 0) && client.missing + server.missing == 0 && out.exchanges.len() == before {
            let says = format!("{says}; nothing but the handshake was sent");
            out.push(inside.sealed(
                client.time_at(0),
                SealReason::Tunnelled,
                says,
                client.bytes.len() as u64,
                server.bytes.len() as u64,
            ));
            return;
        }
        let (sent, received) = (opened.sealed.0 + client.missing, opened.sealed.1 + server.missing);
        out.push(inside.sealed(client.time_at(0), SealReason::Tunnelled, says, sent, received));
    }
}

/// Keeps the bytes of an unknown protocol as messages.
fn unknown(facts: &ConnectionFacts, client: &ByteStream, server: &ByteStream, out: &mut Outcome) {
    let scheme = if facts.is_tls { "tls" } else { "tcp" };
    let side = |stream: &ByteStream, direction| {
        let runs = stream.runs().map(|(_, bytes, at)| Message { direction, at, text: false, body: Body::whole(bytes) });
        runs.collect::<Vec<_>>()
    };
    let mut messages = side(client, Direction::FromClient);
    messages.extend(side(server, Direction::FromServer));
    messages.sort_by_key(|message| message.at);
    out.push(facts.bytes(scheme, messages));
    let missing = client.missing + server.missing;
    if missing > 0 {
        let says = format!("{missing} bytes of the connection are not in the capture, or follow such");
        out.gap_of_last("entry", GapReason::Missing, says);
    }
}
