//! From a frame to the segment or datagram in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{blocks::CapturedPacket, reader::ByteReader};

/// What a packet carries.
pub(super) enum PacketContent<'p> {
    Tcp {
        route: Route,
        head: TcpHead,
        payload: Payload<'p>,
    },
    Udp {
        route: Route,
        payload: Payload<'p>,
    },
    /// A part of a packet that was split on its way.
    Fragment,
    /// Another protocol over IP, by its number.
    Other(u8),
    /// Nothing that could carry data of a program: ARP, neighbours, groups.
    Nothing,
    /// Of a link type, or of a protocol below IP, that is not read.
    Unknown,
    /// The file has too little of it.
    Cut,
}

/// Where a packet comes from and goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) from: (IpAddr, u16),
    pub(super) to: (IpAddr, u16),
}

impl Route {
    pub(super) fn reversed(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

pub(super) struct TcpHead {
    pub(super) sequence: u32,
    pub(super) flags: u8,
}

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

/// Bytes, and how many there were.
pub(super) struct Payload<'p> {
    pub(super) bytes: &'p [u8],
    pub(super) length: usize,
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// The link types that are read, by <https://www.tcpdump.org/linktypes.html>.
pub(super) fn is_known_link(link: u32) -> bool {
    matches!(link, 0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276)
}

pub(super) fn content(packet: &CapturedPacket) -> PacketContent<'_> {
    let frame = &packet.bytes[..];
    let mut reader = ByteReader::new(frame);
    let kind = match packet.link {
        1 => ethernet(&mut reader),
        12 | 14 | 101 | 228 | 229 => by_version(frame),
        // The family is written in the order of the machine that captured.
        0 | 108 => reader.take(4).map(|family| match family {
            [2, 0, 0, 0] | [0, 0, 0, 2] => IPV4,
            [24 | 28 | 30 | 10, 0, 0, 0] | [0, 0, 0, 24 | 28 | 30 | 10] => IPV6,
            _ => 0xffff,
        }),
        113 => reader.take(14).and_then(|_| tagged(&mut reader)),
        276 => reader.u16().inspect(|_| {
            reader.take(18);
        }),
        _ => return PacketContent::Unknown,
    };
    let missing = packet.length - frame.len();
    match kind {
        None => PacketContent::Cut,
        Some(IPV4) => ipv4(reader.rest(), missing),
        Some(IPV6) => ipv6(reader.rest(), missing),
        // ARP, Wake-on-LAN, LLDP, EAPOL, PPPoE discovery and lengths (IEEE 802.3).
        Some(0x0806 | 0x0842 | 0x88cc | 0x888e | 0x8863 | 0x8035) | Some(0..0x0600) => PacketContent::Nothing,
        Some(_) => PacketContent::Unknown,
    }
}

fn by_version(packet: &[u8]) -> Option<u16> {
    Some(match packet.first()? >> 4 {
        4 => IPV4,
        6 => IPV6,
        _ => 0xffff,
    })
}

fn ethernet(reader: &mut ByteReader<'_>) -> Option<u16> {
    reader.take(12)?;
    tagged(reader)
}

/// A kind, behind tags of virtual networks (IEEE 802.1Q).
fn tagged(reader: &mut ByteReader<'_>) -> Option<u16> {
    for _ in 0..4 {
        match reader.u16()? {
            0x8100 | 0x88a8 | 0x9100 => reader.take(2)?,
            kind => return Some(kind),
        };
    }
    Some(0xffff)
}

fn ipv4(packet: &[u8], missing: usize) -> PacketContent<'_> {
    let Some(head) = packet.get(..20) else { return PacketContent::Cut };
    let length = usize::from(head[0] & 15) * 4;
    let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
    // Kernels that leave cutting to the card write 0.
    let total = if total == 0 { packet.len() + missing } else { total };
    let address = |at: usize| IpAddr::V4(Ipv4Addr::new(head[at], head[at + 1], head[at + 2], head[at + 3]));
    let fragment = u16::from_be_bytes([head[6], head[7]]) & 0x3fff;
    let Some(payload) = packet.get(length.max(20)..) else { return PacketContent::Cut };
    if fragment != 0 {
        return PacketContent::Fragment;
    }
    transport(head[9], address(12), address(16), payload, total.saturating_sub(length))
}

