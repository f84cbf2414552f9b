//! The real proxy in a cell, and everything it saw.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use experiment::cell::Sockets;
use model::{Exchange, Note};
use proxy::{Authority, Proxy, Reply, Settings, Sink, Work};

/// What the proxy recorded so far.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Exchange>>>);

impl Sink for Seen {
    fn record(&self, exchange: Exchange) -> Work<'_> {
        self.0.lock().unwrap().push(exchange);
        Box::pin(async {})
    }

    fn note(&self, _: Note) -> Work<'_> {
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
pub(crate) fn serve(sockets: Sockets) -> (Seen, Arc<Authority>, Vec<Proxy>) {
    let (seen, authority) = (Seen::default(), Arc::new(Authority::in_memory("A test").unwrap()));
    let answer = Arc::new(|request: &model::Request| {
        if request.url.ends_with(".bin") {
            let file = Reply::sinkhole(200, "application/octet-stream", "bytes");
            return file.with("Content-Disposition", "attachment");
        }
        Reply::sinkhole(200, "text/html", "<!doctype html><title>A page</title>")
    });
    let serve = |listener| {
        Proxy::serve(listener, Arc::clone(&authority), answer.clone(), Arc::new(seen.clone()), Settings::default())
            .unwrap()
    };
    let proxies = sockets.proxy.into_iter().map(serve).collect();
    (seen, authority, proxies)
}
