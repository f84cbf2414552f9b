//! The destination of a connection, and the URLs of the requests on it.

use std::net::{IpAddr, SocketAddr};

use model::Header;
use rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, ServerName},
    server::ParsedCertificate,
};

/// A host and a port.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// Lower case, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The destination of a connection, independent of what its requests claim.
#[derive(Clone, Default)]
pub(crate) struct ConnectionTarget {
    pub(crate) encrypted: bool,
    /// Where to connect. None: the client uses us as its proxy, so each request
    /// names its destination.
    pub(crate) target: Option<HostPort>,
    /// The host name, if the target is an address and the name comes from a
    /// source other than the client: our own DNS responder, the server's
    /// certificate, or a lookup.
    pub(crate) name: Option<String>,
    /// The verified certificate of the server of this connection.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// The URL of a request, and what the request claims otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestAddress {
    pub(crate) url: String,
    /// Claims of the request that differ from the URL and that the `Host` field
    /// does not contain. They are written as HTTP/2 pseudo-header fields (RFC
    /// 9113 §8.3.1), whatever the HTTP version.
    pub(crate) claims: Vec<Header>,
}

impl std::fmt::Debug for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Target(..)")
    }
}

impl HostPort {
    /// Reads `host:port`, `[v6]:port`, or a host alone.
    pub(crate) fn read(authority: &str, default_port: u16) -> Option<Self> {
        let authority = authority.rsplit_once('@').map_or(authority, |(_, rest)| rest).trim();
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner.split_once(']')?;
                (host, rest.strip_prefix(':'))
            }
            None => match authority.rsplit_once(':') {
                // More than one colon without brackets is an IPv6 address
                // without a port.
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (authority, None),
            },
        };
        let port = match port {
            None | Some("") => default_port,
            Some(port) => port.parse().ok()?,
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        (!host.is_empty()).then_some(Self { host, port })
    }

    pub(crate) fn with_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn without_port(&self, default_port: u16) -> String {
        let mut text = self.with_port();
        if self.port == default_port {
            text.truncate(text.rfind(':').unwrap_or(text.len()));
        }
        text
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_canonical().to_string(), port: address.port() }
    }
}

impl ConnectionTarget {
    fn default_port(&self) -> u16 {
        if self.encrypted { 443 } else { 80 }
    }

    /// A target without encryption.
    pub(crate) fn to(target: Option<HostPort>, name: Option<String>) -> Self {
        Self { target, name, ..Self::default() }
    }

    /// Whether the target is unencrypted and only its address is known.
    pub(crate) fn is_bare_address(&self) -> bool {
        let address = self.target.as_ref().is_some_and(|target| target.host.parse::<IpAddr>().is_ok());
        address && self.name.is_none() && !self.encrypted
    }

    /// The destination of the requests on this connection. None: each request
    /// names its own.
    fn destination(&self) -> Option<HostPort> {
        let target = self.target.clone()?;
        Some(HostPort { host: self.name.clone().unwrap_or(target.host), port: target.port })
    }

    /// The URL of a request, from its request target and its `Host` field.
    ///
    /// The client writes both. On a connection with a known destination they
    /// count only if they name that host, or a host that the server's verified
    /// certificate covers (RFC 9113 §9.1.1).
    pub(crate) fn address(&self, target: &str, host: Option<&str>, here: Option<SocketAddr>) -> RequestAddress {
        let named = target.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let own_scheme = if self.encrypted { "https" } else { "http" };
        let Some(destination) = self.destination() else {
            return match named {
                Some((scheme, rest)) => absolute(&scheme.to_ascii_lowercase(), rest).noting(rest, None),
                None => self.origin_form(target, host, here.map(HostPort::from)),
            };
        };
        let Some((scheme, rest)) = named else { return self.origin_form(target, host, Some(destination)) };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let foreign_scheme = (!scheme.eq_ignore_ascii_case(own_scheme)).then_some(scheme);
        self.origin_form(path, Some(authority), Some(destination)).noting(authority, foreign_scheme)
    }

