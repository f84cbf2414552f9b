//! The interface to which the proxy hands finished exchanges.

use std::{future::Future, pin::Pin};

use model::{Exchange, Note};

/// A future that ends when the record is handed over.
pub type SinkFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Takes recorded exchanges and notes. Both calls may wait: a full queue slows
/// the client down and loses nothing.
///
/// `Exchange::index` is 0 here; the writer of the capture sets it.
pub trait ExchangeSink: Send + Sync + 'static {
    /// Takes an exchange that has ended, or that will not continue.
    fn record(&self, exchange: Exchange) -> SinkFuture<'_>;

    /// Takes an event that is not an exchange but belongs into the capture.
    fn note(&self, note: Note) -> SinkFuture<'_>;
}

/// Sends records into a bounded channel.
impl ExchangeSink for tokio::sync::mpsc::Sender<model::Record> {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        Box::pin(async move {
            // The send fails only when the reader stopped on purpose.
            let _ = self.send(model::Record::Exchange(Box::new(exchange))).await;
        })
    }

    fn note(&self, note: Note) -> SinkFuture<'_> {
        Box::pin(async move {
            let _ = self.send(model::Record::Note(note)).await;
        })
    }
}
