//! The program behind a connection, if it runs on this machine.
//!
//! The kernel lists sockets by their addresses (`/proc/net/tcp`) and a program's
//! files by its sockets (`/proc/<pid>/fd`): what is in both is the program. It is
//! looked for while the connection is young, as it may end any moment.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use model::Process;

/// The program found last: browsers make many connections from one process.
static LAST: AtomicU32 = AtomicU32::new(0);

/// Finds the program that has the socket with this address; `net` is the folder
/// that lists the sockets of its namespace.
pub(crate) fn behind(client: SocketAddr, net: &Path) -> Option<Process> {
    let inode = ["tcp", "tcp6"].iter().find_map(|table| {
        let text = fs::read_to_string(net.join(table)).ok()?;
        text.lines().skip(1).find_map(|line| inode_of(line, client))
    })?;
    let wanted = format!("socket:[{inode}]");
    let last = LAST.load(Relaxed);
    let pid = if last != 0 && has_file(last, &wanted) { last } else { all().find(|pid| has_file(*pid, &wanted))? };
    LAST.store(pid, Relaxed);
    Some(describe(pid))
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn has_file(pid: u32, wanted: &str) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| target.as_os_str() == wanted)
}

fn describe(pid: u32) -> Process {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let path = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    Process { pid, name: name.trim_end().to_owned(), path: path.to_string_lossy().into_owned() }
}

/// The inode of a line whose own address is this.
fn inode_of(line: &str, client: SocketAddr) -> Option<u64> {
    let mut words = line.split_ascii_whitespace();
    let own = address(words.nth(1)?)?;
    let same = own.port() == client.port() && own.ip().to_canonical() == client.ip().to_canonical();
    same.then(|| words.nth(7)?.parse().ok()).flatten().filter(|inode| *inode != 0)
}

/// `0100007F:1F90` as an address: words of four bytes in the machine's order.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words = ip.as_bytes().chunks(8).map(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let ip = match bytes.len() {
        4 => IpAddr::from(*bytes.first_chunk::<4>()?),
        16 => IpAddr::from(*bytes.first_chunk::<16>()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_the_kernel_writes_it() {
        assert_eq!(address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        let mapped = address("0000000000000000FFFF00000100007F:0050").unwrap();
        assert_eq!(mapped.ip().to_canonical().to_string(), "127.0.0.1");
        assert_eq!(address("nonsense"), None);
    }

    #[test]
    fn this_process_is_found_behind_its_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let found = behind(client.local_addr().unwrap(), Path::new("/proc/net")).unwrap();
        assert_eq!(found.pid, std::process::id());
        assert!(found.path.contains("proxy"));
    }
}
