//! Sockets on which a live command listens.
//!
//! They are on loopback, unless the person asks for another address. Candor then
//! warns, because everyone who reaches it can send traffic through this machine.

use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use serve::{PageServer, ServingPages};

use crate::exit::talk;

/// Listens at this address. `option` is the command's option for another one.
pub fn open(address: SocketAddr, option: &str) -> Result<TcpListener> {
    let listener = bound(address, option)?;
    if !is_inside(address.ip()) {
        talk(&format!(
            "{address} CAN BE REACHED FROM OUTSIDE THIS MACHINE: devices have to be paired before they are let in"
        ));
    }
    Ok(listener)
}

/// Listens for the page with the switches or the live view.
pub fn open_page(address: SocketAddr) -> Result<TcpListener> {
    let listener = bound(address, "--page")?;
    if !is_inside(address.ip()) {
        talk(&format!(
            "THE PAGE AT {address} CAN BE REACHED FROM OUTSIDE THIS MACHINE, AND IS NOT ENCRYPTED: who listens on the way sees what it shows"
        ));
    }
    Ok(listener)
}

/// Serves the page; must be called within a runtime.
pub fn serve_page(listener: TcpListener, pages: PageServer) -> Result<ServingPages> {
    let inside = is_inside(listener.local_addr()?.ip());
    let pages = if inside { pages } else { pages.beyond_this_machine() };
    listener.set_nonblocking(true)?;
    Ok(pages.serve(tokio::net::TcpListener::from_std(listener)?)?)
}

fn bound(address: SocketAddr, option: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}; choose another address with {option}"))
}

/// Whether the address is loopback, so that only this machine can connect.
pub fn is_inside(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
