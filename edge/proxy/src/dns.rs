//! A DNS responder that answers every name itself and asks no other server.
//!
//! Each name gets an address of its own, so that the proxy can find the name
//! for a connection to an address. Queries for IPv6 and service binding records
//! (HTTPS, SVCB) get an empty answer: clients then use IPv4, and get no hints
//! for HTTP/3 and encrypted hellos. Names of one label do not exist: browsers
//! use them to look for servers of the local network.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use model::{AnsweredBy, Body, Client, Exchange, Header, IngressKind, Note, Request, Response};
use simple_dns::{CLASS, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE, rdata::RData};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    time::timeout,
};

use crate::{
    Error, ExchangeSink, clock,
    stop::{StopHandle, StopToken, stopper},
};

/// How many names get an address of their own; all further names share the last
/// address.
const MOST_NAMES: u32 = 60_000;
const TTL: u32 = 60;
const PATIENCE: Duration = Duration::from_secs(30);

/// Which address was given to which name. Addresses are given in the order in
/// which clients ask for the names.
#[derive(Debug)]
pub struct NameAddresses {
    first: Ipv4Addr,
    given: Mutex<GivenAddress>,
}

#[derive(Default)]
struct GivenAddress {
    by_name: HashMap<String, Ipv4Addr>,
    by_address: HashMap<Ipv4Addr, String>,
}

impl std::fmt::Debug for GivenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(..)")
    }
}

impl NameAddresses {
    /// Gives out addresses from `first` on.
    pub fn from(first: Ipv4Addr) -> Self {
        Self { first, given: Mutex::default() }
    }

    /// The address for a name. The same name always gets the same address.
    pub fn address_of(&self, name: &str) -> Ipv4Addr {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = given.by_name.get(&name) {
            return *address;
        }
        let count = u32::try_from(given.by_name.len()).unwrap_or(MOST_NAMES).min(MOST_NAMES);
        let address = Ipv4Addr::from_bits(self.first.to_bits().wrapping_add(count));
        if count < MOST_NAMES {
            given.by_address.insert(address, name.clone());
            given.by_name.insert(name, address);
        }
        address
    }

    /// The name for which this address was given out.
    pub fn name_of(&self, address: IpAddr) -> Option<String> {
        let IpAddr::V4(address) = address.to_canonical() else { return None };
        self.given.lock().unwrap_or_else(PoisonError::into_inner).by_address.get(&address).cloned()
    }
}

impl Default for NameAddresses {
    /// Uses a range of ordinary public addresses, because clients treat private
    /// and reserved addresses differently. No packet is sent to these
    /// addresses.
    fn default() -> Self {
        Self::from(Ipv4Addr::new(93, 184, 0, 1))
    }
}

/// A DNS responder that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct DnsResponder {
    stopper: StopHandle,
}

/// Writes DNS messages to the sink, with the trial that they belong to.
struct DnsRecorder {
    addresses: Arc<NameAddresses>,
    sink: Arc<dyn ExchangeSink>,
    trial: Option<u32>,
    stop: StopToken,
    messages: AtomicU64,
}

/// How a DNS message arrived: the sender's address and the transport.
#[derive(Clone, Copy)]
struct MessageArrival {
    from: SocketAddr,
    version: &'static str,
}

/// DNS messages get connection numbers above those of TCP connections.
const NUMBERS: u64 = 1 << 40;

impl DnsResponder {
    /// Answers on sockets that are already bound. In a trial every message is
    /// recorded as an exchange, whatever its content, because every byte of it
    /// leaves the client. Outside a trial every question is recorded as a `dns`
    /// note with `name type` as its text.
    pub fn serve(
        udp: std::net::UdpSocket,
        tcp: Option<std::net::TcpListener>,
        addresses: Arc<NameAddresses>,
        sink: Arc<dyn ExchangeSink>,
        trial: Option<u32>,
    ) -> Result<Self, Error> {
        let (stopper, stop) = stopper(Arc::default());
        let desk = Arc::new(DnsRecorder { addresses, sink, trial, stop, messages: AtomicU64::new(0) });
        udp.set_nonblocking(true).map_err(Error::Socket)?;
        let udp = UdpSocket::from_std(udp).map_err(Error::Socket)?;
        if let Some(tcp) = tcp {
            tcp.set_nonblocking(true).map_err(Error::Socket)?;
            let tcp = TcpListener::from_std(tcp).map_err(Error::Socket)?;
            tokio::spawn(serve_tcp(tcp, Arc::clone(&desk)));
        }
        tokio::spawn(serve_udp(udp, desk));
        Ok(Self { stopper })
    }

