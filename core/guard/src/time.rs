//! What time it is, twice.

use model::Time;

/// The time of the world, which can be set back, and one that cannot.
///
/// What the person chose ends by the clock on the wall; what is remembered of a
/// client ages by the steady one, so that a changed clock frees nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardTime {
    pub wall: Time,
    /// Microseconds since some moment before, sleep included.
    pub steady: u64,
}

impl GuardTime {
    pub const fn new(wall: Time, steady: u64) -> Self {
        Self { wall, steady }
    }
}
