//! One connection of a client: what is known of it, and how what happens on it
//! is written down.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
};

use model::{
    AnsweredBy, Body, Client, Exchange, IngressKind, Message, Note, NoteCode, Request, Response, Seal, SealReason,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    AnswerProvider, CertificateAuthority, ExchangeSink, NameRuling, ProxySettings, StaticResponse,
    clock::{self, ClockMoment},
    exchange::captured_body::CapturedBody,
    exchange::target::{ConnectionTarget, HostPort, RequestAddress},
    inbound::process::ProcessFinder,
    inbound::stream::WireCounts,
    stop::StopToken,
    upstream::connector::{ConnectError, ServerConnector},
};

/// What all connections of a proxy share.
pub(crate) struct ProxyContext {
    pub(crate) authority: Arc<CertificateAuthority>,
    pub(crate) answers: Arc<dyn AnswerProvider>,
    pub(crate) sink: Arc<dyn ExchangeSink>,
    pub(crate) settings: ProxySettings,
    /// The way to servers, if there is one.
    pub(crate) egress: Option<Arc<ServerConnector>>,
    pub(crate) stop: StopToken,
    /// Exchanges that are over and still to be written down.
    pub(crate) unwritten: Arc<Semaphore>,
    /// Hosts that offered HTTP/3.
    pub(crate) offers: Mutex<HashSet<String>>,
    /// Finds the programs of clients, if they are to be found.
    pub(crate) processes: Option<ProcessFinder>,
}

/// Exchanges that may wait to be written down before no new ones begin.
pub(crate) const MOST_UNWRITTEN: usize = 1024;

impl ProxyContext {
    /// Whether a host is our own: what is for it goes to no server.
    pub(crate) fn owns(&self, host: &str) -> bool {
        self.is_home(host) || self.answers.owns(host)
    }

    /// Whether a host is that of our own pages.
    pub(crate) fn is_home(&self, host: &str) -> bool {
        self.settings.home.as_ref().is_some_and(|home| home.owns(host))
    }

    /// Waits while too many exchanges are unwritten: a slow sink slows clients.
    pub(crate) async fn has_room(&self) {
        // The semaphore is never closed.
        drop(self.unwritten.acquire().await);
    }

    /// Counts an exchange as unwritten while the value lives.
    pub(crate) fn count_open(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.unwritten).try_acquire_owned().ok()
    }
}

/// Hosts whose offers of HTTP/3 are noted.
const MOST_OFFERS: usize = 10_000;

#[derive(Clone)]
pub(crate) struct ConnectionContext {
    pub(crate) shared: Arc<ProxyContext>,
    pub(crate) number: u64,
    pub(crate) inlet: IngressKind,
    /// Shared, as every exchange of the connection has it.
    pub(crate) client: Arc<Client>,
    pub(crate) peer: SocketAddr,
    /// Our own end of the connection.
    pub(crate) here: Option<SocketAddr>,
    pub(crate) counts: Arc<WireCounts>,
    /// Where a redirected connection was going.
    pub(crate) original: Option<SocketAddr>,
    pub(crate) opened: ClockMoment,
    /// How many layers of the connection were followed down to here.
    pub(crate) layers: usize,
    /// Held by whatever goes on on this connection.
    pub(crate) under_way: Arc<UnderWay>,
}

/// What goes on on one connection is counted by those that hold this; a tunnel
/// goes on within another connection.
#[derive(Default)]
pub(crate) struct UnderWay {
    _within: Option<Arc<UnderWay>>,
}

impl ConnectionContext {
    pub(crate) fn settings(&self) -> &ProxySettings {
        &self.shared.settings
    }

    /// The same client on a tunnel inside this connection: with a number and
    /// counts of its own, and nothing known yet of what it will say there.
    pub(crate) fn tunnelled(&self) -> Self {
        let client = Client { hello: None, http2: None, ..Client::clone(&self.client) };
        Self {
            number: self.settings().connections.fetch_add(1, Relaxed),
            client: Arc::new(client),
            counts: Arc::default(),
            opened: ClockMoment::now(),
            under_way: Arc::new(UnderWay { _within: Some(Arc::clone(&self.under_way)) }),
            ..self.clone()
        }
    }