    fn origin_form(&self, target: &str, host: Option<&str>, destination: Option<HostPort>) -> RequestAddress {
        // A `Host` without a port means the connection's port only if that port
        // is the default port of the scheme; browsers write other ports out.
        let said = host.and_then(|host| HostPort::read(host, self.default_port()));
        let authority = match (said, destination) {
            (Some(said), Some(destination)) if said.host == destination.host || self.covers(&said.host) => Some(said),
            (said, None) => said,
            (_, destination) => destination,
        };
        let authority = authority.map(|target| target.without_port(self.default_port())).unwrap_or_default();
        let scheme = if self.encrypted { "https" } else { "http" };
        let slash = if target.starts_with('/') { "" } else { "/" };
        RequestAddress { url: format!("{scheme}://{authority}{slash}{target}"), claims: Vec::new() }
    }

    /// Whether an authority names a host that is neither the destination of
    /// this connection nor covered by the server's certificate.
    pub(crate) fn is_foreign(&self, authority: &str) -> bool {
        let Some(destination) = self.destination() else { return false };
        let named = HostPort::read(authority, self.default_port());
        named.is_none_or(|named| named.host != destination.host && !self.covers(&named.host))
    }

    /// Whether the server's verified certificate is valid for this host too.
    fn covers(&self, host: &str) -> bool {
        let Some(certificate) = &self.certificate else { return false };
        let parsed = ParsedCertificate::try_from(certificate);
        let name = ServerName::try_from(host);
        parsed.is_ok_and(|parsed| name.is_ok_and(|name| verify_server_name(&parsed, &name).is_ok()))
    }
}

