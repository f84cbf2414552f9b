//! Every honey site of a run, and what it answers.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use model::{Header, Request};

use crate::{
    ActCanaries,
    pages::{self, path},
};

/// The sites that exist. Pages are added while the run goes on.
#[derive(Debug, Default)]
pub struct HoneySites {
    sites: RwLock<BTreeMap<String, Vec<ActCanaries>>>,
    engines: RwLock<Vec<String>>,
}

/// An answer of a honey site.
#[derive(Clone)]
pub struct HoneyAnswer {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for HoneyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Served({}, {} bytes)", self.status, self.body.len())
    }
}

impl HoneySites {
    /// Puts a page where its address says.
    pub fn add(&self, planted: &ActCanaries) {
        let host = host(&planted.url);
        if !host.is_empty() {
            let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
            sites.entry(host.to_owned()).or_default().push(planted.clone());
        }
    }

    /// A search engine: whatever is asked there, it shows a page of results.
    pub fn add_engine(&self, host: &str) {
        self.engines.write().unwrap_or_else(PoisonError::into_inner).push(host.to_owned());
    }

    /// The answer, if the request is for a site of ours.
    pub fn serve(&self, request: &Request) -> Option<HoneyAnswer> {
        let (host, path) = (request.host(), path(&request.url));
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = sites.get(host) {
            return Some(pages::of_site(site, &request.url, path));
        }
        let engines = self.engines.read().unwrap_or_else(PoisonError::into_inner);
        (engines.iter().any(|engine| engine == host)).then(|| pages::of_engine(path)).flatten()
    }
}

fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use model::{Act, Body};

    use super::*;
    use crate::CanaryGenerator;

    fn get(url: &str) -> Request {
        Request {
            method: "GET".into(),
            url: url.into(),
            version: "HTTP/2".into(),
            headers: vec![],
            body: Body::default(),
        }
    }

    #[test]
    fn a_planted_page_is_served_with_its_title_and_form() {
        let garden = HoneySites::default();
        let planted = CanaryGenerator::new(1, 1).plant(Act::Form, "");
        garden.add(&planted);
        let served = garden.serve(&get(&planted.url)).unwrap();
        let body = String::from_utf8(served.body).unwrap();
        assert_eq!(served.status, 200);
        assert!(body.contains(&planted.title));
        assert!(body.contains(&format!("name=\"{}\"", planted.forms[0].name)));
    }

    #[test]
    fn what_is_not_on_a_site_is_not_found_there() {
        let garden = HoneySites::default();
        let planted = CanaryGenerator::new(1, 1).plant(Act::Visit, "");
        garden.add(&planted);
        let elsewhere = format!("https://{}/nothing", planted.plants[2].canary.value);
        assert_eq!(garden.serve(&get(&elsewhere)).unwrap().status, 404);
        assert!(garden.serve(&get("https://other.example/")).is_none());
    }

    #[test]
    fn a_page_is_reached_by_a_link_and_by_a_redirect_on_its_own_site() {
        let garden = HoneySites::default();
        let planted = CanaryGenerator::new(1, 1).plant(Act::Visit, "");
        garden.add(&planted);
        let way = String::from_utf8(garden.serve(&get(&planted.way_here())).unwrap().body).unwrap();
        assert!(way.contains(&format!("id=\"on\" href=\"{}\"", planted.url)), "{way}");
        let redirect = garden.serve(&get(&planted.redirected())).unwrap();
        assert_eq!(redirect.status, 302);
        assert!(redirect.headers.iter().any(|h| h.name == "location" && h.value == planted.url.as_bytes()));
    }

    #[test]
    fn a_download_is_a_file_and_no_page() {
        let garden = HoneySites::default();
        let planted = CanaryGenerator::new(1, 1).plant(Act::Download, "");
        garden.add(&planted);
        let served = garden.serve(&get(&planted.url)).unwrap();
        assert!(served.headers.iter().any(|header| header.name == "content-disposition"));
    }

    #[test]
    fn an_engine_answers_searches_only() {
        let garden = HoneySites::default();
        garden.add_engine("duckduckgo.com");
        assert!(garden.serve(&get("https://duckduckgo.com/?q=two+words")).is_some());
        assert!(garden.serve(&get("https://duckduckgo.com/ac/?q=tw")).is_none());
    }
}
