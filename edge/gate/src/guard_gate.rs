//! One port of the guard: the [`Gate`] of a proxy, for clients of one mode.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use guard::{
    Choices, ClientIdentity, Decision, DecisionReason, DeviceMemory, GuardAction, GuardClient, HELD_BYTES, HELD_MICROS,
    HostAction, InspectionNeed, MemoryCompaction, RequestContext, RequestScan, decide, destination,
};
use knowledge::Knowledge;
use model::{AnsweredBy, Body, Destination, Exchange, Header, Mode, Note, Request, Response};
use proxy::{
    AnswerProvider, BodyWatch, ExchangeSink, Gate, HoldRequest, NameRuling, RequestProgress, Ruling, RulingFuture,
    SinkFuture, StaticResponse,
};

use crate::{GuardEvent, GuardState, clients::lock, clock, inspection_pool::InspectionOutcome};

/// The name of the device for clients on this machine.
pub const HERE: &str = "this-machine";
/// How long to wait for the extension's list of requests.
const LATE: Duration = Duration::from_millis(400);

/// Does not wait for the body, because the destination alone decides.
const AT_ONCE: HoldRequest = HoldRequest::Hold { bytes: 0, time: Duration::ZERO };

/// A request, and the destination it is judged for.
struct RequestReading<'e> {
    aim: Destination,
    exchange: Cow<'e, Exchange>,
}

/// The same request with the host name that the request itself claims, if the
/// connection goes to another host. A server for many hosts may use the claimed
/// name.
fn as_it_names_itself(exchange: &Exchange) -> Option<Exchange> {
    let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let claimed = bare(exchange.request.claimed_host().filter(|name| !name.is_empty())?);
    let went_to = exchange.host();
    if claimed == bare(went_to) {
        return None;
    }
    let mut renamed = exchange.clone();
    let start = exchange.request.url.find("://").map_or(0, |at| at + 3);
    let path =
        exchange.request.url[start..].find(['/', '?', '#']).map_or("/", |at| &exchange.request.url[start + at..]);
    renamed.request.url = format!("{}{claimed}{path}", &exchange.request.url[..start]);
    Some(renamed)
}

/// The gate for one port; the state is shared by all ports.
#[derive(Debug)]
pub struct GuardGate {
    keeper: Arc<GuardState>,
    mode: Mode,
    told: ShownConnections,
}

/// Connections that were shown when they began and have not ended yet.
#[derive(Debug, Default)]
struct ShownConnections(Mutex<BTreeSet<u64>>);

impl ShownConnections {
    /// The most connections that are remembered; beyond this, some are shown
    /// twice.
    const MOST: usize = 65_536;

    fn add(&self, connection: u64) {
        let mut all = lock(&self.0);
        if all.len() < Self::MOST {
            all.insert(connection);
        }
    }

    fn take(&self, connection: u64) -> bool {
        lock(&self.0).remove(&connection)
    }
}

impl GuardGate {
    pub fn new(keeper: Arc<GuardState>, mode: Mode) -> Arc<Self> {
        Arc::new(Self { keeper, mode, told: ShownConnections::default() })
    }

    fn who(&self, exchange: &Exchange) -> ClientIdentity {
        let mut who = ClientIdentity::new(device_at(exchange), self.mode);
        who.program = exchange.client.process.as_ref().map(|process| process.name.clone());
        let choices = self.keeper.choices();
        who.makers.extend(choices.device(&who.device).and_then(|device| device.maker.clone()));
        if let Some(name) = &who.program {
            who.makers.extend(choices.program(name).and_then(|program| program.maker.clone()));
            who.makers.extend(makers_of(&self.keeper.knowledge, name));
        }
        who
    }

    fn aim(&self, exchange: &Exchange) -> Destination {
        destination(&self.keeper.knowledge, exchange)
    }

