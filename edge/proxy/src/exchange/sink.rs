//! Where exchanges go.

use std::{future::Future, pin::Pin};

use model::{Exchange, Note};

/// Work that is done when it is awaited.
pub type SinkFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Takes what was seen. Both calls may wait: a full queue slows the client
/// down, and loses nothing.
///
/// `Exchange::index` is 0 here; the one who writes the capture numbers.
pub trait ExchangeSink: Send + Sync + 'static {
    /// An exchange that is over, or that will not go on.
    fn record(&self, exchange: Exchange) -> SinkFuture<'_>;

    /// Something that is not an exchange and counts all the same.
    fn note(&self, note: Note) -> SinkFuture<'_>;
}

/// Into a bounded channel, as records.
impl ExchangeSink for tokio::sync::mpsc::Sender<model::Record> {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        Box::pin(async move {
            // The receiver is dropped only by whoever stops reading on purpose.
            let _ = self.send(model::Record::Exchange(Box::new(exchange))).await;
        })
    }

    fn note(&self, note: Note) -> SinkFuture<'_> {
        Box::pin(async move {
            let _ = self.send(model::Record::Note(note)).await;
        })
    }
}
