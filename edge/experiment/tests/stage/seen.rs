//! The real proxy in a cell, and everything it saw.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use experiment::cell::CellSockets;
use model::{Exchange, Note};
use proxy::{CertificateAuthority, ExchangeSink, Proxy, ProxySettings, SinkFuture, StaticResponse};

/// What the proxy recorded so far.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Exchange>>>);

impl ExchangeSink for Seen {
    fn record(&self, exchange: Exchange) -> SinkFuture<'_> {
        self.0.lock().unwrap().push(exchange);
        Box::pin(async {})
    }

    fn note(&self, _: Note) -> SinkFuture<'_> {
        Box::pin(async {})
    }
}

impl Seen {
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().clone()
    }

    /// Waits for the first thing that `find` finds in what was seen.
    pub(crate) async fn wait_for<T>(&self, find: impl Fn(&[Exchange]) -> Option<T>) -> Option<T> {
        for _ in 0..300 {
            if let Some(found) = find(&self.exchanges()) {
                return Some(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }
}

/// Serves until the proxies are dropped. Every answer is one small page, or a file to keep.
pub(crate) fn serve(sockets: CellSockets) -> (Seen, Arc<CertificateAuthority>, Vec<Proxy>) {
    let (seen, authority) = (Seen::default(), Arc::new(CertificateAuthority::in_memory("A test").unwrap()));
    let answer = Arc::new(|request: &model::Request| {
        if request.url.ends_with(".bin") {
            let file = StaticResponse::sinkhole(200, "application/octet-stream", "bytes");
            return file.with("Content-Disposition", "attachment");
        }
        StaticResponse::sinkhole(200, "text/html", "<!doctype html><title>A page</title>")
    });
    let serve = |listener| {
        Proxy::serve(listener, Arc::clone(&authority), answer.clone(), Arc::new(seen.clone()), ProxySettings::default())
            .unwrap()
    };
    let proxies = sockets.proxy.into_iter().map(serve).collect();
    (seen, authority, proxies)
}
