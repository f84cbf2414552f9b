//! How much may wait to be committed.
//!
//! What is handed over and not committed is lost when the process is killed.
//! So its amount is bounded by time: as much as is committed in [`LAG`], by how
//! fast the disk and the processor were last. A slow writer slows down whoever
//! captures, and with them the clients.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use model::Record;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How long it may take until what is handed over is committed.
const LAG: Duration = Duration::from_millis(50);

/// Units of work in the backlog. A kibibyte of bodies is one; so memory is bounded, too.
const MOST: u32 = 24 << 10;
/// Whatever the disk does, so much may wait. No record weighs more.
const LEAST: u32 = 4 << 10;
/// A row is as much work as so many kibibytes of bodies.
const ROW: u32 = 16;

/// What waits to be committed, counted.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    room: Arc<Semaphore>,
    /// Units that there are, free or taken.
    allowed: Arc<AtomicU32>,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(LEAST as usize)), allowed: Arc::new(AtomicU32::new(LEAST)) }
    }
}

impl Backlog {
    /// Waits for room for a record.
    pub(crate) async fn room(&self, weight: u32) -> OwnedSemaphorePermit {
        // The semaphore is never closed.
        Arc::clone(&self.room).acquire_many_owned(weight).await.expect("the semaphore stays open")
    }

    pub(crate) fn try_room(&self, weight: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Arc::clone(&self.room).try_acquire_many_owned(weight)
    }

    /// Whether more than half of the room is taken: it is time to free some.
    pub(crate) fn is_tight(&self) -> bool {
        self.room.available_permits() < self.allowed.load(Relaxed) as usize / 2
    }

    /// Learns from a commit how fast it goes, and gives room by that.
    pub(crate) fn committed(&self, room: Option<&OwnedSemaphorePermit>, took: Duration) {
        let Some(units) = room.map(OwnedSemaphorePermit::num_permits) else { return };
        let Ok(units) = u32::try_from(units) else { return };
        // A commit costs something however little is in it, and then says little of the rest.
        if units < LEAST / 8 {
            return;
        }
        let per_second = f64::from(units) / took.as_secs_f64().max(1e-6);
        let fits = (per_second * LAG.as_secs_f64()).clamp(f64::from(LEAST), f64::from(MOST)) as u32;
        let before = self.allowed.load(Relaxed);
        // Half of the way: one odd commit decides nothing.
        self.set(before - before / 2 + fits / 2);
    }

    /// Only the writing thread calls this.
    fn set(&self, allowed: u32) {
        let before = self.allowed.load(Relaxed);
        let after = if allowed >= before {
            self.room.add_permits((allowed - before) as usize);
            allowed
        } else {
            let gone = self.room.forget_permits((before - allowed) as usize);
            before - u32::try_from(gone).unwrap_or_default()
        };
        self.allowed.store(after, Relaxed);
    }
}

/// How much work a record is. One that is more than [`LEAST`] counts as that: it could never have its room otherwise.
pub(crate) fn weight(record: &Record) -> u32 {
    let Record::Exchange(exchange) = record else { return ROW };
    let answer = exchange.response.as_ref().map_or(0, |answer| answer.body.bytes.len());
    let messages: usize = exchange.messages.iter().map(|message| message.body.bytes.len() + 1024).sum();
    let kibibytes = (exchange.request.body.bytes.len() + answer + messages) / 1024;
    u32::try_from(kibibytes).unwrap_or(LEAST).saturating_add(ROW).min(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(backlog: &Backlog, took: Duration) -> u32 {
        for _ in 0..40 {
            let room = backlog.try_room(LEAST / 2).unwrap();
            backlog.committed(Some(&room), took);
        }
        backlog.allowed.load(Relaxed)
    }

    #[test]
    fn a_slow_disk_gets_less_room_and_a_fast_one_more() {
        let backlog = Backlog::default();
        let fast = committed(&backlog, Duration::from_millis(1));
        assert!(fast > MOST - 64, "{fast}");
        let slow = committed(&backlog, Duration::from_secs(2));
        assert!((LEAST..LEAST + 64).contains(&slow), "{slow}");
        // All that there is can be had, and no more.
        let all = backlog.try_room(slow).unwrap();
        assert!(backlog.is_tight() && backlog.try_room(1).is_err());
        drop(all);
        assert!(!backlog.is_tight());
    }

    #[test]
    fn one_commit_of_little_says_nothing() {
        let backlog = Backlog::default();
        let room = backlog.try_room(ROW).unwrap();
        backlog.committed(Some(&room), Duration::from_secs(9));
        assert_eq!(backlog.allowed.load(Relaxed), LEAST);
    }
}
