//! Whether and how requests are forwarded to their servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{
    upstream::address_blocks::is_globally_reachable,
    upstream::own_links::is_neighbour,
    upstream::translation::{TranslationPrefix, translated},
};

/// What happens to a request after it was read.
#[derive(Clone, Debug, Default)]
pub enum ForwardMode {
    /// No server is contacted; Candor answers the request.
    #[default]
    Sinkhole,
    /// The request is decrypted, recorded and forwarded to its server.
    Upstream(UpstreamSettings),
    /// The connection is forwarded to its server without decryption; its name,
    /// fingerprint and size are recorded.
    Untouched(UpstreamSettings),
}

/// How servers are reached.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// Certificates that are trusted in addition to the usual roots.
    pub roots: Vec<CertificateDer<'static>>,
    /// Hosts whose certificate is not verified.
    pub insecure: BTreeSet<String>,
    /// Hosts and addresses, with or without a port, that may be reached
    /// although they are on this machine, on its network or in a reserved block
    /// (RFC 6890).
    pub allowed: BTreeSet<String>,
    /// Fixed addresses for hosts, used instead of a DNS lookup; `*` stands for
    /// every other host. These hosts are always allowed.
    pub fixed: BTreeMap<String, SocketAddr>,
    /// Our own sockets, which no client may reach through the proxy.
    pub never: Vec<SocketAddr>,
    /// What to do for a host whose clients reject our certificate.
    pub on_pinned: PinnedAction,
    /// NAT64 prefixes of the network, in addition to the well-known one and
    /// those that the network announces.
    pub translations: Vec<TranslationPrefix>,
    pub connect_time: Duration,
    /// The `SO_MARK` of our own connections, so that firewall rules can exclude
    /// them.
    pub mark: Option<u32>,
}

/// What to do for a host whose clients reject our certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinnedAction {
    /// Pass the connections through unread after this many refusals.
    Tunnel { after: u32 },
    /// Try to decrypt every connection.
    Refuse,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            insecure: BTreeSet::new(),
            allowed: BTreeSet::new(),
            fixed: BTreeMap::new(),
            never: Vec::new(),
            on_pinned: PinnedAction::Tunnel { after: 3 },
            translations: Vec::new(),
            connect_time: Duration::from_secs(20),
            mark: None,
        }
    }
}

impl UpstreamSettings {
    /// Also trusts the certificates in a PEM text; invalid ones are skipped.
    #[must_use]
    pub fn trusting(mut self, pem: &str) -> Self {
        self.roots.extend(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten());
        self
    }

    /// The fixed address that the user gave for this host, if any.
    pub(crate) fn fixed(&self, host: &str) -> Option<SocketAddr> {
        self.fixed.get(host).or_else(|| self.fixed.get("*")).copied()
    }

    /// Whether this address leads to one of our own sockets.
    pub(crate) fn is_ours(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        self.never.iter().any(|own| own.port() == address.port() && is_same_machine(own.ip(), ip))
    }

    /// Whether clients may be connected to this address. `host` is the name by
    /// which the client knows it; `found` are the NAT64 prefixes of the
    /// network.
    ///
    /// A program on this machine could connect there without the proxy. A page
    /// in its browser could not: browsers ask before they let a page into the
    /// local network, and behind a proxy the browser does not see the address.
    pub(crate) fn permits(&self, host: &str, address: SocketAddr, found: &[TranslationPrefix]) -> AddressPermit {
        let ip = address.ip().to_canonical();
        if self.is_ours(address) {
            return AddressPermit::Never;
        }
        if self.is_named(host, address.port()) || self.is_named(&ip.to_string(), address.port()) {
            return AddressPermit::Yes;
        }
        let inside = translated(ip, &self.translations).or_else(|| translated(ip, found));
        let is_beyond = |ip| is_globally_reachable(ip) && !is_own(ip) && !is_neighbour(ip);
        if is_beyond(ip) && inside.is_none_or(is_beyond) { AddressPermit::Yes } else { AddressPermit::NotNamed }
    }

    /// Whether the user allowed this host, for all ports or for this port.
    fn is_named(&self, host: &str, port: u16) -> bool {
        let bracketed = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        self.allowed.contains(host) || self.allowed.contains(&bracketed)
    }
}

/// Whether clients may be connected to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressPermit {
    Yes,
    /// The address is on this machine, on its network or in a reserved block,
    /// and the user did not allow it.
    NotNamed,
    /// The address leads to one of our own sockets.
    Never,
}

/// Whether this machine itself has the address: the kernel then uses the same
/// address as source and destination.
fn is_own(ip: IpAddr) -> bool {
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // Connecting a UDP socket sends no packet.
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    from.is_ok_and(|from| from.ip() == ip)
}