    /// Stops the responder. When this returns, every answered question is
    /// recorded.
    pub async fn stop(self) {
        self.stopper.stop(Duration::from_secs(1)).await;
    }
}

async fn serve_udp(socket: UdpSocket, desk: Arc<DnsRecorder>) {
    let stop = desk.stop.clone();
    let mut buffer = vec![0; 4096];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = stop.ending() => return,
        };
        // An error here belongs to an earlier answer that could not be
        // delivered.
        let Ok((length, from)) = received else { continue };
        if let Some(answer) = desk.answer(&buffer[..length], MessageArrival { from, version: "DNS" }).await {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, desk: Arc<DnsRecorder>) {
    let stop = desk.stop.clone();
    loop {
        let accepted: io::Result<(TcpStream, SocketAddr)> = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.ending() => return,
        };
        match accepted {
            Ok((stream, from)) => drop(tokio::spawn(converse(stream, from, Arc::clone(&desk)))),
            // No file descriptor is free: another connection has to end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// DNS over TCP: two bytes of length stand before each message (RFC 1035
/// §4.2.2).
async fn converse(mut stream: TcpStream, from: SocketAddr, desk: Arc<DnsRecorder>) {
    let came = MessageArrival { from, version: "DNS over TCP" };
    let stop = desk.stop.clone();
    loop {
        let question = tokio::select! {
            question = timeout(PATIENCE, read_question(&mut stream)) => question.map(Option::unwrap_or_default),
            () = stop.ending() => return,
        };
        let Ok((question, whole)) = question else { return };
        let answer = desk.answer(&question, came).await.filter(|_| whole);
        let Some(answer) = answer else { return };
        let length = u16::try_from(answer.len()).unwrap_or_default().to_be_bytes();
        if stream.write_all(&[&length[..], &answer].concat()).await.is_err() {
            return;
        }
    }
}

/// Reads the next message, and whether it is complete. None: the stream has
/// ended.
async fn read_question(stream: &mut TcpStream) -> Option<(Vec<u8>, bool)> {
    let length = usize::from(stream.read_u16().await.ok()?);
    let mut question = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match stream.read(&mut question[filled..]).await {
            Ok(count) if count > 0 => filled += count,
            _ => break,
        }
    }
    question.truncate(filled);
    Some((question, filled == length))
}

impl DnsRecorder {
    /// Records a message and answers it. None: it is not a question.
    async fn answer(&self, message: &[u8], came: MessageArrival) -> Option<Vec<u8>> {
        let answered = answer(message, &self.addresses);
        let (answer, asked) = answered.map_or((None, vec![]), |(answer, asked)| (Some(answer), asked));
        if self.trial.is_some() {
            if !message.is_empty() {
                self.sink.record(self.exchange(message, answer.as_deref(), &asked, came)).await;
            }
            return answer;
        }
        for (name, kind) in &asked {
            self.sink.note(Note::dns(self.trial, clock::now(), name, kind)).await;
        }
        answer
    }

    /// A DNS message as an exchange. The first name in its questions becomes
    /// the host.
    fn exchange(&self, message: &[u8], answer: Option<&[u8]>, asked: &[AskedName], came: MessageArrival) -> Exchange {
        let (name, kind) = asked.first().map_or(("unknown", ""), |(name, kind)| (name, kind));
        let (at, version) = (clock::now(), came.version.to_owned());
        let headers = vec![Header::new("Content-Type", "application/dns-message")];
        let response = answer.map(|answer| {
            let (body, by) = (Body::whole(answer), AnsweredBy::Resolver);
            Response { status: 200, version: version.clone(), headers: headers.clone(), body, by }
        });
        Exchange {
            index: 0,
            trial: self.trial,
            connection: NUMBERS + self.messages.fetch_add(1, Relaxed),
            started: at,
            ended: Some(at),
            inlet: IngressKind::Transparent,
            client: Arc::new(Client { address: Some(came.from.to_string()), ..Client::default() }),
            request: Request {
                method: Request::DNS.into(),
                url: format!("dns://{}/?type={kind}", host_of_name(name)),
                version,
                headers,
                body: Body::whole(message),
            },
            response,
            messages: Vec::new(),
            seal: None,
        }
    }
}

/// Makes a DNS name usable as the host of a URL: bytes that a host cannot
/// contain are escaped.
fn host_of_name(name: &str) -> String {
    let mut host = String::new();
    for byte in name.trim_end_matches('.').bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => host.push(char::from(byte)),
            b'A'..=b'Z' => host.push(char::from(byte.to_ascii_lowercase())),
            _ => host.push_str(&format!("%{byte:02x}")),
        }
    }
    if host.is_empty() { "unknown".into() } else { host }
}