    /// The request for each possible destination: the host of its connection,
    /// and the host that it claims, if that is another.
    fn readings<'e>(&self, exchange: &'e Exchange) -> (RequestReading<'e>, Option<RequestReading<'e>>) {
        let as_sent = RequestReading { aim: self.aim(exchange), exchange: Cow::Borrowed(exchange) };
        let renamed = as_it_names_itself(exchange);
        (as_sent, renamed.map(|renamed| RequestReading { aim: self.aim(&renamed), exchange: Cow::Owned(renamed) }))
    }

    fn wish(
        &self,
        who: &ClientIdentity,
        reading: &RequestReading<'_>,
        client: &mut GuardClient,
        choices: &Choices,
    ) -> HoldRequest {
        let RequestReading { aim, exchange } = reading;
        match choices.destined(aim, who) {
            Some(HostAction::Allow) => return HoldRequest::Pass,
            Some(HostAction::Stop | HostAction::Cut) => return AT_ONCE,
            None => {}
        }
        let asking = RequestContext { who, exchange, aim, whole: false, waited: 0 };
        match client.wanted(&asking, choices, clock::now()) {
            InspectionNeed::Nothing => HoldRequest::Pass,
            InspectionNeed::Body => {
                HoldRequest::Hold { bytes: HELD_BYTES as usize, time: Duration::from_micros(HELD_MICROS) }
            }
        }
    }

    async fn rule(&self, exchange: &Exchange, so_far: RequestProgress) -> Ruling {
        let (who, readings) = (self.who(exchange), self.readings(exchange));
        let client = self.keeper.clients.of(&who);
        let eye = lock(&client).memory().eye();
        let looked = match self.keeper.inspections.inspect(part_to_look_at(exchange), eye).await {
            InspectionOutcome::Done(looked) => looked,
            // A request whose inspection failed must not pass.
            InspectionOutcome::Broken => return Ruling::Cut,
        };
        let mut waited = u64::try_from(so_far.waited.as_micros()).unwrap_or(u64::MAX);
        if !so_far.whole {
            // The proxy does not wait any longer, so the request counts as held
            // for the full time.
            waited = waited.max(HELD_MICROS);
        }
        let strictest = |waited| self.strictest(&client, &who, &readings, &looked, so_far.whole, waited);
        let (mut decision, mut aim) = strictest(waited);
        if decision.reason == DecisionReason::Unlisted {
            tokio::time::sleep(LATE.saturating_sub(so_far.waited)).await;
            let late = u64::try_from(LATE.as_micros()).unwrap_or(u64::MAX);
            (decision, aim) = strictest(waited.max(late));
        }
        let is_renamed = readings.1.is_some() && exchange.host().parse::<IpAddr>().is_err();
        if is_renamed && decision.verdict == GuardAction::Pass && !decision.reason.is_shown() {
            decision.reason = DecisionReason::OtherName;
        }
        if decision.reason.is_shown() {
            let event = GuardEvent::new(clock::wall(), &who, aim, exchange, &decision);
            self.keeper.decided(exchange, event, &decision).await;
        }
        match decision.verdict {
            GuardAction::Pass => Ruling::Pass,
            GuardAction::Absorb => Ruling::Absorb(self.success(&exchange.request)),
            // The proxy cannot hold the request again, so it must not pass
            // undecided.
            GuardAction::Hold | GuardAction::Cut => Ruling::Cut,
        }
    }

    /// The decision on a request: the stricter of the decisions for its two
    /// possible hosts.
    fn strictest<'r>(
        &self,
        client: &Mutex<GuardClient>,
        who: &ClientIdentity,
        (as_sent, as_named): &'r (RequestReading<'_>, Option<RequestReading<'_>>),
        looked: &RequestScan,
        whole: bool,
        waited: u64,
    ) -> (Decision, &'r Destination) {
        let decide = |RequestReading { aim, exchange }: &'r RequestReading<'_>| {
            (self.decision(client, who, aim, exchange, looked, whole, waited), aim)
        };
        let how_strict = |(decision, _): &(Decision, _)| (decision.verdict, decision.reason.is_shown());
        let first = decide(as_sent);
        match as_named.as_ref().map(decide) {
            Some(second) if how_strict(&second) > how_strict(&first) => second,
            _ => first,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one call of `decide`, made twice")]
    fn decision(
        &self,
        client: &Mutex<GuardClient>,
        who: &ClientIdentity,
        aim: &Destination,
        exchange: &Exchange,
        looked: &RequestScan,
        whole: bool,
        waited: u64,
    ) -> Decision {
        let asking = RequestContext { who, exchange, aim, whole, waited };
        decide(&asking, looked, &lock(client), &self.keeper.choices(), clock::now())
    }

    /// Shows a connection. Its evidence is written in a task of its own, so
    /// that the network does not wait.
    fn show(&self, exchange: &Exchange, who: &ClientIdentity, aim: &Destination, decision: Decision) {
        let event = GuardEvent::new(clock::wall(), who, aim, exchange, &decision);
        let (keeper, exchange) = (Arc::clone(&self.keeper), exchange.clone());
        tokio::spawn(async move { keeper.decided(&exchange, event, &decision).await });
    }

    /// The response that the server would give on success.
    fn success(&self, request: &Request) -> StaticResponse {
        let said = self.keeper.knowledge.answers.say(request);
        StaticResponse { status: said.status, headers: said.headers, body: said.body.into(), by: AnsweredBy::Guard }
    }
}

impl Gate for GuardGate {
    fn head(&self, exchange: &Exchange) -> HoldRequest {
        let (who, now) = (self.who(exchange), clock::now());
        self.keeper.seen(&who);
        let (known, choices) = (self.keeper.clients.of(&who), self.keeper.choices());
        let mut client = lock(&known);
        client.began(exchange, now);
        if let Some(tidying) = client.memory().tidying() {
            tidy(client.memory().clone(), tidying);
        }
        let (as_sent, as_named) = self.readings(exchange);
        let wish = self.wish(&who, &as_sent, &mut client, &choices);
        let Some(as_named) = as_named else { return wish };
        match (wish, self.wish(&who, &as_named, &mut client, &choices)) {
            (AT_ONCE, _) | (_, AT_ONCE) => AT_ONCE,
            (HoldRequest::Pass, other) => other,
            (wish, _) => wish,
        }
    }

    fn connecting(&self, exchange: &Exchange) -> NameRuling {
        let (who, aim) = (self.who(exchange), self.aim(exchange));
        let client = self.keeper.clients.of(&who);
        let eye = lock(&client).memory().eye();
        let looked = RequestScan::with(&looked_up(exchange), &eye);
        // The extension lists requests, not connections, so there is no list to
        // wait for.
        let decision = self.decision(&client, &who, &aim, exchange, &looked, true, HELD_MICROS);
        let ruling = match decision.verdict {
            GuardAction::Pass => NameRuling::Tell,
            _ if decision.sightings.is_empty() => NameRuling::Wait,
            _ => NameRuling::Never,
        };
        // The requests on the connection are shown later; a value in the host
        // name itself must be shown now.
        if !decision.sightings.is_empty() && decision.reason.is_shown() {
            self.show(exchange, &who, &aim, decision);
        }
        ruling
    }

    fn decide<'a>(&'a self, exchange: &'a Exchange, so_far: RequestProgress) -> RulingFuture<'a> {
        Box::pin(self.rule(exchange, so_far))
    }

    fn sealed(&self, exchange: &Exchange) -> bool {
        let (who, aim) = (self.who(exchange), self.aim(exchange));
        self.keeper.seen(&who);
        let client = self.keeper.clients.of(&who);
        let mut decision = self.decision(&client, &who, &aim, exchange, &RequestScan::default(), true, 0);
        if !decision.reason.is_shown() {
            // The connection passes and nobody can read its content, so it is
            // shown as unread.
            decision.reason = DecisionReason::Unread;
        }
        self.told.add(exchange.connection);
        self.show(exchange, &who, &aim, decision.clone());
        decision.verdict == GuardAction::Pass
    }

    fn answering(&self, exchange: &Exchange, answer: &Response) -> Option<Box<dyn BodyWatch>> {
        let client = self.keeper.clients.of(&self.who(exchange));
        let number = lock(&client).answering(exchange, answer, clock::now())?;
        Some(Box::new(AnswerReading { client, number }))
    }
}

/// The same exchange with the DNS query for its host as the body (RFC 1035
/// §4.1): the inspection then also finds a value that is spread over several
/// labels of the name.
fn looked_up(exchange: &Exchange) -> Exchange {
    let mut message = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in exchange.host().split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        message.push(label.len() as u8);
        message.extend_from_slice(label);
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    let request = Request { body: Body::whole(message), ..exchange.request.clone() };
    Exchange { request, ..exchange.clone() }
}

/// Passes the bytes of one response to the client's state.
struct AnswerReading {
    client: Arc<Mutex<GuardClient>>,
    number: u64,
}

impl BodyWatch for AnswerReading {
    fn bytes(&mut self, bytes: &[u8]) {
        lock(&self.client).answer(self.number, bytes);
    }
}

impl Drop for AnswerReading {
    fn drop(&mut self) {
        lock(&self.client).answered(self.number);
    }
}

/// Answers without a server. The proxy only needs this for messages on a
/// WebSocket that the guard absorbed.
impl AnswerProvider for GuardGate {
    fn answer(&self, request: &Request) -> StaticResponse {
        self.success(request)
    }

    fn message(&self, request: &Request, message: &[u8]) -> Option<bytes::Bytes> {
        let says = self.keeper.knowledge.answers.say_to_message(request, message)?;
        Some(bytes::Bytes::copy_from_slice(says.as_bytes()))
    }
}

/// Passed traffic is not kept. Connections that could not be read are shown
/// here, unless they were shown when they began.
impl ExchangeSink for GuardGate {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        if exchange.seal.is_some() && !self.told.take(exchange.connection) {
            let (who, aim) = (self.who(&exchange), self.aim(&exchange));
            self.keeper.seen(&who);
            self.show(&exchange, &who, &aim, Decision::no_handshake(who.mode));
        }
        Box::pin(async {})
    }

    fn note(&self, _: Note) -> SinkFuture<'_> {
        Box::pin(async {})
    }
}

