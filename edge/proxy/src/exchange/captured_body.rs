//! The part of a body that is kept for the record.

use std::{fmt, sync::Arc};

use model::Body;

use crate::{exchange::gate::BodyWatch, limits::ByteLease};

/// Keeps a body up to a limit, and counts the bytes above it.
#[derive(Default)]
pub(crate) struct CapturedBody {
    kept: Vec<u8>,
    limit: usize,
    total: u64,
    /// Memory for the kept bytes, if it counts towards the limit of all
    /// requests.
    lease: Option<ByteLease>,
    /// Sees the whole body, also the bytes above the limit.
    watch: Option<Box<dyn BodyWatch>>,
}

impl fmt::Debug for CapturedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedBody").field("total", &self.total).finish_non_exhaustive()
    }
}

impl CapturedBody {
    /// A body up to this size does not count towards the common limit: most
    /// bodies are smaller.
    pub(crate) const UNCOUNTED: usize = 16 << 10;

    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A body that also stops being kept when the memory for all requests is
    /// used up.
    pub(crate) fn counted(limit: usize, lease: ByteLease) -> Self {
        Self { limit, lease: Some(lease), ..Self::default() }
    }

    /// A body whose bytes `watch` sees too, before they are passed on.
    pub(crate) fn watched(self, watch: Option<Box<dyn BodyWatch>>) -> Self {
        Self { watch, ..self }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if let Some(watch) = &mut self.watch {
            watch.bytes(bytes);
        }
        let count = self.limit.saturating_sub(self.kept.len()).min(bytes.len());
        let kept = self.kept.len() + count;
        if count > 0 && kept > Self::UNCOUNTED && !self.lease.as_mut().is_none_or(|lease| lease.grow_to(kept)) {
            // Keeping later bytes after a gap would make them look contiguous.
            self.limit = self.kept.len();
            return;
        }
        self.kept.extend_from_slice(&bytes[..count]);
    }

    /// Whether more came than was kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.total > self.kept.len() as u64
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The record of a body that arrived completely.
    pub(crate) fn whole(self) -> Body {
        let cut_from = (self.total > self.kept.len() as u64).then_some(self.total);
        Body { bytes: Arc::from(self.kept), cut_from }
    }

    /// The record of a body that broke off; `declared` is the length that the
    /// message announced.
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
    fn a_body_for_which_there_is_no_room_is_cut_where_it_stood() {
        let limits = std::sync::Arc::new(crate::CommonLimits::of_size(1, 64 << 10, None));
        let mut part = CapturedBody::counted(1 << 20, limits.lease());
        for _ in 0..3 {
            part.add(&[b'a'; 40 << 10]);
        }
        part.add(b"b");
        let body = part.whole();
        assert_eq!((body.bytes.len(), body.cut_from), (40 << 10, Some((120 << 10) + 1)));
        // Its lease was released.
        assert!(limits.lease().grow_to(64 << 10));
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
