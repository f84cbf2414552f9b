//! Limits how many records may wait to be committed.
//!
//! A record that was handed over and not committed is lost when the process is
//! killed. Therefore the backlog is limited by time: it holds as much as was
//! lately committed within [`LAG`], as fast as the disk and the processor were.
//! A slow writer slows down the capture, and with it the clients.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use model::Record;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How long it may take until a record is committed after it was handed over.
const LAG: Duration = Duration::from_millis(50);

/// The largest backlog, in units of work. One unit is a kibibyte of bodies, so
/// this limits the memory, too.
const MOST: u32 = 24 << 10;
/// The smallest backlog, however slow the disk is. No record counts as more
/// than this.
const LEAST: u32 = 4 << 10;
/// One row is as much work as this many kibibytes of bodies.
const ROW: u32 = 16;

/// Counts the work that waits to be committed.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    room: Arc<Semaphore>,
    /// The size of the backlog in units, free and taken.
    allowed: Arc<AtomicU32>,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(LEAST as usize)), allowed: Arc::new(AtomicU32::new(LEAST)) }
    }
}

impl Backlog {
    /// Waits until the backlog has room for a record.
    pub(crate) async fn room(&self, weight: u32) -> OwnedSemaphorePermit {
        // The semaphore is never closed.
        Arc::clone(&self.room).acquire_many_owned(weight).await.expect("the semaphore stays open")
    }

    pub(crate) fn try_room(&self, weight: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Arc::clone(&self.room).try_acquire_many_owned(weight)
    }

    /// Whether more than half of the backlog is taken: a commit must free some
    /// of it.
    pub(crate) fn is_tight(&self) -> bool {
        self.room.available_permits() < self.allowed.load(Relaxed) as usize / 2
    }

    /// Measures the speed of a commit, and sets the size of the backlog
    /// accordingly.
    pub(crate) fn committed(&self, room: Option<&OwnedSemaphorePermit>, took: Duration) {
        let Some(units) = room.map(OwnedSemaphorePermit::num_permits) else { return };
        let Ok(units) = u32::try_from(units) else { return };
        // A small commit mostly costs a fixed amount of time, so its speed says
        // little about a large one.
        if units < LEAST / 8 {
            return;
        }
        let per_second = f64::from(units) / took.as_secs_f64().max(1e-6);
        let fits = (per_second * LAG.as_secs_f64()).clamp(f64::from(LEAST), f64::from(MOST)) as u32;
        let before = self.allowed.load(Relaxed);
        // Moves only half of the way, so that one unusual commit has little
        // effect.
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

/// How much work a record is. The value is at most [`LEAST`], because a heavier
/// record could never get room.
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
        // The whole backlog can be acquired, and not more.
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
