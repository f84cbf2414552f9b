//! Packets sorted into connections.
//!
//! A connection is read when it is over, or when the capture is; until then
//! its bytes are kept, within a budget. Exchanges of what is read at one time
//! come in the order in which they began.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::Arc,
};

use model::{Body, Client, Direction, Exchange, Gap, GapReason, Header, Message, Process, Request, SealReason, Time};

use super::{
    blocks::CapturedPacket,
    conversation::Conversation,
    dns,
    exchange::{self, ConnectionFacts, Outcome},
    key_log::KeyLog,
    packet::{self, ACK, FIN, PacketContent, Payload, RST, Route, SYN, TcpHead},
    quic,
    reassembly::HalfConnection,
};

/// What is given away at one time.
pub(super) struct Emitted {
    pub(super) exchanges: Vec<(Exchange, Vec<Gap>)>,
    pub(super) gaps: Vec<Gap>,
}

/// Bytes kept before connections that are over are read.
const ENOUGH: usize = 24 << 20;
/// Bytes kept before others are read, too, the largest first.
const MOST: usize = 96 << 20;
/// Connections at one time, of either kind.
const CONNECTIONS: usize = 1 << 16;
/// Names that addresses are known by.
const NAMES: usize = 1 << 16;

#[derive(Default)]
struct TcpConnection {
    number: u64,
    client: HalfConnection,
    server: HalfConnection,
    user: Option<u32>,
    /// Segments came after it was read.
    is_read: bool,
}

#[derive(Default)]
struct UdpConversation {
    number: u64,
    datagrams: Vec<(Direction, Time, Vec<u8>, usize)>,
    cost: usize,
    left_out: u64,
    user: Option<u32>,
}

/// Everything that is known of a capture so far.
pub(super) struct ConnectionTable {
    keys: KeyLog,
    tcp: BTreeMap<Route, TcpConnection>,
    udp: BTreeMap<Route, UdpConversation>,
    over: Vec<(Route, TcpConnection)>,
    /// What all of them cost, and what those that are over do.
    cost: usize,
    cost_of_over: usize,
    numbers: u64,
    apps: BTreeMap<u32, String>,
    names: BTreeMap<IpAddr, String>,
    unread: UnreadPackets,
    wrong: Vec<(GapReason, String)>,
}

/// Packets that gave nothing, by the reason.
#[derive(Default)]
struct UnreadPackets {
    fragments: u64,
    cut: u64,
    unknown: u64,
    links: BTreeMap<u32, u64>,
    protocols: BTreeMap<u8, u64>,
}

impl ConnectionTable {
    pub(super) fn with_keys(log: &[u8]) -> Self {
        let mut keys = KeyLog::default();
        keys.add(log);
        Self {
            keys,
            tcp: BTreeMap::new(),
            udp: BTreeMap::new(),
            over: Vec::new(),
            cost: 0,
            cost_of_over: 0,
            numbers: 0,
            apps: BTreeMap::new(),
            names: BTreeMap::new(),
            unread: UnreadPackets::default(),
            wrong: Vec::new(),
        }
    }

    pub(super) fn secrets(&mut self, log: &[u8]) {
        self.keys.add(log);
    }

    pub(super) fn app(&mut self, user: u32, package: String) {
        if self.apps.len() < CONNECTIONS {
            self.apps.insert(user, package);
        }
    }

    pub(super) fn wrong(&mut self, why: GapReason, says: String) {
        if self.wrong.len() < 64 && !self.wrong.iter().any(|(_, known)| *known == says) {
            self.wrong.push((why, says));
        }
    }

    pub(super) fn packet(&mut self, captured: &CapturedPacket) {
        let mut user = captured.user;
        if captured.link == 1
            && let Some((id, name)) = packet::trailer(&captured.bytes)
        {
            user = Some(id);
            self.apps.entry(id).or_insert(name);
        }
        if !packet::is_known_link(captured.link) {
            *self.unread.links.entry(captured.link).or_default() += 1;
            return;
        }
        match packet::content(captured) {
            PacketContent::Tcp { route, head, payload } => self.segment(route, &head, &payload, captured.at, user),
            PacketContent::Udp { route, payload } => self.datagram(route, &payload, captured.at, user),
            PacketContent::Fragment => self.unread.fragments += 1,
            PacketContent::Other(protocol) => *self.unread.protocols.entry(protocol).or_default() += 1,
            PacketContent::Unknown => self.unread.unknown += 1,
            PacketContent::Cut => self.unread.cut += 1,
            PacketContent::Nothing => {}
        }
    }

