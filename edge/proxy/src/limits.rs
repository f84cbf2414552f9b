//! Limits that all connections of a process share: file descriptors and memory.
//!
//! Each connection has limits of its own, but ten thousand connections together
//! could still use everything. Therefore some is always left for others: one
//! client cannot have all connections, and one program cannot have all
//! connections of its machine. The memory for requests and responses is counted
//! over all of them. A reached limit is reported once, however many connections
//! it affects.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    hash::Hash,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use rustix::process::{Resource, getrlimit};

/// Limits that all proxies of a process share.
pub struct CommonLimits {
    caps: ConnectionCaps,
    open: Mutex<OpenConnections>,
    /// How many connections were refused.
    refused: AtomicU64,
    most_held: usize,
    held: AtomicUsize,
    reached: Mutex<BTreeSet<ReachedLimit>>,
    tell: Option<TellLimit>,
}

/// Tells the user that a limit was reached.
pub type TellLimit = Box<dyn Fn(ReachedLimit) + Send + Sync>;

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReachedLimit {
    /// The system gives no more file descriptors.
    Descriptors,
    /// The connections of all clients together.
    Connections,
    /// The connections of one client address.
    OfClient,
    /// The connections of one program on this machine.
    OfProgram,
    /// The memory for requests and responses.
    HeldBytes,
}

/// How many file descriptors connections may use at once: one for each client,
/// and one more for its server after the client has sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ConnectionCaps {
    all: usize,
    of_client: usize,
    of_program: usize,
}

#[derive(Default)]
struct OpenConnections {
    all: usize,
    of_client: HashMap<IpAddr, usize>,
    of_program: HashMap<u32, usize>,
}

/// The descriptors of one connection; they are counted until this is dropped.
pub(crate) struct ConnectionTicket {
    limits: Arc<CommonLimits>,
    client: IpAddr,
    program: Option<u32>,
    descriptors: usize,
}

/// Bytes held in memory; they are counted until this is dropped.
pub(crate) struct ByteLease {
    limits: Arc<CommonLimits>,
    bytes: usize,
}

/// File descriptors for everything that is not a connection.
const OTHER_DESCRIPTORS: usize = 64;
/// More than the connections of a household need.
const MOST_DESCRIPTORS: usize = 65_536;
/// How many bytes of requests and responses may be held at once.
const MOST_HELD: usize = 256 << 20;
/// Bytes are counted in steps, so that the shared counter changes less often.
const STEP: usize = 64 << 10;

impl fmt::Debug for CommonLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommonLimits").field("caps", &self.caps).finish_non_exhaustive()
    }
}

impl Default for CommonLimits {
    fn default() -> Self {
        Self::of_this_program(None)
    }
}

impl ReachedLimit {
    /// The message for the user.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Descriptors => "the system gives Candor no more file descriptors; new connections have to wait",
            Self::Connections => "so many connections are open that new ones are refused",
            Self::OfClient => "one client has so many connections open that its new ones are refused",
            Self::OfProgram => "one program has so many connections open that its new ones are refused",
            Self::HeldBytes => "so much of requests and answers is held that more of them is not read",
        }
    }
}

impl CommonLimits {
    /// Limits that fit the file descriptor limit of this process; `tell` is
    /// called once for each limit that is reached.
    pub fn of_this_program(tell: Option<TellLimit>) -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
        Self::new(ConnectionCaps::of_descriptors(descriptors.unwrap_or(usize::MAX)), MOST_HELD, tell)
    }

    fn new(caps: ConnectionCaps, most_held: usize, tell: Option<TellLimit>) -> Self {
        Self {
            caps,
            open: Mutex::default(),
            refused: AtomicU64::new(0),
            most_held,
            held: AtomicUsize::new(0),
            reached: Mutex::default(),
            tell,
        }
    }

    /// Admits a connection of a client; None if there are too many.
    pub(crate) fn admit(self: &Arc<Self>, client: IpAddr) -> Option<ConnectionTicket> {
        let mut ticket =
            ConnectionTicket { limits: Arc::clone(self), client: client.to_canonical(), program: None, descriptors: 0 };
        ticket.takes_one_more().then_some(ticket)
    }

    fn refuses(&self, limit: ReachedLimit) {
        self.refused.fetch_add(1, Relaxed);
        self.reached(limit);
    }

    /// How many connections were refused since the last call.
    pub(crate) fn take_refused(&self) -> u64 {
        self.refused.swap(0, Relaxed)
    }

    /// Reports a reached limit the first time.
    pub(crate) fn reached(&self, limit: ReachedLimit) {
        let is_new = lock(&self.reached).insert(limit);
        if let Some(tell) = self.tell.as_ref().filter(|_| is_new) {
            tell(limit);
        }
    }

    /// Limits of this size, for tests.
    pub fn of_size(connections: usize, held: usize, tell: Option<TellLimit>) -> Self {
        let caps = ConnectionCaps { all: connections, of_client: connections, of_program: connections };
        Self::new(caps, held, tell)
    }

    /// A lease of zero bytes.
    pub(crate) fn lease(self: &Arc<Self>) -> ByteLease {
        ByteLease { limits: Arc::clone(self), bytes: 0 }
    }
}

