//! What opening one exchange may cost.
//!
//! Captured values are hostile: a kilobyte can inflate to gigabytes and a
//! kilobyte of brackets can nest a thousand deep. Each budget that runs out is
//! a gap, and memory stays bounded. There is no clock in the core, so time is
//! counted in *work*: one unit for each byte looked at.

use std::io::{ErrorKind, Read};

use model::GapReason;

use crate::inflate::{DeflateWrapper, InflateOutput, Inflater};

/// How far opening goes, for one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Layers around a value, the part of the exchange included.
    pub depth: usize,
    /// Values visited.
    pub nodes: usize,
    /// Bytes that decoders may produce.
    pub bytes: usize,
    /// Bytes looked at, each as often as it is looked at.
    pub work: u64,
}

impl Default for DecodeLimits {
    /// Generous for anything real, bounded for anything else.
    fn default() -> Self {
        Self { depth: 12, nodes: 200_000, bytes: 32 << 20, work: 1 << 30 }
    }
}

impl DecodeLimits {
    /// The budgets for an exchange of so many bytes: what is small may not cost
    /// what is large may.
    pub(crate) fn for_bytes(&self, bytes: u64) -> Self {
        let work = self.work.min(WORK_FLOOR.saturating_add(bytes.saturating_mul(WORK_FOR_EACH)));
        Self { work, ..*self }
    }
}

/// Work that any exchange may cost, and beyond that for each of its bytes.
const WORK_FLOOR: u64 = 1 << 26;
const WORK_FOR_EACH: u64 = 64;
/// Bytes that any packed value may unpack to, and beyond that for each of its
/// own.
const UNPACKED_FLOOR: usize = 1 << 20;
const RATIO: usize = 256;

/// What is left of the budgets, and of what is reused from layer to layer.
pub(crate) struct Budget {
    pub(crate) depth: usize,
    nodes: usize,
    bytes: usize,
    work: u64,
    inflater: Inflater,
    /// Whether room was asked for that there was not.
    refused: bool,
}

impl Budget {
    pub(crate) fn new(budgets: &DecodeLimits) -> Self {
        let DecodeLimits { depth, nodes, bytes, work } = *budgets;
        Self { depth, nodes, bytes, work, inflater: Inflater::default(), refused: false }
    }

    /// A full budget again; what is reused stays.
    pub(crate) fn refill(&mut self, budgets: &DecodeLimits) {
        let inflater = std::mem::take(&mut self.inflater);
        *self = Self { inflater, ..Self::new(budgets) };
    }

    /// So many bytes a packed value of this length may unpack to: text packs to
    /// a hundredth at most, a bomb to a millionth.
    fn unpacked(&self, packed: usize) -> usize {
        self.bytes.min(packed.saturating_mul(RATIO).max(UNPACKED_FLOOR))
    }

    /// One more value to visit: false if there may be none.
    pub(crate) fn node(&mut self) -> bool {
        let left = self.nodes.checked_sub(1);
        self.nodes = left.unwrap_or(0);
        left.is_some()
    }

    /// `bytes` more to look at: false if that is too much.
    pub(crate) fn work(&mut self, bytes: usize) -> bool {
        let left = self.work.checked_sub(bytes as u64);
        self.work = left.unwrap_or(0);
        left.is_some()
    }

    /// Room for `bytes` produced bytes: false, and nothing taken, if there is
    /// not that much.
    pub(crate) fn room(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        self.refused |= left.is_none();
        left.is_some()
    }

    /// Whether room was refused since this was last asked.
    pub(crate) fn was_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// What inflating `value` gives, or as much as may be had.
    pub(crate) fn inflate(&mut self, value: &[u8], wrapper: DeflateWrapper) -> InflateOutput {
        let inflated = self.inflater.inflate(value, wrapper, self.unpacked(value.len()));
        self.bytes -= inflated.plain.len();
        inflated
    }

    /// All that `reader` makes of `packed` bytes, or as much as it gives and may
    /// be had. The reason is there when that is not all.
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