    fn segment(&mut self, route: Route, head: &TcpHead, payload: &Payload<'_>, at: Time, user: Option<u32>) {
        let opens = head.flags & (SYN | ACK) == SYN;
        let mut key = self.known(route, head.flags);
        // The same ports again are another connection.
        if opens
            && let Some(old) = self.tcp.get(&key)
            && (old.is_read || old.client.cost() + old.server.cost() > 0 || old.client.finished)
        {
            self.close(key);
            key = route;
        }
        if !self.tcp.contains_key(&key) && self.tcp.len() >= CONNECTIONS {
            self.wrong(
                GapReason::Budget,
                "more connections are open at one time than the budget allows: some were not read".into(),
            );
            return;
        }
        let numbers = &mut self.numbers;
        let connection = self.tcp.entry(key).or_insert_with(|| {
            *numbers += 1;
            TcpConnection { number: *numbers - 1, ..TcpConnection::default() }
        });
        connection.user = connection.user.or(user);
        let half = if key == route { &mut connection.client } else { &mut connection.server };
        let mut sequence = head.sequence;
        if head.flags & SYN != 0 {
            half.syn(sequence);
            sequence = sequence.wrapping_add(1);
        }
        if !connection.is_read {
            self.cost += half.segment(sequence, payload.bytes, payload.length, at);
        } else if payload.length > 0 {
            self.wrong(GapReason::Budget, "a connection is larger than the budget allows: its end was not read".into());
            return;
        }
        if head.flags & FIN != 0 && !connection.is_read {
            half.fin();
        }
        half.finished |= head.flags & (FIN | RST) != 0;
        let is_over = head.flags & RST != 0 || connection.client.finished && connection.server.finished;
        if is_over && payload.length == 0 && head.flags & ACK != 0 && head.flags & (FIN | RST) == 0 {
            self.close(key);
        }
    }

    /// The key of a connection: its client's direction.
    fn known(&self, route: Route, flags: u8) -> Route {
        let reversed = route.reversed();
        if self.tcp.contains_key(&route) {
            return route;
        }
        if self.tcp.contains_key(&reversed) {
            return reversed;
        }
        match flags & (SYN | ACK) {
            SYN => route,
            flags if flags == SYN | ACK => reversed,
            _ => client_side(route),
        }
    }

    fn close(&mut self, key: Route) {
        if let Some(connection) = self.tcp.remove(&key)
            && !connection.is_read
        {
            self.cost_of_over += connection.client.cost() + connection.server.cost();
            self.over.push((key, connection));
        }
    }

    fn datagram(&mut self, route: Route, payload: &Payload<'_>, at: Time, user: Option<u32>) {
        /// A datagram costs so much besides its bytes.
        const OVERHEAD: usize = 64;
        /// Of one conversation no more is kept.
        const KEPT: usize = 32 << 20;
        if let Some(message) = dns::message(payload.bytes).filter(|message| message.is_answer && is_dns(route)) {
            for address in message.addresses {
                if self.names.len() < NAMES {
                    self.names.insert(address, message.name.clone());
                }
            }
        }
        let reversed = route.reversed();
        let key = match () {
            () if self.udp.contains_key(&route) => route,
            () if self.udp.contains_key(&reversed) => reversed,
            () => client_side(route),
        };
        if !self.udp.contains_key(&key) && self.udp.len() >= CONNECTIONS {
            self.wrong(
                GapReason::Budget,
                "more conversations over UDP than the budget allows: some were not read".into(),
            );
            return;
        }
        let numbers = &mut self.numbers;
        let conversation = self.udp.entry(key).or_insert_with(|| {
            *numbers += 1;
            UdpConversation { number: *numbers - 1, ..UdpConversation::default() }
        });
        conversation.user = conversation.user.or(user);
        let cost = payload.bytes.len() + OVERHEAD;
        if conversation.cost + cost > KEPT {
            conversation.left_out += payload.length as u64;
            return;
        }
        conversation.cost += cost;
        self.cost += cost;
        let direction = if key == route { Direction::FromClient } else { Direction::FromServer };
        conversation.datagrams.push((direction, at, payload.bytes.to_vec(), payload.length));
    }

