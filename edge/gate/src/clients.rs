//! Every client, each behind a lock of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guard::{Client, Entered, Now, Who};
use knowledge::Knowledge;
use model::Mode;

type Key = (String, Option<String>, Mode);

/// Clients by device, program and mode.
pub(crate) struct Clients {
    knowledge: Arc<Knowledge>,
    inner: Mutex<Inner>,
}

struct Inner {
    entered: Entered,
    by_who: BTreeMap<Key, Arc<Mutex<Client>>>,
}

/// Clients that are remembered at once; whoever asks for more is told apart no
/// longer by program.
const MOST: usize = 256;

impl Clients {
    pub(crate) fn new(knowledge: Arc<Knowledge>, entered: Entered) -> Self {
        Self { knowledge, inner: Mutex::new(Inner { entered, by_who: BTreeMap::new() }) }
    }

    pub(crate) fn of(&self, who: &Who) -> Arc<Mutex<Client>> {
        let mut inner = lock(&self.inner);
        let mut key = (who.device.clone(), who.program.clone(), who.mode);
        if inner.by_who.len() >= MOST && !inner.by_who.contains_key(&key) {
            key = (String::new(), None, who.mode);
        }
        let entered = inner.entered.clone();
        let made = || Arc::new(Mutex::new(Client::new(Arc::clone(&self.knowledge), entered)));
        Arc::clone(inner.by_who.entry(key).or_insert_with(made))
    }

    /// The person entered or removed something.
    pub(crate) fn enter(&self, entered: Entered) {
        let mut inner = lock(&self.inner);
        for client in inner.by_who.values() {
            lock(client).enter(entered.clone());
        }
        inner.entered = entered;
    }

    /// An extension in this program says what its pages do.
    pub(crate) fn tell(&self, who: &Who, tell: impl Fn(&mut Client)) {
        tell(&mut lock(&self.of(who)));
    }

    pub(crate) fn forget_old(&self, now: Now) {
        let all: Vec<_> = lock(&self.inner).by_who.values().cloned().collect();
        for client in all {
            lock(&client).forget_old(now);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