impl RequestAddress {
    /// Keeps the authority that the client wrote, if the URL does not contain
    /// it.
    fn noting(mut self, written: &str, scheme: Option<&str>) -> Self {
        let written = written.split(['/', '?', '#']).next().unwrap_or_default();
        let shown = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let shown = shown.split(['/', '?', '#']).next().unwrap_or_default();
        let same = written == shown || written.strip_suffix(":443").or(written.strip_suffix(":80")) == Some(shown);
        if !same {
            self.claims.push(Header::new(model::AUTHORITY, written));
        }
        self.claims.extend(scheme.map(|scheme| Header::new(":scheme", scheme)));
        self
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn absolute(scheme: &str, rest: &str) -> RequestAddress {
    RequestAddress { url: absolute_url(scheme, rest), claims: Vec::new() }
}

fn absolute_url(scheme: &str, rest: &str) -> String {
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let default_port = if matches!(scheme, "https" | "wss") { 443 } else { 80 };
    if path.starts_with('/') && is_as_written(authority, default_port) {
        return [scheme, "://", rest].concat();
    }
    let authority = match HostPort::read(authority, default_port) {
        Some(target) => target.without_port(default_port),
        None => authority.to_owned(),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{authority}{slash}{path}")
}

/// Whether an authority is already written as [`HostPort`] would write it: most
/// are.
fn is_as_written(authority: &str, default_port: u16) -> bool {
    let (name, port) = authority.split_once(':').unwrap_or((authority, ""));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let other_port = |number: u16| number != default_port && !port.starts_with(['0', '+']);
    !name.is_empty()
        && !name.ends_with('.')
        && name.bytes().all(plain)
        && (name.len() == authority.len() || port.parse().is_ok_and(other_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(encrypted: bool, target: &str) -> ConnectionTarget {
        ConnectionTarget { encrypted, ..ConnectionTarget::to(HostPort::read(target, 443), None) }
    }

    #[test]
    fn an_address_is_absolute_and_without_the_schemes_own_port() {
        for (place, target, host, url) in [
            (place(true, "a.example:443"), "/p?q=1", Some("a.example"), "https://a.example/p?q=1"),
            (place(true, "a.example:443"), "/", None, "https://a.example/"),
            (place(true, "a.example:8443"), "/", Some("a.example:8443"), "https://a.example:8443/"),
            (place(true, "192.0.2.1:443"), "/", Some("B.example:443"), "https://192.0.2.1/"),
            (place(true, "a.example:443"), "/p", Some("b.example"), "https://a.example/p"),
            (place(true, "a.example:443"), "http://b.example/p", Some("a.example"), "https://a.example/p"),
            (place(true, "a.example:8443"), "https://b.example:8443?q", None, "https://a.example:8443/?q"),
            (place(false, ""), "http://A.example:80/x", Some("ignored"), "http://a.example/x"),
            (place(false, ""), "http://a.example?x", None, "http://a.example/?x"),
            (place(false, ""), "http://u:p@a.example:81/x", None, "http://a.example:81/x"),
            (place(false, "[2001:db8::1]:80"), "/x", None, "http://[2001:db8::1]/x"),
            (
                place(true, "a.example:443"),
                "/go?to=http://b.example/",
                None,
                "https://a.example/go?to=http://b.example/",
            ),
            (place(true, "a.example"), "*", None, "https://a.example/*"),
            (place(false, ""), "https://a.example./x", None, "https://a.example/x"),
            (place(false, ""), "https://a.example/X?Y=http://B", None, "https://a.example/X?Y=http://B"),
            (place(false, ""), "https:///x", None, "https:///x"),
            (place(false, ""), "https://a.example:8443/x", None, "https://a.example:8443/x"),
            (place(false, ""), "https://a.example:08443/x", None, "https://a.example:8443/x"),
            (place(false, ""), "https://a.example:443/x", None, "https://a.example/x"),
            (place(false, ""), "https://a.example:/x", None, "https://a.example/x"),
            (place(false, ""), "https://a.example:99999/x", None, "https://a.example:99999/x"),
        ] {
            assert_eq!(place.address(target, host, None).url, url);
        }
    }

    #[test]
    fn what_the_address_does_not_say_is_kept_as_the_client_wrote_it() {
        let claims = |place: ConnectionTarget, target: &str| -> Vec<(String, Vec<u8>)> {
            let claims = place.address(target, None, None).claims;
            claims.into_iter().map(|header| (header.name, header.value)).collect()
        };
        let authority = |value: &str| (":authority".to_owned(), value.as_bytes().to_vec());
        let here = || place(true, "a.example:443");
        assert_eq!(claims(here(), "https://a.example/x"), []);
        assert_eq!(claims(here(), "https://a.example:443/x"), []);
        assert_eq!(claims(here(), "https://b.example/x"), [authority("b.example")]);
        assert_eq!(claims(here(), "https://secret@a.example/x"), [authority("secret@a.example")]);
        assert_eq!(claims(here(), "ftp://a.example/x"), [(":scheme".to_owned(), b"ftp".to_vec())]);
        assert_eq!(claims(place(false, ""), "http://u:secret@a.example/x"), [authority("u:secret@a.example")]);
        assert_eq!(claims(place(false, ""), "http://a.example/x"), []);
    }

    #[test]
    fn an_address_has_the_name_that_something_else_than_the_client_gives_it() {
        let named = |name: &str| ConnectionTarget::to(HostPort::read("192.0.2.1:80", 80), Some(name.to_owned()));
        assert_eq!(named("a.example").address("/", Some("a.example"), None).url, "http://a.example/");
        assert_eq!(named("a.example").address("/", Some("b.example"), None).url, "http://a.example/");
    }

    #[test]
    fn another_host_counts_only_if_the_certificate_of_its_server_covers_it() {
        let key = rcgen::generate_simple_self_signed(["a.example".to_owned(), "*.b.example".to_owned()]).unwrap();
        let certificate = Some(key.cert.der().clone());
        let place = ConnectionTarget { certificate, ..place(true, "a.example:443") };
        assert_eq!(place.address("/", Some("x.b.example"), None).url, "https://x.b.example/");
        assert_eq!(place.address("/", Some("c.example"), None).url, "https://a.example/");
    }

    #[test]
    fn a_target_is_read_or_refused() {
        let read = |text| HostPort::read(text, 443).map(|target| (target.host, target.port));
        assert_eq!(read("A.example.:8443"), Some(("a.example".into(), 8443)));
        assert_eq!(read("[::1]:5"), Some(("::1".into(), 5)));
        assert_eq!(read("::1"), Some(("::1".into(), 443)));
        assert_eq!(read("a.example:99999"), None);
        assert_eq!(read(""), None);
    }
}
