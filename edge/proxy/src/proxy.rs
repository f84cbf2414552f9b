//! A running proxy: takes connections until it is stopped.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    AnswerProvider, CertificateAuthority, Error, ExchangeSink, ForwardMode, ProxySettings, connection,
    egress::ServerConnector,
    link::{MOST_UNWRITTEN, ProxyContext},
    stop::{LAST_LOOK, StopHandle, StopToken, stopper},
};

/// A proxy on one port. Dropped without [`Proxy::stop`] it ends at once, and
/// exchanges under way may be lost.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    grace: Duration,
    stopper: StopHandle,
}

impl Proxy {
    /// Serves a socket that already listens, within the current tokio runtime.
    pub fn serve(
        listener: std::net::TcpListener,
        authority: Arc<CertificateAuthority>,
        answers: Arc<dyn AnswerProvider>,
        sink: Arc<dyn ExchangeSink>,
        settings: ProxySettings,
    ) -> Result<Self, Error> {
        listener.set_nonblocking(true).map_err(Error::Socket)?;
        let listener = TcpListener::from_std(listener).map_err(Error::Socket)?;
        let address = listener.local_addr().map_err(Error::Socket)?;
        let (stopper, stop) = stopper();
        let grace = settings.grace;
        let egress = match &settings.onward {
            ForwardMode::Sinkhole => None,
            ForwardMode::Upstream(upstream) | ForwardMode::Untouched(upstream) => {
                // A proxy must not be led to itself.
                let mut upstream = upstream.clone();
                upstream.never.push(address);
                Some(Arc::new(ServerConnector::new(upstream)?))
            }
        };
        let unwritten = Arc::new(Semaphore::new(MOST_UNWRITTEN));
        let offers = Mutex::default();
        let shared = Arc::new(ProxyContext {
            authority,
            answers,
            sink,
            settings,
            egress,
            stop: stop.clone(),
            unwritten,
            offers,
        });
        tokio::spawn(accept(listener, shared, stop));
        Ok(Self { address, grace, stopper })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets exchanges under way come to their end
    /// for a while, and ends. When this returns, every exchange was recorded.
    pub async fn stop(self) {
        self.stopper.stop(self.grace).await;
    }
}

async fn accept(listener: TcpListener, shared: Arc<ProxyContext>, stop: StopToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.ending() => break,
        };
        take(accepted, &shared).await;
    }
    // Who had connected before the end is heard; who goes on connecting is not
    // waited for.
    let end = Instant::now() + LAST_LOOK;
    while let Ok(accepted) = timeout_at(end, listener.accept()).await {
        take(accepted, &shared).await;
    }
}

async fn take(accepted: io::Result<(TcpStream, SocketAddr)>, shared: &Arc<ProxyContext>) {
    match accepted {
        Ok((stream, peer)) => drop(tokio::spawn(connection::follow(stream, peer, Arc::clone(shared)))),
        // Out of file descriptors, mostly: others have to end first.
        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
    }
}
