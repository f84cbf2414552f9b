//! Redirects the traffic of devices that use this machine as their gateway, with a
//! separate nftables table. The devices need no setting.
//!
//! The table's name contains our process id, and so does a lock file beside the
//! authority. The table is removed at the end. The next start removes the tables of
//! killed processes, and no others.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};

use super::alive;
use crate::written_file;

/// An nftables table that redirects what arrives on one network card.
#[derive(Debug)]
pub struct NftRedirect {
    table: String,
    lock: PathBuf,
}

/// Counts of packets that were not redirected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// Refused QUIC packets.
    pub quic: u64,
    /// Other datagrams; Candor does not read them.
    pub other: u64,
}

/// How to treat datagrams that are neither DNS nor QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherDatagrams {
    Pass,
    Refuse,
}

/// Sockets that are bound to one network card.
#[derive(Debug)]
pub struct CardSockets {
    pub proxy: TcpListener,
    pub dns: Option<(UdpSocket, TcpListener)>,
}

impl CardSockets {
    pub fn on(card: &str, with_dns: bool) -> Result<Self> {
        let named =
            !card.is_empty() && card.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte));
        if !named || !is_there(card) {
            bail!("there is no network card {card}; `ip link` lists them");
        }
        let failed = || format!("cannot listen on the network card {card}; this needs root");
        let proxy: TcpListener = bound(card, Type::STREAM, Protocol::TCP, 0).with_context(failed)?.into();
        let dns = if with_dns {
            let udp: UdpSocket = bound(card, Type::DGRAM, Protocol::UDP, 0).with_context(failed)?.into();
            let port = udp.local_addr().with_context(failed)?.port();
            Some((udp, bound(card, Type::STREAM, Protocol::TCP, port).with_context(failed)?.into()))
        } else {
            None
        };
        Ok(Self { proxy, dns })
    }
}

/// Whether this network namespace has a card of this name.
fn is_there(card: &str) -> bool {
    let cards = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    cards.lines().any(|line| line.trim_start().split_once(':').is_some_and(|(name, _)| name == card))
}