fn ipv6(packet: &[u8], missing: usize) -> PacketContent<'_> {
    let mut reader = ByteReader::new(packet);
    let Some(head) = reader.take(40) else { return PacketContent::Cut };
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    let mut length = if length == 0 { packet.len() + missing - 40 } else { length };
    let address = |at: usize| {
        let bytes: [u8; 16] = head[at..at + 16].try_into().unwrap_or_default();
        IpAddr::V6(Ipv6Addr::from(bytes))
    };
    let mut next = head[6];
    // Heads in between (RFC 8200 §4): options, routing, a fragment, destination.
    for _ in 0..8 {
        if next == 44 {
            let Some(fragment) = reader.take(8) else { return PacketContent::Cut };
            if u16::from_be_bytes([fragment[2], fragment[3]]) & 0xfff9 != 0 {
                return PacketContent::Fragment;
            }
            (next, length) = (fragment[0], length.saturating_sub(8));
            continue;
        }
        if !matches!(next, 0 | 43 | 60) {
            break;
        }
        let Some(&[following, size, ..]) = reader.rest().get(..8) else { return PacketContent::Cut };
        let size = usize::from(size) * 8 + 8;
        if reader.take(size).is_none() {
            return PacketContent::Cut;
        }
        (next, length) = (following, length.saturating_sub(size));
    }
    transport(next, address(8), address(24), reader.rest(), length)
}

fn transport(protocol: u8, from: IpAddr, to: IpAddr, bytes: &[u8], length: usize) -> PacketContent<'_> {
    // What follows is padding, a trailer or a check sum of the frame.
    let bytes = &bytes[..bytes.len().min(length)];
    let ports = |head: &[u8]| Route {
        from: (from, u16::from_be_bytes([head[0], head[1]])),
        to: (to, u16::from_be_bytes([head[2], head[3]])),
    };
    match protocol {
        6 => {
            let Some(head) = bytes.get(..20) else { return PacketContent::Cut };
            let size = usize::from(head[12] >> 4) * 4;
            let (payload, length) =
                (bytes.get(size.max(20)..).unwrap_or_default(), length.saturating_sub(size.max(20)));
            let sequence = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
            let head_of = TcpHead { sequence, flags: head[13] };
            PacketContent::Tcp { route: ports(head), head: head_of, payload: Payload { bytes: payload, length } }
        }
        17 => {
            let Some(head) = bytes.get(..8) else { return PacketContent::Cut };
            let said = usize::from(u16::from_be_bytes([head[4], head[5]])).saturating_sub(8);
            let length = if said == 0 { length - 8 } else { said };
            let payload = &bytes[8..];
            let payload = Payload { bytes: &payload[..payload.len().min(length)], length };
            PacketContent::Udp { route: ports(head), payload }
        }
        // Errors of ICMP quote a packet that was sent, and stands in the capture.
        1 => match bytes.first() {
            Some(3 | 4 | 5 | 9 | 10 | 11 | 12) => PacketContent::Nothing,
            _ => PacketContent::Other(1),
        },
        // Neighbours and groups too (RFC 4861, RFC 9777).
        58 => match bytes.first() {
            Some(1..=4 | 130..=137 | 143) => PacketContent::Nothing,
            _ => PacketContent::Other(58),
        },
        // Groups; and no next head.
        2 | 59 | 103 => PacketContent::Nothing,
        other => PacketContent::Other(other),
    }
}

/// The user id and app in the trailer that PCAPdroid puts behind a packet.
pub(super) fn trailer(frame: &[u8]) -> Option<(u32, String)> {
    let trailer = &frame[frame.len().checked_sub(32)?..];
    let rest = trailer.strip_prefix(&[0x01, 0x07, 0x20, 0x21])?;
    let user = u32::from_be_bytes(rest[..4].try_into().ok()?);
    let name = rest[4..24].split(|byte| *byte == 0).next().unwrap_or_default();
    let name: String = String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).collect();
    Some((user, name)).filter(|(_, name)| !name.is_empty())
}