    /// A body of which nothing is kept yet.
    pub(crate) fn part(&self) -> CapturedBody {
        CapturedBody::counted(self.settings().body_limit, self.settings().limits.lease())
    }

    /// An exchange that begins now and has no answer yet.
    pub(crate) fn exchange(&self, began: ClockMoment, request: Request) -> Exchange {
        Exchange {
            index: 0,
            trial: self.settings().trial,
            connection: self.number,
            started: began.began(),
            ended: None,
            inlet: self.inlet,
            client: Arc::clone(&self.client),
            request,
            response: None,
            messages: Vec::new(),
            seal: None,
        }
    }

    pub(crate) async fn record(&self, exchange: Exchange) {
        // What waits to be written is held as what came just now.
        let answer = exchange.response.as_ref().map_or(0, |response| response.body.bytes.len());
        let length = exchange.request.body.bytes.len() + answer;
        let _held = (length > CapturedBody::UNCOUNTED).then(|| {
            let mut lease = self.settings().limits.lease();
            lease.count(length);
            lease
        });
        // Our own pages hold what is between us and the person.
        if exchange.seal.is_some() || !self.shared.is_home(exchange.host()) {
            self.shared.sink.record(exchange).await;
        }
    }

    /// Writes an exchange down as answered.
    pub(crate) async fn answered(
        &self,
        began: ClockMoment,
        request: Request,
        response: Response,
        messages: Vec<Message>,
    ) {
        let open = self.exchange(began, request);
        self.record(Exchange { ended: Some(began.ended()), response: Some(response), messages, ..open }).await;
    }

    /// Writes an exchange down that never had its answer.
    pub(crate) async fn unanswered(&self, began: ClockMoment, request: Request) {
        let open = self.exchange(began, request);
        self.record(Exchange { ended: Some(began.ended()), ..open }).await;
    }

    /// Writes down that a client was not connected to where it wanted to go.
    pub(crate) async fn refused_tunnel(&self, place: &ConnectionTarget, trouble: &ConnectError, version: &str) {
        let request = self.connect_request(place);
        let body = Body::whole(&trouble.reply().body[..]);
        let (status, by) = (trouble.status, AnsweredBy::Proxy);
        let response = Response { status, version: version.into(), headers: Vec::new(), body, by };
        self.answered(self.opened, request, response, Vec::new()).await;
    }

    fn connect_request(&self, place: &ConnectionTarget) -> Request {
        Request {
            method: "CONNECT".into(),
            url: format!("https://{}/", self.whereto(place).with_port()),
            version: String::new(),
            headers: Vec::new(),
            body: Body::default(),
        }
    }

    /// Writes down that this connection could not be read.
    pub(crate) async fn seal(&self, place: &ConnectionTarget, reason: SealReason, says: impl Into<String>) {
        self.seal_with(place, reason, says, Body::default()).await;
    }

    /// The same with what the client said: nobody could parse it, and whoever
    /// looks for a value may find it there.
    pub(crate) async fn seal_with(
        &self,
        place: &ConnectionTarget,
        reason: SealReason,
        says: impl Into<String>,
        said: Body,
    ) {
        let seal = Seal { reason, says: says.into(), sent: self.counts.sent(), received: self.counts.received() };
        let request = Request { body: said, ..self.connect_request(place) };
        let open = self.exchange(self.opened, request);
        self.record(Exchange { ended: Some(self.opened.ended()), seal: Some(seal), ..open }).await;
    }

    /// Asks the gate whether anybody may be told this name: a look-up tells it, a
    /// connection does, and the name in a ClientHello.
    pub(crate) fn naming(&self, target: &HostPort) -> NameRuling {
        let Some(gate) = &self.settings().gate else { return NameRuling::Tell };
        let place = ConnectionTarget::to(Some(target.clone()), None);
        gate.connecting(&self.exchange(self.opened, self.connect_request(&place)))
    }

    /// Asks the gate whether a connection that cannot be read may continue unread.
    pub(crate) fn may_go_on(&self, place: &ConnectionTarget, reason: SealReason, says: &str) -> bool {
        let seal = Seal { reason, says: says.into(), sent: 0, received: 0 };
        let exchange = Exchange { seal: Some(seal), ..self.exchange(self.opened, self.connect_request(place)) };
        self.settings().gate.as_ref().is_none_or(|gate| gate.sealed(&exchange))
    }

