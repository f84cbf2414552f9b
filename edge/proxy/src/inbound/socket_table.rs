//! The kernel's list of TCP sockets: `/proc/net/tcp` and `tcp6` of proc(5).

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
};

/// One socket in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListedSocket {
    pub(crate) own: SocketAddr,
    pub(crate) listens: bool,
    /// The user ID of the socket's owner.
    pub(crate) user: u32,
    /// The inode by which the socket is found among a process's files. None: no
    /// process has it open any more.
    pub(crate) inode: Option<u64>,
}

/// All sockets of the network namespace with this `/proc` directory.
pub(crate) fn sockets(net: &Path) -> Vec<ListedSocket> {
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(net.join(table)).unwrap_or_default());
    tables.iter().flat_map(|text| text.lines().skip(1).filter_map(read)).collect()
}

/// The user IDs of the sockets that listen for connections to this address.
pub fn listening_users(address: SocketAddr) -> Vec<u32> {
    listeners(sockets(Path::new("/proc/net")).into_iter(), address)
}

fn listeners(sockets: impl Iterator<Item = ListedSocket>, address: SocketAddr) -> Vec<u32> {
    let (ip, port) = (address.ip().to_canonical(), address.port());
    let takes = |own: IpAddr| own.to_canonical() == ip || own.is_unspecified();
    let found = sockets.filter(|socket| socket.listens && socket.own.port() == port && takes(socket.own.ip()));
    found.map(|socket| socket.user).collect()
}

/// Parses one line of the list: number, local address, remote address, state,
/// four counts, user …
fn read(line: &str) -> Option<ListedSocket> {
    const LISTEN: &str = "0A";
    let mut words = line.split_ascii_whitespace();
    let own = address(words.nth(1)?)?;
    let listens = words.nth(1)? == LISTEN;
    let user = words.nth(3)?.parse().ok()?;
    let inode = words.nth(1)?.parse().ok().filter(|inode| *inode != 0);
    Some(ListedSocket { own, listens, user, inode })
}

/// Parses an address like `0100007F:1F90`: words of four bytes in the machine's
/// byte order.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let (mut bytes, mut length) = ([0; 16], 0);
    for word in ip.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.get_mut(length..length + 4)?.copy_from_slice(&word.to_ne_bytes());
        length += 4;
    }
    let ip = match length {
        4 => IpAddr::from(*bytes.first_chunk::<4>()?),
        16 => IpAddr::from(bytes),
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
        assert_eq!(address("0000000000000000FFFF00000100007F00000000:0050"), None);
    }

    #[test]
    fn a_line_is_a_socket_with_its_user() {
        let line = "   0: 0100007F:1EC8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 0 100 0 0 10 0";
        let own = "127.0.0.1:7880".parse().unwrap();
        assert_eq!(read(line), Some(ListedSocket { own, listens: true, user: 1000, inode: Some(4711) }));
        assert_eq!(read("  sl  local_address"), None);
    }

    #[test]
    fn who_listens_is_known_by_address_or_for_all_of_them() {
        let socket = |own: &str, listens, user| ListedSocket { own: own.parse().unwrap(), listens, user, inode: None };
        let all = [
            socket("127.0.0.1:7880", true, 1),
            socket("0.0.0.0:7880", true, 2),
            socket("[::]:7880", true, 3),
            socket("127.0.0.2:7880", true, 4),
            socket("127.0.0.1:7881", true, 5),
            socket("127.0.0.1:7880", false, 6),
        ];
        assert_eq!(listeners(all.into_iter(), "127.0.0.1:7880".parse().unwrap()), [1, 2, 3]);
    }

    #[test]
    fn our_own_listener_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let users = listening_users(listener.local_addr().unwrap());
        assert_eq!(users.len(), 1);
    }
}
