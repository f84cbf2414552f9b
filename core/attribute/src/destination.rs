//! Host → registrable domain → owner, seat, purpose, hosting.

use knowledge::owners::{DocumentedHosting as Documented, OwnerTable};
use model::{Destination, Exchange, HostingPlace, Purpose, Request};

/// Whose a host is. `path` helps where an owner uses one host for several things.
pub fn destination(owners: &OwnerTable, host: &str, path: &str) -> Destination {
    let site = site_of(host).to_owned();
    let Some((owner, entry)) = owners.of(host, path) else {
        return Destination {
            host: host.to_owned(),
            site,
            owner: None,
            seat: None,
            hosted: None,
            purpose: Purpose::Unknown,
            because: "nobody we know of is on record for this host".into(),
        };
    };
    Destination {
        host: host.to_owned(),
        site,
        owner: Some(owner.name.clone()),
        seat: Some(owner.seat.clone()),
        hosted: entry.hosted.as_ref().map(documented),
        purpose: Purpose::from_word(&entry.purpose).unwrap_or_default(),
        because: entry.because.clone(),
    }
}

fn documented(hosted: &Documented) -> HostingPlace {
    HostingPlace {
        country: hosted.country.clone(),
        asn: hosted.asn,
        network: hosted.network.clone(),
        because: format!("documented, as of {}: {}", hosted.date, hosted.source),
    }
}

/// Whom an exchange went to. A question of DNS goes to those who answer for the
/// name's zone: they hear all of it, however many labels it has.
pub fn host_of(exchange: &Exchange) -> &str {
    if exchange.request.method == Request::DNS { site_of(exchange.host()) } else { exchange.host() }
}

/// The registrable domain of a host (public suffix list with its private
/// part), or the host itself where there is none.
pub fn site_of(host: &str) -> &str {
    psl::domain_str(host).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use knowledge::Knowledge;

    use super::*;

    #[test]
    fn a_known_host_has_an_owner_a_seat_and_a_reason() {
        let known = destination(&Knowledge::built_in().owners, "content-autofill.googleapis.com", "/v1/pages/x");
        assert_eq!(known.owner.as_deref(), Some("Google"));
        assert_eq!(known.seat.as_deref(), Some("US"));
        assert_eq!(known.purpose, Purpose::Autofill);
        assert_eq!(known.site, "content-autofill.googleapis.com", "googleapis.com is a public suffix");
        assert!(known.hosted.is_none(), "nobody measured where it stands");
    }

    #[test]
    fn an_unknown_host_has_no_owner_and_says_so() {
        let unknown = destination(&Knowledge::built_in().owners, "a.b.nowhere-we-know.co.uk", "/");
        assert_eq!(unknown.owner, None);
        assert_eq!(unknown.site, "nowhere-we-know.co.uk");
        assert!(unknown.because.contains("nobody"));
    }
}
