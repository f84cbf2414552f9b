//! Proxies that run together, and end together.

use std::{net::TcpListener, sync::Arc};

use anyhow::Result;
use proxy::{Answer, Authority, Proxy, Settings, Sink, dns};

/// What every proxy of a command shares.
#[derive(Clone)]
pub struct Parts {
    pub authority: Arc<Authority>,
    pub answers: Arc<dyn Answer>,
    pub sink: Arc<dyn Sink>,
}

/// Proxies, and a DNS responder beside them.
#[derive(Debug, Default)]
pub struct Proxies {
    proxies: Vec<Proxy>,
    responders: Vec<dns::Responder>,
}

impl Proxies {
    /// Serves one more socket; must be called within a runtime.
    pub fn serve(&mut self, listener: TcpListener, parts: Parts, settings: Settings) -> Result<()> {
        self.proxies.push(Proxy::serve(listener, parts.authority, parts.answers, parts.sink, settings)?);
        Ok(())
    }

    /// Stops a responder together with the proxies.
    pub fn resolve(&mut self, responder: dns::Responder) {
        self.responders.push(responder);
    }

    /// Ends all of them at once. When this returns, everything was recorded.
    pub async fn stop(self) {
        let mut stopping = tokio::task::JoinSet::new();
        self.proxies.into_iter().for_each(|proxy| drop(stopping.spawn(proxy.stop())));
        self.responders.into_iter().for_each(|responder| drop(stopping.spawn(responder.stop())));
        stopping.join_all().await;
    }
}
