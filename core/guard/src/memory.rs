//! The addresses that a device visited and the values that its person entered:
//! the guard searches for them in the device's requests.
//!
//! All programs and modes of a device share this memory: a page visited in a
//! private window may be reported by an extension of the normal profile, or by a
//! helper process of another name.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{CompactedMemory, EnteredValues, GuardTime, MemoryCompaction, MemoryKey, MemoryView, values::SearchValues};

/// Everything that the guard searches for in the requests of one device. Clones
/// share the same memory.
#[derive(Clone)]
pub struct DeviceMemory(Arc<Mutex<SearchValues>>);

impl fmt::Debug for DeviceMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(..)")
    }
}

impl DeviceMemory {
    /// A memory whose digests are not written to disk: it ends with the
    /// process.
    pub fn new(entered: EnteredValues) -> Self {
        Self::with_key(entered, MemoryKey([0; 32]))
    }

    /// A memory whose digests may be written to disk, with
    /// [`DeviceMemory::kept`].
    pub fn with_key(entered: EnteredValues, key: MemoryKey) -> Self {
        Self(Arc::new(Mutex::new(SearchValues::new(entered, key))))
    }

    /// Digests of addresses visited in ordinary windows. Each comes with the
    /// digest of its site, and with the microseconds until it expires.
    pub fn kept(&self, now: GuardTime) -> Vec<(String, String, u64)> {
        self.values().kept(now.steady)
    }

    /// Restores an entry that [`DeviceMemory::kept`] returned.
    pub fn remember(&self, digest: &str, site: &str, left: u64, now: GuardTime) {
        self.values().remember(digest, site, left, now.steady);
    }

    /// A snapshot of the detectors: a search with it does not lock this memory.
    pub fn eye(&self) -> MemoryView {
        self.values().eye()
    }

    /// The rebuild of the detector, if one is due. It takes long, so the caller
    /// runs it on another thread and hands the result to
    /// [`DeviceMemory::tidied`].
    pub fn tidying(&self) -> Option<MemoryCompaction> {
        self.values().tidying()
    }

    /// Takes the result of the rebuild.
    pub fn tidied(&self, tidied: CompactedMemory) {
        self.values().tidied(tidied);
    }

    /// Replaces the values that the person entered.
    pub fn enter(&self, entered: EnteredValues) {
        self.values().enter(entered);
    }

    /// Forgets what is too old. To be called now and then.
    pub fn forget_old(&self, now: GuardTime) {
        self.values().forget_old(now.steady);
    }

    pub(crate) fn values(&self) -> MutexGuard<'_, SearchValues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
