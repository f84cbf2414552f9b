//! What could not be seen, and why. Unseen is never reported as absent.

use crate::Trail;

/// A place that could not be looked into, or only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Position of the exchange; none where the capture itself has the gap.
    pub exchange: Option<u64>,
    pub place: Trail,
    pub why: GapReason,
    /// One plain sentence that names no captured value.
    pub says: String,
}

/// The reasons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapReason {
    /// TLS that we were not let into, or encryption inside it.
    Sealed,
    /// The bytes end too early, or the capture kept only a part.
    Cut,
    /// Looks like a layer that we know, and did not open.
    Broken,
    /// A layer that we recognise and cannot open.
    Unsupported,
    /// A budget was used up: depth, nodes, bytes or work.
    Budget,
    /// The capture leaves something out, or says two things.
    Missing,
    /// Traffic could have gone past us without being seen.
    Bypass,
}

impl GapReason {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Cut => "cut",
            Self::Broken => "broken",
            Self::Unsupported => "unsupported",
            Self::Budget => "budget",
            Self::Missing => "missing",
            Self::Bypass => "bypass",
        }
    }
}
