//! Where requests of one kind go: an address with wildcards.
//!
//! `https://*.events.data.microsoft.com/OneCollector/1.0/*`: `*.` before a host
//! stands for one or more labels, `*` in a path for anything. No path is any
//! path; a query is not looked at. `*` alone is any address.

use std::{fmt, str::FromStr};

use serde::Deserialize;

/// An address, perhaps with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    host: EndpointHost,
    /// Pieces between the stars; none is any path.
    path: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum EndpointHost {
    Any,
    Is(String),
    /// Written `*.example.com`; kept as `.example.com`.
    Below(String),
}

impl Endpoint {
    /// Whether any address will do.
    pub fn is_any(&self) -> bool {
        self.host == EndpointHost::Any && self.path.is_none()
    }

    /// The host, or the domain above it, by which an address is ruled out
    /// quickly; none if any host will do.
    pub fn domain(&self) -> Option<&str> {
        match &self.host {
            EndpointHost::Any => None,
            EndpointHost::Is(host) => Some(host),
            EndpointHost::Below(domain) => Some(&domain[1..]),
        }
    }

    /// Whether an absolute address is such an endpoint.
    pub fn matches(&self, url: &str) -> bool {
        let (host, path) = Self::parts(url);
        self.matches_parts(host, path)
    }

    /// Host and path of an absolute address: to compare it with many endpoints
    /// it is taken apart once.
    pub fn parts(url: &str) -> (&str, &str) {
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let end = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
        let (authority, rest) = after_scheme.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        (host, if path.is_empty() { "/" } else { path })
    }

    /// Whether an address with this host and path is such an endpoint.
    pub fn matches_parts(&self, host: &str, path: &str) -> bool {
        self.matches_host(host) && self.matches_path(path)
    }

    /// An address that is such an endpoint, if it has no wildcard.
    pub fn url(&self) -> Option<&str> {
        (!self.text.contains('*')).then_some(self.text.as_str())
    }

    fn matches_host(&self, host: &str) -> bool {
        match &self.host {
            EndpointHost::Any => true,
            EndpointHost::Is(ours) => host.eq_ignore_ascii_case(ours),
            EndpointHost::Below(domain) => {
                let cut = host.len().checked_sub(domain.len()).filter(|&cut| cut > 0);
                cut.and_then(|cut| host.get(cut..)).is_some_and(|end| end.eq_ignore_ascii_case(domain))
            }
        }
    }

    fn matches_path(&self, path: &str) -> bool {
        let Some(pieces) = &self.path else { return true };
        let Some((first, rest)) = pieces.split_first() else { return true };
        let Some(mut left) = path.strip_prefix(first.as_str()) else { return false };
        let Some((last, between)) = rest.split_last() else { return left.is_empty() };
        if !left.ends_with(last.as_str()) {
            return false;
        }
        for piece in between {
            let Some(at) = left.find(piece.as_str()) else { return false };
            left = &left[at + piece.len()..];
        }
        left.ends_with(last.as_str())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self { text: text.into(), host: EndpointHost::Any, path: None });
        }
        let Some((_, rest)) = text.split_once("://") else {
            return Err(format!("endpoint `{text}` is neither `*` nor an address with a scheme"));
        };
        if rest.contains(['?', '#']) {
            return Err(format!("endpoint `{text}` has a query: only host and path are compared"));
        }
        let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
        let host = match host.strip_prefix('*') {
            Some("") => EndpointHost::Any,
            Some(domain) if domain.starts_with('.') && !domain.contains('*') => {
                EndpointHost::Below(domain.to_ascii_lowercase())
            }
            None if !host.is_empty() && !host.contains('*') => EndpointHost::Is(host.to_ascii_lowercase()),
            _ => return Err(format!("endpoint `{text}` has a host that is neither whole nor `*.` and a domain")),
        };
        let path = path.map(|path| format!("/{path}").split('*').map(str::to_owned).collect());
        Ok(Self { text: text.into(), host, path })
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_what_it_says() {
        for (endpoint, url, is) in [
            ("*", "http://anything.example/", true),
            ("https://a.example/x", "https://a.example/x", true),
            ("https://a.example/x", "https://A.example:8443/x?q=1", true),
            ("https://a.example/x", "https://a.example/x/y", false),
            ("https://a.example", "https://a.example/x/y", true),
            ("https://a.example/", "https://a.example", true),
            ("https://*.a.example/x/*", "https://b.c.a.example/x/1", true),
            ("https://*.a.example/x/*", "https://a.example/x/1", false),
            ("https://*.a.example/x/*", "https://ba.example/x/1", false),
            ("https://*/v*/track", "https://z.example/v12/track", true),
            ("https://*/v*/track", "https://z.example/v12/tracks", false),
        ] {
            assert_eq!(endpoint.parse::<Endpoint>().unwrap().matches(url), is, "{endpoint} on {url}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_a_sentence() {
        for text in ["a.example", "https://", "https://a*.example/", "https://a.example/?x=1"] {
            assert!(text.parse::<Endpoint>().unwrap_err().starts_with(&format!("endpoint `{text}`")), "{text}");
        }
    }
}
