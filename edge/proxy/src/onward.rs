//! Whether, and how, requests go on to the servers that they are for.

use std::{collections::BTreeSet, net::IpAddr, net::SocketAddr, time::Duration};

use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Where a request goes once it was read.
#[derive(Clone, Debug, Default)]
pub enum Onward {
    /// Nowhere: no server is contacted, Candor answers.
    #[default]
    Sinkhole,
    /// To its server, opened and recorded on the way.
    Upstream(Upstream),
    /// To its server, and encrypted connections are not opened: they are
    /// recorded by name, fingerprint and size.
    Untouched(Upstream),
}

/// How servers are reached.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Certificates that are trusted besides the usual ones.
    pub roots: Vec<CertificateDer<'static>>,
    /// Hosts whose certificate is not looked at.
    pub insecure: BTreeSet<String>,
    /// Hosts and addresses that may be reached although they are in this
    /// machine or its network.
    pub allowed: BTreeSet<String>,
    /// Sockets of our own that nothing may reach through the proxy.
    pub never: Vec<SocketAddr>,
    /// What is done with a host whose certificate of ours clients refuse.
    pub on_pinned: OnPinned,
    pub connect_time: Duration,
    /// Put on our own connections (`SO_MARK`), so that rules can leave them out.
    pub mark: Option<u32>,
}

/// What is done with a host that was refused to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPinned {
    /// Passed through untouched from the next connection on, after so many
    /// refusals.
    Tunnel { after: u32 },
    /// Tried again each time.
    Refuse,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            insecure: BTreeSet::new(),
            allowed: BTreeSet::new(),
            never: Vec::new(),
            on_pinned: OnPinned::Tunnel { after: 3 },
            connect_time: Duration::from_secs(20),
            mark: None,
        }
    }
}

impl Upstream {
    /// Trusts the certificates of a PEM text too; those that are none are left out.
    #[must_use]
    pub fn trusting(mut self, pem: &str) -> Self {
        self.roots.extend(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten());
        self
    }

    /// Whether a client may be connected to this address.
    pub(crate) fn permits(&self, host: &str, address: SocketAddr, client: Option<IpAddr>) -> bool {
        let ip = address.ip().to_canonical();
        if self.never.iter().any(|own| own.port() == address.port() && is_same_machine(own.ip(), ip)) {
            return false;
        }
        let on_this_machine = client.is_some_and(|client| client.to_canonical().is_loopback());
        on_this_machine || is_public(ip) || self.allowed.contains(host) || self.allowed.contains(&ip.to_string())
    }
}

/// Whether an address may stand for the one that a socket of ours is bound to.
fn is_same_machine(own: IpAddr, ip: IpAddr) -> bool {
    own == ip || ip.is_loopback() || ip.is_unspecified() || (own.is_unspecified() && !is_public(ip))
}

/// Not of this machine, its network, or a range that is set apart (RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || a == 0
                || (a == 100 && b & 0xc0 == 64))
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || embedded(ip).is_some_and(|v4| !is_public(v4)))
        }
    }
}

/// The IPv4 address inside one of 6to4 (RFC 3056) or NAT64 (RFC 6052).
fn embedded(ip: std::net::Ipv6Addr) -> Option<IpAddr> {
    let [first, second, third, .., seventh, eighth] = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::from([a, b, c, d])
    };
    match (first, second) {
        (0x2002, _) => Some(v4(second, third)),
        (0x64, 0xff9b) => Some(v4(seventh, eighth)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_the_network_reaches_only_the_public() {
        let client = Some("192.168.1.20".parse().unwrap());
        for (address, permitted) in [
            ("93.184.216.34:443", true),
            ("[2606:2800::1]:443", true),
            ("127.0.0.1:5037", false),
            ("[::1]:9222", false),
            ("[::ffff:127.0.0.1]:80", false),
            ("169.254.169.254:80", false),
            ("10.1.2.3:80", false),
            ("172.16.0.1:80", false),
            ("192.168.1.1:80", false),
            ("100.64.0.1:80", false),
            ("0.0.0.0:80", false),
            ("[fe80::1]:80", false),
            ("[fd00::1]:80", false),
            ("[2002:7f00:1::]:80", false),
            ("[64:ff9b::a00:1]:80", false),
        ] {
            let upstream = Upstream::default();
            assert_eq!(upstream.permits("x.example", address.parse().unwrap(), client), permitted, "{address}");
        }
    }

    #[test]
    fn what_is_named_may_be_reached() {
        let upstream = Upstream { allowed: BTreeSet::from(["nas.example".into()]), ..Upstream::default() };
        let client = Some("192.168.1.20".parse().unwrap());
        assert!(upstream.permits("nas.example", "192.168.1.5:80".parse().unwrap(), client));
        assert!(!upstream.permits("x.example", "192.168.1.5:80".parse().unwrap(), client));
    }

    #[test]
    fn our_own_sockets_are_reached_by_nobody() {
        let upstream = Upstream { never: vec!["127.0.0.1:7070".parse().unwrap()], ..Upstream::default() };
        let client = Some("127.0.0.1".parse().unwrap());
        for own in ["127.0.0.1:7070", "[::1]:7070", "[::ffff:127.0.0.1]:7070", "0.0.0.0:7070", "127.9.9.9:7070"] {
            assert!(!upstream.permits("x.example", own.parse().unwrap(), client), "{own}");
        }
        assert!(upstream.permits("x.example", "127.0.0.1:7071".parse().unwrap(), client));
    }
}
