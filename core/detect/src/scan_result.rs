//! The result of searching one exchange.

use model::{Gap, Sighting, Time, Trail};

use crate::pending::PendingMatch;

/// The sightings, gaps and events in one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanResult {
    /// Each value once, at the deepest place that shows it, in the order in
    /// which the places were visited.
    pub sightings: Vec<Sighting>,
    /// Parts that a known program encrypts, and checksums that are wrong.
    pub gaps: Vec<Gap>,
    /// Events that were sent later than they happened.
    pub deferred: Vec<DeferredEvent>,
    /// Names of the schemas that recognised the request.
    pub schemas: Vec<String>,
    /// Finds that count only if a second one confirms them.
    pub(crate) held: Vec<PendingMatch>,
}

/// An event that was sent later than it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredEvent {
    pub exchange: u64,
    /// The place of the event's timestamp.
    pub trail: Trail,
    pub happened: Time,
    pub sent: Time,
    /// The schema that describes the timestamp.
    pub schema: String,
}
