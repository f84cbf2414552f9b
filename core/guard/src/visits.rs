//! The sites that a client visits, and the hosts that their pages may ask.
//!
//! All pages of one site are one visit, because they name the same hosts. A
//! visit ends when no request went to its site or its hosts for half an hour.

use std::collections::{BTreeMap, BTreeSet};

/// Microseconds without a request after which a visit ends.
const LIFE: u64 = 30 * 60 * 1_000_000;
/// Visits that are remembered for a client.
const MOST: usize = 64;
/// Hosts that are remembered for a visit.
const MOST_HOSTS: usize = 4_096;

/// Who testifies that a client has a page open.
///
/// The browser writes the request headers, and the browser may be the accused.
/// So where our extension lists the pages, only its list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VisitWitness {
    /// An extension of ours saw the page.
    Extension,
    /// The headers of the request said that it navigates to a page. The
    /// extension counts too.
    Headers,
}

/// One site that a client visits.
#[derive(Default)]
struct ActiveSite {
    last: u64,
    /// An extension of ours saw a page of the site.
    listed: bool,
    /// Hosts of the site that answered a request with HTML, where the request's
    /// headers said that it navigates to a page.
    documents: BTreeSet<String>,
    /// Hosts of the site with a page that an extension of ours saw.
    listed_documents: BTreeSet<String>,
    /// Hosts that were named in answers to the site's pages.
    named: BTreeSet<String>,
    /// Registrable domains of the hosts in `named`.
    named_sites: BTreeSet<String>,
}

/// Every visit, by registrable domain.
#[derive(Default)]
pub(crate) struct ActiveSites {
    by_site: BTreeMap<String, ActiveSite>,
}

impl ActiveSites {
    /// Begins or continues the visit of a site.
    pub(crate) fn go(&mut self, site: &str, steady: u64) {
        self.by_site.entry(site.to_owned()).or_default().last = steady;
        while self.by_site.len() > MOST {
            let oldest = self.by_site.iter().min_by_key(|(_, visit)| visit.last).map(|(site, _)| site.clone());
            // There are more than MOST visits, so `min_by_key` finds one.
            self.by_site.remove(&oldest.unwrap_or_default());
        }
    }

    /// Takes note that our extension saw a page of this host.
    pub(crate) fn listed(&mut self, site: &str, host: &str, steady: u64) {
        self.go(site, steady);
        if let Some(visit) = self.by_site.get_mut(site) {
            visit.listed = true;
            visit.listed_documents.insert(host.to_owned());
        }
    }

    /// Takes note of a document from this host of the site; only the request's
    /// headers say so.
    pub(crate) fn opened(&mut self, site: &str, host: &str) {
        if let Some(visit) = self.by_site.get_mut(site) {
            visit.documents.insert(host.to_owned());
        }
    }

    /// Takes note that an answer to a page of the site named this host.
    pub(crate) fn name(&mut self, site: &str, host: String) {
        let Some(visit) = self.by_site.get_mut(site) else { return };
        if visit.named.len() < MOST_HOSTS {
            visit.named_sites.insert(attribute::site_of(&host).to_owned());
            visit.named.insert(host);
        }
    }

    /// Takes note of a request to this host: visits that it is part of
    /// continue.
    pub(crate) fn touch(&mut self, host: &str, steady: u64) {
        let site = attribute::site_of(host);
        for (own, visit) in &mut self.by_site {
            if own == site || visit.named.contains(host) {
                visit.last = visit.last.max(steady);
            }
        }
    }

    pub(crate) fn forget_old(&mut self, steady: u64) {
        self.by_site.retain(|_, visit| steady.saturating_sub(visit.last) < LIFE);
    }

    /// Sites whose pages an answer of this host is part of.
    pub(crate) fn sites_of(&self, host: &str, steady: u64) -> Vec<String> {
        const MOST_SITES: usize = 8;
        let site = attribute::site_of(host);
        let part = |(own, visit): &(&String, &ActiveSite)| *own == site || visit.named.contains(host);
        self.live(steady).filter(part).take(MOST_SITES).map(|(own, _)| own.clone()).collect()
    }

    /// Whether a page of this site was given the name of the host.
    pub(crate) fn names(&self, site: &str, host: &str, witness: VisitWitness, steady: u64) -> bool {
        self.seen(witness, steady).any(|(own, visit)| own == site && visit.named.contains(host))
    }

