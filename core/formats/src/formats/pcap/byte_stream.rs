//! Bytes in order, and when each of them came.

use model::Time;

/// One direction of a connection, as far as it is there without a hole.
#[derive(Clone, Default)]
pub(in crate::formats) struct ByteStream {
    pub(in crate::formats) bytes: Vec<u8>,
    /// Where what came at a time begins, in order.
    marks: Vec<(usize, Time)>,
    /// Bytes that were sent and are not here: lost, or behind what was lost.
    pub(in crate::formats) missing: u64,
}

impl ByteStream {
    pub(in crate::formats) fn push(&mut self, bytes: &[u8], at: Time) {
        if !bytes.is_empty() && self.marks.last().is_none_or(|(_, last)| *last != at) {
            self.marks.push((self.bytes.len(), at));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// When the byte at `offset` came; for one behind the end, the last.
    pub(in crate::formats) fn time_at(&self, offset: usize) -> Time {
        let after = self.marks.partition_point(|(start, _)| *start <= offset);
        self.marks.get(after.saturating_sub(1)).map(|(_, at)| *at).unwrap_or_default()
    }

    /// What follows `offset`.
    pub(in crate::formats) fn tail(&self, offset: usize) -> Self {
        let offset = offset.min(self.bytes.len());
        let mut tail = Self { missing: self.missing, ..Self::default() };
        for (start, bytes, at) in self.runs().filter(|(start, bytes, _)| start + bytes.len() > offset) {
            tail.push(&bytes[offset.saturating_sub(start)..], at);
        }
        tail
    }

    /// What came at one time, each with its offset.
    pub(in crate::formats) fn runs(&self) -> impl Iterator<Item = (usize, &[u8], Time)> {
        let ends = self.marks.iter().skip(1).map(|(start, _)| *start).chain([self.bytes.len()]);
        self.marks.iter().zip(ends).map(|((start, at), end)| (*start, &self.bytes[*start..end], *at))
    }
}
