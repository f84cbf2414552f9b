//! The live view of a capture: what is written down is also looked at, as far
//! as there is time.

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

/// Exchanges that wait to be looked at. More are only written down: nobody is
/// slowed down by being watched.
const WAITING: usize = 512;

/// A sink that hands on to the ledger, and to eyes.
#[derive(Debug)]
pub struct LiveViewSink {
    ledger: LiveEvidenceSink,
    waiting: mpsc::Sender<Exchange>,
    missed: Arc<AtomicU64>,
}

impl LiveViewSink {
    pub fn new(ledger: LiveEvidenceSink, watcher: AnswerWatcher) -> Self {
        let (waiting, mut coming) = mpsc::channel(WAITING);
        // It ends when the last sink is gone.
        thread::spawn(move || {
            while let Some(exchange) = coming.blocking_recv() {
                watcher.look(&exchange);
            }
        });
        Self { ledger, waiting, missed: Arc::default() }
    }

    /// How many came too fast to be looked at.
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
