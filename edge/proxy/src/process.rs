//! The program behind a connection, if it runs on this machine.
//!
//! The kernel lists sockets by their addresses (`/proc/net/tcp`) and a program's
//! files by its sockets (`/proc/<pid>/fd`): what is in both is the program. It is
//! looked for while the connection is young, as it may end any moment.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use model::Process;

use crate::socket_table::sockets;

/// The program found last: browsers make many connections from one process.
static LAST: AtomicU32 = AtomicU32::new(0);

/// Finds the program that has the socket with this address; `net` is the folder
/// that lists the sockets of its namespace.
pub(crate) fn behind(client: SocketAddr, net: &Path) -> Option<Process> {
    let is_the_clients =
        |own: SocketAddr| own.port() == client.port() && own.ip().to_canonical() == client.ip().to_canonical();
    let inode = sockets(net).into_iter().find(|socket| is_the_clients(socket.own))?.inode?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_behind_its_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let found = behind(client.local_addr().unwrap(), Path::new("/proc/net")).unwrap();
        assert_eq!(found.pid, std::process::id());
        assert!(found.path.contains("proxy"));
    }
}
