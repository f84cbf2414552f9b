//! Counts of the requests to one destination.

use model::Initiator;

/// Counts for one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DestinationCounts {
    pub requests: u64,
    /// Bytes of the requests: addresses and bodies.
    pub bytes: u64,
    pub sealed: u64,
    pub page: u64,
    pub native: u64,
    pub extension: u64,
    pub caused: u64,
    pub unknown: u64,
    pub sightings: u64,
}

impl DestinationCounts {
    pub(crate) fn count(&mut self, side: Initiator, sealed: bool, bytes: u64) {
        self.requests += 1;
        self.bytes += bytes;
        self.sealed += u64::from(sealed);
        *match side {
            Initiator::Page => &mut self.page,
            Initiator::Native => &mut self.native,
            Initiator::Extension => &mut self.extension,
            Initiator::Caused => &mut self.caused,
            Initiator::Unknown => &mut self.unknown,
        } += 1;
    }

    /// Number of requests that the subject itself sent, and no page.
    pub fn own(&self) -> u64 {
        self.native + self.extension
    }
}
