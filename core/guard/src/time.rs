//! The time by two clocks.

use model::Time;

/// The time by the wall clock, which can be set back, and by a steady clock,
/// which cannot.
///
/// Temporary permissions end by the wall clock. The memory of a client ages by
/// the steady clock, so that setting the wall clock forward does not make the
/// guard forget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardTime {
    pub wall: Time,
    /// Microseconds since a fixed moment in the past, including the time that
    /// the machine slept.
    pub steady: u64,
}

impl GuardTime {
    pub const fn new(wall: Time, steady: u64) -> Self {
        Self { wall, steady }
    }
}