/// Compacts a memory on a blocking thread, so that the network does not wait.
fn tidy(memory: DeviceMemory, tidying: MemoryCompaction) {
    tokio::task::spawn_blocking(move || memory.tidied(tidying.work()));
}

/// A WebSocket message comes with the headers of the request that opened the
/// socket. They were inspected before, so they are left out.
fn part_to_look_at(exchange: &Exchange) -> Exchange {
    let mut part = exchange.clone();
    if !part.messages.is_empty() {
        part.request.headers = Vec::<Header>::new();
    }
    part
}

/// The makers of a program, as far as they are known.
pub(crate) fn makers_of(knowledge: &Knowledge, program: &str) -> impl Iterator<Item = String> {
    let known = knowledge.subjects.iter().filter(move |subject| subject.programs.iter().any(|name| name == program));
    known.map(|subject| subject.maker.clone())
}

/// The name of the device from which an exchange comes.
pub(crate) fn device_at(exchange: &Exchange) -> String {
    let address = exchange.client.address.as_deref().and_then(|address| address.parse::<SocketAddr>().ok());
    address.map_or_else(|| HERE.to_owned(), |address| device_of(address.ip()))
}

fn device_of(address: IpAddr) -> String {
    let address = address.to_canonical();
    if address.is_loopback() { HERE.to_owned() } else { address.to_string() }
}
