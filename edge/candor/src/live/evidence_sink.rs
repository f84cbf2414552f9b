//! Writes a proxy's exchanges and notes into the evidence, and counts them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evidence::EvidenceSender;
use model::{Exchange, Note, Record};
use proxy::{ExchangeSink, SinkFuture};

use super::counts::LiveCounts;

/// A sink that writes evidence.
#[derive(Clone, Debug)]
pub struct LiveEvidenceSink {
    pen: EvidenceSender,
    tally: Arc<Mutex<LiveCounts>>,
}

impl LiveEvidenceSink {
    pub fn new(pen: EvidenceSender) -> Self {
        Self { pen, tally: Arc::default() }
    }

    /// The counts so far.
    pub fn tally(&self) -> LiveCounts {
        self.counts().clone()
    }

    /// Resolves when the evidence can no longer be written.
    pub async fn failed(&self) {
        self.pen.stopped().await;
    }

    fn counts(&self) -> MutexGuard<'_, LiveCounts> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, record: Record) {
        // An error is ignored here: `failed` resolves when the writer has stopped.
        let _ = self.pen.write(record).await;
    }
}

impl ExchangeSink for LiveEvidenceSink {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        self.counts().exchange(&exchange);
        Box::pin(self.write(Record::Exchange(Box::new(exchange))))
    }

    fn note(&self, note: Note) -> SinkFuture<'_> {
        self.counts().note(&note);
        Box::pin(self.write(Record::Note(note)))
    }
}
