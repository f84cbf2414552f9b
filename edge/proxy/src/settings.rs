//! The settings of a proxy.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use model::IngressKind;

use crate::{CommonLimits, DevicePairing, ForwardMode, Gate, InternalHost, dns::NameAddresses};

/// How a proxy behaves; the defaults fit an audit.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// The trial to which all traffic on this port belongs.
    pub trial: Option<u32>,
    /// Whether and how requests are forwarded to their servers.
    pub onward: ForwardMode,
    /// Decides which requests may be forwarded. None: all of them.
    pub gate: Option<Arc<dyn Gate>>,
    /// Serves Candor's own pages, if there are any.
    pub home: Option<Arc<dyn InternalHost>>,
    /// Decides which devices may use the proxy. None: every device that reaches
    /// the socket.
    pub pairing: Option<Arc<DevicePairing>>,
    /// The name and password that SOCKS clients must give. None: no password.
    pub socks_password: Option<(String, String)>,
    /// The `/proc` directory that lists the sockets of clients on this machine:
    /// `/proc/net`, or that of a process in their network namespace.
    pub processes: Option<PathBuf>,
    /// How many bytes of each body are kept. The rest is forwarded and only
    /// counted.
    pub body_limit: usize,
    /// The longest head of a request. Tracking cookies exceed 16 KiB.
    pub head_limit: usize,
    /// How many bytes of one request the sinkhole reads before it closes the
    /// connection.
    pub swallow_limit: u64,
    /// How many bytes of WebSocket messages are kept for one connection.
    pub messages_limit: usize,
    /// How clients were configured to connect. A connection that arrives in
    /// another way is recorded as `bypassed`.
    pub expects: Option<IngressKind>,
    /// How long a connection may wait without a request, and a request without
    /// its next byte.
    pub idle: Duration,
    /// How long the head of a request may take, from its first byte on.
    pub head_time: Duration,
    /// How long a stopping proxy waits for open exchanges.
    pub grace: Duration,
    /// The limits of all connections together; the proxies of one process share
    /// them.
    pub limits: Arc<CommonLimits>,
    /// The counter for connection numbers. Proxies that write into one capture
    /// share it.
    pub connections: Arc<AtomicU64>,
    /// Finds the name for an address that our own DNS responder gave out.
    pub addresses: Option<Arc<NameAddresses>>,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            trial: None,
            onward: ForwardMode::Sinkhole,
            gate: None,
            home: None,
            pairing: None,
            socks_password: None,
            processes: None,
            body_limit: 4 << 20,
            head_limit: 1 << 20,
            swallow_limit: 256 << 20,
            messages_limit: 16 << 20,
            expects: None,
            idle: Duration::from_secs(300),
            head_time: Duration::from_secs(60),
            grace: Duration::from_secs(2),
            limits: Arc::default(),
            connections: Arc::default(),
            addresses: None,
        }
    }
}
