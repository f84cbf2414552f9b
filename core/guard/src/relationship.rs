//! Whose a request is, as far as a value in it is concerned.

use attribute::site_of;
use model::{Destination, Purpose};

use crate::{GuardTime, client::GuardClient, identity::ClientIdentity, visits::VisitWitness};

/// Who asked for a request that carries some value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestParty {
    /// It goes to where the value is known anyway.
    First,
    /// A page asked for it.
    Page,
    /// The device, the browser, or an extension in it.
    Own,
}

/// What a destination does with what it gets, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DestinationClass {
    /// It collects: telemetry, advertising, the format of a known collector.
    Collector,
    /// It belongs to the maker of what sends.
    Maker,
    Other,
}

impl DestinationClass {
    pub(crate) fn of(aim: &Destination, who: &ClientIdentity, schemas: &[String]) -> Self {
        if matches!(aim.purpose, Purpose::Telemetry | Purpose::Advertising) || !schemas.is_empty() {
            return Self::Collector;
        }
        match &aim.owner {
            Some(owner) if who.is_made_by(owner) => Self::Maker,
            _ => Self::Other,
        }
    }
}

impl GuardClient {
    /// Whose a request to `aim` is, whatever it carries; none if that depends
    /// on what it carries.
    pub(crate) fn party(
        &self,
        aim: &Destination,
        url: &str,
        class: DestinationClass,
        strict: bool,
        now: GuardTime,
    ) -> Option<RequestParty> {
        let (host, visits) = (aim.host.as_str(), &self.visits);
        let (witness, steady) = (self.witness(class, strict, now), now.steady);
        let shown = match class {
            DestinationClass::Collector => return None,
            DestinationClass::Maker => visits.shows_host(host, witness, steady),
            DestinationClass::Other => visits.shows_site(host, witness, steady),
        };
        if shown {
            return Some(RequestParty::First);
        }
        let named = match class {
            DestinationClass::Other => visits.any_names_site(host, witness, steady),
            _ => visits.any_names(host, witness, steady),
        };
        (named || self.is_listed(url)).then_some(RequestParty::Page)
    }

    /// Whose a request to `aim` is if it carries this value.
    ///
    /// `seen_at` is the site where a live canary was seen, none for what was
    /// entered or recognised by its format. A collector is a page's only for
    /// what that page knows: that some other page names it acquits nobody.
    pub(crate) fn party_for(
        &self,
        aim: &Destination,
        url: &str,
        class: DestinationClass,
        seen_at: Option<&str>,
        strict: bool,
        now: GuardTime,
    ) -> RequestParty {
        let host = aim.host.as_str();
        let witness = self.witness(class, strict, now);
        if let Some(site) = seen_at {
            if site_of(host) == site || self.is_of_owner(aim, site) {
                return RequestParty::First;
            }
            if self.visits.names(site, host, witness, now.steady) || self.is_listed(url) {
                return RequestParty::Page;
            }
        } else if class == DestinationClass::Collector
            && (self.visits.any_names(host, witness, now.steady) || self.is_listed(url))
        {
            return RequestParty::Page;
        }
        self.party(aim, url, class, strict, now).unwrap_or(RequestParty::Own)
    }

    /// Who is believed about where pages are.
    fn witness(&self, class: DestinationClass, strict: bool, now: GuardTime) -> VisitWitness {
        if self.is_exact(now) || strict && class != DestinationClass::Other {
            VisitWitness::Extension
        } else {
            VisitWitness::Headers
        }
    }

    /// Whether the owner of the destination is the one of this site.
    fn is_of_owner(&self, aim: &Destination, site: &str) -> bool {
        let of_site = self.knowledge.owners.of(site, "/").map(|(owner, _)| owner.name.as_str());
        of_site.is_some() && of_site == aim.owner.as_deref()
    }
}