    /// Whether something has to be read before more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.cost_of_over > ENOUGH || self.cost > MOST
    }

    /// Reads what is over; if that is not enough, what is largest.
    pub(super) fn flush(&mut self) -> Emitted {
        let mut out = Outcome::default();
        self.read_over(&mut out);
        while self.cost > MOST / 2 {
            let tcp = self
                .tcp
                .iter()
                .map(|(key, connection)| (connection.client.cost() + connection.server.cost(), true, *key));
            let udp = self.udp.iter().map(|(key, conversation)| (conversation.cost, false, *key));
            let Some((cost, is_tcp, key)) = tcp.chain(udp).max() else { break };
            if cost == 0 {
                break;
            }
            if is_tcp {
                if let Some(connection) = self.tcp.get_mut(&key) {
                    let read = TcpConnection {
                        number: connection.number,
                        user: connection.user,
                        is_read: true,
                        ..TcpConnection::default()
                    };
                    let taken = std::mem::replace(connection, read);
                    self.read_tcp(key, taken, &mut out);
                }
            } else if let Some(conversation) = self.udp.remove(&key) {
                self.read_udp(key, conversation, &mut out);
            }
        }
        emitted(out)
    }

    /// Reads everything that is left.
    pub(super) fn finish(&mut self) -> Emitted {
        let mut out = Outcome::default();
        for key in self.tcp.keys().copied().collect::<Vec<_>>() {
            self.close(key);
        }
        self.read_over(&mut out);
        for (key, conversation) in std::mem::take(&mut self.udp) {
            self.read_udp(key, conversation, &mut out);
        }
        for (why, says) in std::mem::take(&mut self.wrong) {
            out.gap(why, says);
        }
        self.unread.say(&mut out);
        emitted(out)
    }

    fn read_over(&mut self, out: &mut Outcome) {
        let mut over = std::mem::take(&mut self.over);
        over.sort_by_key(|(_, connection)| connection.number);
        for (key, connection) in over {
            self.read_tcp(key, connection, out);
        }
        self.cost_of_over = 0;
    }

    fn read_tcp(&mut self, key: Route, connection: TcpConnection, out: &mut Outcome) {
        self.cost = self.cost.saturating_sub(connection.client.cost() + connection.server.cost());
        if connection.client.left_out + connection.server.left_out > 0 {
            self.wrong(GapReason::Budget, "a connection is larger than the budget allows: its end was not read".into());
        }
        let facts = self.facts(key, connection.number, connection.user);
        let (client, server) = (connection.client.assembled(), connection.server.assembled());
        if client.bytes.is_empty() && server.bytes.is_empty() && client.missing + server.missing > 0 {
            let says = format!("{} bytes of a connection are not in the capture", client.missing + server.missing);
            out.push(facts.bytes("tcp", Vec::new()));
            out.gap_of_last("entry", GapReason::Missing, says);
            return;
        }
        Conversation { keys: &self.keys, depth: 0 }.read(&facts, &client, &server, out);
    }

    fn read_udp(&mut self, key: Route, conversation: UdpConversation, out: &mut Outcome) {
        self.cost = self.cost.saturating_sub(conversation.cost);
        let facts = self.facts(key, conversation.number, conversation.user);
        if is_dns(key) {
            return questions(&facts, conversation.datagrams, out);
        }
        if let Some(exchange) = quic(&facts, &conversation) {
            return out.push(exchange);
        }
        let message = |(direction, at, bytes, length): (Direction, Time, Vec<u8>, usize)| {
            let cut_from = (bytes.len() < length).then_some(length as u64);
            Message { direction, at, text: false, body: Body { cut_from, ..Body::whole(bytes) } }
        };
        out.push(facts.bytes("udp", conversation.datagrams.into_iter().map(message).collect()));
        if conversation.left_out > 0 {
            let says = format!("{} bytes more went over it than the budget allows", conversation.left_out);
            out.gap_of_last("entry", GapReason::Budget, says);
        }
    }

    fn facts(&self, key: Route, number: u64, user: Option<u32>) -> ConnectionFacts {
        let app = user.and_then(|user| self.apps.get(&user));
        let process = app.map(|name| Process { pid: 0, name: name.clone(), path: String::new() });
        let (address, port) = key.from;
        let address = if address.is_ipv6() { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
        let host = self.names.get(&key.to.0).cloned().unwrap_or_else(|| key.to.0.to_string());
        ConnectionFacts {
            number,
            client: Arc::new(Client { address: Some(address), process, ..Client::default() }),
            host,
            port: key.to.1,
            name: None,
            is_tls: false,
        }
    }
}