impl ConnectionCaps {
    fn of_descriptors(descriptors: usize) -> Self {
        let all = descriptors.saturating_sub(OTHER_DESCRIPTORS).clamp(32, MOST_DESCRIPTORS);
        Self { all, of_client: all - all / 8, of_program: all - all / 4 }
    }
}

impl OpenConnections {
    /// The limit that one more file descriptor would exceed.
    fn full(&self, caps: &ConnectionCaps, client: IpAddr, program: Option<u32>) -> Option<ReachedLimit> {
        let of_client = self.of_client.get(&client).copied().unwrap_or_default();
        let of_program = program.and_then(|program| self.of_program.get(&program)).copied().unwrap_or_default();
        if self.all >= caps.all {
            Some(ReachedLimit::Connections)
        } else if of_client >= caps.of_client {
            Some(ReachedLimit::OfClient)
        } else {
            (of_program >= caps.of_program).then_some(ReachedLimit::OfProgram)
        }
    }
}

impl ConnectionTicket {
    /// Counts one more file descriptor. False: a limit is reached.
    pub(crate) fn takes_one_more(&mut self) -> bool {
        let full = {
            let mut open = lock(&self.limits.open);
            let full = open.full(&self.limits.caps, self.client, self.program);
            if full.is_none() {
                self.descriptors += 1;
                open.all += 1;
                *open.of_client.entry(self.client).or_default() += 1;
                if let Some(program) = self.program {
                    *open.of_program.entry(program).or_default() += 1;
                }
            }
            full
        };
        if let Some(limit) = full {
            self.limits.refuses(limit);
        }
        full.is_none()
    }

    /// Counts the connection for a program of this machine. False: the program
    /// has too many connections.
    pub(crate) fn of_program(&mut self, program: u32) -> bool {
        let fits = {
            let mut open = lock(&self.limits.open);
            let count = open.of_program.entry(program).or_default();
            *count += self.descriptors;
            *count <= self.limits.caps.of_program
        };
        self.program = Some(program);
        if !fits {
            self.limits.refuses(ReachedLimit::OfProgram);
        }
        fits
    }
}

impl Drop for ConnectionTicket {
    fn drop(&mut self) {
        let mut open = lock(&self.limits.open);
        open.all -= self.descriptors;
        less(&mut open.of_client, self.client, self.descriptors);
        if let Some(program) = self.program {
            less(&mut open.of_program, program, self.descriptors);
        }
    }
}

/// Lowers a count, and removes it when it is zero.
fn less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K, by: usize) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= by;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

impl ByteLease {
    /// Enlarges the lease to this many bytes in total. False: there is not
    /// enough memory, and the lease stays as it was.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let wanted = bytes.next_multiple_of(STEP);
        let more = wanted - self.bytes;
        let most = self.limits.most_held;
        let taken =
            self.limits.held.fetch_update(Relaxed, Relaxed, |held| held.checked_add(more).filter(|sum| *sum <= most));
        match taken {
            Ok(_) => self.bytes = wanted,
            Err(_) => self.limits.reached(ReachedLimit::HeldBytes),
        }
        taken.is_ok()
    }

    /// Frees the whole lease.
    pub(crate) fn release(&mut self) {
        if self.bytes > 0 {
            self.limits.held.fetch_sub(self.bytes, Relaxed);
            self.bytes = 0;
        }
    }

    /// A new lease under the same limits.
    pub(crate) fn another(&self) -> Self {
        self.limits.lease()
    }

    /// Adds bytes that are in memory already, even above the limit.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.limits.held.fetch_add(bytes, Relaxed);
        self.bytes += bytes;
    }
}

