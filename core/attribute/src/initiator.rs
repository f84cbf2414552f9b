//! Who sent a request: a page, the browser, an extension.
//!
//! In an experiment Candor serves every page, and the page's record lists the requests that it can
//! cause. These requests are the page's. Every other request, to any host, is the subject's own.
//! What the accused writes does not excuse it: neither its headers, nor the list of its own driver,
//! nor the type of an answer. In a capture of another program there are no such records. There only
//! headers that accuse count, and every other initiator is unknown.

use std::collections::{BTreeMap, BTreeSet};

use model::{Attribution, Exchange, Initiator, ListedRequest, Page, PlantedCanary, RequestCause};

use crate::questions::QuestionNames;

/// The pages and their possible requests, as far as they are recorded.
#[derive(Clone, Debug, Default)]
pub struct Initiators {
    /// The honey sites of each trial, with the requests that their pages can cause.
    sites: BTreeMap<(u32, String), PageManifest>,
    /// The search engines of each trial, with the planted search words.
    searches: BTreeMap<(u32, String), BTreeSet<String>>,
    /// Requests that the driver saw pages make: trial and address.
    listed: BTreeSet<(u32, String)>,
    trials: BTreeSet<u32>,
}

/// Method and path with query → why a browser asks for it.
type PageManifest = BTreeMap<(String, String), RequestCause>;

/// The requests that pages could cause in evidence from before pages had manifests.
const BEFORE_MANIFESTS: [(&str, &str, RequestCause); 7] = [
    ("GET", "/picture.gif", RequestCause::Page),
    ("GET", "/style.css", RequestCause::Page),
    ("GET", "/script.js", RequestCause::Page),
    ("GET", "/way", RequestCause::Page),
    ("GET", "/go/on", RequestCause::Page),
    ("POST", "/sent", RequestCause::Page),
    ("GET", ICON, RequestCause::Browser),
];

const ICON: &str = "/favicon.ico";

/// Resources of a page of search results.
const OF_RESULTS: [&str; 2] = ["/style.css", "/script.js"];

impl Initiators {
    /// Takes note of a page that Candor served.
    pub fn page(&mut self, page: &Page) {
        self.trials.insert(page.trial);
        let manifest = self.sites.entry((page.trial, host(&page.url).to_owned())).or_default();
        manifest.insert(("GET".into(), path(&page.url).to_owned()), RequestCause::Page);
        if page.resources.is_empty() {
            let known = BEFORE_MANIFESTS.map(|(method, path, cause)| ((method.into(), path.into()), cause));
            manifest.extend(known);
        }
        let listed = page.resources.iter().map(|one| ((one.method.clone(), one.path.clone()), one.cause));
        manifest.extend(listed);
    }

    /// Takes note of a planted value. Only searches matter: they name the search engine and the
    /// words.
    pub fn plant(&mut self, plant: &PlantedCanary) {
        if let (Some(trial), Some(site), "search") = (plant.trial, &plant.site, plant.canary.kind.as_str()) {
            self.searches.entry((trial, site.clone())).or_default().insert(plant.canary.value.to_lowercase());
        }
    }

    /// Takes note of a trial, in which the subject is started with or without pages.
    pub fn trial(&mut self, trial: u32) {
        self.trials.insert(trial);
    }

    /// Takes note of a request that the driver saw a page make.
    pub fn listed(&mut self, listed: &ListedRequest) {
        self.listed.insert((listed.trial, bare(&listed.url).to_owned()));
    }

    /// Whether the exchange goes to a honey site of its own trial.
    pub fn is_site(&self, exchange: &Exchange) -> bool {
        exchange.trial.is_some_and(|trial| self.sites.contains_key(&(trial, exchange.host().to_owned())))
    }

    /// The initiator of an exchange, with the reason. `questions` are the names in its DNS query.
    /// They are an argument because the body is no longer there when this is called, after all
    /// pages are known.
    pub fn side(&self, exchange: &Exchange, questions: Option<&QuestionNames>) -> Attribution {
        let said = |side, because| Attribution { side, because };
        if let Some(trial) = exchange.trial
            && let Some(said) = self.by_manifest(trial, exchange).or_else(|| self.by_questions(trial, questions?))
        {
            return said;
        }
        if let Some(because) = from_extension(exchange) {
            return said(Initiator::Extension, because);
        }
        if let Some(trial) = exchange.trial.filter(|trial| self.trials.contains(trial)) {
            return said(Initiator::Native, self.why_native(trial, exchange));
        }
        if let Some(because) = accused(exchange) {
            return said(Initiator::Native, because);
        }
        said(Initiator::Unknown, "nothing that the sender does not write itself says who sent it")
    }

