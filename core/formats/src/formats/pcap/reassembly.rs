//! TCP segments put in order (RFC 9293 §3.4).
//!
//! If bytes were sent twice, the first ones count, as in most receivers: the later ones may be a
//! retransmission or a forgery. A hole is not filled, and the bytes behind it count as missing.

use std::collections::BTreeMap;

use model::Time;

use super::byte_stream::ByteStream;

/// One direction of a TCP connection.
#[derive(Default)]
pub(super) struct HalfConnection {
    /// The sequence number of offset 0, once one was seen.
    first: Option<u32>,
    /// Whether offset 0 is the first byte of the connection: its SYN was seen.
    pub(super) from_start: bool,
    pieces: BTreeMap<i64, (Time, Vec<u8>)>,
    /// The offset that the next sequence number is compared with, because sequence numbers wrap.
    near: i64,
    /// The first offset that was never sent.
    top: i64,
    /// Where its last byte ends, once the end was said. The end itself is counted like a byte.
    end: Option<i64>,
    pub(super) finished: bool,
    /// Memory that `pieces` uses, with the overhead of each piece.
    cost: usize,
    /// Bytes that were not kept: more than the budget allows.
    pub(super) left_out: u64,
}

/// Memory that a segment needs in addition to its bytes.
const OVERHEAD: usize = 96;
/// Bytes of one direction that are kept at most.
const MOST: usize = 32 << 20;

impl HalfConnection {
    pub(super) fn syn(&mut self, sequence: u32) {
        if self.first.is_none() {
            (self.first, self.from_start) = (Some(sequence.wrapping_add(1)), true);
        }
    }

    /// The end is said behind the last segment that was taken.
    pub(super) fn fin(&mut self) {
        self.end.get_or_insert(self.near);
    }

    /// Takes a segment of which `length` bytes were sent. Returns the memory that it needs.
    pub(super) fn segment(&mut self, sequence: u32, bytes: &[u8], length: usize, at: Time) -> usize {
        let first = *self.first.get_or_insert(sequence);
        let expected = first.wrapping_add(self.near as u32);
        let offset = self.near + i64::from(sequence.wrapping_sub(expected) as i32);
        let end = offset + length as i64;
        if self.from_start && end <= 0 {
            return 0;
        }
        // One without bytes tells how much came before it: what it ends may be lost.
        let end = if length == 0 && self.end.is_some_and(|last| last + 1 == end) { end - 1 } else { end };
        self.near = self.near.max(end);
        self.top = self.top.max(end);
        if self.cost + bytes.len() > MOST {
            self.left_out += bytes.len() as u64;
            return 0;
        }
        let skipped = if self.from_start && offset < 0 { (-offset) as usize } else { 0 };
        let before = self.cost;
        self.keep(offset + skipped as i64, bytes.get(skipped..).unwrap_or_default(), at);
        self.cost - before
    }

    /// Keeps those of `bytes` whose offsets are not filled yet.
    fn keep(&mut self, offset: i64, bytes: &[u8], at: Time) {
        let end = offset + bytes.len() as i64;
        let mut from = offset;
        while from < end {
            let before = self.pieces.range(..=from).next_back();
            if let Some(there) =
                before.map(|(start, (_, kept))| start + kept.len() as i64).filter(|there| *there > from)
            {
                from = there;
                continue;
            }
            let until = self.pieces.range(from..).next().map_or(end, |(start, _)| end.min(*start));
            let new = bytes[(from - offset) as usize..(until - offset) as usize].to_vec();
            self.cost += new.len() + OVERHEAD;
            self.pieces.insert(from, (at, new));
            from = until;
        }
    }

    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// The bytes up to the first hole, and the number of the missing ones.
    pub(super) fn assembled(self) -> ByteStream {
        let mut stream = ByteStream::default();
        let start = self.pieces.keys().next().copied().unwrap_or_default();
        let mut next = if self.from_start { 0 } else { start };
        for (offset, (at, bytes)) in self.pieces {
            if offset != next {
                break;
            }
            next += bytes.len() as i64;
            stream.push(&bytes, at);
        }
        stream.missing = (self.top - next).max(0) as u64;
        stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembled(segments: &[(u32, &[u8])], syn: Option<u32>) -> (Vec<u8>, u64) {
        let mut half = HalfConnection::default();
        if let Some(sequence) = syn {
            half.syn(sequence);
        }
        for (sequence, bytes) in segments {
            half.segment(*sequence, bytes, bytes.len(), Time(0));
        }
        let stream = half.assembled();
        (stream.bytes, stream.missing)
    }

    #[test]
    fn segments_come_in_any_order_and_twice() {
        assert_eq!(assembled(&[(4, b"def"), (1, b"abc"), (4, b"def"), (7, b"g")], Some(0)), (b"abcdefg".into(), 0));
        assert_eq!(assembled(&[(3, b"cd"), (1, b"ab")], None), (b"abcd".into(), 0));
    }

    #[test]
    fn of_bytes_that_come_twice_the_first_count() {
        assert_eq!(assembled(&[(1, b"abc"), (2, b"XYZd")], Some(0)), (b"abcZd".into(), 0));
        assert_eq!(assembled(&[(2, b"b"), (4, b"d"), (1, b"ABCDE")], Some(0)), (b"AbCdE".into(), 0));
    }

    #[test]
    fn a_hole_is_counted_with_what_lies_behind_it() {
        assert_eq!(assembled(&[(1, b"abc"), (6, b"fgh")], Some(0)), (b"abc".into(), 5));
        assert_eq!(assembled(&[(3, b"cd")], Some(0)), (vec![], 4));
    }

    #[test]
    fn sequence_numbers_wrap() {
        assert_eq!(assembled(&[(u32::MAX, b"ab"), (1, b"cd")], Some(u32::MAX - 1)), (b"abcd".into(), 0));
    }

    #[test]
    fn a_probe_before_the_beginning_is_no_data() {
        assert_eq!(assembled(&[(0, b"\0"), (1, b"ab")], Some(0)), (b"ab".into(), 0));
    }

    #[test]
    fn the_end_is_counted_and_is_no_byte() {
        let mut half = HalfConnection::default();
        half.syn(0);
        half.segment(1, b"ab", 2, Time(0));
        half.fin();
        half.segment(4, b"", 0, Time(0));
        assert_eq!(half.assembled().missing, 0);
    }

    #[test]
    fn what_a_capture_cut_off_is_a_hole() {
        let mut half = HalfConnection::default();
        half.syn(0);
        half.segment(1, b"ab", 4, Time(0));
        half.segment(5, b"ef", 2, Time(0));
        let stream = half.assembled();
        assert_eq!((&stream.bytes[..], stream.missing), (&b"ab"[..], 4));
    }
}
