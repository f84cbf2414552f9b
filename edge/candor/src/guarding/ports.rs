//! The guard's ports, one for each mode, and the port of its page.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Result, bail};
use model::Mode;
use serve::DevicePort;

use crate::live::doors;

/// A port, and the mode of the connections to it.
pub struct GuardPort {
    pub listener: TcpListener,
    pub mode: Mode,
    pub address: SocketAddr,
}

/// All ports: normal, private, those for devices, and the page's.
pub struct GuardPorts {
    pub all: Vec<GuardPort>,
    pub page: TcpListener,
}

impl GuardPorts {
    pub fn open(normal: SocketAddr, private: SocketAddr, devices: &[SocketAddr], page: SocketAddr) -> Result<Self> {
        if normal == private && normal.port() != 0 {
            bail!("normal and private windows need a port each: {normal} is both --listen and --private");
        }
        let named = [(normal, "--listen", Mode::Normal), (private, "--private", Mode::Private)];
        let named = named.into_iter().chain(devices.iter().map(|address| (*address, "--devices", Mode::Unknown)));
        let open = |(address, option, mode)| {
            let listener = doors::open(address, option)?;
            Ok(GuardPort { address: listener.local_addr()?, listener, mode })
        };
        Ok(Self { all: named.map(open).collect::<Result<_>>()?, page: doors::open_page(page)? })
    }

    /// The ports, as the page shows them to devices.
    pub fn ways(&self) -> Vec<DevicePort> {
        self.all.iter().map(|door| DevicePort { mode: door.mode, address: door.address }).collect()
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.all.iter().map(|door| door.address).collect()
    }

    /// All our sockets. Clients must not reach them through the proxy.
    pub fn own(&self) -> Result<Vec<SocketAddr>> {
        Ok([self.addresses(), vec![self.page.local_addr()?]].concat())
    }
}
