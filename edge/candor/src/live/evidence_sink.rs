//! From a proxy into a file of evidence, counted on the way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evidence::EvidenceSender;
use model::{Exchange, Note, Record};
use proxy::{ExchangeSink, SinkFuture};
use tokio::sync::Notify;

use super::counts::LiveCounts;

/// A sink that writes evidence. Once it cannot, it says so to whoever waits.
#[derive(Clone, Debug)]
pub struct LiveEvidenceSink {
    pen: EvidenceSender,
    tally: Arc<Mutex<LiveCounts>>,
    failed: Arc<Notify>,
}

impl LiveEvidenceSink {
    pub fn new(pen: EvidenceSender) -> Self {
        Self { pen, tally: Arc::default(), failed: Arc::default() }
    }

    /// What was written down up to now.
    pub fn tally(&self) -> LiveCounts {
        self.counts().clone()
    }

    /// Resolves when something could not be written: nothing may go on then.
    pub async fn failed(&self) {
        self.failed.notified().await;
    }

    fn counts(&self) -> MutexGuard<'_, LiveCounts> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, record: Record) {
        if self.pen.write(record).await.is_err() {
            self.failed.notify_one();
        }
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
