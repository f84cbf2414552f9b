//! Pages of Candor's own that clients reach through the proxy, by a name that
//! nobody else has.

use std::{future::Future, net::SocketAddr, pin::Pin};

use model::Request;

use crate::StaticResponse;

/// An answer that is there when it is awaited.
pub type PageFuture<'a> = Pin<Box<dyn Future<Output = StaticResponse> + Send + 'a>>;

/// Serves pages of our own to clients of the proxy, before anything else is
/// asked: no server, no gate, no sinkhole. These exchanges are not recorded, as
/// nothing that a subject does is in them.
pub trait InternalHost: Send + Sync + 'static {
    /// Whether a host is this one's: in lower case, without a port.
    fn owns(&self, host: &str) -> bool;

    /// The whole answer to a whole request of the client at this address.
    fn serve<'a>(&'a self, client: SocketAddr, request: &'a Request) -> PageFuture<'a>;
}

impl std::fmt::Debug for dyn InternalHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Home(..)")
    }
}