    /// The initiator of one value, in an exchange whose initiator is known. A page does not know
    /// the canaries of other sites. So a canary that was planted for another site, or for none,
    /// comes from the subject itself.
    pub fn side_of_planted(
        &self,
        exchange: &Exchange,
        side: &Attribution,
        questions: Option<&QuestionNames>,
        plant: &PlantedCanary,
    ) -> Attribution {
        if !matches!(side.side, Initiator::Page | Initiator::Caused) || plant.canary.decoy {
            return side.clone();
        }
        let of_its_site = plant.site.as_deref() == Some(exchange.host());
        let asks_for_it = plant.canary.kind.as_str() == "visited-host"
            && questions.is_some_and(|questions| questions.all(|name| plant.site.as_deref() == Some(name)));
        if of_its_site || asks_for_it {
            return side.clone();
        }
        Attribution {
            side: Initiator::Native,
            because: "no page of the site that it went to was ever given this value",
        }
    }

    fn by_manifest(&self, trial: u32, exchange: &Exchange) -> Option<Attribution> {
        let place = (trial, exchange.host().to_owned());
        if exchange.foreign_name().is_some() {
            return None;
        }
        let request = &exchange.request;
        if let Some(manifest) = self.sites.get(&place) {
            if exchange.seal.is_some() {
                let because = "it is a connection to the site that the subject was sent to";
                return Some(Attribution { side: Initiator::Caused, because });
            }
            let key = (request.method.clone(), path(&request.url).to_owned());
            return manifest.get(&key).map(|cause| because_of(*cause));
        }
        let asked = self.searches.get(&place)?;
        if request.method != "GET" {
            return None;
        }
        let path = path(&request.url);
        if path == ICON {
            return Some(because_of(RequestCause::Browser));
        }
        (OF_RESULTS.contains(&path) || searched(path).is_some_and(|words| asked.contains(&words)))
            .then_some(Attribution { side: Initiator::Page, because: "it is the search that the subject was to make" })
    }

    /// A DNS query for the name of a site is caused by a visit. A query that also has any other
    /// name, for example one below the site's, is not.
    fn by_questions(&self, trial: u32, questions: &QuestionNames) -> Option<Attribution> {
        let place = |name: &str| (trial, name.to_owned());
        let is_known = |name: &str| self.sites.contains_key(&place(name)) || self.searches.contains_key(&place(name));
        let because = "it asks where a site is that the subject was sent to";
        questions.all(is_known).then_some(Attribution { side: Initiator::Caused, because })
    }

    fn why_native(&self, trial: u32, exchange: &Exchange) -> &'static str {
        if self.listed.contains(&(trial, bare(&exchange.request.url).to_owned())) {
            return "the browser says that a page asked for it, and none of ours does";
        }
        match self.is_site(exchange) {
            true => "it goes to a site that was visited, and no page there asks for it",
            false => "no page asked for it, and nothing but the subject runs in its namespace",
        }
    }
}

fn because_of(cause: RequestCause) -> Attribution {
    match cause {
        RequestCause::Page => {
            Attribution { side: Initiator::Page, because: "a page that the subject was sent to asks for it" }
        }
        RequestCause::Browser => {
            Attribution { side: Initiator::Caused, because: "browsers ask for it when they open a page" }
        }
    }
}

/// The words of a search, in lower case.
fn searched(path: &str) -> Option<String> {
    let (path, query) = path.split_once('?')?;
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("q="))?;
    let plain = asked.replace('+', " ").replace("%20", " ").to_lowercase();
    matches!(path, "/" | "/search" | "/html/").then_some(plain)
}

/// An extension writes its own name into `Origin`; a page cannot.
fn from_extension(exchange: &Exchange) -> Option<&'static str> {
    let origin = exchange.request.header("origin")?;
    (origin.starts_with(b"chrome-extension://") || origin.starts_with(b"moz-extension://"))
        .then_some("its Origin is an extension")
}

