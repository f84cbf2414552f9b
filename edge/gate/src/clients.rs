//! Every client, each behind a lock of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guard::{Client, Entered, Memory, Now, Who};
use knowledge::Knowledge;
use model::Mode;

type Key = (String, Option<String>, Mode);

/// Clients by device, program and mode; those of a device share what they remember
/// of its person.
pub(crate) struct Clients {
    knowledge: Arc<Knowledge>,
    inner: Mutex<Inner>,
}

struct Inner {
    entered: Entered,
    /// What each device has visited, whatever did it.
    memories: BTreeMap<String, Memory>,
    by_who: BTreeMap<Key, Arc<Mutex<Client>>>,
}

/// Clients that are remembered at once; whoever asks for more is told apart no
/// longer by program.
const MOST: usize = 256;

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clients(..)")
    }
}

impl Clients {
    pub(crate) fn new(knowledge: Arc<Knowledge>, entered: Entered) -> Self {
        Self { knowledge, inner: Mutex::new(Inner { entered, memories: BTreeMap::new(), by_who: BTreeMap::new() }) }
    }

    pub(crate) fn of(&self, who: &Who) -> Arc<Mutex<Client>> {
        let mut inner = lock(&self.inner);
        let mut key = (who.device.clone(), who.program.clone(), who.mode);
        if inner.by_who.len() >= MOST && !inner.by_who.contains_key(&key) {
            key = (String::new(), None, who.mode);
        }
        let Inner { entered, memories, by_who } = &mut *inner;
        let memory = memories.entry(key.0.clone()).or_insert_with(|| Memory::new(entered.clone()));
        let made = || Arc::new(Mutex::new(Client::new(Arc::clone(&self.knowledge), memory.clone(), who.mode)));
        Arc::clone(by_who.entry(key).or_insert_with(made))
    }

    /// The person entered or removed something.
    pub(crate) fn enter(&self, entered: Entered) {
        let mut inner = lock(&self.inner);
        inner.memories.values().for_each(|memory| memory.enter(entered.clone()));
        inner.entered = entered;
    }

    /// An extension in this program says what its pages do.
    pub(crate) fn tell(&self, who: &Who, tell: impl Fn(&mut Client)) {
        tell(&mut lock(&self.of(who)));
    }

    pub(crate) fn forget_old(&self, now: Now) {
        let memories: Vec<_> = lock(&self.inner).memories.values().cloned().collect();
        memories.iter().for_each(|memory| memory.forget_old(now));
        let all: Vec<_> = lock(&self.inner).by_who.values().cloned().collect();
        for client in all {
            lock(&client).forget_old(now);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
