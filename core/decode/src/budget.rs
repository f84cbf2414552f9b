//! Limits on the cost of decoding one exchange.
//!
//! Captured values are hostile: a kilobyte can inflate to gigabytes and a
//! kilobyte of brackets can nest a thousand deep. Each budget that runs out is
//! a gap, and memory stays bounded. There is no clock in the core, so time is
//! counted in *work*: one unit for each byte looked at.

use std::io::{ErrorKind, Read};

use model::GapReason;

use crate::inflate::{DeflateWrapper, InflateOutput, Inflater};

/// The limits for one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Layers around a value, the part of the exchange included.
    pub depth: usize,
    /// Values visited.
    pub nodes: usize,
    /// Bytes that decoders may produce.
    pub bytes: usize,
    /// Bytes that decoders examine. A byte counts each time that it is
    /// examined.
    pub work: u64,
}

impl Default for DecodeLimits {
    /// Limits that real traffic does not reach.
    fn default() -> Self {
        Self { depth: 12, nodes: 200_000, bytes: 32 << 20, work: 1 << 30 }
    }
}

impl DecodeLimits {
    /// The limits for an exchange of this many bytes: a small exchange gets
    /// less work than a large one.
    pub(crate) fn for_bytes(&self, bytes: u64) -> Self {
        let work = self.work.min(WORK_FLOOR.saturating_add(bytes.saturating_mul(WORK_FOR_EACH)));
        Self { work, ..*self }
    }
}

/// Work that every exchange may cost, plus [`WORK_FOR_EACH`] for each of its
/// bytes.
const WORK_FLOOR: u64 = 1 << 26;
const WORK_FOR_EACH: u64 = 64;
/// Bytes that every packed value may unpack to. A larger value may unpack to
/// [`RATIO`] times its length.
const UNPACKED_FLOOR: usize = 1 << 20;
const RATIO: usize = 256;

/// The rest of the limits while an exchange is decoded, and the inflater that
/// all layers share.
pub(crate) struct Budget {
    pub(crate) depth: usize,
    nodes: usize,
    bytes: usize,
    work: u64,
    inflater: Inflater,
    /// Whether a request for room was refused.
    refused: bool,
}

impl Budget {
    pub(crate) fn new(budgets: &DecodeLimits) -> Self {
        let DecodeLimits { depth, nodes, bytes, work } = *budgets;
        Self { depth, nodes, bytes, work, inflater: Inflater::default(), refused: false }
    }

    /// Resets the limits for the next exchange; the inflater stays.
    pub(crate) fn refill(&mut self, budgets: &DecodeLimits) {
        let inflater = std::mem::take(&mut self.inflater);
        *self = Self { inflater, ..Self::new(budgets) };
    }

    /// Bytes that a packed value of this length may unpack to. Text packs to a
    /// hundredth of its length at most; a decompression bomb packs to a
    /// millionth.
    fn unpacked(&self, packed: usize) -> usize {
        self.bytes.min(packed.saturating_mul(RATIO).max(UNPACKED_FLOOR))
    }

    /// Takes one value from the limit; false if none is left.
    pub(crate) fn node(&mut self) -> bool {
        let left = self.nodes.checked_sub(1);
        self.nodes = left.unwrap_or(0);
        left.is_some()
    }

    /// Takes work for `bytes`; false if not enough is left.
    pub(crate) fn work(&mut self, bytes: usize) -> bool {
        let left = self.work.checked_sub(bytes as u64);
        self.work = left.unwrap_or(0);
        left.is_some()
    }

    /// Takes room for `bytes` that a decoder produces. If not enough is left,
    /// it takes nothing and gives false.
    pub(crate) fn room(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        self.refused |= left.is_none();
        left.is_some()
    }

    /// Whether room was refused since the last call.
    pub(crate) fn was_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// Inflates `value`, as far as the limits allow.
    pub(crate) fn inflate(&mut self, value: &[u8], wrapper: DeflateWrapper) -> InflateOutput {
        let inflated = self.inflater.inflate(value, wrapper, self.unpacked(value.len()));
        self.bytes -= inflated.plain.len();
        inflated
    }

    /// Reads all that `reader` unpacks from `packed` bytes, as far as the limits
    /// allow. If the result is incomplete, it comes with the reason.
    pub(crate) fn read(&mut self, packed: usize, mut reader: impl Read) -> (Vec<u8>, Option<GapReason>) {
        const STEP: usize = 16 << 10;
        let most = self.unpacked(packed);
        let mut plain: Vec<u8> = Vec::new();
        let mut filled = 0;
        let why = loop {
            if filled == most {
                break Some(GapReason::Budget);
            }
            if filled == plain.len() {
                let step = plain.len().clamp(STEP / 4, STEP * 64).min(most - filled);
                plain.resize(filled + step, 0);
            }
            match reader.read(&mut plain[filled..]) {
                Ok(0) => break None,
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break Some(GapReason::Cut),
                Err(_) => break Some(GapReason::Broken),
            }
        };
        plain.truncate(filled);
        self.bytes -= filled;
        (plain, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_without_end_stops_at_the_budget() {
        let mut budget = Budget::new(&DecodeLimits { bytes: 100_000, ..DecodeLimits::default() });
        let (plain, why) = budget.read(1 << 20, std::io::repeat(b'a'));
        assert_eq!((plain.len(), why), (100_000, Some(GapReason::Budget)));
        assert!(!budget.room(1));
    }

    #[test]
    fn a_few_bytes_unpack_to_little_and_cost_little() {
        let mut budget = Budget::new(&DecodeLimits::default());
        let (plain, why) = budget.read(400, std::io::repeat(b'a'));
        assert_eq!((plain.len(), why), (UNPACKED_FLOOR, Some(GapReason::Budget)));
        budget.refill(&DecodeLimits::default().for_bytes(400));
        assert!(budget.work(WORK_FLOOR as usize) && !budget.work(1 << 20));
    }

    #[test]
    fn what_is_asked_for_and_not_there_is_refused() {
        let mut budget = Budget::new(&DecodeLimits { nodes: 1, bytes: 10, work: 5, depth: 1 });
        assert!(budget.node() && !budget.node());
        assert!(!budget.room(11) && budget.room(10) && !budget.room(1));
        assert!(budget.work(5) && !budget.work(1));
    }
}
