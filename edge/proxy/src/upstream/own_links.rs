//! The networks that this machine is connected to. An address in one of them is
//! a neighbour, whatever its range.
//!
//! The kernel is asked each time (rtnetlink, `RTM_GETADDR`), because a machine
//! may change its network at any time.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

use crate::upstream::address_blocks::AddressBlock;

/// Whether an address is in a network of this machine.
pub(crate) fn is_neighbour(address: IpAddr) -> bool {
    // If the kernel does not answer, only the address itself is judged.
    own_links().is_ok_and(|links| links.iter().any(|link| link.contains(address)))
}

/// The networks of this machine's interfaces.
fn own_links() -> io::Result<Vec<AddressBlock>> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, NETLINK_ROUTE)?;
    send(&socket, &request(), SendFlags::empty())?;
    let (mut links, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    // The kernel answers a netlink request immediately, so the receive need not
    // wait.
    while let (length @ 1.., _) = recv(&socket, &mut buffer[..], RecvFlags::DONTWAIT)? {
        if !read(&buffer[..length], &mut links) {
            break;
        }
    }
    Ok(links)
}

/// `NETLINK_ROUTE` is protocol number 0, which rustix writes as None.
const NETLINK_ROUTE: Option<rustix::net::Protocol> = None;
const GET_ADDRESSES: u16 = 22;
const NEW_ADDRESS: u16 = 20;
/// The header of a netlink message: length, type, flags, sequence number and
/// port.
const HEAD: usize = 16;

/// The request for all addresses of all interfaces, IPv4 and IPv6.
fn request() -> Vec<u8> {
    const REQUEST_DUMP: u16 = 0x301;
    let mut message = Vec::new();
    message.extend(24u32.to_ne_bytes());
    message.extend(GET_ADDRESSES.to_ne_bytes());
    message.extend(REQUEST_DUMP.to_ne_bytes());
    message.extend([0; 8 + 8]);
    message
}

/// Parses messages; returns whether more are to come.
fn read(mut messages: &[u8], links: &mut Vec<AddressBlock>) -> bool {
    while let Some(length) = number(messages).filter(|length| (HEAD..=messages.len()).contains(length)) {
        let kind = u16::from_ne_bytes([messages[4], messages[5]]);
        if kind != NEW_ADDRESS {
            return false;
        }
        links.extend(link(&messages[HEAD..length]));
        messages = messages.get(aligned(length)..).unwrap_or_default();
    }
    true
}

/// The network of one address (`struct ifaddrmsg`, then attributes).
fn link(message: &[u8]) -> Option<AddressBlock> {
    const ADDRESS: u16 = 1;
    let (fixed, mut attributes) = message.split_at_checked(8)?;
    while let [a, b, c, d, ..] = *attributes {
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = attributes.get(4..length)?;
        if u16::from_ne_bytes([c, d]) == ADDRESS {
            // With a prefix length of zero every address would be a neighbour.
            return AddressBlock::around(address(value)?, fixed[1]).filter(|_| fixed[1] > 0);
        }
        attributes = attributes.get(aligned(length)..).unwrap_or_default();
    }
    None
}

fn address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(Ipv4Addr::from(*value.first_chunk::<4>()?).into()),
        16 => Some(Ipv6Addr::from(*value.first_chunk::<16>()?).into()),
        _ => None,
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_ne_bytes(*bytes.first_chunk::<4>()?)).ok()
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(family: u8, length: u8, address: &[u8]) -> Vec<u8> {
        let attribute = u16::try_from(4 + address.len()).unwrap();
        let mut message = Vec::new();
        message.extend(u32::from(24 + attribute).to_ne_bytes());
        message.extend(NEW_ADDRESS.to_ne_bytes());
        message.extend([0; 10]);
        message.extend([family, length, 0, 0, 1, 0, 0, 0]);
        message.extend(attribute.to_ne_bytes());
        message.extend(1u16.to_ne_bytes());
        message.extend(address);
        message
    }

    #[test]
    fn what_shares_a_network_with_us_is_a_neighbour() {
        let mut wire = message(2, 20, &[93, 184, 208, 5]);
        wire.extend(message(10, 64, &"2a01:4f8:1:2::5".parse::<Ipv6Addr>().unwrap().octets()));
        wire.extend(message(2, 0, &[1, 2, 3, 4]));
        let mut links = Vec::new();
        assert!(read(&wire, &mut links));
        let is_on = |address: &str| links.iter().any(|link| link.contains(address.parse().unwrap()));
        for (address, near) in [
            ("93.184.216.34", true),
            ("93.184.224.1", false),
            ("2a01:4f8:1:2:ffff::1", true),
            ("2a01:4f8:1:3::1", false),
            ("8.8.8.8", false),
        ] {
            assert_eq!(is_on(address), near, "{address}");
        }
    }

    #[test]
    fn a_message_that_is_cut_is_no_network() {
        let wire = message(2, 24, &[192, 0, 2, 5]);
        for cut in 0..wire.len() {
            let mut links = Vec::new();
            read(&wire[..cut], &mut links);
            assert!(links.is_empty(), "{cut}");
        }
    }

    #[test]
    fn this_machine_has_a_link_to_itself() {
        assert!(own_links().unwrap().iter().any(|link| link.contains(Ipv4Addr::LOCALHOST.into())));
        assert!(is_neighbour("127.255.1.2".parse().unwrap()));
        assert!(!is_neighbour("93.184.216.34".parse().unwrap()));
    }
}
