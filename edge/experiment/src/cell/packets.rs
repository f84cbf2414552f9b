//! The kernel's log of packets that are neither TCP nor DNS (nfnetlink,
//! `NFULNL_MSG_PACKET` of linux/netfilter/nfnetlink_log.h), with their payload.
//!
//! The nftables rules log such packets before they refuse them. Candor opens the
//! log's socket inside the cell and reads it outside; no process in the cell does.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::OwnedFd,
};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink, recv, send, socket_with,
    sockopt::set_socket_recv_buffer_size,
};
use tokio::io::unix::AsyncFd;

/// The nfnetlink group to which the nftables rules log.
pub(super) const GROUP: u16 = 7;

/// The receive buffer, in bytes: some thousand datagrams may wait to be read.
const ROOM: usize = 8 << 20;
const LONGEST: usize = 128 << 10;

/// One packet, without its headers.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    pub to: IpAddr,
    /// None where the protocol knows no ports.
    pub port: Option<u16>,
    pub protocol: PacketProtocol,
    pub payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketProtocol {
    Udp,
    Icmp,
    /// The first packet of a connection to a listener of the cell itself.
    Tcp,
    /// The number that IANA gave it.
    Other(u8),
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packet(..)")
    }
}

/// The kernel's log of the cell that the calling thread is in.
#[derive(Debug)]
pub struct PacketLog(OwnedFd);

impl PacketLog {
    pub(super) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::NETFILTER))?;
        bind(&fd, &netlink::SocketAddrNetlink::new(0, 0))?;
        // If the system's limit is lower, the kernel sets the buffer to this limit.
        let _ = set_socket_recv_buffer_size(&fd, ROOM);
        const BIND: &[u8] = &[1];
        // Whole packets, and each at once.
        const MODE: &[u8] = &[0, 1, 0xff, 0xff, 2, 0];
        const THRESHOLD: &[u8] = &[0, 0, 0, 1];
        for (kind, value) in [(1, BIND), (2, MODE), (5, THRESHOLD)] {
            send(&fd, &configuration(kind, value), SendFlags::empty())?;
            acknowledged(&fd)?;
        }
        Ok(Self(fd))
    }

    /// Packets as they come; see [`PacketReader::next`].
    #[expect(deprecated, reason = "an `OwnedFd` keeps its descriptor; the alternative is unsafe code")]
    pub fn watch(self) -> io::Result<PacketReader> {
        Ok(PacketReader { fd: AsyncFd::new(self.0)?, buffer: vec![0; LONGEST], waiting: Vec::new() })
    }
}

/// Reads packets from the log.
#[derive(Debug)]
pub struct PacketReader {
    fd: AsyncFd<OwnedFd>,
    buffer: Vec<u8>,
    waiting: Vec<LogEntry>,
}

/// An entry of the log.
#[derive(Debug)]
pub enum LogEntry {
    Packet(Packet),
    /// The receive buffer was full: packets are missing.
    Lost,
}

impl PacketReader {
    /// Waits for the next entry.
    pub async fn next(&mut self) -> io::Result<LogEntry> {
        loop {
            if let Some(logged) = self.at_hand()? {
                return Ok(logged);
            }
            self.fd.readable().await?.clear_ready();
            // A packet may have arrived after the first read and before `clear_ready`.
            if let Some(logged) = self.at_hand()? {
                return Ok(logged);
            }
        }
    }

