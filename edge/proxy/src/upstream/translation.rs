//! NAT64 (RFC 6146): IPv6 addresses that the network translates to IPv4. A
//! connection to such an address ends at the IPv4 address inside it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// An IPv6 prefix for translated addresses (RFC 6052 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TranslationPrefix {
    prefix: Ipv6Addr,
    /// The prefix length in octets.
    length: usize,
}

/// The host name for finding the network's prefix (RFC 7050): it has only two
/// IPv4 addresses, so a translator must have made any IPv6 address of it.
pub(crate) const DISCOVERY_NAME: &str = "ipv4only.arpa";
const DISCOVERY_ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];

/// The prefix lengths that RFC 6052 allows, in octets.
const LENGTHS: [usize; 6] = [12, 8, 7, 6, 5, 4];
/// The octet inside the address that is reserved and zero.
const RESERVED: usize = 8;

impl TranslationPrefix {
    /// `64:ff9b::/96`, the well-known prefix that every network may use.
    pub(crate) const WELL_KNOWN: Self = Self { prefix: Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), length: 12 };

    /// The prefix with which the discovery name was translated to this address.
    pub(crate) fn of_discovery(answer: Ipv6Addr) -> Option<Self> {
        let prefixes = LENGTHS.iter().map(|length| Self { prefix: answer, length: *length });
        prefixes.into_iter().find(|prefix| prefix.inside(answer).is_some_and(|v4| DISCOVERY_ADDRESSES.contains(&v4)))
    }

    /// The IPv4 address inside an IPv6 address with this prefix.
    pub(crate) fn inside(&self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let (own, octets) = (self.prefix.octets(), address.octets());
        if own[..self.length] != octets[..self.length] {
            return None;
        }
        let mut after = (self.length..octets.len()).filter(|at| *at != RESERVED).map(|at| octets[at]);
        let mut next = || after.next();
        Some(Ipv4Addr::new(next()?, next()?, next()?, next()?))
    }
}

/// The IPv4 address at which connections to this address end, with one of these
/// prefixes or the well-known one.
pub(crate) fn translated(address: IpAddr, prefixes: &[TranslationPrefix]) -> Option<IpAddr> {
    let IpAddr::V6(v6) = address else { return None };
    let known = prefixes.iter().chain([&TranslationPrefix::WELL_KNOWN]);
    known.into_iter().find_map(|prefix| prefix.inside(v6)).map(IpAddr::V4)
}

impl FromStr for TranslationPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let says = "a prefix of NAT64, as 2001:db8:64::/96; its length is 32, 40, 48, 56, 64 or 96";
        let (prefix, length) = text.split_once('/').ok_or(says)?;
        let (prefix, bits): (Ipv6Addr, usize) = (prefix.parse().map_err(|_| says)?, length.parse().map_err(|_| says)?);
        let length = Some(bits / 8).filter(|length| bits % 8 == 0 && LENGTHS.contains(length)).ok_or(says)?;
        Ok(Self { prefix, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6052 §2.4, for 192.0.2.33.
    const EXAMPLES: [(&str, &str); 6] = [
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ];

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for (prefix, address) in EXAMPLES {
            let prefix: TranslationPrefix = prefix.parse().unwrap();
            let inside = prefix.inside(address.parse().unwrap());
            assert_eq!(inside, Some(Ipv4Addr::new(192, 0, 2, 33)), "{prefix:?}");
        }
    }

    #[test]
    fn an_address_of_another_prefix_is_no_translated_one() {
        let prefix: TranslationPrefix = "2001:db8:122:344::/96".parse().unwrap();
        assert_eq!(prefix.inside("2001:db8:122:344:1::1".parse().unwrap()), None);
        assert_eq!(translated("2606:2800::a00:1".parse().unwrap(), &[prefix]), None);
        assert_eq!(translated("64:ff9b::a00:1".parse().unwrap(), &[]), Some(Ipv4Addr::new(10, 0, 0, 1).into()));
    }

    #[test]
    fn the_prefix_of_a_network_is_found_in_its_answer() {
        for (answer, prefix) in [
            ("64:ff9b::c000:aa", "64:ff9b::/96"),
            ("2a01:4f8:64::192.0.0.171", "2a01:4f8:64::/96"),
            ("2a01:4f8:122:344:c0:0:aa00:0", "2a01:4f8:122:344::/64"),
        ] {
            let found = TranslationPrefix::of_discovery(answer.parse().unwrap()).unwrap();
            let named: TranslationPrefix = prefix.parse().unwrap();
            let example = answer.parse().unwrap();
            assert_eq!((found.length, found.inside(example)), (named.length, named.inside(example)), "{answer}");
        }
        assert_eq!(TranslationPrefix::of_discovery("2606:2800::1".parse().unwrap()), None);
    }

    #[test]
    fn a_length_that_no_prefix_has_is_refused() {
        for text in ["64:ff9b::", "64:ff9b::/95", "64:ff9b::/128", "10.0.0.0/8", "64:ff9b::/x"] {
            assert!(text.parse::<TranslationPrefix>().is_err(), "{text}");
        }
    }
}
