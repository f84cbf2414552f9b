//! One client: what it was just doing, as far as that decides what it may send.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

use attribute::site_of;
use knowledge::Knowledge;
use model::{Destination, Exchange, Mode, Response};

use crate::{
    Choices, DeviceMemory, GuardTime, RequestScan,
    answers::PageAnswers,
    decide::RequestContext,
    relationship::DestinationClass,
    service,
    visits::{ActiveSites, VisitWitness},
};

/// What is known of one program of a device in one mode. It is held in memory
/// only.
pub struct GuardClient {
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) visits: ActiveSites,
    pub(crate) memory: DeviceMemory,
    mode: Mode,
    answers: PageAnswers,
    listed: ListedRequests,
}

/// Whether a request has to be looked into before it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionNeed {
    /// No: it may go on as it comes, or is decided already.
    Nothing,
    /// Yes: its body has to be held back.
    Body,
}

impl fmt::Debug for GuardClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

impl GuardClient {
    /// One that remembers what it visits together with the others of its device.
    pub fn new(knowledge: Arc<Knowledge>, memory: DeviceMemory, mode: Mode) -> Self {
        Self {
            knowledge,
            visits: ActiveSites::default(),
            memory,
            mode,
            answers: PageAnswers::default(),
            listed: ListedRequests::default(),
        }
    }

    /// A request begins. If it is for a page, its address is a live canary from
    /// here on, and hosts that the page will name are the page's.
    ///
    /// That it is for a page is what its headers say: taking too many for pages
    /// makes more canaries, and acquits nobody of more than its own address.
    pub fn began(&mut self, exchange: &Exchange, now: GuardTime) {
        let host = exchange.host();
        if is_document(exchange) {
            self.went(&exchange.request.url, now);
        }
        self.visits.touch(host, now.steady);
        // A script can change its page's address without a request
        // (`history.pushState`); the page's next requests show it as Referer.
        if let Some(referer) = exchange.request.header("referer")
            && let Ok(referer) = std::str::from_utf8(referer)
            && site_of(host_of(referer)) == site_of(host)
            && self.visits.shows_site(host, VisitWitness::Headers, now.steady)
        {
            self.memory.values().visited(referer, site_of(host), self.mode, now.steady);
        }
    }

    /// An answer begins. A number: its bytes are wanted, by this number.
    pub fn answering(&mut self, exchange: &Exchange, answer: &Response, now: GuardTime) -> Option<u64> {
        let host = exchange.host();
        let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
        let is_html = kind.starts_with(b"text/html") && (200..300).contains(&answer.status);
        // An answer alone never makes a page: whoever is accused may have written it.
        if is_html && is_document(exchange) {
            self.visits.opened(site_of(host), host);
        }
        let fields: Vec<u8> = answer.headers.iter().flat_map(|header| [&header.value[..], b"\n"].concat()).collect();
        if !is_text(&kind) && !fields.windows(2).any(|pair| pair == b"//") {
            return None;
        }
        // Whose answer it is may stand in one that is not read yet.
        self.read_answers();
        let sites = self.visits.sites_of(host, now.steady);
        if sites.is_empty() {
            return None;
        }
        let head = self.answers.begin(sites.clone(), None);
        self.answers.more(head, &fields);
        self.answers.end(head);
        is_text(&kind).then(|| self.answers.begin(sites, answer.header("content-encoding")))
    }

    /// Bytes of an answer, before the client has them.
    pub fn answer(&mut self, number: u64, bytes: &[u8]) {
        self.answers.more(number, bytes);
        if self.answers.is_much() {
            self.read_answers();
        }
    }

    /// The answer is over.
    pub fn answered(&mut self, number: u64) {
        self.answers.end(number);
    }

    /// An extension of ours saw a page ask for this.
    pub fn listed(&mut self, url: &str) {
        self.listed.add(url);
    }

    /// An extension of ours saw a page come to this address, by script too.
    pub fn page(&mut self, url: &str, now: GuardTime) {
        self.went(url, now);
        let host = host_of(url);
        self.visits.listed(site_of(host), host, now.steady);
    }

    /// Somebody goes to this address, says the request or our extension.
    fn went(&mut self, url: &str, now: GuardTime) {
        let site = site_of(host_of(url)).to_owned();
        self.visits.go(&site, now.steady);
        self.memory.values().visited(url, &site, self.mode, now.steady);
    }

    /// An extension of ours lists what pages ask for. It says so again and again
    /// as long as it is there.
    pub fn lists(&mut self, now: GuardTime) {
        self.listed.heard = Some(now.steady);
    }

    /// Whether an extension of ours lists what pages ask for.
    pub fn is_exact(&self, now: GuardTime) -> bool {
        self.listed.heard.is_some_and(|heard| now.steady.saturating_sub(heard) < ListedRequests::SILENCE)
    }

