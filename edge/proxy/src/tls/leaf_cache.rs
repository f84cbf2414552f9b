//! A cache of leaf certificates.
//!
//! A guard runs for months. Every client would refuse a certificate that
//! expired in the cache, and each refusal would look like pinning. Therefore
//! leaves are renewed well before they expire. When the wall clock is set
//! forward or backward, the cache is emptied: the dates in the certificates
//! came from a clock that was wrong before or is wrong now.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use lru::LruCache;
use rustls::sign::CertifiedKey;

use crate::clock::ClockReading;

/// How many certificates are kept; a browsing session needs a few hundred.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");
/// If the wall clock differs from the elapsed time by more than this, it was
/// set. Clocks that are only corrected drift by seconds a day.
const JUMP: Duration = Duration::from_secs(5 * 60);

pub(crate) struct LeafCache {
    leaves: LruCache<String, CachedLeaf>,
    /// Both clocks when the cache was last emptied.
    since: Option<ClockReading>,
}

struct CachedLeaf {
    key: Arc<CertifiedKey>,
    /// When the leaf must be renewed, by the wall clock.
    renew: Duration,
}

impl LeafCache {
    pub(crate) fn new() -> Self {
        Self { leaves: LruCache::new(MOST), since: None }
    }

    /// The leaf for this host, unless it must be renewed.
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

    /// Removes the leaf for this host, so that the next client gets a new one.
    pub(crate) fn forget(&mut self, host: &str) {
        self.leaves.pop(host);
    }
}
