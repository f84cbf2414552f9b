//! The proxies and DNS responders of one command, which end together.

use std::{net::TcpListener, sync::Arc};

use anyhow::Result;
use proxy::{AnswerProvider, CertificateAuthority, ExchangeSink, Proxy, ProxySettings, dns};

/// The parts that all proxies of a command share.
#[derive(Clone)]
pub struct ProxyParts {
    pub authority: Arc<CertificateAuthority>,
    pub answers: Arc<dyn AnswerProvider>,
    pub sink: Arc<dyn ExchangeSink>,
}

/// Running proxies and DNS responders.
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

    /// Adds a DNS responder, to be stopped together with the proxies.
    pub fn resolve(&mut self, responder: dns::DnsResponder) {
        self.responders.push(responder);
    }

    /// Ends all of them at the same time. All exchanges are recorded when this returns.
    pub async fn stop(self) {
        let mut stopping = tokio::task::JoinSet::new();
        self.proxies.into_iter().for_each(|proxy| drop(stopping.spawn(proxy.stop())));
        self.responders.into_iter().for_each(|responder| drop(stopping.spawn(responder.stop())));
        stopping.join_all().await;
    }
}
