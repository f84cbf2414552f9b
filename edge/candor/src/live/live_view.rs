//! The live view of a capture: it inspects recorded exchanges, as far as there is
//! time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use gate::AnswerWatcher;
use model::{Exchange, Note};
use proxy::{ExchangeSink, SinkFuture};
use tokio::sync::mpsc;

use super::evidence_sink::LiveEvidenceSink;

/// Exchanges that may wait for the live view. Further ones are only recorded, so
/// that the view never delays traffic.
const WAITING: usize = 512;

/// A sink that records each exchange and copies it to the live view.
#[derive(Debug)]
pub struct LiveViewSink {
    ledger: LiveEvidenceSink,
    waiting: mpsc::Sender<Exchange>,
    missed: Arc<AtomicU64>,
}

impl LiveViewSink {
    pub fn new(ledger: LiveEvidenceSink, watcher: AnswerWatcher) -> Self {
        let (waiting, mut coming) = mpsc::channel(WAITING);
        // The thread ends when `waiting` is dropped.
        thread::spawn(move || {
            while let Some(exchange) = coming.blocking_recv() {
                watcher.look(&exchange);
            }
        });
        Self { ledger, waiting, missed: Arc::default() }
    }

    /// The number of exchanges that the view has skipped.
    pub fn missed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.missed)
    }
}

impl ExchangeSink for LiveViewSink {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        if self.waiting.try_send(exchange.clone()).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        self.ledger.record(exchange)
    }

    fn note(&self, note: Note) -> SinkFuture<'_> {
        self.ledger.note(note)
    }
}
