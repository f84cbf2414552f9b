//! All clients; each has a lock of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guard::{ClientIdentity, DeviceMemory, EnteredValues, GuardClient, GuardTime, MemoryKey};
use knowledge::Knowledge;
use model::Mode;

use crate::{clock, digests::StoredDigest};

type ClientKey = (String, Option<String>, Mode);

/// Clients by device, program and mode; the clients of one device share its
/// memory.
pub(crate) struct ClientTable {
    knowledge: Arc<Knowledge>,
    key: MemoryKey,
    inner: Mutex<ClientState>,
}

struct ClientState {
    entered: EnteredValues,
    /// What each device has visited, with any program.
    memories: BTreeMap<String, DeviceMemory>,
    /// Stored digests of devices that were not seen yet since the start.
    before: Vec<StoredDigest>,
    by_who: BTreeMap<ClientKey, Arc<Mutex<GuardClient>>>,
}

/// How many clients are remembered. Beyond this number, new clients of one mode
/// share one entry, whatever their device and program.
const MOST: usize = 256;

impl std::fmt::Debug for ClientTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clients(..)")
    }
}

impl ClientTable {
    pub(crate) fn new(knowledge: Arc<Knowledge>, entered: EnteredValues) -> Self {
        Self::remembering(knowledge, entered, MemoryKey([0; 32]), Vec::new())
    }

    /// Starts with what the devices visited before this process started.
    pub(crate) fn remembering(
        knowledge: Arc<Knowledge>,
        entered: EnteredValues,
        key: MemoryKey,
        before: Vec<StoredDigest>,
    ) -> Self {
        let inner = ClientState { entered, memories: BTreeMap::new(), before, by_who: BTreeMap::new() };
        Self { knowledge, key, inner: Mutex::new(inner) }
    }

    /// The digests of every device that may be stored in the file.
    pub(crate) fn digested(&self, now: GuardTime) -> Vec<StoredDigest> {
        let inner = lock(&self.inner);
        let wall = now.wall.0;
        let of = |(device, memory): (&String, &DeviceMemory)| {
            let device = device.clone();
            let digested = move |(digest, site, left): (String, String, u64)| StoredDigest {
                device: device.clone(),
                digest,
                site,
                until: wall.saturating_add(i64::try_from(left).unwrap_or(i64::MAX)),
            };
            memory.kept(now).into_iter().map(digested).collect::<Vec<_>>()
        };
        let heard = inner.memories.iter().flat_map(of);
        heard.chain(inner.before.iter().filter(|before| before.until > wall).cloned()).collect()
    }

    pub(crate) fn of(&self, who: &ClientIdentity) -> Arc<Mutex<GuardClient>> {
        let mut inner = lock(&self.inner);
        let mut key = (who.device.clone(), who.program.clone(), who.mode);
        if inner.by_who.len() >= MOST && !inner.by_who.contains_key(&key) {
            key = (String::new(), None, who.mode);
        }
        let ClientState { entered, memories, before, by_who } = &mut *inner;
        let memory = memories.entry(key.0.clone()).or_insert_with(|| {
            let memory = DeviceMemory::with_key(entered.clone(), self.key.clone());
            recall(&memory, before, &key.0);
            memory
        });
        let made = || Arc::new(Mutex::new(GuardClient::new(Arc::clone(&self.knowledge), memory.clone(), who.mode)));
        Arc::clone(by_who.entry(key).or_insert_with(made))
    }

    /// Called when the user entered or removed a value.
    pub(crate) fn enter(&self, entered: EnteredValues) {
        let mut inner = lock(&self.inner);
        inner.memories.values().for_each(|memory| memory.enter(entered.clone()));
        inner.entered = entered;
    }

    /// Called when the extension in a program reports what its pages do.
    pub(crate) fn tell(&self, who: &ClientIdentity, tell: impl Fn(&mut GuardClient)) {
        tell(&mut lock(&self.of(who)));
    }

    pub(crate) fn forget_old(&self, now: GuardTime) {
        let memories: Vec<_> = lock(&self.inner).memories.values().cloned().collect();
        memories.iter().for_each(|memory| memory.forget_old(now));
        let all: Vec<_> = lock(&self.inner).by_who.values().cloned().collect();
        for client in all {
            lock(&client).forget_old(now);
        }
    }
}

/// Moves the stored digests of a device into its memory.
fn recall(memory: &DeviceMemory, before: &mut Vec<StoredDigest>, device: &str) {
    let now = clock::now();
    for digested in before.extract_if(.., |digested| digested.device == device) {
        let left = u64::try_from(digested.until.saturating_sub(now.wall.0)).unwrap_or_default();
        memory.remember(&digested.digest, &digested.site, left, now);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
