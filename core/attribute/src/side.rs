//! Who sent a request: a page, the browser, an extension.
//!
//! In an experiment every page is Candor's own and names no host but those of
//! honey sites, so a request to anywhere else was not a page's unless the
//! driver saw one ask for it. In a capture that another program made nothing
//! of that is known; there only accusing headers speak, and the rest is unknown.

use std::collections::{BTreeMap, BTreeSet};

use model::{Exchange, Listed, Page, Response, Side, SideBecause};

/// What is known about pages and their requests so far.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    /// Honey sites by trial.
    sites: BTreeSet<(u32, String)>,
    /// Requests the driver listed, and how often, by trial.
    listed: BTreeMap<(u32, String), u32>,
    /// Hosts of those, by trial.
    hosts_listed: BTreeSet<(u32, String)>,
    /// Hosts that stood in an answer given to a trial's pages.
    named: BTreeSet<(u32, String)>,
    trials_with_pages: BTreeSet<u32>,
    /// Trials in which a driver lists what pages ask for.
    drivers: BTreeSet<u32>,
}

impl Sides {
    /// A page of ours was given out.
    pub fn page(&mut self, page: &Page) {
        self.trials_with_pages.insert(page.trial);
        self.sites.insert((page.trial, host(&page.url).to_owned()));
    }

    /// The subject was started in this trial, with or without pages.
    pub fn trial(&mut self, trial: u32) {
        self.trials_with_pages.insert(trial);
    }

    /// The driver saw a page ask for it.
    pub fn listed(&mut self, listed: &Listed) {
        self.drivers.insert(listed.trial);
        self.hosts_listed.insert((listed.trial, host(&listed.url).to_owned()));
        *self.listed.entry((listed.trial, bare(&listed.url).to_owned())).or_default() += 1;
    }

    /// Hosts that a page's answer names: what its page asks of them is the page's.
    pub fn answered(&mut self, exchange: &Exchange) {
        let (Some(trial), Some(response)) = (exchange.trial, &exchange.response) else { return };
        if !self.is_site(exchange) && response.by != "honey" {
            return;
        }
        for host in hosts_in(response) {
            self.named.insert((trial, host));
        }
    }

    /// Whether the exchange is with a honey site of its own trial.
    pub fn is_site(&self, exchange: &Exchange) -> bool {
        exchange.trial.is_some_and(|trial| self.sites.contains(&(trial, exchange.host().to_owned())))
    }

    /// The side of an exchange, with the reason.
    pub fn side(&self, exchange: &Exchange) -> SideBecause {
        let said = |side, because| SideBecause { side, because };
        if self.is_site(exchange) {
            return match caused(exchange) {
                Some(because) => said(Side::Caused, because),
                None => said(Side::Page, "it goes to the site that the subject was sent to"),
            };
        }
        if let Some(trial) = exchange.trial {
            if self.listed.contains_key(&(trial, bare(&exchange.request.url).to_owned())) {
                return said(Side::Page, "the driver saw a page ask for it");
            }
            if is_icon(exchange) && self.hosts_listed.contains(&(trial, exchange.host().to_owned())) {
                return said(Side::Caused, "it is the icon of a site that a page was opened on");
            }
            // A driver's list is exact; the hosts that an answer names are not.
            if !self.drivers.contains(&trial) && self.named.contains(&(trial, exchange.host().to_owned())) {
                return match caused(exchange) {
                    Some(because) => said(Side::Caused, because),
                    None => said(Side::Page, "a page given to this client names its host"),
                };
            }
        }
        if let Some(because) = resolver(exchange) {
            return said(Side::Caused, because);
        }
        if let Some(because) = from_extension(exchange) {
            return said(Side::Extension, because);
        }
        if exchange.trial.is_some_and(|trial| self.trials_with_pages.contains(&trial)) {
            return said(Side::Native, "no page asked for it, and nothing but the subject runs in its namespace");
        }
        if let Some(because) = accused(exchange) {
            return said(Side::Native, because);
        }
        said(Side::Unknown, "nothing that the sender does not write itself says who sent it")
    }
}

/// Sent by the browser because a page asked, not because anybody wants to
/// know. Only asked of hosts that a page stands for: the headers alone would
/// let the accused acquit itself.
fn caused(exchange: &Exchange) -> Option<&'static str> {
    let request = &exchange.request;
    let kind = request.header("content-type").unwrap_or_default();
    if request.method == "OPTIONS" && request.header("access-control-request-method").is_some() {
        return Some("it is a CORS preflight");
    }
    if kind.starts_with(b"application/reports+json") || kind.starts_with(b"application/csp-report") {
        return Some("it is a report that a page's headers ask for (Reporting API)");
    }
    is_icon(exchange).then_some("it is a page's icon")
}

/// Asked for by name and with nothing else in the address.
fn is_icon(exchange: &Exchange) -> bool {
    path(&exchange.request.url) == "/favicon.ico"
}

/// A name looked up over HTTPS (RFC 8484): one question, nothing more.
fn resolver(exchange: &Exchange) -> Option<&'static str> {
    let request = &exchange.request;
    let is_dns = request.header("content-type").is_some_and(|kind| kind == b"application/dns-message");
    let body = &request.body.bytes;
    (is_dns && (13..512).contains(&body.len()) && body[4..6] == [0, 1]).then_some("it is a DNS query over HTTPS")
}

/// An extension writes its own name into `Origin`; a page cannot.
fn from_extension(exchange: &Exchange) -> Option<&'static str> {
    let origin = exchange.request.header("origin")?;
    (origin.starts_with(b"chrome-extension://") || origin.starts_with(b"moz-extension://"))
        .then_some("its Origin is an extension")
}