    pub(crate) async fn note(&self, code: NoteCode, says: impl Into<String>, count: u64) {
        let note = Note { trial: self.settings().trial, at: clock::now(), code, says: says.into(), count };
        self.shared.sink.note(note).await;
    }

    /// The answer to a whole request where no server is asked.
    pub(crate) async fn answer(&self, request: &Request) -> StaticResponse {
        match &self.settings().home {
            Some(home) if home.owns(request.host()) => home.serve(self.peer, request).await,
            _ => self.shared.answers.answer(request),
        }
    }

    /// Notes, once for each host, that it offered HTTP/3, which was taken out.
    pub(crate) async fn offered_http3(&self, host: &str) {
        let is_new = {
            let mut offers = self.shared.offers.lock().unwrap_or_else(PoisonError::into_inner);
            // Names that are made up without end must not fill the memory.
            offers.len() < MOST_OFFERS && offers.insert(host.to_owned())
        };
        if is_new {
            self.note(NoteCode::AltSvcRemoved, host, 1).await;
        }
    }

    /// Where a stretch of the connection leads, as well as it is known, and not
    /// by what the client says of it.
    pub(crate) fn whereto(&self, place: &ConnectionTarget) -> HostPort {
        let mut target = self.known(place).unwrap_or_else(|| HostPort { host: "unknown".into(), port: 0 });
        target.host = place.name.clone().unwrap_or(target.host);
        target
    }

    /// Where to connect for a place: to its address, or to the name that our
    /// own responder gave the address out for.
    pub(crate) fn destination(&self, place: &ConnectionTarget) -> HostPort {
        let mut target = self.known(place).unwrap_or_else(|| HostPort { host: String::new(), port: 0 });
        target.host = self.given_name(&target).unwrap_or(target.host);
        target
    }

    /// A stretch in clear that leads there.
    pub(crate) fn place(&self, target: Option<HostPort>) -> ConnectionTarget {
        let name = target.as_ref().and_then(|target| self.given_name(target));
        ConnectionTarget::to(target, name)
    }

    /// The address of a request: where its connection leads, whatever it says.
    ///
    /// Our own pages are reached by their name on every route, as nothing that is
    /// said to them goes anywhere.
    pub(crate) async fn address(&self, place: &ConnectionTarget, target: &str, host: Option<&str>) -> RequestAddress {
        let claimed = claimed_host(target, host);
        if self.shared.is_home(&claimed) {
            let anywhere = ConnectionTarget { encrypted: place.encrypted, ..ConnectionTarget::default() };
            return anywhere.address(target, host, None);
        }
        if place.is_bare_address() {
            // In clear, nothing but a look-up says whose an address is.
            let named = self.named(place.clone(), claimed).await;
            return named.address(target, host, self.here);
        }
        place.address(target, host, self.here)
    }

    /// The place with the name that a client claims for its address, if the name
    /// leads there.
    pub(crate) async fn named(&self, mut place: ConnectionTarget, claimed: String) -> ConnectionTarget {
        let (Some(target), Some(egress)) = (&place.target, &self.shared.egress) else { return place };
        let asked = HostPort { host: claimed.clone(), port: target.port };
        if let Ok(address) = target.host.parse()
            && self.naming(&asked) == NameRuling::Tell
            && egress.leads_to(&claimed, SocketAddr::new(address, target.port)).await
        {
            place.name = Some(claimed);
        }
        place
    }

    fn known(&self, place: &ConnectionTarget) -> Option<HostPort> {
        place.target.clone().or_else(|| self.original.map(HostPort::from))
    }

    /// The name that our own responder gave an address out for.
    fn given_name(&self, target: &HostPort) -> Option<String> {
        self.settings().addresses.as_ref()?.name_of(target.host.parse().ok()?)
    }
}

/// The host that a request claims, in lower case.
fn claimed_host(target: &str, host: Option<&str>) -> String {
    let absolute = (!target.starts_with('/')).then(|| target.split_once("://")).flatten();
    model::host_of(absolute.map_or(host.unwrap_or_default(), |(_, rest)| rest)).to_ascii_lowercase()
}
