//! A cell: the environment of a subject for one trial. With namespaces no traffic
//! leaves it.
//!
//! A separate thread enters new network, mount, host-name and IPC namespaces and
//! stays there. The namespaces have no name and no file: they exist as long as the
//! thread and the processes started from it, so that nothing is left to clean up
//! however Candor ends. A socket that this thread opens always belongs to the cell,
//! and any other thread can use it: so the proxy listens inside while it runs
//! outside.
//!
//! Without namespaces the cell is on the host itself. Candor then does not see
//! traffic that ignores the proxy setting, and [`Cell::watched`] is false.

mod device;
mod home;
mod net;
mod packets;
mod place;
mod process;

use std::{
    fmt, io,
    io::Write,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

pub use device::CellDevice;
pub use net::RefusedPackets;
pub use packets::{LogEntry, Packet, PacketLog, PacketProtocol, PacketReader};
pub use process::{CellProcess, CellProgram, ProcessOutput, ProgramPipes, find};
use process::{PATH, ProcessContext};
use rustix::thread::UnshareFlags;
use tokio::{runtime::Handle, sync::oneshot};

use crate::Error;

/// The port of the proxy in a cell that has its own network.
const PROXY_PORT: u16 = 8080;

/// The user that a subject runs as; by default one that owns no files (nobody).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellUser {
    pub uid: u32,
    pub gid: u32,
}

impl Default for CellUser {
    fn default() -> Self {
        Self { uid: 65534, gid: 65534 }
    }
}

/// The settings of a cell.
#[derive(Clone, Debug)]
pub struct CellSpec {
    pub walls: CellIsolation,
    pub device: CellDevice,
    pub user: CellUser,
    /// Folders below `/home` or `/tmp` that the cell must not hide, mounted read-only:
    /// a browser may have been unpacked there.
    pub keep: Vec<PathBuf>,
}

/// Whether the cell has namespaces of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellIsolation {
    Namespaces,
    /// On the host itself: `--no-namespace`.
    None,
}

/// The sockets that Candor opens inside the cell. All are non-blocking.
#[derive(Debug)]
pub struct CellSockets {
    /// For explicit and for redirected connections; also on IPv6 where the kernel has it.
    pub proxy: Vec<TcpListener>,
    /// None without namespaces: the subject then uses the host's resolver.
    pub dns: Option<DnsSockets>,
    /// The log of packets that are neither TCP nor DNS. None without namespaces:
    /// they are not watched.
    pub packets: Option<PacketLog>,
}

/// Sockets for DNS over UDP and over TCP (RFC 1035 §4.2).
#[derive(Debug)]
pub struct DnsSockets {
    pub udp: Vec<UdpSocket>,
    pub tcp: Vec<TcpListener>,
}

type CellJob = Box<dyn FnOnce() + Send>;

