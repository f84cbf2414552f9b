//! The network of a cell: one network card without a peer outside, and nftables
//! rules that redirect every connection to Candor.
//!
//! The default route is needed so that programs try to connect: without one a
//! connect fails before any rule sees it, and browsers think they are offline.

use super::packets::GROUP;
use crate::Error;

/// Packets that the rules refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedPackets {
    /// UDP to port 443: QUIC, refused so that the client falls back.
    pub quic: u64,
    /// Everything else that is neither TCP nor DNS.
    pub other: u64,
}

pub(super) const ADDRESS: &str = "192.168.7.20";
const ADDRESS_6: &str = "fd00:7::20";

/// Commands that create the namespace's network card and routes. Without virtual
/// cards in the kernel the routes lead over `lo`; without IPv6 there are none for it.
pub(super) fn script(mac: &str) -> String {
    format!(
        "ip link set lo up
if ip link add eth0 address {mac} type veth peer name peer0 2>/dev/null || ip link add eth0 address {mac} type dummy 2>/dev/null
then
  ip addr add {ADDRESS}/24 dev eth0
  ip link set eth0 up
  ip link set peer0 up 2>/dev/null || :
  ip route add default via 192.168.7.1 dev eth0
  ip -6 addr add {ADDRESS_6}/64 dev eth0 nodad 2>/dev/null && ip -6 route add default via fd00:7::1 dev eth0 || :
else
  ip route add default dev lo src 127.0.0.1
  ip -6 route add default dev lo 2>/dev/null || :
fi
"
    )
}

/// The rules for nft(8): packets to the cell's own addresses pass, other TCP is
/// redirected to the proxy, DNS to the responder. Everything else is logged,
/// counted and refused. Packets to listeners in the cell are logged, too. Candor's
/// control packets (user root) are logged but not counted; no subject runs as root.
pub(super) fn rules(proxy: u16, dns: u16) -> String {
    format!(
        "table inet candor {{
  counter quic {{ }}
  counter other {{ }}
  chain turn {{
    type nat hook output priority -100;
    ip daddr {{ 127.0.0.0/8, {ADDRESS} }} udp dport != 53 accept
    ip daddr {{ 127.0.0.0/8, {ADDRESS} }} meta l4proto tcp accept
    ip6 daddr {{ ::1, {ADDRESS_6} }} accept
    tcp dport 53 redirect to :{dns}
    udp dport 53 redirect to :{dns}
    meta l4proto tcp redirect to :{proxy}
  }}
  chain here {{
    meta skuid 0 accept
    tcp dport != {{ {proxy}, {dns} }} tcp flags & (syn | ack) == syn log group {GROUP}
    udp dport != {dns} log group {GROUP}
    accept
  }}
  chain stop {{
    type filter hook output priority 0;
    ip daddr {{ 127.0.0.0/8, {ADDRESS} }} jump here
    ip6 daddr {{ ::1, {ADDRESS_6} }} jump here
    meta skuid 0 meta l4proto udp log group {GROUP} reject
    udp dport 443 log group {GROUP} counter name quic reject
    icmpv6 type != echo-request accept
    ip protocol igmp drop
    log group {GROUP} counter name other reject
  }}
}}
"
    )
}

/// Reads the output of `nft -j list counters`.
pub(super) fn refused(listing: &str) -> Result<RefusedPackets, Error> {
    let unreadable = || Error::Prepare("nft's counters cannot be read".to_owned());
    let listing: serde_json::Value = serde_json::from_str(listing).map_err(|_| unreadable())?;
    let packets = |name: &str| {
        let all = listing["nftables"].as_array()?;
        all.iter().find_map(|item| (item["counter"]["name"] == name).then(|| item["counter"]["packets"].as_u64())?)
    };
    packets("quic").zip(packets("other")).map(|(quic, other)| RefusedPackets { quic, other }).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_name() {
        let listing = r#"{"nftables":[{"metainfo":{"version":"1.0.6"}},
            {"counter":{"family":"inet","name":"quic","table":"candor","packets":3,"bytes":90}},
            {"counter":{"family":"inet","name":"other","table":"candor","packets":1,"bytes":60}}]}"#;
        assert_eq!(refused(listing).unwrap(), RefusedPackets { quic: 3, other: 1 });
    }

    #[test]
    fn a_missing_counter_is_an_error_and_not_a_zero() {
        assert!(refused(r#"{"nftables":[]}"#).is_err());
        assert!(refused("").is_err());
    }
}
