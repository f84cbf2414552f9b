//! Whose a request is, as far as a value in it is concerned.

use attribute::site_of;
use model::{Destination, Purpose};

use crate::{Now, client::Client, visits::Witness, who::Who};

/// Who asked for a request that carries some value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// It goes to where the value is known anyway.
    First,
    /// A page asked for it.
    Page,
    /// The device, the browser, or an extension in it.
    Own,
}

/// What a destination does with what it gets, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It collects: telemetry, advertising, the format of a known collector.
    Collector,
    /// It belongs to the maker of what sends.
    Maker,
    Other,
}

impl Class {
    pub(crate) fn of(aim: &Destination, who: &Who, schemas: &[String]) -> Self {
        if matches!(aim.purpose, Purpose::Telemetry | Purpose::Advertising) || !schemas.is_empty() {
            return Self::Collector;
        }
        match &aim.owner {
            Some(owner) if who.is_made_by(owner) => Self::Maker,
            _ => Self::Other,
        }
    }
}

impl Client {
    /// Whose a request to `aim` is, whatever it carries; none if that depends
    /// on what it carries.
    pub(crate) fn party(&self, aim: &Destination, url: &str, class: Class, strict: bool, now: Now) -> Option<Party> {
        let (host, visits) = (aim.host.as_str(), &self.visits);
        let (witness, steady) = (self.witness(class, strict, now), now.steady);
        let shown = match class {
            Class::Collector => return None,
            Class::Maker => visits.shows_host(host, witness, steady),
            Class::Other => visits.shows_site(host, witness, steady),
        };
        if shown {
            return Some(Party::First);
        }
        let named = match class {
            Class::Other => visits.any_names_site(host, witness, steady),
            _ => visits.any_names(host, witness, steady),
        };
        (named || self.is_listed(url)).then_some(Party::Page)
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
        class: Class,
        seen_at: Option<&str>,
        strict: bool,
        now: Now,
    ) -> Party {
        let host = aim.host.as_str();
        let witness = self.witness(class, strict, now);
        if let Some(site) = seen_at {
            if site_of(host) == site || self.is_of_owner(aim, site) {
                return Party::First;
            }
            if self.visits.names(site, host, witness, now.steady) || self.is_listed(url) {
                return Party::Page;
            }
        } else if class == Class::Collector && (self.visits.any_names(host, witness, now.steady) || self.is_listed(url))
        {
            return Party::Page;
        }
        self.party(aim, url, class, strict, now).unwrap_or(Party::Own)
    }

    /// Who is believed about where pages are.
    fn witness(&self, class: Class, strict: bool, now: Now) -> Witness {
        if self.is_exact(now) || strict && class != Class::Other { Witness::Extension } else { Witness::Headers }
    }

    /// Whether the owner of the destination is the one of this site.
    fn is_of_owner(&self, aim: &Destination, site: &str) -> bool {
        let of_site = self.knowledge.owners.of(site, "/").map(|(owner, _)| owner.name.as_str());
        of_site.is_some() && of_site == aim.owner.as_deref()
    }
}
