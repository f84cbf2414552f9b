//! Where a live command listens.
//!
//! On loopback, unless another address is asked for; then it is said loudly,
//! since everyone who reaches it can send traffic through this machine.

use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context, Result};

use crate::exit::talk;

/// A socket at this address. `option` is how the person chooses another.
pub fn open(address: SocketAddr, option: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}; choose another address with {option}"))?;
    if !is_inside(address.ip()) {
        talk(&format!(
            "{address} CAN BE REACHED FROM OUTSIDE THIS MACHINE: devices have to be paired before they are let in"
        ));
    }
    Ok(listener)
}

/// Whether only programs on this machine reach it.
pub fn is_inside(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