/// A handle on the cell. Dropped, it ends the cell and all programs in it.
pub struct Cell {
    jobs: Option<mpsc::Sender<CellJob>>,
    thread: Option<thread::JoinHandle<()>>,
    ground: ProcessContext,
    device: CellDevice,
    walls: CellIsolation,
    proxy: SocketAddr,
    /// The subject's home, if it is a temporary folder of the host.
    _home: Option<tempfile::TempDir>,
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("walls", &self.walls).field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl Cell {
    /// Makes a cell and opens the sockets in it. Must be called in a Tokio runtime,
    /// which waits for the cell's processes.
    pub async fn open(spec: CellSpec) -> Result<(Self, CellSockets), Error> {
        let (ground, host_home) = ground(&spec)?;
        let runtime = Handle::current();
        let (jobs, queue) = mpsc::channel::<CellJob>();
        let (ready, made) = oneshot::channel();
        let home = ground.home.clone();
        let (walls, device) = (spec.walls, spec.device.clone());
        let thread = thread::Builder::new()
            .name("cell".to_owned())
            .spawn(move || {
                let _runtime = runtime.enter();
                let sockets = make(&spec, &home);
                if ready.send(sockets).is_err() {
                    return;
                }
                for job in queue {
                    job();
                }
            })
            .map_err(|source| Error::Start { program: "a thread for the cell".to_owned(), source })?;
        let sockets = made.await.map_err(|_| Error::CellGone)??;
        let proxy = sockets.proxy[0].local_addr().map_err(|source| Error::Bind { what: "the proxy", source })?;
        let cell = Self { jobs: Some(jobs), thread: Some(thread), ground, device, walls, proxy, _home: host_home };
        Ok((cell, sockets))
    }

    /// Whether Candor sees traffic that ignores the proxy setting.
    pub fn watched(&self) -> bool {
        self.walls == CellIsolation::Namespaces
    }

    /// The simulated machine. Without namespaces it is only a name: the subject
    /// sees the host.
    pub fn device(&self) -> &CellDevice {
        &self.device
    }

    /// Where programs in the cell find the proxy.
    pub fn proxy(&self) -> SocketAddr {
        self.proxy
    }

    /// The subject's home, as the subject sees it.
    pub fn home(&self) -> &Path {
        &self.ground.home
    }

    /// Runs `act` on the cell's thread, which sees the cell's files and opens
    /// sockets in the cell's network.
    pub async fn inside<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let (done, outcome) = oneshot::channel();
        let job: CellJob = Box::new(move || {
            // A panic must not end the thread: the cell's other programs end with it.
            let _ = done.send(catch_unwind(AssertUnwindSafe(act)));
        });
        self.jobs.as_ref().ok_or(Error::CellGone)?.send(job).map_err(|_| Error::CellGone)?;
        let done = outcome.await.map_err(|_| Error::CellGone)?;
        done.map_err(|_| Error::Panicked { what: "the thread of the cell" })
    }

    /// Starts a program of the subject.
    pub async fn start(&self, program: CellProgram) -> Result<CellProcess, Error> {
        let ground = self.ground.clone();
        self.inside(move || process::start(&ground, &program)).await?
    }

    /// Runs a program of the subject to its end.
    pub async fn run(&self, program: CellProgram, within: Duration) -> Result<ProcessOutput, Error> {
        self.start(program).await?.finish(b"", within).await
    }

    /// Writes a file that belongs to the subject, with the folders it lies in.
    /// A relative path starts at its home.
    pub async fn write(&self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Result<PathBuf, Error> {
        let (path, content) = (self.ground.home.join(path), content.into());
        let (home, user) = (self.ground.home.clone(), self.ground.user);
        self.inside(move || {
            write(&home, &path, &content, user)
                .map(|()| path.clone())
                .map_err(|source| Error::Write { path: path.display().to_string(), source })
        })
        .await?
    }

    /// Reads a file of the subject. A relative path starts at its home.
    pub async fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
        let path = self.ground.home.join(path);
        self.inside(move || {
            std::fs::read(&path).map_err(|source| Error::Read { path: path.display().to_string(), source })
        })
        .await?
    }

    /// Adds this authority to the trusted ones in the cell's `/etc/ssl/certs`, to
    /// the bundle and to the folder. Does nothing without namespaces: the folder
    /// would be the host's.
    pub async fn trust(&self, pem: &str) -> Result<(), Error> {
        if !self.watched() {
            return Ok(());
        }
        let script = place::trust(pem);
        self.inside(move || tool("sh", &["-e", "-s"], &script)).await?.map(drop)
    }

