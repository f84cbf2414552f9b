//! Everything known about one connection of a client, and how its exchanges are
//! recorded.

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
    /// Connects to servers. None: no server is ever contacted.
    pub(crate) egress: Option<Arc<ServerConnector>>,
    pub(crate) stop: StopToken,
    /// Free places for exchanges that have ended and are not recorded yet.
    pub(crate) unwritten: Arc<Semaphore>,
    /// Hosts that offered HTTP/3 and are noted already.
    pub(crate) offers: Mutex<HashSet<String>>,
    /// Finds the programs of clients on this machine, if the settings ask for
    /// it.
    pub(crate) processes: Option<ProcessFinder>,
}

/// How many exchanges may wait to be recorded before new ones have to wait.
pub(crate) const MOST_UNWRITTEN: usize = 1024;

impl ProxyContext {
    /// Whether Candor answers for this host: no request for it goes to a
    /// server.
    pub(crate) fn owns(&self, host: &str) -> bool {
        self.is_home(host) || self.answers.owns(host)
    }

    /// Whether this host serves Candor's own pages.
    pub(crate) fn is_home(&self, host: &str) -> bool {
        self.settings.home.as_ref().is_some_and(|home| home.owns(host))
    }

    /// Waits while too many exchanges are not recorded yet: a slow sink slows
    /// clients.
    pub(crate) async fn has_room(&self) {
        // The semaphore is never closed.
        drop(self.unwritten.acquire().await);
    }

    /// Counts one exchange as not recorded until the permit is dropped.
    pub(crate) fn count_open(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.unwritten).try_acquire_owned().ok()
    }
}

/// How many hosts are remembered that offered HTTP/3.
const MOST_OFFERS: usize = 10_000;

#[derive(Clone)]
pub(crate) struct ConnectionContext {
    pub(crate) shared: Arc<ProxyContext>,
    pub(crate) number: u64,
    pub(crate) inlet: IngressKind,
    /// Shared, because every exchange of the connection refers to it.
    pub(crate) client: Arc<Client>,
    pub(crate) peer: SocketAddr,
    /// Our end of the connection.
    pub(crate) here: Option<SocketAddr>,
    pub(crate) counts: Arc<WireCounts>,
    /// The original destination of a connection that the kernel redirected.
    pub(crate) original: Option<SocketAddr>,
    pub(crate) opened: ClockMoment,
    /// How many layers (CONNECT, TLS …) of the connection were read so far.
    pub(crate) layers: usize,
    /// Held by everything that is active on this connection.
    pub(crate) under_way: Arc<UnderWay>,
}

/// Everything active on one connection holds a clone of this `Arc`; the number
/// of clones shows whether the connection is idle. A tunnel also holds the one
/// of the connection around it, so that connection does not count as idle.
#[derive(Default)]
pub(crate) struct UnderWay {
    _within: Option<Arc<UnderWay>>,
}

impl ConnectionContext {
    pub(crate) fn settings(&self) -> &ProxySettings {
        &self.shared.settings
    }

    /// The context of a tunnel inside this connection: the same client, with a
    /// connection number and byte counts of its own. The TLS and HTTP/2 data
    /// are empty, as the client has not sent any inside the tunnel yet.
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

    /// An empty body with this connection's limits.
    pub(crate) fn part(&self) -> CapturedBody {
        CapturedBody::counted(self.settings().body_limit, self.settings().limits.lease())
    }