/// Whether an address can reach a socket of ours that is bound to `own`.
fn is_same_machine(own: IpAddr, ip: IpAddr) -> bool {
    own == ip
        || ip.is_loopback()
        || ip.is_unspecified()
        || (own.is_unspecified() && (!is_globally_reachable(ip) || is_own(ip)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(upstream: &UpstreamSettings, host: &str, address: &str) -> AddressPermit {
        upstream.permits(host, address.parse().unwrap(), &[])
    }

    #[test]
    fn only_the_public_is_reached_without_being_named() {
        for (address, permitted) in [
            ("93.184.216.34:443", AddressPermit::Yes),
            ("[2606:2800::1]:443", AddressPermit::Yes),
            ("127.0.0.1:5037", AddressPermit::NotNamed),
            ("[::1]:9222", AddressPermit::NotNamed),
            ("[::ffff:127.0.0.1]:80", AddressPermit::NotNamed),
            ("169.254.169.254:80", AddressPermit::NotNamed),
            ("[fd00:ec2::254]:80", AddressPermit::NotNamed),
            ("10.1.2.3:80", AddressPermit::NotNamed),
            ("172.16.0.1:80", AddressPermit::NotNamed),
            ("192.168.1.1:80", AddressPermit::NotNamed),
            ("100.64.0.1:80", AddressPermit::NotNamed),
            ("0.0.0.0:80", AddressPermit::NotNamed),
            ("[fe80::1]:80", AddressPermit::NotNamed),
            ("[fd00::1]:80", AddressPermit::NotNamed),
            ("[2002:7f00:1::]:80", AddressPermit::NotNamed),
            ("[64:ff9b::a00:1]:80", AddressPermit::NotNamed),
            ("[64:ff9b::5db8:d822]:80", AddressPermit::Yes),
            ("168.63.129.16:80", AddressPermit::NotNamed),
            ("198.18.0.1:80", AddressPermit::NotNamed),
        ] {
            assert_eq!(permits(&UpstreamSettings::default(), "x.example", address), permitted, "{address}");
        }
    }

    #[test]
    fn an_address_that_is_translated_leads_where_the_one_inside_does() {
        let near: SocketAddr = "[2a01:4f8:64::10.0.0.1]:80".parse().unwrap();
        let far: SocketAddr = "[2a01:4f8:64::93.184.216.34]:80".parse().unwrap();
        let prefix: TranslationPrefix = "2a01:4f8:64::/96".parse().unwrap();
        let named = UpstreamSettings { translations: vec![prefix], ..UpstreamSettings::default() };
        for (upstream, found) in [(named, &[][..]), (UpstreamSettings::default(), &[prefix][..])] {
            assert_eq!(upstream.permits("x.example", near, found), AddressPermit::NotNamed);
            assert_eq!(upstream.permits("x.example", far, found), AddressPermit::Yes);
        }
    }

    #[test]
    fn what_is_named_may_be_reached_under_its_name_alone() {
        let allowed = BTreeSet::from(["nas.example".into(), "127.0.0.1:8080".into(), "[::1]:8080".into()]);
        let upstream = UpstreamSettings { allowed, ..UpstreamSettings::default() };
        for (host, address, permitted) in [
            ("nas.example", "192.168.1.5:80", AddressPermit::Yes),
            ("x.example", "192.168.1.5:80", AddressPermit::NotNamed),
            ("x.example", "127.0.0.1:8080", AddressPermit::Yes),
            ("x.example", "127.0.0.1:5037", AddressPermit::NotNamed),
            ("::1", "[::1]:8080", AddressPermit::Yes),
            ("::1", "[::1]:9222", AddressPermit::NotNamed),
        ] {
            assert_eq!(permits(&upstream, host, address), permitted, "{host} {address}");
        }
    }

    #[test]
    fn a_host_is_where_the_person_says_that_it_is() {
        let here = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mut upstream = UpstreamSettings::default();
        upstream.fixed.insert("a.example".into(), here("127.0.0.1:4443"));
        assert_eq!(upstream.fixed("a.example"), Some(here("127.0.0.1:4443")));
        assert_eq!(upstream.fixed("b.a.example"), None);
        upstream.fixed.insert("*".into(), here("127.0.0.1:4444"));
        assert_eq!(upstream.fixed("b.a.example"), Some(here("127.0.0.1:4444")));
    }

    #[test]
    fn an_address_of_this_machine_is_known_whatever_its_range() {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        let here = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
        let here = here.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip());
        assert!(is_own(Ipv4Addr::LOCALHOST.into()) && is_own(here));
        assert!(!is_own(Ipv4Addr::new(93, 184, 216, 34).into()));
    }

    #[test]
    fn our_own_sockets_are_reached_by_nobody_even_if_named() {
        let allowed = BTreeSet::from(["x.example".into(), "127.0.0.1".into()]);
        let upstream =
            UpstreamSettings { never: vec!["127.0.0.1:7070".parse().unwrap()], allowed, ..UpstreamSettings::default() };
        for own in ["127.0.0.1:7070", "[::1]:7070", "[::ffff:127.0.0.1]:7070", "0.0.0.0:7070", "127.9.9.9:7070"] {
            assert_eq!(permits(&upstream, "x.example", own), AddressPermit::Never, "{own}");
        }
        assert_eq!(permits(&upstream, "x.example", "127.0.0.1:7071"), AddressPermit::Yes);
    }
}
