//! Addresses that are reserved for a special purpose, as IANA's registries list
//! them (RFC 6890): `data/addresses/`, with the registries' own columns.
//!
//! A list written from memory would be incomplete. Here the registry's column
//! *Globally Reachable* decides, and the longest matching block counts. To
//! update a registry, replace its file by the newer edition.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::LazyLock,
};

/// The registries; if two files list the same block, the later file counts.
const FILES: [&str; 3] = [
    include_str!("../../../../data/addresses/iana-ipv4-special-registry.csv"),
    include_str!("../../../../data/addresses/iana-ipv6-special-registry.csv"),
    include_str!("../../../../data/addresses/beyond-the-registries.csv"),
];

static BLOCKS: LazyLock<Vec<RegisteredBlock>> = LazyLock::new(|| {
    let rows = FILES.iter().flat_map(|file| rows(file));
    // A test parses every row, so this cannot fail in a build that passed its
    // tests.
    let mut blocks: Vec<_> = rows.flat_map(|row| blocks(&row).expect("a test reads every row")).collect();
    // The sort is stable: of equal blocks the one from the later file stays
    // last.
    blocks.sort_by_key(|registered| registered.block.length);
    blocks
});

/// A block of addresses: all addresses with the same leading bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressBlock {
    first: IpAddr,
    length: u8,
}

/// A block, and whether the registry calls it globally reachable.
#[derive(Debug)]
struct RegisteredBlock {
    block: AddressBlock,
    reachable: bool,
}

impl AddressBlock {
    /// The block of this length around an address; None if the length is too
    /// large.
    pub(crate) fn around(address: IpAddr, length: u8) -> Option<Self> {
        (length <= width(address)).then(|| Self { first: address.to_canonical(), length })
    }

    /// Parses `192.0.2.0/24`.
    fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (first, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
        (length <= width(first)).then_some(Self { first, length })
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let shift = u32::from(width(self.first) - self.length);
        let leading = |address| bits(address).checked_shr(shift).unwrap_or_default();
        width(self.first) == width(address) && leading(self.first) == leading(address)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Whether an address is globally reachable according to the registries. An
/// address that no registry lists is reachable.
pub(crate) fn is_globally_reachable(address: IpAddr) -> bool {
    let found = BLOCKS.iter().rev().find(|registered| registered.block.contains(address));
    let isatap = matches!(address, IpAddr::V6(v6) if is_isatap(v6));
    found.is_none_or(|registered| registered.reachable) && !isatap
}

/// Whether an address has an ISATAP interface identifier (RFC 5214 §6.1), with
/// any prefix: such an address leads to an IPv4 address of the local site.
fn is_isatap(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [.., 0 | 0x200, 0x5efe, _, _])
}

/// The rows of a file: lines of comma-separated values (RFC 4180), without the
/// comments and the column names at the top.
fn rows(file: &str) -> impl Iterator<Item = Vec<String>> {
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1).map(values)
}

fn values(line: &str) -> Vec<String> {
    let (mut values, mut quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => values.push(String::new()),
            other => values.last_mut().into_iter().for_each(|value| value.push(other)),
        }
    }
    values
}

/// The blocks of one row: one cell may list several, and footnote marks may
/// follow them. None if the row is invalid.
fn blocks(row: &[String]) -> Option<Vec<RegisteredBlock>> {
    const REACHABLE: usize = 8;
    let reachable = without_marks(row.get(REACHABLE)?);
    if !matches!(reachable, "True" | "False" | "N/A" | "") {
        return None;
    }
    let listed = row.first()?.split(',').map(|block| AddressBlock::read(without_marks(block)));
    // If the registry says "N/A" or nothing, the block does not count as
    // reachable.
    listed.map(|block| Some(RegisteredBlock { block: block?, reachable: reachable == "True" })).collect()
}

fn without_marks(cell: &str) -> &str {
    cell.split(" [").next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and the last address of a block.
    fn ends(block: AddressBlock) -> [IpAddr; 2] {
        let rest = u128::MAX.checked_shr(128 - u32::from(width(block.first) - block.length)).unwrap_or_default();
        let last = bits(block.first) | rest;
        let last = match block.first {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(last).unwrap().into()),
            IpAddr::V6(_) => IpAddr::V6(last.into()),
        };
        [block.first, last]
    }

    #[test]
    fn every_file_says_from_when_it_is() {
        for file in FILES {
            let first = file.lines().find(|line| line.starts_with("# ") && line.contains("20")).unwrap();
            assert!(first.is_ascii());
            let head = file.lines().find(|line| !line.starts_with('#')).unwrap();
            assert!(head.starts_with("Address Block,") && head.contains(",Globally Reachable,"), "{head}");
        }
    }

    #[test]
    fn every_row_is_read_whole() {
        for row in FILES.iter().flat_map(|file| rows(file)) {
            assert_eq!(row.len(), 10, "{row:?}");
            assert!(blocks(&row).is_some_and(|blocks| !blocks.is_empty()), "{row:?}");
        }
        assert!(BLOCKS.len() > 55, "{}", BLOCKS.len());
    }

    /// Checks that a block is as reachable as its registry says, where no
    /// smaller or later block overrides it.
    #[test]
    fn every_entry_is_as_reachable_as_its_registry_says() {
        for registered in BLOCKS.iter() {
            for end in ends(registered.block) {
                let closest = BLOCKS.iter().rev().find(|other| other.block.contains(end)).unwrap();
                if closest.block == registered.block {
                    assert_eq!(is_globally_reachable(end), closest.reachable, "{end} in {:?}", registered.block);
                }
                assert!(closest.block.length >= registered.block.length);
            }
        }
    }

    #[test]
    fn what_was_dialled_before_is_not_reachable() {
        for address in [
            "192.0.0.1",
            "192.0.0.170",
            "192.0.0.9",
            "198.18.0.1",
            "198.19.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.7",
            "198.51.100.1",
            "203.0.113.9",
            "192.88.99.1",
            "168.63.129.16",
            "224.0.0.251",
            "239.1.2.3",
            "fec0::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "2001::4136:e378:8000:63bf:3fff:fdd2",
            "::10.0.0.1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
            "100::1",
            "100:0:0:1::1",
            "64:ff9b:1::1",
            "64:ff9b::1:0:0:a00:1",
            "2002:a00:1::",
            "ff02::1",
            "4000::1",
            "::1",
            "::",
            "::ffff:0:10.0.0.1",
            "2a00:1450::5efe:10.0.0.1",
            "2a00:1450::200:5efe:192.168.1.1",
            "2001:1::1",
        ] {
            assert!(!is_globally_reachable(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_is_beside_them_is() {
        for address in [
            "93.184.216.34",
            "1.1.1.1",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.17",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.31.196.1",
            "2606:2800::1",
            "2a00:1450:4001:80e::200e",
            "2001:4860:4860::8888",
            "2620:4f:8000::1",
            "2003::1",
        ] {
            assert!(is_globally_reachable(address.parse().unwrap()), "{address}");
        }
    }
}