    /// Counts of the packets refused so far. None without namespaces: they are
    /// not watched.
    pub async fn refused(&self) -> Result<Option<RefusedPackets>, Error> {
        if !self.watched() {
            return Ok(None);
        }
        let listing = self.inside(|| tool("nft", &["-j", "list", "counters", "table", "inet", "candor"], "")).await??;
        net::refused(&listing).map(Some)
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Without namespaces the home is a temporary folder of the host, which is
/// removed with the cell.
fn ground(spec: &CellSpec) -> Result<(ProcessContext, Option<tempfile::TempDir>), Error> {
    let user = rustix::process::geteuid().is_root().then_some(spec.user);
    if spec.walls == CellIsolation::Namespaces {
        return Ok((ProcessContext { user, home: PathBuf::from(place::HOME) }, None));
    }
    let unwritable = |source| Error::Write { path: "a home for the subject".to_owned(), source };
    home::clear_abandoned(&std::env::temp_dir());
    let prefix = home::prefix(std::process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir().map_err(unwritable)?;
    if let Some(CellUser { uid, gid }) = user {
        std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).map_err(unwritable)?;
    }
    Ok((ProcessContext { user, home: folder.path().to_owned() }, Some(folder)))
}

/// Runs on the cell's thread and moves this thread into the new namespaces.
fn make(spec: &CellSpec, home: &Path) -> Result<CellSockets, Error> {
    for (program, package) in
        [("setpriv", "util-linux"), ("unshare", "util-linux"), ("ip", "iproute2"), ("nft", "nftables")]
    {
        let needed = spec.walls == CellIsolation::Namespaces || program == "setpriv";
        if needed && find(program).is_none() {
            return Err(Error::Missing { program: program.to_owned(), package });
        }
    }
    if spec.walls == CellIsolation::Namespaces {
        isolate().map_err(|errno| Error::NoRightToIsolate(errno.into()))?;
        let CellUser { uid, gid } = spec.user;
        let script = place::script(&spec.device, &spec.keep, uid, gid) + &net::script(&spec.device.mac);
        tool("sh", &["-e", "-s"], &format!("umask 022\n{script}"))?;
    }
    let user = rustix::process::geteuid().is_root().then_some(spec.user);
    let tmp = home.join("tmp/.keep");
    write(home, &tmp, b"", user).map_err(|source| Error::Write { path: tmp.display().to_string(), source })?;
    let sockets = sockets(spec.walls).map_err(|source| Error::Bind { what: "the proxy", source })?;
    if spec.walls == CellIsolation::Namespaces {
        tool("nft", &["-f", "-"], &net::rules(PROXY_PORT, 53))?;
    }
    Ok(sockets)
}

#[expect(deprecated, reason = "its danger is CLONE_FILES, which is not asked for; the alternative is unsafe code")]
fn isolate() -> rustix::io::Result<()> {
    let all = UnshareFlags::NEWNET | UnshareFlags::NEWNS | UnshareFlags::NEWUTS | UnshareFlags::NEWIPC;
    rustix::thread::unshare(all)
}

fn sockets(walls: CellIsolation) -> io::Result<CellSockets> {
    if walls == CellIsolation::None {
        return Ok(CellSockets { proxy: vec![listener((Ipv4Addr::LOCALHOST, 0).into())?], dns: None, packets: None });
    }
    let (four, six) =
        (|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)), |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    // A kernel without IPv6 needs no IPv6 sockets: there is nothing to redirect.
    let proxy = [listener(four(PROXY_PORT))?].into_iter().chain(listener(six(PROXY_PORT)).ok()).collect();
    let udp = [responder(four(53))?].into_iter().chain(responder(six(53)).ok()).collect();
    let tcp = [listener(four(53))?].into_iter().chain(listener(six(53)).ok()).collect();
    Ok(CellSockets { proxy, dns: Some(DnsSockets { udp, tcp }), packets: Some(PacketLog::open()?) })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn responder(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Runs a system tool to its end and returns its standard output.
fn tool(program: &str, args: &[&str], input: &str) -> Result<String, Error> {
    let failed = |source| Error::Start { program: program.to_owned(), source };
    let mut child = Command::new(program)
        .args(args)
        .env_clear()
        .env("PATH", PATH)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Prepare(format!("{program}: {}", says.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes a file. A folder that is created for it belongs to the subject.
fn write(home: &Path, path: &Path, content: &[u8], user: Option<CellUser>) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, chown};

    let give = |path: &Path| user.map_or(Ok(()), |CellUser { uid, gid }| chown(path, Some(uid), Some(gid)));
    let folder = path.parent().unwrap_or(home);
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        std::fs::DirBuilder::new().mode(0o700).create(folder)?;
        give(folder)?;
    }
    // An existing file may be a link that the subject made: it is removed, not followed.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => std::fs::File::create_new(path)?.write_all(content)?,
    }
    give(path)
}