/// A guess for what was seen without its beginning: servers have the lower port.
fn client_side(route: Route) -> Route {
    if route.from.1 < 1024 && route.to.1 > route.from.1 { route.reversed() } else { route }
}

/// DNS, and what asks the same on a local network.
fn is_dns(route: Route) -> bool {
    [route.from.1, route.to.1].iter().any(|port| matches!(port, 53 | 5353 | 5355))
}

/// A connection of QUIC, with the name that its client asked for.
fn quic(facts: &ConnectionFacts, conversation: &UdpConversation) -> Option<Exchange> {
    let datagrams = || conversation.datagrams.iter();
    let client = || datagrams().filter(|(direction, ..)| *direction == Direction::FromClient);
    // Without its beginning a connection has short heads only.
    let is_short = || {
        facts.port == 443 && datagrams().all(|(_, _, bytes, _)| bytes.first().is_some_and(|first| first & 0xc0 == 0x40))
    };
    let begins = datagrams().any(|(_, _, bytes, _)| quic::is_quic(bytes));
    if !begins && !is_short() {
        return None;
    }
    let name = quic::name(client().map(|(_, _, bytes, _)| &bytes[..]));
    let size =
        |of| datagrams().filter(|(direction, ..)| *direction == of).map(|(.., length)| *length as u64).sum::<u64>();
    let (sent, received) = (size(Direction::FromClient), size(Direction::FromServer));
    let started = datagrams().next().map(|(_, at, ..)| *at).unwrap_or_default();
    let facts = ConnectionFacts { name, is_tls: true, ..facts.clone() };
    let says = "it is QUIC, of which the name alone is read".to_owned();
    Some(facts.sealed(started, SealReason::Quic, says, sent + conversation.left_out, received))
}

/// Questions with their answers.
fn questions(facts: &ConnectionFacts, datagrams: Vec<(Direction, Time, Vec<u8>, usize)>, out: &mut Outcome) {
    let headers = || vec![Header::new("Content-Type", "application/dns-message")];
    let (mut asked, mut other): (VecDeque<(u16, Exchange)>, Vec<Message>) = (VecDeque::new(), Vec::new());
    for (direction, at, bytes, _) in datagrams {
        let Some(message) = dns::message(&bytes) else {
            other.push(Message { direction, at, text: false, body: Body::whole(bytes) });
            continue;
        };
        let open = asked.iter().position(|(id, exchange)| *id == message.id && exchange.response.is_none());
        if message.is_answer
            && let Some(open) = open
        {
            let exchange = &mut asked[open].1;
            exchange.ended = Some(at);
            exchange.response = Some(exchange::answer(200, "DNS".into(), headers(), Body::whole(bytes)));
            continue;
        }
        let request = Request {
            method: Request::DNS.into(),
            url: format!("dns://{}/?type={}", message.name, message.kind),
            version: "DNS".into(),
            headers: headers(),
            body: Body::whole(bytes),
        };
        asked.push_back((message.id, facts.exchange(at, request)));
    }
    asked.into_iter().for_each(|(_, exchange)| out.push(exchange));
    if !other.is_empty() {
        out.push(facts.bytes("udp", other));
    }
}

/// In the order in which they began, each gap with its exchange.
fn emitted(out: Outcome) -> Emitted {
    let mut exchanges = out.exchanges;
    exchanges.sort_by_key(|(exchange, _)| (exchange.started, exchange.connection));
    Emitted { exchanges, gaps: out.gaps }
}

impl UnreadPackets {
    fn say(&self, out: &mut Outcome) {
        if self.fragments > 0 {
            out.gap(
                GapReason::Unsupported,
                format!("{} packets are fragments of IP and were not put together", self.fragments),
            );
        }
        if self.cut > 0 {
            out.gap(GapReason::Cut, format!("the capture kept too little of {} packets to read them", self.cut));
        }
        if self.unknown > 0 {
            out.gap(
                GapReason::Unsupported,
                format!("{} packets are of a network protocol that is not read", self.unknown),
            );
        }
        for (link, count) in &self.links {
            out.gap(GapReason::Unsupported, format!("{count} packets are of link type {link}, which is not read"));
        }
        for (protocol, count) in &self.protocols {
            let name = match protocol {
                1 | 58 => "ICMP, other than errors".to_owned(),
                132 => "SCTP".to_owned(),
                47 => "GRE".to_owned(),
                50 => "IPsec".to_owned(),
                other => format!("IP protocol {other}"),
            };
            out.gap(GapReason::Unsupported, format!("{count} packets are of {name} and were not read"));
        }
    }
}
