//! The interface for deciding which requests may go to servers.
//!
//! The proxy first shows the gate the head of each request that would go to a
//! server. Most requests pass at once. If the gate wants to see the body, the
//! proxy holds the request until the body is complete or the time is up; then
//! the gate lets it pass, has the proxy answer it, or closes the connection.
//! The gate can also watch response bodies before the client gets them.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use model::{Exchange, Response};

use crate::StaticResponse;

/// Decides about requests, messages and connections that would go to a server.
pub trait Gate: Send + Sync + 'static {
    /// Whether a host name may be looked up, connected to and disclosed to a
    /// server before the client has sent a request. `exchange` asks for a
    /// tunnel to that host.
    ///
    /// If the answer is no, the client still gets its connection, and the gate
    /// decides on each request that it sends there.
    fn connecting(&self, exchange: &Exchange) -> NameRuling {
        let _ = exchange;
        NameRuling::Tell
    }

    /// Called when the head of a request has arrived and its body has not.
    fn head(&self, exchange: &Exchange) -> HoldRequest;

    /// Called with a request that was held; `so_far` says how much of it has
    /// arrived.
    fn decide<'a>(&'a self, exchange: &'a Exchange, so_far: RequestProgress) -> RulingFuture<'a>;

    /// Whether a connection that cannot be read may pass. `exchange` is sealed
    /// and its byte counts are zero.
    fn sealed(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        true
    }

    /// Called when the head of a response has arrived. Some: the gate wants to
    /// see its body.
    fn answering(&self, exchange: &Exchange, answer: &Response) -> Option<Box<dyn BodyWatch>> {
        let _ = (exchange, answer);
        None
    }
}

impl fmt::Debug for dyn Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// A future that gives a ruling.
pub type RulingFuture<'a> = Pin<Box<dyn Future<Output = Ruling> + Send + 'a>>;

/// What a gate wants to see of a request, decided by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldRequest {
    /// The request passes at once.
    Pass,
    /// Hold the request, up to this many bytes of body and for this long.
    Hold { bytes: usize, time: Duration },
}

/// Whether the name of a server may be disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRuling {
    Tell,
    /// Only when a request may go to that server.
    Wait,
    /// Never: the name itself contains data that may not leave.
    Never,
}

/// How much of a held request has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestProgress {
    pub whole: bool,
    /// How long the request was held.
    pub waited: Duration,
}

/// The gate's final decision.
#[derive(Clone)]
pub enum Ruling {
    Pass,
    /// The request goes to no server; the client gets this response.
    Absorb(StaticResponse),
    /// The connection is closed.
    Cut,
}

impl fmt::Debug for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "Pass",
            Self::Absorb(_) => "Absorb(..)",
            Self::Cut => "Cut",
        })
    }
}

/// Sees the bytes of a response before the client gets them. It is dropped when
/// no more bytes follow.
pub trait BodyWatch: Send + Sync {
    fn bytes(&mut self, bytes: &[u8]);
}
