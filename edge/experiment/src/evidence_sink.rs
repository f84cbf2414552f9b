//! Writes the proxy's exchanges and notes into the evidence.

use evidence::EvidenceSender;
use model::{Exchange, Note, Record};
use proxy::{ExchangeSink, SinkFuture};

/// A sink that writes evidence.
#[derive(Clone, Debug)]
pub(crate) struct EvidenceSink(pub(crate) EvidenceSender);

impl ExchangeSink for EvidenceSink {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        Box::pin(async move {
            // The run itself ends when the writer stops, and reports why.
            if let Err(error) = self.0.write(Record::Exchange(Box::new(exchange))).await {
                tracing::error!(%error, "an exchange was not written");
            }
        })
    }

    fn note(&self, note: Note) -> SinkFuture<'_> {
        Box::pin(async move {
            if let Err(error) = self.0.write(Record::Note(note)).await {
                tracing::error!(%error, "a note was not written");
            }
        })
    }
}
