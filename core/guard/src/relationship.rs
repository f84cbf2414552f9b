//! Who made a request: the page, the site's first party, or the browser itself.
//! The answer may depend on the value that the request carries.

use attribute::site_of;
use model::{Destination, Purpose};

use crate::{GuardTime, client::GuardClient, identity::ClientIdentity, visits::VisitWitness};

/// Who asked for a request that carries some value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestParty {
    /// The request goes to a site that knows the value anyway.
    First,
    /// A page made the request.
    Page,
    /// The device, the browser, or an extension in it.
    Own,
}

/// How suspicious a destination is, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DestinationClass {
    /// It collects: its purpose is telemetry or advertising, or the request has
    /// the format of a known collector.
    Collector,
    /// It belongs to the maker of the device or program that sends the request.
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
    /// Who made a request to `aim`; none if that depends on the values that the
    /// request carries, or if no page did.
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

    /// Who made a request to `aim`, if it carries this value.
    ///
    /// `seen_at` is the site where a live canary was seen; none for values that
    /// were entered or recognised by their format. A request to a collector
    /// counts as a page's only for values which that page knows. It does not
    /// help that some other page names the collector.
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

    /// Whether the guard believes the request headers about open pages, or our
    /// extension only.
    fn witness(&self, class: DestinationClass, strict: bool, now: GuardTime) -> VisitWitness {
        if self.is_exact(now) || strict && class != DestinationClass::Other {
            VisitWitness::Extension
        } else {
            VisitWitness::Headers
        }
    }

    /// Whether the destination and this site have the same owner.
    fn is_of_owner(&self, aim: &Destination, site: &str) -> bool {
        let of_site = self.knowledge.owners.of(site, "/").map(|(owner, _)| owner.name.as_str());
        of_site.is_some() && of_site == aim.owner.as_deref()
    }
}
