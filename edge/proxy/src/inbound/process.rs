//! Finds the program that opened a connection, if it runs on this machine.
//!
//! The kernel lists sockets by address with their inode (`/proc/net/tcp`), and
//! the open files of each process (`/proc/<pid>/fd`); the process that has the
//! socket's inode open is the program. The search starts as soon as a
//! connection is accepted, because a connection may end at any moment.

use std::{
    collections::{HashMap, VecDeque},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use model::Process;
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};

use crate::inbound::socket_table::sockets;

/// Finds programs for connections. Reading `/proc` takes as long for one
/// connection as for a thousand, so the connections that arrive during one
/// reading are looked up together in the next.
#[derive(Debug)]
pub(crate) struct ProcessFinder {
    asked: mpsc::UnboundedSender<ProcessQuestion>,
}

/// Asks which program opened the connection from `client`.
#[derive(Debug)]
struct ProcessQuestion {
    client: SocketAddr,
    answer: oneshot::Sender<Option<Process>>,
}

/// How many connections are looked up together at most.
const TOGETHER: usize = 4_096;

impl ProcessFinder {
    /// `net` is the directory that lists the sockets of the clients' network
    /// namespace. Must be called inside a tokio runtime.
    pub(crate) fn new(net: PathBuf) -> Self {
        // The channel needs no bound: there is one question for each
        // connection, and the number of connections is bounded.
        let mut programs = RecentPrograms::default();
        Self::by(move |clients| programs.behind(clients, &net))
    }

    /// A finder that uses `find` to look up the programs of many connections.
    fn by(find: impl FnMut(&[SocketAddr]) -> Vec<Option<Process>> + Send + 'static) -> Self {
        let (asked, questions) = mpsc::unbounded_channel();
        tokio::spawn(answer(questions, find));
        Self { asked }
    }

    /// The program that has the socket with this address open.
    pub(crate) async fn behind(&self, client: SocketAddr) -> Option<Process> {
        let (answer, answered) = oneshot::channel();
        self.asked.send(ProcessQuestion { client, answer }).ok()?;
        answered.await.ok().flatten()
    }
}

async fn answer<F>(mut questions: mpsc::UnboundedReceiver<ProcessQuestion>, mut find: F)
where
    F: FnMut(&[SocketAddr]) -> Vec<Option<Process>> + Send + 'static,
{
    let mut batch = Vec::new();
    while questions.recv_many(&mut batch, TOGETHER).await > 0 {
        let (clients, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|question| (question.client, question.answer)).unzip();
        let finding = spawn_blocking(move || {
            let found = find(&clients);
            (find, found)
        });
        let Ok((kept, found)) = finding.await else { return };
        find = kept;
        for (answer, process) in answers.into_iter().zip(found) {
            // The connection that asked may have ended.
            let _ = answer.send(process);
        }
    }
}

/// The processes that were found last. Browsers open many connections from one
/// process, so these are searched first.
#[derive(Debug, Default)]
struct RecentPrograms(VecDeque<u32>);

const RECENT: usize = 8;

impl RecentPrograms {
    /// The programs that have the sockets with these addresses open.
    fn behind(&mut self, clients: &[SocketAddr], net: &Path) -> Vec<Option<Process>> {
        let same = |address: SocketAddr| (address.ip().to_canonical(), address.port());
        let mut inodes: HashMap<_, Option<u64>> = clients.iter().map(|client| (same(*client), None)).collect();
        for socket in sockets(net) {
            if let Some(inode) = inodes.get_mut(&same(socket.own)).filter(|_| !socket.listens) {
                *inode = inode.or(socket.inode);
            }
        }
        let owners = self.owners(inodes.values().filter_map(|inode| *inode));
        let mut known: HashMap<u32, Process> = HashMap::new();
        let process = |client: &SocketAddr| {
            let pid = *owners.get(&inodes.get(&same(*client)).copied()??)?.as_ref()?;
            Some(known.entry(pid).or_insert_with(|| describe(pid)).clone())
        };
        clients.iter().map(process).collect()
    }

    /// The process that has each socket open, as far as `/proc` is readable.
    fn owners(&mut self, inodes: impl Iterator<Item = u64>) -> HashMap<u64, Option<u32>> {
        let mut owners: HashMap<u64, Option<u32>> = inodes.map(|inode| (inode, None)).collect();
        let mut missing = owners.len();
        let recent = self.0.clone();
        for pid in recent.iter().copied().chain(all().filter(|pid| !recent.contains(pid))) {
            if missing == 0 {
                break;
            }
            let found = open_sockets(pid, &mut owners, missing);
            if found > 0 {
                missing -= found;
                self.0.retain(|known| *known != pid);
                self.0.push_front(pid);
                self.0.truncate(RECENT);
            }
        }
        owners
    }
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Notes which of the sockets a process has open, and returns how many.
fn open_sockets(pid: u32, owners: &mut HashMap<u64, Option<u32>>, most: usize) -> usize {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let files: Vec<_> = entries.map(|entry| entry.path()).collect();
    // A new connection is usually among the last file descriptors.
    let targets = files.iter().rev().filter_map(|file| fs::read_link(file).ok());
    let inodes =
        targets.filter_map(|target| target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
    let mut found = 0;
    for inode in inodes {
        if let Some(owner @ None) = owners.get_mut(&inode) {
            *owner = Some(pid);
            found += 1;
            if found == most {
                break;
            }
        }
    }
    found
}

fn describe(pid: u32) -> Process {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let path = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    Process { pid, name: name.trim_end().to_owned(), path: path.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
    };

    use super::*;

    #[test]
    fn this_process_is_found_behind_its_connections() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let clients: Vec<_> = (0..40).map(|_| TcpStream::connect(listener.local_addr().unwrap()).unwrap()).collect();
        let mut addresses: Vec<_> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
        addresses.push("127.0.0.1:1".parse().unwrap());
        let mut programs = RecentPrograms::default();
        let found = programs.behind(&addresses, Path::new("/proc/net"));
        let ours = |process: &Process| process.pid == std::process::id() && process.path.contains("proxy");
        assert!(found[..40].iter().all(|process| process.as_ref().is_some_and(ours)));
        assert_eq!(found[40], None, "nobody has this one");
        assert_eq!(programs.0, [std::process::id()]);
    }

    fn process(pid: u32) -> Process {
        Process { pid, name: String::new(), path: String::new() }
    }

    #[tokio::test]
    async fn what_is_asked_while_proc_is_read_is_answered_by_one_more_reading() {
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let readings = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&readings);
        let finder = ProcessFinder::by(move |clients| {
            counted.fetch_add(1, Relaxed);
            let _ = held.recv();
            clients.iter().map(|client| Some(process(client.port().into()))).collect()
        });
        let asks = |port: u16| {
            let (answer, answered) = oneshot::channel();
            finder.asked.send(ProcessQuestion { client: ([127, 0, 0, 1], port).into(), answer }).unwrap();
            answered
        };
        let first = asks(1);
        while readings.load(Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let rest: Vec<_> = (2..1_000).map(asks).collect();
        let_go.send(()).unwrap();
        let_go.send(()).unwrap();
        assert_eq!(first.await.unwrap().map(|process| process.pid), Some(1));
        for (answered, port) in rest.into_iter().zip(2..) {
            assert_eq!(answered.await.unwrap().map(|process| process.pid), Some(port));
        }
        assert_eq!(readings.load(Relaxed), 2);
    }
}
