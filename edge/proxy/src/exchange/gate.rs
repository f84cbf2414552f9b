//! Who decides what goes on to servers.
//!
//! A request whose way to its server is open is shown to the gate first by its
//! head. Most go on as they come. One that the gate wants to see is held until
//! its body is there, or until waiting is over, and then let go, answered by us,
//! or cut. Of answers the gate sees what it asks for, before the client does.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use model::{Exchange, Response};

use crate::StaticResponse;

/// Decides about requests, messages and connections that would go on.
pub trait Gate: Send + Sync + 'static {
    /// Whether a name may be looked up, connected to and told to a server, before
    /// anything was said to that. It is an exchange that asks for a tunnel there.
    ///
    /// If not, the client has its connection all the same, and what it says there
    /// is decided on.
    fn connecting(&self, exchange: &Exchange) -> NameRuling {
        let _ = exchange;
        NameRuling::Tell
    }

    /// The head of a request is there; its body is not yet.
    fn head(&self, exchange: &Exchange) -> HoldRequest;

    /// A request that was held; `so_far` is why it comes now.
    fn decide<'a>(&'a self, exchange: &'a Exchange, so_far: RequestProgress) -> RulingFuture<'a>;

    /// Whether a connection that cannot be read may go on. It is a sealed
    /// exchange without a seal's counts.
    fn sealed(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        true
    }

    /// The head of an answer is there. Something: it wants to see the body.
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

/// A ruling that is there when it is awaited.
pub type RulingFuture<'a> = Pin<Box<dyn Future<Output = Ruling> + Send + 'a>>;

/// What a gate wants of a request by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldRequest {
    /// It goes on as it comes.
    Pass,
    /// Hold it back, up to so many bytes of body and for so long.
    Hold { bytes: usize, time: Duration },
}

/// Whether anybody may hear the name of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRuling {
    Tell,
    /// Not before a request may go on to it.
    Wait,
    /// Not even then: the name itself carries what may not go on.
    Never,
}

/// How far a held request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestProgress {
    pub whole: bool,
    /// How long it was waited for.
    pub waited: Duration,
}

/// What a gate says at last.
#[derive(Clone)]
pub enum Ruling {
    Pass,
    /// It goes nowhere; this is the answer.
    Absorb(StaticResponse),
    /// Its connection ends.
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

/// Sees the bytes of an answer before the client has them. Dropped, it knows
/// that there are no more.
pub trait BodyWatch: Send + Sync {
    fn bytes(&mut self, bytes: &[u8]);
}
