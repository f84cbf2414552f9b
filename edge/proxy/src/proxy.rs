//! A running proxy: accepts connections until it is stopped.

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

/// How many connections may wait to be accepted; the kernel's own limit may be
/// lower.
const BACKLOG: i32 = 4_096;

/// A proxy on one port. Dropping it without [`Proxy::stop`] ends it at once,
/// and open exchanges may be lost.
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
        // If many clients connect at once, none of them should have to connect
        // again.
        SockRef::from(&listener).listen(BACKLOG).map_err(Error::Socket)?;
        let listener = TcpListener::from_std(listener).map_err(Error::Socket)?;
        let address = listener.local_addr().map_err(Error::Socket)?;
        let (stopper, stop) = stopper(Arc::clone(&settings.limits));
        let grace = settings.grace;
        let egress = match &settings.onward {
            ForwardMode::Sinkhole => None,
            ForwardMode::Upstream(upstream) | ForwardMode::Untouched(upstream) => {
                // The proxy must never connect to itself.
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

    /// The address on which the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the proxy: it accepts no more connections, waits a while for open
    /// exchanges, and ends. When this returns, every exchange is recorded.
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
    // Connections from before the stop are still accepted; the time limit ends
    // this even if clients keep connecting.
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
            // A refused connection is closed at once and counted.
            if let Some(ticket) = limits.admit(peer.ip()) {
                tokio::spawn(connection::follow(stream, peer, ticket, Arc::clone(shared)));
            }
        }
        // Usually no file descriptor is free: another connection has to end
        // first.
        Err(error) => {
            if matches!(Errno::from_io_error(&error), Some(Errno::MFILE | Errno::NFILE)) {
                limits.reached(ReachedLimit::Descriptors);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
