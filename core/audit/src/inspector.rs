//! The costly part: opening an exchange and looking at every value in it.
//!
//! It needs nothing of other exchanges, so many can be inspected side by side;
//! the [`Auditor`](crate::Auditor) takes what comes of it in order.

use std::sync::Arc;

use decode::{DecodeCoverage, ExchangeOpener};
use detect::{Detector, ScanResult};
use model::{Body, Exchange, Gap, GapReason, LayerPlace, Leaf, Sighting};

/// Opens exchanges and looks at them. Clones share what they look for.
#[derive(Clone, Debug)]
pub struct Inspector {
    pub(crate) detector: Arc<Detector>,
    pub(crate) opener: ExchangeOpener,
}

/// Whether the ClientHello of an exchange's connection is looked at along with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelloLook {
    Open,
    /// It was, with another exchange of the connection.
    Skip,
}

/// An exchange that was looked at.
#[derive(Debug)]
pub struct InspectedExchange {
    /// Without bodies: nobody needs them any more.
    pub(crate) exchange: Exchange,
    pub(crate) seen: ScanResult,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) opened: DecodeCoverage,
}

impl Inspector {
    /// Opens an exchange and looks at what it sent.
    pub fn inspect(&mut self, exchange: Exchange) -> InspectedExchange {
        let hello = if exchange.seal.is_some() { HelloLook::Open } else { HelloLook::Skip };
        let (seen, gaps, opened) = self.open(&exchange, hello, &mut |_| {});
        InspectedExchange { exchange: head_of(exchange), seen, gaps, opened }
    }

    /// The same; `also` is shown every value too.
    pub(crate) fn open(
        &mut self,
        exchange: &Exchange,
        hello: HelloLook,
        also: &mut dyn FnMut(&Leaf<'_>),
    ) -> (ScanResult, Vec<Gap>, DecodeCoverage) {
        let readable;
        // A connection that ended in its handshake has nothing but its ClientHello.
        let said_nothing = exchange.seal.is_some() && exchange.request.body.bytes.is_empty();
        let exchange = match &exchange.seal {
            None => exchange,
            // Nobody could parse it, and values may stand in it all the same.
            Some(_) => {
                readable = Exchange { seal: None, ..exchange.clone() };
                &readable
            }
        };
        let mut look = self.detector.look(exchange);
        let mut gaps = Vec::new();
        let mut visit = |leaf: &Leaf<'_>| {
            look.at(leaf);
            also(leaf);
        };
        let mut opened = DecodeCoverage::default();
        if !said_nothing {
            // In an experiment what looks random is held against who sent it and how often:
            // `closed` says so at the end.
            opened = match exchange.trial {
                Some(_) => self.opener.open_without_random(exchange, &mut visit, &mut gaps),
                None => self.opener.open(exchange, &mut visit, &mut gaps),
            };
        }
        // Its bytes are none of the request's.
        if hello == HelloLook::Open {
            match exchange.trial {
                Some(_) => self.opener.open_hello_without_random(exchange, &mut visit, &mut gaps),
                None => self.opener.open_hello(exchange, &mut visit, &mut gaps),
            };
        }
        let mut seen = look.done();
        seen.sightings.retain(|sighting| !names_its_server(exchange, sighting));
        gaps.retain(|gap| !is_said(gap, &seen.gaps));
        (seen, gaps, opened)
    }
}

/// Whether it is the name in a ClientHello of the server that the connection went to: the address
/// says that already, and it holds for every connection.
fn names_its_server(exchange: &Exchange, sighting: &Sighting) -> bool {
    let last = sighting.trail.steps.last();
    let is_name = last.is_some_and(|step| step.layer == "client-hello" && step.place == LayerPlace::at("server-name"));
    is_name && sighting.value.eq_ignore_ascii_case(exchange.host())
}

/// Whether a known program says better what a place hides.
fn is_said(gap: &Gap, known: &[Gap]) -> bool {
    let closed = |why: GapReason| matches!(why, GapReason::Sealed | GapReason::Unsupported);
    let same = |known: &Gap| known.place.leads_to(&gap.place) || gap.place.leads_to(&known.place);
    closed(gap.why) && known.iter().any(|known| closed(known.why) && same(known))
}

/// What is still needed of an exchange that was looked at.
pub(crate) fn head_of(mut exchange: Exchange) -> Exchange {
    exchange.request.body = Body::default();
    exchange.response = None;
    exchange.messages = vec![];
    exchange
}
