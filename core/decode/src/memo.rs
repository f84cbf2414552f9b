//! Values that were found to hold nothing, from one exchange to the next.
//!
//! Most headers of a capture are the same few dozen again and again. Looking
//! for a value here is cheaper than finding out anew; it is compared whole, so
//! that what is answered is the same with a memo and without.

use crate::engine::hash;

/// Remembers some values.
pub(crate) struct ValueMemo {
    slots: Vec<Box<[u8]>>,
}

impl Default for ValueMemo {
    fn default() -> Self {
        Self { slots: vec![Box::default(); Self::SLOTS] }
    }
}

impl ValueMemo {
    const SLOTS: usize = 256;
    /// Longer values are kept by nobody.
    const LONGEST: usize = 512;

    pub(crate) fn knows(&self, value: &[u8]) -> bool {
        *self.slots[slot(value)] == *value
    }

    pub(crate) fn learn(&mut self, value: &[u8]) {
        if value.len() <= Self::LONGEST {
            self.slots[slot(value)] = value.into();
        }
    }
}

fn slot(value: &[u8]) -> usize {
    hash(value) as usize % ValueMemo::SLOTS
}