    /// The next entry, if one has already arrived.
    pub fn at_hand(&mut self) -> io::Result<Option<LogEntry>> {
        while self.waiting.is_empty() {
            match recv(self.fd.get_ref(), &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Ok((length, _)) => {
                    self.waiting = packets(&self.buffer[..length]).into_iter().map(LogEntry::Packet).rev().collect();
                }
                Err(rustix::io::Errno::NOBUFS) => return Ok(Some(LogEntry::Lost)),
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(self.waiting.pop())
    }
}

/// `NFULNL_MSG_CONFIG` with one attribute, to be acknowledged.
fn configuration(kind: u16, value: &[u8]) -> Vec<u8> {
    const CONFIG: u16 = 4 << 8 | 1;
    const REQUEST_AND_ACKNOWLEDGE: u16 = 5;
    let padded = value.len().div_ceil(4) * 4;
    let mut message = Vec::with_capacity(24 + padded);
    message.extend_from_slice(&(24 + padded as u32).to_ne_bytes());
    message.extend_from_slice(&CONFIG.to_ne_bytes());
    message.extend_from_slice(&REQUEST_AND_ACKNOWLEDGE.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&GROUP.to_be_bytes());
    message.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(value);
    message.resize(24 + padded, 0);
    message
}

/// Reads the acknowledgement. The kernel has already sent it when `send`
/// returns.
fn acknowledged(fd: &OwnedFd) -> io::Result<()> {
    let mut answer = [0; 256];
    let (length, _) = recv(fd, &mut answer[..], RecvFlags::empty())?;
    match answer[..length].get(16..20).map(|code| i32::from_ne_bytes([code[0], code[1], code[2], code[3]])) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The packets in one message from the kernel.
fn packets(mut bytes: &[u8]) -> Vec<Packet> {
    const PACKET: u16 = 4 << 8;
    let mut packets = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(16) {
        let length = u32::from_ne_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(body) = length.checked_sub(16).and_then(|length| rest.get(..length)) else { break };
        if u16::from_ne_bytes([head[4], head[5]]) == PACKET {
            packets.extend(body.get(4..).and_then(payload).and_then(packet));
        }
        bytes = rest.get(body.len().div_ceil(4) * 4..).unwrap_or_default();
    }
    packets
}

/// The attribute that holds the packet.
fn payload(mut attributes: &[u8]) -> Option<&[u8]> {
    const PAYLOAD: u16 = 9;
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]])).checked_sub(4)?;
        let value = rest.get(..length)?;
        if u16::from_ne_bytes([head[2], head[3]]) & 0x3fff == PAYLOAD {
            return Some(value);
        }
        attributes = rest.get(length.div_ceil(4) * 4..).unwrap_or_default();
    }
    None
}

/// Reads an IPv4 or IPv6 packet.
fn packet(bytes: &[u8]) -> Option<Packet> {
    let (to, number, inner) = match bytes.first()? >> 4 {
        4 => {
            let header = usize::from(bytes[0] & 15) * 4;
            let to = Ipv4Addr::from(*bytes.get(16..)?.first_chunk::<4>()?);
            (IpAddr::from(to), *bytes.get(9)?, bytes.get(header..)?)
        }
        6 => {
            let to = Ipv6Addr::from(*bytes.get(24..)?.first_chunk::<16>()?);
            (IpAddr::from(to), *bytes.get(6)?, bytes.get(40..)?)
        }
        _ => return None,
    };
    let port = || inner.get(2..4).map(|port| u16::from_be_bytes([port[0], port[1]]));
    let (protocol, port, payload) = match number {
        17 => (PacketProtocol::Udp, port(), inner.get(8..)?),
        6 => (PacketProtocol::Tcp, port(), &[][..]),
        // The payload of an echo and its identifier. The checksum before it comes
        // from the kernel, not from the subject.
        1 | 58 => (PacketProtocol::Icmp, None, inner.get(4..)?),
        other => (PacketProtocol::Other(other), None, inner),
    };
    Some(Packet { to, port, protocol, payload: payload.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(ip: &[u8]) -> Vec<u8> {
        let attribute = |kind: u16, value: &[u8]| {
            let head = [(4 + value.len() as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
            [&head[..], value, &vec![0; value.len().next_multiple_of(4) - value.len()]].concat()
        };
        let body = [&[2, 0, 0, 7][..], &attribute(10, b"told\0"), &attribute(9, ip)].concat();
        let head = [&(16 + body.len() as u32).to_ne_bytes()[..], &(4_u16 << 8).to_ne_bytes(), &[0; 10]].concat();
        [head, body].concat()
    }

    fn ip(protocol: u8, inner: &[u8]) -> Vec<u8> {
        let head = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 168, 7, 20, 93, 184, 0, 9];
        [&head[..], inner].concat()
    }

    #[test]
    fn a_datagram_is_read_with_its_target() {
        let udp = [&[0xa1, 0xfc, 0x11, 0x51, 0, 14, 0, 0][..], b"secret"].concat();
        let two = [logged(&ip(17, &udp)), logged(&ip(1, b"\x08\0\xff\xff\0\x01\0\x01ping"))].concat();
        let read = packets(&two);
        assert_eq!((read[0].to.to_string(), read[0].port), ("93.184.0.9".into(), Some(4433)));
        assert_eq!((read[0].protocol, &read[0].payload[..]), (PacketProtocol::Udp, &b"secret"[..]));
        assert_eq!((read[1].protocol, &read[1].payload[4..]), (PacketProtocol::Icmp, &b"ping"[..]));
    }

    #[test]
    fn what_is_cut_or_no_packet_is_nothing() {
        let udp = [&[0xa1, 0xfc, 0x11, 0x51, 0, 14, 0, 0][..], b"secret"].concat();
        let whole = logged(&ip(17, &udp));
        assert!((0..whole.len() - 2).all(|cut| packets(&whole[..cut]).is_empty()));
        assert!(packets(&logged(b"")).is_empty() && packets(&logged(&[0x45])).is_empty());
    }
}