/// Fetch Metadata (W3C, §2): over HTTPS the requests of pages carry these headers. A
/// `Sec-Fetch-Site` of `none` with a mode other than `navigate` means that no page made the
/// request.
fn accused(exchange: &Exchange) -> Option<&'static str> {
    if !exchange.request.url.starts_with("https://") {
        return None;
    }
    let site = exchange.request.header("sec-fetch-site")?;
    let mode = exchange.request.header("sec-fetch-mode").unwrap_or_default();
    (site == b"none" && mode != b"navigate").then_some("its Sec-Fetch headers say that no page sent it")
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

    use model::{Body, Canary, Client, ClientHello, Header, IngressKind, PageResource, Request, Time};

    use super::*;

    const SITE: &str = "kotikotikoti.com";

    fn exchange(trial: Option<u32>, url: &str, headers: &[(&str, &str)]) -> Exchange {
        Exchange {
            index: 0,
            trial,
            connection: 1,
            started: Time(0),
            ended: None,
            inlet: IngressKind::Proxy,
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

    fn page(site: &str, resources: &[(&str, &str)]) -> Page {
        let resource = |(method, path): &(&str, &str)| PageResource {
            method: (*method).into(),
            path: (*path).into(),
            cause: if *path == ICON { RequestCause::Browser } else { RequestCause::Page },
        };
        Page {
            trial: 1,
            at: Time(0),
            url: format!("https://{site}/a?b=c"),
            title: String::new(),
            forms: vec![],
            resources: resources.iter().map(resource).collect(),
        }
    }

    fn plant(kind: &str, value: &str, site: Option<&str>) -> PlantedCanary {
        PlantedCanary { trial: Some(1), canary: Canary::new("c", kind, value), site: site.map(Into::into) }
    }

    fn sides() -> Initiators {
        let mut sides = Initiators::default();
        sides.page(&page(SITE, &[("GET", "/picture.gif"), ("POST", "/beacon"), ("GET", ICON)]));
        sides.page(&page("latilatilati.de", &[]));
        sides.plant(&plant("search", "Two Words", Some("duckduckgo.com")));
        for url in ["https://duckduckgo.com/ac/?q=two", "https://img.example/picture.gif"] {
            sides.listed(&ListedRequest {
                trial: 1,
                at: Time(0),
                method: "GET".into(),
                url: url.into(),
                by: "cdp".into(),
            });
        }
        sides
    }

    fn side(trial: Option<u32>, url: &str, headers: &[(&str, &str)]) -> Initiator {
        sides().side(&exchange(trial, url, headers), None).side
    }

    fn posted(url: &str) -> Initiator {
        let mut exchange = exchange(Some(1), url, &[]);
        exchange.request.method = "POST".into();
        sides().side(&exchange, None).side
    }

    #[test]
    fn what_the_manifest_lists_is_the_pages() {
        assert_eq!(side(Some(1), "https://kotikotikoti.com/a?b=c", &[]), Initiator::Page);
        assert_eq!(side(Some(1), "http://kotikotikoti.com/a?b=c", &[]), Initiator::Page, "tried in clear first");
        assert_eq!(side(Some(1), "https://kotikotikoti.com/picture.gif", &[]), Initiator::Page);
        assert_eq!(side(Some(1), "https://kotikotikoti.com/favicon.ico", &[]), Initiator::Caused);
        assert_eq!(posted("https://kotikotikoti.com/beacon"), Initiator::Page);
        assert_eq!(
            side(Some(1), "https://latilatilati.de/style.css", &[]),
            Initiator::Page,
            "a page without a manifest"
        );
    }

    #[test]
    fn what_it_does_not_list_is_the_subjects_own_on_the_same_site_too() {
        for url in [
            "https://kotikotikoti.com/picture.gif?u=1",
            "https://kotikotikoti.com/favicon.ico?u=1",
            "https://kotikotikoti.com/collect",
            "https://sub.kotikotikoti.com/picture.gif",
        ] {
            assert_eq!(side(Some(1), url, &[]), Initiator::Native, "{url}");
        }
        assert_eq!(posted("https://kotikotikoti.com/picture.gif"), Initiator::Native);
    }

    #[test]
    fn neither_the_drivers_list_nor_headers_acquit_a_picture_injected_into_a_page() {
        let injected =
            [("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image"), ("referer", "https://kotikotikoti.com/")];
        assert_eq!(side(Some(1), "https://img.example/picture.gif", &injected), Initiator::Native);
        let type_of_an_icon = [("content-type", "application/csp-report")];
        assert_eq!(side(Some(1), "https://collector.example/favicon.ico", &type_of_an_icon), Initiator::Native);
    }

    #[test]
    fn a_search_is_the_pages_and_suggestions_are_not() {
        assert_eq!(side(Some(1), "https://duckduckgo.com/?t=debian&q=two+words", &[]), Initiator::Page);
        assert_eq!(side(Some(1), "https://duckduckgo.com/style.css", &[]), Initiator::Page);
        assert_eq!(side(Some(1), "https://duckduckgo.com/favicon.ico", &[]), Initiator::Caused);
        assert_eq!(side(Some(1), "https://duckduckgo.com/?q=two", &[]), Initiator::Native);
        assert_eq!(side(Some(1), "https://duckduckgo.com/ac/?q=two", &[]), Initiator::Native);
        assert_eq!(
            side(Some(2), "https://duckduckgo.com/?q=two+words", &[]),
            Initiator::Unknown,
            "another trial's search"
        );
    }

    #[test]
    fn under_the_name_of_another_host_nothing_is_a_pages() {
        let mut fronted = exchange(Some(1), "https://kotikotikoti.com/picture.gif", &[("host", "collector.example")]);
        assert_eq!(sides().side(&fronted, None).side, Initiator::Native);
        fronted.request.headers.clear();
        let hello =
            ClientHello { raw: [].into(), ja4: String::new(), sni: Some("collector.example".into()), alpn: vec![] };
        fronted.client = Arc::new(Client { hello: Some(hello), ..Client::default() });
        assert_eq!(sides().side(&fronted, None).side, Initiator::Native);
    }

    fn of_value(url: &str, plant: &PlantedCanary, asked: Option<&str>) -> Initiator {
        let (sides, exchange) = (sides(), exchange(Some(1), url, &[]));
        let questions = asked.map(|name| QuestionNames::of(&[name]));
        let side = sides.side(&exchange, questions.as_ref());
        sides.side_of_planted(&exchange, &side, questions.as_ref(), plant).side
    }

    #[test]
    fn what_was_planted_for_another_site_is_the_subjects_own_in_a_pages_request() {
        let url = "https://latilatilati.de/picture.gif";
        assert_eq!(
            of_value(url, &plant("visited-url", "https://latilatilati.de/a?b=c", Some("latilatilati.de")), None),
            Initiator::Page
        );
        assert_eq!(
            of_value(url, &plant("visited-url", "https://kotikotikoti.com/a?b=c", Some(SITE)), None),
            Initiator::Native
        );
        assert_eq!(of_value(url, &plant("typed-text", "never sent", None), None), Initiator::Native);
    }

    #[test]
    fn a_resolver_may_be_asked_for_the_names_of_pages_and_for_nothing_else() {
        let resolver = "https://dns.example/dns-query";
        let host = plant("visited-host", SITE, Some(SITE));
        assert_eq!(of_value(resolver, &host, Some(SITE)), Initiator::Caused);
        assert_eq!(of_value(resolver, &host, Some("told.kotikotikoti.com")), Initiator::Native);
        assert_eq!(
            of_value(resolver, &host, Some("latilatilati.de")),
            Initiator::Native,
            "it stands beside the question"
        );
        assert_eq!(
            of_value(resolver, &plant("visited-url", "https://kotikotikoti.com/a", Some(SITE)), Some(SITE)),
            Initiator::Native
        );
        assert_eq!(of_value(resolver, &host, None), Initiator::Native);
    }

    #[test]
    fn all_else_in_an_experiment_is_the_subjects_own() {
        assert_eq!(side(Some(1), "https://collector.example/x", &[]), Initiator::Native);
    }

    #[test]
    fn headers_accuse_and_do_not_acquit() {
        let page_like = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
        assert_eq!(side(Some(1), "https://collector.example/x", &page_like), Initiator::Native);
        let extension = [("origin", "chrome-extension://abc")];
        assert_eq!(side(Some(1), "https://collector.example/x", &extension), Initiator::Extension);
        let own = [("sec-fetch-site", "none"), ("sec-fetch-mode", "no-cors")];
        assert_eq!(side(None, "https://update.example/x", &own), Initiator::Native);
        assert_eq!(side(None, "https://update.example/x", &page_like), Initiator::Unknown);
    }
}
