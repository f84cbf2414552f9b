//! Leaf certificates that were made, as long as they are good.
//!
//! A guard runs for months. A certificate that ended while it lay here would be
//! refused by every client, and each refusal would look like pinning. So leaves
//! are renewed well before they end; and when the wall clock is set, forward or
//! backward, all of them are made anew: their dates were read from a clock that
//! was wrong, then or now.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use lru::LruCache;
use rustls::sign::CertifiedKey;

use crate::clock::ClockReading;

/// Certificates kept; a browsing session meets a few hundred names.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");
/// By how much the wall clock may differ from the time that has passed, before it
/// counts as set. Clocks that are only corrected drift by seconds a day.
const JUMP: Duration = Duration::from_secs(5 * 60);

pub(crate) struct LeafCache {
    leaves: LruCache<String, CachedLeaf>,
    /// Both clocks when the cache was last empty.
    since: Option<ClockReading>,
}

struct CachedLeaf {
    key: Arc<CertifiedKey>,
    /// When a new one is to be made, by the wall clock.
    renew: Duration,
}

impl LeafCache {
    pub(crate) fn new() -> Self {
        Self { leaves: LruCache::new(MOST), since: None }
    }

    /// The leaf for this host, if there is one that need not be renewed.
    pub(crate) fn find(&mut self, host: &str, now: ClockReading) -> Option<Arc<CertifiedKey>> {
        let since = *self.since.get_or_insert(now);
        if now.wall_jump(since) > JUMP {
            self.leaves.clear();
            self.since = Some(now);
        }
        self.leaves.get(host).filter(|leaf| now.wall < leaf.renew).map(|leaf| Arc::clone(&leaf.key))
    }

    pub(crate) fn keep(&mut self, host: String, key: Arc<CertifiedKey>, renew: Duration) {
        self.leaves.put(host, CachedLeaf { key, renew });
    }

    /// The next client of this host gets a new one.
    pub(crate) fn forget(&mut self, host: &str) {
        self.leaves.pop(host);
    }
}