    /// An exchange that begins now and has no response yet.
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
        // A body that waits to be recorded counts towards the memory limit like
        // one that has just arrived.
        let answer = exchange.response.as_ref().map_or(0, |response| response.body.bytes.len());
        let length = exchange.request.body.bytes.len() + answer;
        let _held = (length > CapturedBody::UNCOUNTED).then(|| {
            let mut lease = self.settings().limits.lease();
            lease.count(length);
            lease
        });
        // Requests to Candor's own pages are private between the person and
        // Candor.
        if exchange.seal.is_some() || !self.shared.is_home(exchange.host()) {
            self.shared.sink.record(exchange).await;
        }
    }

    /// Records an exchange with this response.
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

    /// Records an exchange that got no response.
    pub(crate) async fn unanswered(&self, began: ClockMoment, request: Request) {
        let open = self.exchange(began, request);
        self.record(Exchange { ended: Some(began.ended()), ..open }).await;
    }

    /// Records that a client did not get the connection that it asked for.
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

    /// Records that this connection could not be read.
    pub(crate) async fn seal(&self, place: &ConnectionTarget, reason: SealReason, says: impl Into<String>) {
        self.seal_with(place, reason, says, Body::default()).await;
    }

    /// The same as [`Self::seal`], and keeps the bytes that the client sent: no
    /// parser understood them, but a search for a value may find it there.
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

    /// Asks the gate whether this host name may leave the machine. A DNS query,
    /// a connection and the server name in a ClientHello all disclose it.
    pub(crate) fn naming(&self, target: &HostPort) -> NameRuling {
        let Some(gate) = &self.settings().gate else { return NameRuling::Tell };
        let place = ConnectionTarget::to(Some(target.clone()), None);
        gate.connecting(&self.exchange(self.opened, self.connect_request(&place)))
    }

    /// Asks the gate whether a connection that cannot be read may pass unread.
    pub(crate) fn may_go_on(&self, place: &ConnectionTarget, reason: SealReason, says: &str) -> bool {
        let seal = Seal { reason, says: says.into(), sent: 0, received: 0 };
        let exchange = Exchange { seal: Some(seal), ..self.exchange(self.opened, self.connect_request(place)) };
        self.settings().gate.as_ref().is_none_or(|gate| gate.sealed(&exchange))
    }

    pub(crate) async fn note(&self, code: NoteCode, says: impl Into<String>, count: u64) {
        let note = Note { trial: self.settings().trial, at: clock::now(), code, says: says.into(), count };
        self.shared.sink.note(note).await;
    }

    /// The response to a complete request that goes to no server.
    pub(crate) async fn answer(&self, request: &Request) -> StaticResponse {
        match &self.settings().home {
            Some(home) if home.owns(request.host()) => home.serve(self.peer, request).await,
            _ => self.shared.answers.answer(request),
        }
    }

    /// Records, once for each host, that it offered HTTP/3 and that the proxy
    /// removed the offer.
    pub(crate) async fn offered_http3(&self, host: &str) {
        let is_new = {
            let mut offers = self.shared.offers.lock().unwrap_or_else(PoisonError::into_inner);
            // A server can invent host names without end; they must not fill
            // the memory.
            offers.len() < MOST_OFFERS && offers.insert(host.to_owned())
        };
        if is_new {
            self.note(NoteCode::AltSvcRemoved, host, 1).await;
        }
    }

    /// The destination of this connection, as far as it is known. The client's
    /// own claims do not count.
    pub(crate) fn whereto(&self, place: &ConnectionTarget) -> HostPort {
        let mut target = self.known(place).unwrap_or_else(|| HostPort { host: "unknown".into(), port: 0 });
        target.host = place.name.clone().unwrap_or(target.host);
        target
    }

    /// The address to connect to. If our own DNS responder gave the address
    /// out, this is the name it was given for.
    pub(crate) fn destination(&self, place: &ConnectionTarget) -> HostPort {
        let mut target = self.known(place).unwrap_or_else(|| HostPort { host: String::new(), port: 0 });
        target.host = self.given_name(&target).unwrap_or(target.host);
        target
    }

    /// A target without encryption.
    pub(crate) fn place(&self, target: Option<HostPort>) -> ConnectionTarget {
        let name = target.as_ref().and_then(|target| self.given_name(target));
        ConnectionTarget::to(target, name)
    }

    /// The URL of a request. The destination of the connection decides, not the
    /// client's `Host` field.
    ///
    /// Candor's own pages are an exception: they are reached by name on every
    /// route, because their requests do not leave the machine.
    pub(crate) async fn address(&self, place: &ConnectionTarget, target: &str, host: Option<&str>) -> RequestAddress {
        let claimed = claimed_host(target, host);
        if self.shared.is_home(&claimed) {
            let anywhere = ConnectionTarget { encrypted: place.encrypted, ..ConnectionTarget::default() };
            return anywhere.address(target, host, None);
        }
        if place.is_bare_address() {
            // Without TLS only a DNS lookup can say which name belongs to an
            // address.
            let named = self.named(place.clone(), claimed).await;
            return named.address(target, host, self.here);
        }
        place.address(target, host, self.here)
    }

    /// Adds the name that a client claims to a target, if a lookup of the name
    /// gives the target's address.
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

    /// The name for which our own DNS responder gave this address out.
    fn given_name(&self, target: &HostPort) -> Option<String> {
        self.settings().addresses.as_ref()?.name_of(target.host.parse().ok()?)
    }
}

/// The host that a request names, in lower case.
fn claimed_host(target: &str, host: Option<&str>) -> String {
    let absolute = (!target.starts_with('/')).then(|| target.split_once("://")).flatten();
    model::host_of(absolute.map_or(host.unwrap_or_default(), |(_, rest)| rest)).to_ascii_lowercase()
}
