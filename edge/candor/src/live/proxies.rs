//! Proxies that run together, and end together.

use std::{net::TcpListener, sync::Arc};

use anyhow::Result;
use proxy::{AnswerProvider, CertificateAuthority, ExchangeSink, Proxy, ProxySettings, dns};

/// What every proxy of a command shares.
#[derive(Clone)]
pub struct ProxyParts {
    pub authority: Arc<CertificateAuthority>,
    pub answers: Arc<dyn AnswerProvider>,
    pub sink: Arc<dyn ExchangeSink>,
}

/// Proxies, and a DNS responder beside them.
#[derive(Debug, Default)]
pub struct ProxySet {
    proxies: Vec<Proxy>,
    responders: Vec<dns::DnsResponder>,
}

impl ProxySet {
    /// Serves one more socket; must be called within a runtime.
    pub fn serve(&mut self, listener: TcpListener, parts: ProxyParts, settings: ProxySettings) -> Result<()> {
        self.proxies.push(Proxy::serve(listener, parts.authority, parts.answers, parts.sink, settings)?);
        Ok(())
    }

    /// Stops a responder together with the proxies.
    pub fn resolve(&mut self, responder: dns::DnsResponder) {
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