/// The name and the record type of a question.
type AskedName = (String, String);

/// Answers a question, and lists the names in it with their record types.
fn answer(question: &[u8], addresses: &NameAddresses) -> Option<(Vec<u8>, Vec<AskedName>)> {
    let question = Packet::parse(question).ok().filter(|packet| !packet.has_flags(PacketFlag::RESPONSE))?;
    let mut reply = Packet::new_reply(question.id());
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if question.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    let mut asked = Vec::new();
    for one in &question.questions {
        let name = one.qname.to_string();
        if !exists(&name) {
            *reply.rcode_mut() = RCODE::NameError;
        } else if is_address(one.qtype, one.qclass) {
            let data = RData::A(addresses.address_of(&name).into());
            reply.answers.push(ResourceRecord::new(one.qname.clone(), CLASS::IN, TTL, data));
        }
        asked.push((name, type_word(one.qtype)));
    }
    reply.questions = question.questions;
    Some((reply.build_bytes_vec_compressed().ok()?, asked))
}

fn is_address(kind: QTYPE, class: QCLASS) -> bool {
    matches!(kind, QTYPE::TYPE(TYPE::A) | QTYPE::ANY) && matches!(class, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY)
}

fn exists(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.contains('.') && !name.ends_with(".arpa") && !name.ends_with(".local")
}

fn type_word(kind: QTYPE) -> String {
    match kind {
        QTYPE::TYPE(TYPE::Unknown(64)) => "SVCB".into(),
        QTYPE::TYPE(TYPE::Unknown(65)) => "HTTPS".into(),
        QTYPE::TYPE(kind) => format!("{kind:?}"),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use simple_dns::{Name, Question};

    use super::*;

    fn ask(name: &str, kind: TYPE, addresses: &NameAddresses) -> (RCODE, Vec<String>, Vec<String>) {
        let mut packet = Packet::new_query(7);
        let question = Question::new(Name::new_unchecked(name), kind.into(), CLASS::IN.into(), false);
        packet.questions.push(question);
        let (bytes, asked) = answer(&packet.build_bytes_vec().unwrap(), addresses).unwrap();
        let reply = Packet::parse(&bytes).unwrap();
        let address = |record: &ResourceRecord<'_>| match &record.rdata {
            RData::A(a) => Ipv4Addr::from(a.address).to_string(),
            _ => "other".into(),
        };
        (
            reply.rcode(),
            reply.answers.iter().map(address).collect(),
            asked.iter().map(|(name, kind)| format!("{name} {kind}")).collect(),
        )
    }

    #[test]
    fn every_name_has_one_address_of_its_own() {
        let addresses = NameAddresses::default();
        let first = ask("a.example", TYPE::A, &addresses).1;
        let second = ask("b.example", TYPE::A, &addresses).1;
        assert_eq!(first, ["93.184.0.1"]);
        assert_eq!(second, ["93.184.0.2"]);
        assert_eq!(ask("A.Example", TYPE::A, &addresses).1, first);
        assert_eq!(addresses.name_of("93.184.0.2".parse().unwrap()).as_deref(), Some("b.example"));
        assert_eq!(addresses.name_of("::ffff:93.184.0.2".parse().unwrap()).as_deref(), Some("b.example"));
    }

    #[test]
    fn other_records_are_empty_and_still_noted() {
        let addresses = NameAddresses::default();
        for (kind, word) in [(TYPE::AAAA, "AAAA"), (TYPE::HTTPS, "HTTPS"), (TYPE::SVCB, "SVCB"), (TYPE::TXT, "TXT")] {
            let (code, answers, asked) = ask("a.example", kind, &addresses);
            assert_eq!((code, answers.len(), &asked[..]), (RCODE::NoError, 0, &[format!("a.example {word}")][..]));
        }
    }

    #[test]
    fn names_of_one_label_do_not_exist() {
        let addresses = NameAddresses::default();
        assert_eq!(ask("wpad", TYPE::A, &addresses).0, RCODE::NameError);
        assert_eq!(ask("1.0.168.192.in-addr.arpa", TYPE::PTR, &addresses).0, RCODE::NameError);
    }

    #[test]
    fn what_is_no_question_has_no_answer() {
        let addresses = NameAddresses::default();
        assert!(answer(b"", &addresses).is_none());
        assert!(answer(b"\0\0\x80\0\0\0\0\0\0\0\0\0", &addresses).is_none());
    }
}
