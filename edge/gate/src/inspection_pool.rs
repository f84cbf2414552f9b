//! Inspects requests without blocking the network.
//!
//! Most requests are inspected within a millisecond on the current thread. A
//! few hundred bytes can be enough to make an inspection slow. Slow ones run on
//! blocking threads: at most one for each processor, however many slow requests
//! arrive, and only for a limited time. The part that was not inspected in time
//! counts as unread.

use std::{sync::Arc, thread, time::Duration};

use guard::{MemoryView, RequestScan};
use model::Exchange;
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// How long the inspection of one request may take, including the wait for a
/// thread.
const TIME: Duration = Duration::from_secs(2);

/// Limits the threads that inspect requests.
#[derive(Debug)]
pub(crate) struct InspectionPool {
    threads: Arc<Semaphore>,
    time: Duration,
}

/// The result of inspecting a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InspectionOutcome {
    Done(RequestScan),
    /// The inspection panicked, so nothing is known about the request.
    Broken,
}

impl Default for InspectionPool {
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, |count| count.get());
        Self { threads: Arc::new(Semaphore::new(threads)), time: TIME }
    }
}

impl InspectionPool {
    /// Inspects a request.
    pub(crate) async fn inspect(&self, exchange: Exchange, eye: MemoryView) -> InspectionOutcome {
        if let Some(looked) = RequestScan::at_once(&exchange, &eye) {
            return InspectionOutcome::Done(looked);
        }
        let number = exchange.index;
        self.beside(number, move || RequestScan::with(&exchange, &eye)).await
    }

    async fn beside(&self, exchange: u64, look: impl FnOnce() -> RequestScan + Send + 'static) -> InspectionOutcome {
        let until = Instant::now() + self.time;
        let looking = async {
            // The semaphore is never closed.
            let thread = Arc::clone(&self.threads).acquire_owned().await.ok();
            let looked = spawn_blocking(move || {
                let looked = look();
                // The permit is held until here, even if the caller does not
                // wait any longer.
                drop(thread);
                looked
            });
            looked.await.map_or(InspectionOutcome::Broken, InspectionOutcome::Done)
        };
        timeout_at(until, looking).await.unwrap_or_else(|_| InspectionOutcome::Done(RequestScan::overdue(exchange)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn pool(threads: usize, time: Duration) -> InspectionPool {
        InspectionPool { threads: Arc::new(Semaphore::new(threads)), time }
    }

    #[tokio::test]
    async fn a_look_that_breaks_down_is_not_one_that_found_nothing() {
        let pool = InspectionPool::default();
        assert_eq!(pool.beside(0, RequestScan::default).await, InspectionOutcome::Done(RequestScan::default()));
        assert_eq!(pool.beside(0, || panic!("as a decoder would")).await, InspectionOutcome::Broken);
        // The permit of a panicked inspection is free again.
        for _ in 0..64 {
            assert_eq!(pool.beside(0, || panic!("as a decoder would")).await, InspectionOutcome::Broken);
        }
    }

    #[tokio::test]
    async fn what_is_not_looked_into_in_time_is_unread() {
        let (let_go, held) = channel::<()>();
        let pool = pool(1, Duration::from_millis(20));
        let look = move || {
            let _ = held.recv();
            RequestScan::default()
        };
        assert!(matches!(pool.beside(7, look).await, InspectionOutcome::Done(looked) if looked.is_unread()));
        // The only thread is still busy, so the next inspection times out and
        // is unread, too.
        assert!(
            matches!(pool.beside(8, RequestScan::default).await, InspectionOutcome::Done(looked) if looked.is_unread())
        );
        let_go.send(()).unwrap();
        drop(pool.threads.acquire().await.unwrap());
        assert_eq!(pool.beside(9, RequestScan::default).await, InspectionOutcome::Done(RequestScan::default()));
    }
}
