//! Candor's own pages, which clients reach through the proxy under a reserved
//! host name.

use std::{future::Future, net::SocketAddr, pin::Pin};

use model::Request;

use crate::StaticResponse;

/// A future that gives the response.
pub type PageFuture<'a> = Pin<Box<dyn Future<Output = StaticResponse> + Send + 'a>>;

/// Serves Candor's own pages to clients of the proxy. The proxy asks it first:
/// such a request goes to no server, gate or sinkhole. These exchanges are not
/// recorded, because they contain no activity of the audited subject.
pub trait InternalHost: Send + Sync + 'static {
    /// Whether this serves the host; `host` is in lower case and has no port.
    fn owns(&self, host: &str) -> bool;

    /// The complete response to a complete request from the client at this
    /// address.
    fn serve<'a>(&'a self, client: SocketAddr, request: &'a Request) -> PageFuture<'a>;
}

impl std::fmt::Debug for dyn InternalHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Home(..)")
    }
}
