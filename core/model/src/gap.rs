//! Parts of a capture that could not be read, with the reason. Unseen is never
//! reported as absent.

use crate::Trail;

/// A place that could not be read, or only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Position of the exchange; none if the gap is one of the whole capture.
    pub exchange: Option<u64>,
    pub place: Trail,
    pub why: GapReason,
    /// One plain sentence that names no captured value.
    pub says: String,
}

/// Why a place could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapReason {
    /// TLS that we could not decrypt, or encryption inside of TLS.
    Sealed,
    /// The bytes end too early, or the capture kept only a part.
    Cut,
    /// The bytes look like a layer that we know, but decoding failed.
    Broken,
    /// A layer that we recognise but have no way to open.
    Unsupported,
    /// A budget was used up: depth, nodes, bytes or work.
    Budget,
    /// The capture omits something, or contradicts itself.
    Missing,
    /// Traffic may have bypassed Candor without being recorded.
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