    /// Whether a page of any other site was given the name of the host itself.
    pub(crate) fn any_names(&self, host: &str, witness: VisitWitness, steady: u64) -> bool {
        let own_site = attribute::site_of(host);
        self.seen(witness, steady).any(|(site, visit)| site != own_site && visit.named.contains(host))
    }

    /// Whether a page of any site was given a name of the same domain.
    pub(crate) fn any_names_site(&self, host: &str, witness: VisitWitness, steady: u64) -> bool {
        let site = attribute::site_of(host);
        self.seen(witness, steady).any(|(_, visit)| visit.named_sites.contains(site))
    }

    /// Whether a document came from this very host.
    pub(crate) fn shows_host(&self, host: &str, witness: VisitWitness, steady: u64) -> bool {
        self.seen(witness, steady).any(|(_, visit)| visit.has_document(host, witness))
    }

    /// Whether a document came from the host's site.
    pub(crate) fn shows_site(&self, host: &str, witness: VisitWitness, steady: u64) -> bool {
        let site = attribute::site_of(host);
        self.seen(witness, steady).any(|(own, visit)| own == site && visit.has_documents(witness))
    }

    /// Visits that this witness saw.
    fn seen(&self, witness: VisitWitness, steady: u64) -> impl Iterator<Item = (&String, &ActiveSite)> {
        self.live(steady).filter(move |(_, visit)| witness == VisitWitness::Headers || visit.listed)
    }

    fn live(&self, steady: u64) -> impl Iterator<Item = (&String, &ActiveSite)> {
        self.by_site.iter().filter(move |(_, visit)| steady.saturating_sub(visit.last) < LIFE)
    }
}

impl ActiveSite {
    fn has_document(&self, host: &str, witness: VisitWitness) -> bool {
        self.listed_documents.contains(host) || witness == VisitWitness::Headers && self.documents.contains(host)
    }

    fn has_documents(&self, witness: VisitWitness) -> bool {
        !self.listed_documents.is_empty() || witness == VisitWitness::Headers && !self.documents.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_ends_after_half_an_hour_without_traffic() {
        let mut visits = ActiveSites::default();
        visits.go("a.example", 0);
        visits.name("a.example", "cdn.b.example".into());
        assert!(visits.names("a.example", "cdn.b.example", VisitWitness::Headers, LIFE - 1));
        assert!(!visits.names("a.example", "cdn.b.example", VisitWitness::Headers, LIFE));
        visits.touch("cdn.b.example", LIFE - 1);
        assert!(visits.names("a.example", "cdn.b.example", VisitWitness::Headers, LIFE), "its hosts keep it alive");
    }

    #[test]
    fn the_oldest_visit_makes_room() {
        let mut visits = ActiveSites::default();
        for i in 0..=MOST {
            visits.go(&format!("site-{i}.example"), i as u64);
        }
        visits.opened("site-0.example", "site-0.example");
        visits.opened("site-1.example", "site-1.example");
        assert!(!visits.shows_host("site-0.example", VisitWitness::Headers, 0));
        assert!(visits.shows_host("site-1.example", VisitWitness::Headers, 0));
    }

    #[test]
    fn a_host_is_named_by_others_not_by_itself() {
        let mut visits = ActiveSites::default();
        visits.go("a.example", 0);
        visits.name("a.example", "t.a.example".into());
        assert!(!visits.any_names("t.a.example", VisitWitness::Headers, 0));
        visits.go("b.example", 0);
        visits.name("b.example", "t.a.example".into());
        assert!(visits.any_names("t.a.example", VisitWitness::Headers, 0));
        assert!(visits.any_names_site("other.a.example", VisitWitness::Headers, 0));
    }

    #[test]
    fn what_only_headers_say_is_no_page_to_the_extension() {
        let mut visits = ActiveSites::default();
        visits.go("a.example", 0);
        visits.opened("a.example", "a.example");
        visits.name("a.example", "cdn.b.example".into());
        assert!(visits.shows_site("a.example", VisitWitness::Headers, 0));
        assert!(!visits.shows_site("a.example", VisitWitness::Extension, 0));
        assert!(!visits.any_names("cdn.b.example", VisitWitness::Extension, 0));
        visits.listed("a.example", "www.a.example", 0);
        assert!(visits.shows_host("www.a.example", VisitWitness::Extension, 0));
        assert!(!visits.shows_host("a.example", VisitWitness::Extension, 0), "that host was not listed");
        assert!(visits.any_names("cdn.b.example", VisitWitness::Extension, 0), "read before the list came");
    }
}
