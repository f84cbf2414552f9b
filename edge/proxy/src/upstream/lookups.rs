//! Caches whether a host name resolved to an address.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use lru::LruCache;

/// How many pairs are kept.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");
/// Names get new addresses; after this time the name is looked up again.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// A host name, and an address that it may resolve to.
pub(crate) type NameAndAddress = (String, IpAddr);

pub(crate) struct LookupCache(LruCache<NameAndAddress, (bool, Instant)>);

impl LookupCache {
    pub(crate) fn new() -> Self {
        Self(LruCache::new(MOST))
    }

    /// Whether the name resolves to the address, if the answer is cached and
    /// not too old.
    pub(crate) fn find(&mut self, pair: &NameAndAddress, now: Instant) -> Option<bool> {
        let (leads, asked) = *self.0.get(pair)?;
        (now.saturating_duration_since(asked) < LIFE).then_some(leads)
    }

    pub(crate) fn keep(&mut self, pair: NameAndAddress, leads: bool, now: Instant) {
        self.0.put(pair, (leads, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_has_moved_is_asked_for_again() {
        let (mut cache, now) = (LookupCache::new(), Instant::now());
        let pair = ("a.example".to_owned(), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(cache.find(&pair, now), None);
        for leads in [true, false] {
            cache.keep(pair.clone(), leads, now);
            assert_eq!(cache.find(&pair, now + LIFE / 2), Some(leads));
            assert_eq!(cache.find(&pair, now + LIFE), None);
        }
    }
}