/// Fetch Metadata (W3C, §2): over HTTPS a page's requests carry them, and
/// `none` with another mode than `navigate` is nobody's page.
fn accused(exchange: &Exchange) -> Option<&'static str> {
    if !exchange.request.url.starts_with("https://") {
        return None;
    }
    let site = exchange.request.header("sec-fetch-site")?;
    let mode = exchange.request.header("sec-fetch-mode").unwrap_or_default();
    (site == b"none" && mode != b"navigate").then_some("its Sec-Fetch headers say that no page sent it")
}

/// Hosts in `src`, `href`, `action`, `url(…)`, `Location` and the like: any
/// `//host/` in the text. Too many is harmless: they must also be asked for.
fn hosts_in(response: &Response) -> Vec<String> {
    let mut hosts = Vec::new();
    for header in &response.headers {
        gather(&header.value, &mut hosts);
    }
    gather(&response.body.bytes, &mut hosts);
    hosts
}

fn gather(bytes: &[u8], hosts: &mut Vec<String>) {
    for (at, pair) in bytes.windows(2).enumerate() {
        if pair != b"//" {
            continue;
        }
        let rest = &bytes[at + 2..];
        let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
        if let Ok(host) = std::str::from_utf8(&rest[..len.min(253)])
            && host.contains('.')
        {
            hosts.push(host.to_ascii_lowercase());
        }
    }
}

/// An address without its scheme and fragment: the driver and the wire may
/// disagree about both.
fn bare(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn host(url: &str) -> &str {
    bare(url).split(['/', '?', ':']).next().unwrap_or_default()
}

fn path(url: &str) -> &str {
    let rest = bare(url);
    rest.find('/').map_or("/", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Body, Header, Inlet, Request, Time};

    use super::*;

    fn exchange(trial: Option<u32>, url: &str, headers: &[(&str, &str)]) -> Exchange {
        Exchange {
            index: 0,
            trial,
            connection: 1,
            started: Time(0),
            ended: None,
            inlet: Inlet::Proxy,
            client: Arc::default(),
            request: Request {
                method: "GET".into(),
                url: url.into(),
                version: "HTTP/2".into(),
                headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
                body: Body::default(),
            },
            response: None,
            messages: vec![],
            seal: None,
        }
    }

    fn sides() -> Sides {
        let mut sides = Sides::default();
        sides.page(&Page {
            trial: 1,
            at: Time(0),
            url: "https://kotikotikoti.com/a".into(),
            title: String::new(),
            forms: vec![],
        });
        sides.listed(&Listed {
            trial: 1,
            at: Time(0),
            method: "GET".into(),
            url: "https://duckduckgo.com/?q=a".into(),
            by: "cdp".into(),
        });
        sides
    }

    fn side(trial: Option<u32>, url: &str, headers: &[(&str, &str)]) -> Side {
        sides().side(&exchange(trial, url, headers)).side
    }

    #[test]
    fn what_goes_to_the_visited_site_is_the_pages() {
        assert_eq!(side(Some(1), "https://kotikotikoti.com/picture.gif", &[]), Side::Page);
        assert_eq!(side(Some(1), "https://kotikotikoti.com/favicon.ico", &[]), Side::Caused);
    }

    #[test]
    fn what_the_driver_lists_is_the_pages() {
        assert_eq!(side(Some(1), "https://duckduckgo.com/?q=a", &[]), Side::Page);
        assert_eq!(side(Some(2), "https://duckduckgo.com/?q=a", &[]), Side::Unknown, "another trial's list");
    }

    #[test]
    fn an_engines_suggestions_are_not_its_page() {
        assert_eq!(side(Some(1), "https://duckduckgo.com/ac/?q=a", &[]), Side::Native);
        assert_eq!(side(Some(1), "https://duckduckgo.com/favicon.ico", &[]), Side::Caused);
        assert_eq!(side(Some(1), "https://duckduckgo.com/favicon.ico?u=secret", &[]), Side::Native);
    }

    #[test]
    fn all_else_in_an_experiment_is_the_subjects_own() {
        assert_eq!(side(Some(1), "https://collector.example/x", &[]), Side::Native);
    }

    #[test]
    fn headers_accuse_and_do_not_acquit() {
        let page_like = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
        assert_eq!(side(Some(1), "https://collector.example/x", &page_like), Side::Native);
        let extension = [("origin", "chrome-extension://abc")];
        assert_eq!(side(Some(1), "https://collector.example/x", &extension), Side::Extension);
        let own = [("sec-fetch-site", "none"), ("sec-fetch-mode", "no-cors")];
        assert_eq!(side(None, "https://update.example/x", &own), Side::Native);
        assert_eq!(side(None, "https://update.example/x", &page_like), Side::Unknown);
    }

    #[test]
    fn where_no_driver_lists_a_host_that_a_page_names_is_the_pages() {
        let mut sides = sides();
        sides.page(&Page {
            trial: 2,
            at: Time(0),
            url: "https://kotikotikoti.com/a".into(),
            title: String::new(),
            forms: vec![],
        });
        let mut page = exchange(Some(2), "https://kotikotikoti.com/a", &[]);
        page.response = Some(Response {
            status: 200,
            version: String::new(),
            headers: vec![],
            body: Body::whole(&b"<img src=//Img.example/x>"[..]),
            by: "honey".into(),
        });
        sides.answered(&page);
        assert_eq!(sides.side(&exchange(Some(2), "https://img.example/x", &[])).side, Side::Page);
        page.trial = Some(1);
        sides.answered(&page);
        assert_eq!(sides.side(&exchange(Some(1), "https://img.example/x", &[])).side, Side::Native);
    }
}