    pub(crate) fn is_listed(&self, url: &str) -> bool {
        self.listed.has(url)
    }

    /// Whether `asking` has to be looked into. Traffic of pages is not.
    pub fn wanted(&mut self, asking: &RequestContext<'_>, choices: &Choices, now: GuardTime) -> InspectionNeed {
        if choices.destined(asking.aim, asking.who).is_some() {
            return InspectionNeed::Nothing;
        }
        self.read_answers();
        if self.is_asked_by_page(asking, choices.strict, now) { InspectionNeed::Nothing } else { InspectionNeed::Body }
    }

    /// Whether a page asked for this, whatever it carries.
    pub(crate) fn is_asked_by_page(&self, asking: &RequestContext<'_>, strict: bool, now: GuardTime) -> bool {
        let class = DestinationClass::of(asking.aim, asking.who, &[]);
        let url = &asking.exchange.request.url;
        self.party(asking.aim, url, class, strict, now).is_some() && self.service(asking, now).is_none()
    }

    /// The service of the browser's own that it asks here of itself, if it does.
    ///
    /// Such a service may stand on the very host that a page is at: what pages
    /// ask of it is told by our extension's list or, where there is none, by the
    /// request's own headers. They may accuse; they never acquit.
    pub(crate) fn service(&self, asking: &RequestContext<'_>, now: GuardTime) -> Option<service::BrowserService> {
        let url = &asking.exchange.request.url;
        let service = service::at(&self.knowledge, asking.aim, url)?;
        let is_own = match self.is_exact(now) {
            true => !self.is_listed(url),
            false => service::is_native(asking.exchange),
        };
        is_own.then_some(service)
    }

    /// Looks into a request.
    pub fn look(&self, exchange: &Exchange) -> RequestScan {
        RequestScan::with(exchange, &self.memory.eye())
    }

    /// Forgets what is too old. To be called now and then.
    pub fn forget_old(&mut self, now: GuardTime) {
        self.read_answers();
        self.visits.forget_old(now.steady);
    }

    /// What is remembered of its device.
    pub fn memory(&self) -> &DeviceMemory {
        &self.memory
    }

    fn read_answers(&mut self) {
        let visits = &mut self.visits;
        self.answers.read(&mut |sites, host| {
            for site in sites {
                visits.name(site, host.clone());
            }
        });
    }
}

/// To whom a request goes.
pub fn destination(knowledge: &Knowledge, exchange: &Exchange) -> Destination {
    let url = exchange.request.url.as_str();
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    attribute::destination(&knowledge.owners, exchange.host(), path)
}

/// Requests that an extension listed, the newest.
#[derive(Default)]
struct ListedRequests {
    /// When the extension was last heard.
    heard: Option<u64>,
    order: VecDeque<String>,
    count: BTreeMap<String, u32>,
}

impl ListedRequests {
    const MOST: usize = 4_096;
    /// An extension that was silent for so long is gone.
    const SILENCE: u64 = 120 * 1_000_000;

    fn add(&mut self, url: &str) {
        let bare = bare(url).to_owned();
        *self.count.entry(bare.clone()).or_default() += 1;
        self.order.push_back(bare);
        if self.order.len() > Self::MOST
            && let Some(oldest) = self.order.pop_front()
            && let Some(count) = self.count.get_mut(&oldest)
        {
            *count -= 1;
            if *count == 0 {
                self.count.remove(&oldest);
            }
        }
    }

    fn has(&self, url: &str) -> bool {
        self.count.contains_key(bare(url))
    }
}

/// An address without scheme and fragment: an extension and the wire may
/// disagree about both.
fn bare(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn host_of(url: &str) -> &str {
    bare(url).split(['/', '?', ':']).next().unwrap_or_default()
}

/// Whether a request says that somebody goes to a page (Fetch Metadata), or in
/// clear, where nothing says so, that it wants one.
fn is_document(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    match request.header("sec-fetch-mode") {
        Some(mode) => mode == b"navigate" && request.header("sec-fetch-dest") == Some(b"document"),
        None => {
            request.method == "GET" && request.header("accept").is_some_and(|accept| accept.starts_with(b"text/html"))
        }
    }
}

fn is_text(kind: &[u8]) -> bool {
    const TEXT: [&[u8]; 10] = [
        b"text/",
        b"javascript",
        b"ecmascript",
        b"json",
        b"xml",
        b"xhtml",
        b"mpegurl",
        b"dash+xml",
        b"x-www-form-urlencoded",
        b"manifest",
    ];
    kind.is_empty() || TEXT.iter().any(|word| kind.windows(word.len()).any(|part| part == *word))
}
