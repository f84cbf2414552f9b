//! What a device is known to have visited and its person to have entered:
//! everything looked for in whatever it sends.
//!
//! The programs of a device share it, and so do their modes: a page visited in a
//! private window may be reported by an extension that lives in the normal
//! profile, or by a helper that is another program.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{CompactedMemory, EnteredValues, GuardTime, MemoryCompaction, MemoryKey, MemoryView, values::SearchValues};

/// Everything looked for in what one device sends. Clones are the same memory,
/// which is held nowhere else.
#[derive(Clone)]
pub struct DeviceMemory(Arc<Mutex<SearchValues>>);

impl fmt::Debug for DeviceMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(..)")
    }
}

impl DeviceMemory {
    /// One that is gone with this program.
    pub fn new(entered: EnteredValues) -> Self {
        Self::with_key(entered, MemoryKey([0; 32]))
    }

    /// One whose digests may be written down: [`DeviceMemory::kept`].
    pub fn with_key(entered: EnteredValues, key: MemoryKey) -> Self {
        Self(Arc::new(Mutex::new(SearchValues::new(entered, key))))
    }

    /// Digests of what was visited in ordinary windows, each with its site's and
    /// the microseconds for which it still counts.
    pub fn kept(&self, now: GuardTime) -> Vec<(String, String, u64)> {
        self.values().kept(now.steady)
    }

    /// Takes what [`DeviceMemory::kept`] gave before.
    pub fn remember(&self, digest: &str, site: &str, left: u64, now: GuardTime) {
        self.values().remember(digest, site, left, now.steady);
    }

    /// What to look with. Looking needs no hold on anything.
    pub fn eye(&self) -> MemoryView {
        self.values().eye()
    }

    /// Work on what was visited that is better done elsewhere, if there is any:
    /// what it gives is for [`DeviceMemory::tidied`].
    pub fn tidying(&self) -> Option<MemoryCompaction> {
        self.values().tidying()
    }

    /// That work is done.
    pub fn tidied(&self, tidied: CompactedMemory) {
        self.values().tidied(tidied);
    }

    /// The person entered or removed values of their own.
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