impl Drop for ByteLease {
    fn drop(&mut self) {
        self.release();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Reached = Arc<Mutex<Vec<ReachedLimit>>>;

    fn limits(all: usize, of_client: usize, of_program: usize, held: usize) -> (Arc<CommonLimits>, Reached) {
        let reached = Reached::default();
        let heard = Arc::clone(&reached);
        let tell: TellLimit = Box::new(move |limit| heard.lock().unwrap().push(limit));
        (Arc::new(CommonLimits::new(ConnectionCaps { all, of_client, of_program }, held, Some(tell))), reached)
    }

    fn client(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[test]
    fn one_client_does_not_get_every_connection() {
        let (limits, reached) = limits(10, 4, 10, 0);
        let mut held: Vec<_> = (0..8).filter_map(|_| limits.admit(client(1))).collect();
        assert_eq!(held.len(), 4);
        assert!(limits.admit(client(2)).is_some(), "others are let in");
        held.pop();
        assert!(limits.admit("::ffff:10.0.0.1".parse().unwrap()).is_some(), "what ended makes room");
        assert_eq!(*reached.lock().unwrap(), [ReachedLimit::OfClient], "said once");
        assert_eq!(limits.take_refused(), 4);
    }

    #[test]
    fn one_program_does_not_get_every_connection_of_its_machine() {
        let (limits, reached) = limits(10, 10, 3, 0);
        let mut tickets: Vec<_> = (0..5).map(|_| limits.admit(client(1)).unwrap()).collect();
        let fits: Vec<bool> = tickets.iter_mut().map(|ticket| ticket.of_program(77)).collect();
        assert_eq!(fits, [true, true, true, false, false]);
        assert!(limits.admit(client(1)).unwrap().of_program(78));
        drop(tickets);
        assert!(limits.admit(client(1)).unwrap().of_program(77));
        assert_eq!(*reached.lock().unwrap(), [ReachedLimit::OfProgram]);
    }

    #[test]
    fn all_connections_together_are_bounded_and_forgotten_at_their_end() {
        let (limits, reached) = limits(3, 3, 3, 0);
        let held: Vec<_> = (0..5).filter_map(|number| limits.admit(client(number))).collect();
        assert_eq!((held.len(), &*reached.lock().unwrap()), (3, &vec![ReachedLimit::Connections]));
        drop(held);
        let open = lock(&limits.open);
        assert!(open.all == 0 && open.of_client.is_empty() && open.of_program.is_empty());
    }

    #[test]
    fn bytes_are_bounded_over_all_who_hold_some() {
        let (limits, reached) = limits(1, 1, 1, 4 * STEP);
        let (mut first, mut second) = (limits.lease(), limits.lease());
        assert!(first.grow_to(3 * STEP - 5) && second.grow_to(1));
        assert!(!second.grow_to(STEP + 1) && reached.lock().unwrap().len() == 1);
        drop(first);
        assert!(second.grow_to(4 * STEP));
        second.count(STEP);
        assert!(!limits.lease().grow_to(1));
        drop(second);
        assert_eq!(limits.held.load(Relaxed), 0);
    }

    #[test]
    fn a_connection_that_speaks_takes_a_server_too() {
        let (limits, _) = limits(5, 5, 3, 0);
        let mut speaks = limits.admit(client(1)).unwrap();
        assert!(speaks.of_program(77) && speaks.takes_one_more() && speaks.takes_one_more());
        assert!(!speaks.takes_one_more(), "as many as one program may");
        let mut other = limits.admit(client(1)).unwrap();
        assert!(other.of_program(78) && other.takes_one_more());
        assert!(limits.admit(client(2)).is_none());
        drop((speaks, other));
        assert_eq!(lock(&limits.open).all, 0);
    }

    #[test]
    fn ten_thousand_idle_connections_fit_where_there_are_descriptors_for_them() {
        let caps = ConnectionCaps::of_descriptors(20_000);
        assert!(caps.of_program > 12_000 && caps.of_program < caps.of_client && caps.of_client < caps.all);
        let caps = ConnectionCaps::of_descriptors(1_024);
        assert!(caps.all + OTHER_DESCRIPTORS <= 1_024 && caps.all - caps.of_client > 100, "{caps:?}");
        assert!(ConnectionCaps::of_descriptors(0).all >= 32);
    }
}
