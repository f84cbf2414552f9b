//! The part of a body that is kept.

use std::{fmt, sync::Arc};

use model::Body;

use crate::gate::BodyWatch;

/// Collects a body up to a limit, and counts the rest.
#[derive(Default)]
pub(crate) struct CapturedBody {
    kept: Vec<u8>,
    limit: usize,
    total: u64,
    /// Sees all of it, over the limit too.
    watch: Option<Box<dyn BodyWatch>>,
}

impl fmt::Debug for CapturedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedBody").field("total", &self.total).finish_non_exhaustive()
    }
}

impl CapturedBody {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// One whose bytes somebody else sees too, before they go on.
    pub(crate) fn watched(limit: usize, watch: Option<Box<dyn BodyWatch>>) -> Self {
        Self { limit, watch, ..Self::default() }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if let Some(watch) = &mut self.watch {
            watch.bytes(bytes);
        }
        let room = self.limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// A body that came to its end.
    pub(crate) fn whole(self) -> Body {
        let cut_from = (self.total > self.kept.len() as u64).then_some(self.total);
        Body { bytes: Arc::from(self.kept), cut_from }
    }

    /// A body whose end never came; `declared` is what its length was to be.
    pub(crate) fn broken_off(self, declared: Option<u64>) -> Body {
        let cut_from = Some(declared.unwrap_or_default().max(self.total));
        Body { bytes: Arc::from(self.kept), cut_from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_limit_is_counted_and_marked() {
        let mut part = CapturedBody::new(5);
        part.add(b"abc");
        part.add(b"defg");
        part.add(b"h");
        let body = part.whole();
        assert_eq!((&body.bytes[..], body.cut_from), (&b"abcde"[..], Some(8)));
    }

    #[test]
    fn a_body_of_the_limit_is_whole() {
        let mut part = CapturedBody::new(3);
        part.add(b"abc");
        assert_eq!(part.whole().cut_from, None);
    }

    #[test]
    fn a_body_that_broke_off_says_how_long_it_was_to_be() {
        let mut part = CapturedBody::new(9);
        part.add(b"abc");
        assert_eq!(part.broken_off(Some(100)).cut_from, Some(100));
        assert_eq!(CapturedBody::new(9).broken_off(None).cut_from, Some(0));
    }
}
