//! All that looking at one exchange gave.

use model::{Gap, Sighting, Time, Trail};

use crate::pending::PendingMatch;

/// What was seen in one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanResult {
    /// Each thing once, at the deepest place that shows it, in the order in
    /// which the places were visited.
    pub sightings: Vec<Sighting>,
    /// Parts that a known program encrypts, and checksums that do not fit.
    pub gaps: Vec<Gap>,
    /// Events that were kept and sent later.
    pub deferred: Vec<DeferredEvent>,
    /// Names of the schemas whose request this is.
    pub schemas: Vec<String>,
    /// Finds that wait for a second one.
    pub(crate) held: Vec<PendingMatch>,
}

/// An event that was sent later than it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredEvent {
    pub exchange: u64,
    /// Where the time of the event stands.
    pub trail: Trail,
    pub happened: Time,
    pub sent: Time,
    /// The schema by which that is known.
    pub schema: String,
}
