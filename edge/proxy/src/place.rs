//! Where a stretch of a connection leads, and the addresses of its requests.

use std::net::SocketAddr;

/// A host and a port.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Lower case, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// What the requests on a stretch of a connection are addressed to.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) encrypted: bool,
    /// None: the client speaks to us as its proxy.
    pub(crate) target: Option<Target>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Target(..)")
    }
}

impl Target {
    /// Reads `host:port`, `[v6]:port`, or a host alone.
    pub(crate) fn read(authority: &str, default_port: u16) -> Option<Self> {
        let authority = authority.rsplit_once('@').map_or(authority, |(_, rest)| rest).trim();
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner.split_once(']')?;
                (host, rest.strip_prefix(':'))
            }
            None => match authority.rsplit_once(':') {
                // More than one colon without brackets is an address alone.
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

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_canonical().to_string(), port: address.port() }
    }
}

impl Place {
    fn default_port(&self) -> u16 {
        if self.encrypted { 443 } else { 80 }
    }

    /// The address of a request, from its target and its `Host` field.
    pub(crate) fn url(&self, target: &str, host: Option<&str>) -> String {
        if let Some((scheme, rest)) = target.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
            return absolute(&scheme.to_ascii_lowercase(), rest);
        }
        // A name in `Host` without a port means the port of the connection only
        // if that is the scheme's own; browsers write other ports down.
        let authority = host.and_then(|host| Target::read(host, self.default_port())).or_else(|| self.target.clone());
        let authority = authority.map(|target| target.without_port(self.default_port())).unwrap_or_default();
        let scheme = if self.encrypted { "https" } else { "http" };
        let slash = if target.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{authority}{slash}{target}")
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn absolute(scheme: &str, rest: &str) -> String {
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let default_port = if matches!(scheme, "https" | "wss") { 443 } else { 80 };
    if path.starts_with('/') && is_as_written(authority, default_port) {
        return [scheme, "://", rest].concat();
    }
    let authority = match Target::read(authority, default_port) {
        Some(target) => target.without_port(default_port),
        None => authority.to_owned(),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{authority}{slash}{path}")
}

/// Whether an authority reads already as a [`Target`] would write it: most do.
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

    fn place(encrypted: bool, target: &str) -> Place {
        Place { encrypted, target: Target::read(target, 443) }
    }

    #[test]
    fn an_address_is_absolute_and_without_the_schemes_own_port() {
        for (place, target, host, url) in [
            (place(true, "a.example:443"), "/p?q=1", Some("a.example"), "https://a.example/p?q=1"),
            (place(true, "a.example:443"), "/", None, "https://a.example/"),
            (place(true, "a.example:8443"), "/", Some("a.example:8443"), "https://a.example:8443/"),
            (place(true, "192.0.2.1:443"), "/", Some("B.example:443"), "https://b.example/"),
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
            assert_eq!(place.url(target, host), url);
        }
    }

    #[test]
    fn a_target_is_read_or_refused() {
        let read = |text| Target::read(text, 443).map(|target| (target.host, target.port));
        assert_eq!(read("A.example.:8443"), Some(("a.example".into(), 8443)));
        assert_eq!(read("[::1]:5"), Some(("::1".into(), 5)));
        assert_eq!(read("::1"), Some(("::1".into(), 443)));
        assert_eq!(read("a.example:99999"), None);
        assert_eq!(read(""), None);
    }
}
