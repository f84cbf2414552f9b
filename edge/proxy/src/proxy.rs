//! A running proxy: takes connections until it is stopped.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use model::{Note, NoteCode};
use rustix::io::Errno;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    AnswerProvider, CertificateAuthority, Error, ExchangeSink, ForwardMode, ProxySettings, ReachedLimit, clock,
    exchange::connection_context::{MOST_UNWRITTEN, ProxyContext},
    inbound::connection,
    inbound::process::ProcessFinder,
    stop::{LAST_LOOK, StopHandle, StopToken, stopper},
    upstream::connector::ServerConnector,
};

/// Connections that may wait to be taken; the kernel allows fewer where it is told to.
const BACKLOG: i32 = 4_096;

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
        // Clients that come at once must not have to come again.
        SockRef::from(&listener).listen(BACKLOG).map_err(Error::Socket)?;
        let listener = TcpListener::from_std(listener).map_err(Error::Socket)?;
        let address = listener.local_addr().map_err(Error::Socket)?;
        let (stopper, stop) = stopper(Arc::clone(&settings.limits));
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
        let processes = settings.processes.clone().map(ProcessFinder::new);
        let stopping = stop.clone();
        let shared =
            Arc::new(ProxyContext { authority, answers, sink, settings, egress, stop, unwritten, offers, processes });
        tokio::spawn(accept(listener, shared, stopping));
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
    let refused = shared.settings.limits.take_refused();
    if refused > 0 {
        let (trial, code) = (shared.settings.trial, NoteCode::ConnectionsRefused);
        let says = "more connections than are taken at once".to_owned();
        shared.sink.note(Note { trial, at: clock::now(), code, says, count: refused }).await;
    }
}

async fn take(accepted: io::Result<(TcpStream, SocketAddr)>, shared: &Arc<ProxyContext>) {
    let limits = &shared.settings.limits;
    match accepted {
        Ok((stream, peer)) => {
            // One that is refused is closed at once, and counted.
            if let Some(ticket) = limits.admit(peer.ip()) {
                tokio::spawn(connection::follow(stream, peer, ticket, Arc::clone(shared)));
            }
        }
        // Out of file descriptors, mostly: others have to end first.
        Err(error) => {
            if matches!(Errno::from_io_error(&error), Some(Errno::MFILE | Errno::NFILE)) {
                limits.reached(ReachedLimit::Descriptors);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
