//! What can be chosen about a proxy.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use model::IngressKind;

use crate::{CommonLimits, DevicePairing, ForwardMode, Gate, InternalHost, dns::NameAddresses};

/// How a proxy behaves; the defaults are those of an audit.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// The trial that everything on this port belongs to.
    pub trial: Option<u32>,
    /// Whether requests go on to their servers.
    pub onward: ForwardMode,
    /// Who decides about what goes on; nobody, if none.
    pub gate: Option<Arc<dyn Gate>>,
    /// Who answers for names of our own, if anybody.
    pub home: Option<Arc<dyn InternalHost>>,
    /// Which devices are let in; without it, whoever reaches the socket.
    pub pairing: Option<Arc<DevicePairing>>,
    /// The name and password that SOCKS clients must give, if any.
    pub socks_password: Option<(String, String)>,
    /// The network folder of `/proc` in which clients on this machine are to be
    /// found: `/proc/net`, or that of a process inside their namespace.
    pub processes: Option<PathBuf>,
    /// Bytes of each body that are kept. The rest streams through and is
    /// counted.
    pub body_limit: usize,
    /// Bytes of a request's head. Tracking cookies exceed 16 KiB.
    pub head_limit: usize,
    /// Bytes of one request that the sinkhole takes before it hangs up.
    pub swallow_limit: u64,
    /// Bytes of WebSocket messages that are kept for one connection.
    pub messages_limit: usize,
    /// The way that clients were told to take. What comes another way is noted
    /// as `bypassed`.
    pub expects: Option<IngressKind>,
    /// How long a connection may stand without a request, and a request
    /// without its next byte.
    pub idle: Duration,
    /// How long, from its first byte, the head of a request may take.
    pub head_time: Duration,
    /// How long a stopping proxy waits for exchanges under way.
    pub grace: Duration,
    /// What all connections together may take; proxies of one program share it.
    pub limits: Arc<CommonLimits>,
    /// Proxies that write into one capture share the numbers of connections.
    pub connections: Arc<AtomicU64>,
    /// Which name an address stood for, if our own responder gave it out.
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