/// A socket for IPv6 and IPv4; only for IPv4 if there is no IPv6.
fn bound(card: &str, kind: Type, protocol: Protocol, port: u16) -> std::io::Result<Socket> {
    let v6 = Socket::new(Domain::IPV6, kind, Some(protocol)).and_then(|socket| {
        socket.set_only_v6(false)?;
        finish(socket, card, kind, SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
    });
    v6.or_else(|_| {
        let socket = Socket::new(Domain::IPV4, kind, Some(protocol))?;
        finish(socket, card, kind, SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
    })
}

fn finish(socket: Socket, card: &str, kind: Type, address: SocketAddr) -> std::io::Result<Socket> {
    socket.bind_device(Some(card.as_bytes()))?;
    socket.bind(&address.into())?;
    if kind == Type::STREAM {
        socket.listen(1024)?;
    }
    Ok(socket)
}

impl NftRedirect {
    /// Redirects what arrives on this card. The lock file is written into `folder`.
    pub fn begin(folder: &Path, card: &str, sockets: &CardSockets, others: OtherDatagrams) -> Result<Self> {
        clear_up(folder)?;
        let pid = std::process::id();
        let table = table_of(pid);
        let lock = folder.join(format!("transparent-{pid}.lock"));
        let proxy = sockets.proxy.local_addr().context("the proxy's socket has no address")?.port();
        let dns = match &sockets.dns {
            Some((udp, _)) => Some(udp.local_addr().context("the DNS socket has no address")?.port()),
            None => None,
        };
        // The lock is written first, so that every table has one.
        let began = alive::since(pid).unwrap_or_default();
        written_file::write(&lock, format!("{pid} {began} {}\n", network()))
            .with_context(|| format!("cannot write {}", lock.display()))?;
        let turned = Self { table, lock };
        nft(&["-f", "-"], &rules(&turned.table, card, proxy, dns, others))
            .context("cannot turn connections to the proxy")?;
        Ok(turned)
    }

    /// The counts so far.
    pub fn counted(&self) -> Result<PacketCounts> {
        let listing = nft(&["-j", "list", "counters", "table", "inet", &self.table], "")?;
        counted(&listing).context("nft's counters cannot be read")
    }
}

impl Drop for NftRedirect {
    fn drop(&mut self) {
        // If this fails the lock stays, and the next start tries again.
        if nft(&["delete", "table", "inet", &self.table], "").is_ok() {
            let _ = fs::remove_file(&self.lock);
        }
    }
}

fn table_of(pid: u32) -> String {
    format!("candor_{pid}")
}

/// Removes the tables of ended processes, in this network namespace.
fn clear_up(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(left) = left_by_the_dead(&path) else { continue };
        if left.network != network() {
            continue;
        }
        let table = table_of(left.pid);
        // The process may have ended before it created its table.
        if nft(&["list", "table", "inet", &table], "").is_ok() {
            nft(&["delete", "table", "inet", &table], "")
                .with_context(|| format!("cannot remove the table {table}"))?;
        }
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// The content of an ended process's lock file.
struct StaleLock {
    pid: u32,
    network: String,
}

fn left_by_the_dead(path: &Path) -> Option<StaleLock> {
    let name = path.file_name()?.to_str()?;
    let pid: u32 = name.strip_prefix("transparent-")?.strip_suffix(".lock")?.parse().ok()?;
    let text = fs::read_to_string(path).ok()?;
    let mut words = text.split_ascii_whitespace();
    let (written, start, network) = (words.next()?, words.next()?, words.next()?);
    (written.parse() == Ok(pid) && !alive::is(pid, start)).then(|| StaleLock { pid, network: network.to_owned() })
}

/// The network namespace of this process.
fn network() -> String {
    fs::read_link("/proc/self/ns/net").map_or_else(|_| "unknown".into(), |link| link.to_string_lossy().into_owned())
}

/// The nftables rules. Packets to this machine itself pass unchanged.
fn rules(table: &str, card: &str, proxy: u16, dns: Option<u16>, others: OtherDatagrams) -> String {
    let dns = dns.map_or_else(String::new, |port| {
        format!(
            "    iifname \"{card}\" udp dport 53 redirect to :{port}\n    iifname \"{card}\" tcp dport 53 redirect to :{port}\n"
        )
    });
    let refused = if others == OtherDatagrams::Refuse { " reject" } else { "" };
    format!(
        "table inet {table} {{
  counter quic {{ }}
  counter other {{ }}
  chain stop {{
    type filter hook prerouting priority -150;
    iifname != \"{card}\" accept
    fib daddr type {{ local, multicast, broadcast }} accept
    udp dport 53 accept
    udp dport 443 counter name quic reject
    meta l4proto udp counter name other{refused}
  }}
  chain turn {{
    type nat hook prerouting priority -100;
    iifname != \"{card}\" accept
{dns}    fib daddr type local accept
    meta l4proto tcp redirect to :{proxy}
  }}
}}
"
    )
}

fn nft(arguments: &[&str], input: &str) -> Result<String> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let mut command = Command::new("nft");
    command.args(arguments).env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start nft; Debian has it in the package nftables")?;
    if let Some(mut stdin) = child.stdin.take() {
        // If nft ends before it has read everything, its error message says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().context("nft did not end")?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(&output.stderr);
        bail!("nft: {}", says.lines().next().unwrap_or("it failed without a word"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn counted(listing: &str) -> Option<PacketCounts> {
    let listing: serde_json::Value = serde_json::from_str(listing).ok()?;
    let all = listing["nftables"].as_array()?;
    let packets = |name: &str| {
        all.iter().find_map(|item| (item["counter"]["name"] == name).then(|| item["counter"]["packets"].as_u64())?)
    };
    Some(PacketCounts { quic: packets("quic")?, other: packets("other")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_name_and_a_missing_one_is_no_zero() {
        let listing = r#"{"nftables":[{"metainfo":{}},{"counter":{"name":"quic","packets":3}},{"counter":{"name":"other","packets":1}}]}"#;
        assert_eq!(counted(listing), Some(PacketCounts { quic: 3, other: 1 }));
        assert_eq!(counted(r#"{"nftables":[{"counter":{"name":"quic","packets":3}}]}"#), None);
    }

    #[test]
    fn only_what_a_dead_process_left_is_cleared_up() {
        let at = tempfile::tempdir().unwrap();
        let lock = |pid: u32, text: &str| {
            let path = at.path().join(format!("transparent-{pid}.lock"));
            fs::write(&path, text).unwrap();
            left_by_the_dead(&path).map(|left| left.pid)
        };
        let me = std::process::id();
        let start = alive::since(me).unwrap();
        assert_eq!(lock(me, &format!("{me} {start} net:[1]\n")), None);
        assert_eq!(lock(me, &format!("{me} 1 net:[1]\n")), Some(me), "another process has its number");
        // Higher than any process id of the kernel.
        assert_eq!(lock(5_000_000, "5000000 1 net:[1]\n"), Some(5_000_000));
        assert_eq!(lock(5_000_000, "77 1 net:[1]\n"), None);
        assert_eq!(lock(5_000_000, ""), None);
        fs::write(at.path().join("authority.pem"), "").unwrap();
        assert!(left_by_the_dead(&at.path().join("authority.pem")).is_none());
    }

    #[test]
    fn datagrams_are_refused_only_where_nothing_may_leave() {
        assert!(rules("t", "wlan0", 1, None, OtherDatagrams::Refuse).contains("name other reject"));
        let passing = rules("t", "wlan0", 1, Some(2), OtherDatagrams::Pass);
        assert!(passing.contains("name other\n") && passing.contains("udp dport 53 redirect to :2"));
    }
}
