//! One client: its recent visits and answers, as far as they decide what it may
//! send.

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

/// The state that the guard keeps for one program of a device in one mode. It
/// is in memory only, and never written to disk.
pub struct GuardClient {
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) visits: ActiveSites,
    pub(crate) memory: DeviceMemory,
    mode: Mode,
    answers: PageAnswers,
    listed: ListedRequests,
}

/// Whether the guard needs the body of a request to decide on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionNeed {
    /// No: the request may be forwarded as it arrives, or is decided already.
    Nothing,
    /// Yes: the proxy has to hold the body back.
    Body,
}

impl fmt::Debug for GuardClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

impl GuardClient {
    /// A client without visits. Its visited addresses go into `memory`, which
    /// the clients of a device share.
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

    /// Takes note of a request that begins. If the request navigates to a page,
    /// its address is a live canary from here on, and hosts that the page will
    /// name belong to the page.
    ///
    /// Only the request's headers say that it navigates. If too many requests
    /// are taken for pages, there are more canaries, and a false page excuses
    /// nobody for sending more than its own address.
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

    /// Takes note of an answer that begins. Returns a number if the guard wants
    /// its bytes: [`GuardClient::answer`] takes them under this number.
    pub fn answering(&mut self, exchange: &Exchange, answer: &Response, now: GuardTime) -> Option<u64> {
        let host = exchange.host();
        let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
        let is_html = kind.starts_with(b"text/html") && (200..300).contains(&answer.status);
        // An HTML answer alone never makes a page, because the accused server may
        // have written it.
        if is_html && is_document(exchange) {
            self.visits.opened(site_of(host), host);
        }
        let fields: Vec<u8> = answer.headers.iter().flat_map(|header| [&header.value[..], b"\n"].concat()).collect();
        if !is_text(&kind) && !fields.windows(2).any(|pair| pair == b"//") {
            return None;
        }
        // An answer that is buffered and not yet searched may name this host,
        // so search it first.
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

    /// Takes bytes of an answer, before the client gets them.
    pub fn answer(&mut self, number: u64, bytes: &[u8]) {
        self.answers.more(number, bytes);
        if self.answers.is_much() {
            self.read_answers();
        }
    }

    /// Takes note that an answer is complete.
    pub fn answered(&mut self, number: u64) {
        self.answers.end(number);
    }

    /// Takes note of a request that our extension saw a page make.
    pub fn listed(&mut self, url: &str) {
        self.listed.add(url);
    }

    /// Takes note that our extension saw a page at this address, also if a
    /// script changed the address.
    pub fn page(&mut self, url: &str, now: GuardTime) {
        self.went(url, now);
        let host = host_of(url);
        self.visits.listed(site_of(host), host, now.steady);
    }

    /// Takes note of a visit, as the request's headers or our extension report
    /// it.
    fn went(&mut self, url: &str, now: GuardTime) {
        let site = site_of(host_of(url)).to_owned();
        self.visits.go(&site, now.steady);
        self.memory.values().visited(url, &site, self.mode, now.steady);
    }

    /// Takes note that our extension is there and lists the requests of pages.
    /// The extension repeats this message as long as it runs.
    pub fn lists(&mut self, now: GuardTime) {
        self.listed.heard = Some(now.steady);
    }

    /// Whether our extension lists the requests of pages: its last message is
    /// less than two minutes old.
    pub fn is_exact(&self, now: GuardTime) -> bool {
        self.listed.heard.is_some_and(|heard| now.steady.saturating_sub(heard) < ListedRequests::SILENCE)
    }

    pub(crate) fn is_listed(&self, url: &str) -> bool {
        self.listed.has(url)
    }

    /// Whether the guard needs the body of `asking`. It does not for requests
    /// of pages, and for destinations that the person allowed or stopped.
    pub fn wanted(&mut self, asking: &RequestContext<'_>, choices: &Choices, now: GuardTime) -> InspectionNeed {
        if choices.destined(asking.aim, asking.who).is_some() {
            return InspectionNeed::Nothing;
        }
        self.read_answers();
        if self.is_asked_by_page(asking, choices.strict, now) { InspectionNeed::Nothing } else { InspectionNeed::Body }
    }

    /// Whether a page made this request: the destination alone shows it,
    /// whatever the body holds.
    pub(crate) fn is_asked_by_page(&self, asking: &RequestContext<'_>, strict: bool, now: GuardTime) -> bool {
        let class = DestinationClass::of(asking.aim, asking.who, &[]);
        let url = &asking.exchange.request.url;
        self.party(asking.aim, url, class, strict, now).is_some() && self.service(asking, now).is_none()
    }

    /// The browser's own service that this request asks (suggestions or
    /// autofill), if the browser and not a page made the request.
    ///
    /// Such a service may have the same host as an open page, so the host does
    /// not decide. Our extension's list tells which requests a page made;
    /// without the extension, the headers of Fetch Metadata do. These headers
    /// only ever make a request the browser's own, which is the stricter
    /// treatment.
    pub(crate) fn service(&self, asking: &RequestContext<'_>, now: GuardTime) -> Option<service::BrowserService> {
        let url = &asking.exchange.request.url;
        let service = service::at(&self.knowledge, asking.aim, url)?;
        let is_own = match self.is_exact(now) {
            true => !self.is_listed(url),
            false => service::is_native(asking.exchange),
        };
        is_own.then_some(service)
    }

    /// Searches a request for everything that the device's memory knows.
    pub fn look(&self, exchange: &Exchange) -> RequestScan {
        RequestScan::with(exchange, &self.memory.eye())
    }

    /// Forgets what is too old. To be called now and then.
    pub fn forget_old(&mut self, now: GuardTime) {
        self.read_answers();
        self.visits.forget_old(now.steady);
    }

    /// The memory that this client shares with the other clients of its device.
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

/// The destination of a request, with its owner and purpose.
pub fn destination(knowledge: &Knowledge, exchange: &Exchange) -> Destination {
    let url = exchange.request.url.as_str();
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    attribute::destination(&knowledge.owners, exchange.host(), path)
}

/// The newest requests that our extension listed as made by pages.
#[derive(Default)]
struct ListedRequests {
    /// When the extension was last heard.
    heard: Option<u64>,
    order: VecDeque<String>,
    count: BTreeMap<String, u32>,
}

impl ListedRequests {
    const MOST: usize = 4_096;
    /// Microseconds without a message after which our extension counts as gone.
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

/// An address without scheme and fragment: the extension and the request on the
/// wire may differ in both.
fn bare(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn host_of(url: &str) -> &str {
    bare(url).split(['/', '?', ':']).next().unwrap_or_default()
}

/// Whether a request navigates to a page by its Fetch Metadata headers.
/// Browsers do not send these over plain HTTP; there a GET whose Accept starts
/// with `text/html` counts.
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
