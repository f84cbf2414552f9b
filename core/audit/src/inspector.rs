//! Decodes an exchange and searches every value in it: the costly part of an audit.
//!
//! An inspection does not depend on other exchanges, so many can run in parallel. The
//! [`Auditor`](crate::Auditor) takes their results in order.

use std::sync::Arc;

use decode::{DecodeCoverage, ExchangeOpener};
use detect::{Detector, ScanResult};
use model::{Body, Exchange, Gap, GapReason, LayerPlace, Leaf, Sighting};

/// Decodes and searches exchanges. Clones share one detector.
#[derive(Clone, Debug)]
pub struct Inspector {
    pub(crate) detector: Arc<Detector>,
    pub(crate) opener: ExchangeOpener,
}

/// Whether the ClientHello of the connection is searched together with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelloLook {
    Open,
    /// The ClientHello is not searched with this exchange.
    Skip,
}

/// An inspected exchange, with its results.
#[derive(Debug)]
pub struct InspectedExchange {
    /// The exchange without its bodies, which are no longer needed.
    pub(crate) exchange: Exchange,
    pub(crate) seen: ScanResult,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) opened: DecodeCoverage,
}

impl Inspector {
    /// Decodes an exchange and searches the values that it sent.
    pub fn inspect(&mut self, exchange: Exchange) -> InspectedExchange {
        let hello = if exchange.seal.is_some() { HelloLook::Open } else { HelloLook::Skip };
        let (seen, gaps, opened) = self.open(&exchange, hello, &mut |_| {});
        InspectedExchange { exchange: head_of(exchange), seen, gaps, opened }
    }

    /// Decodes and searches an exchange, and calls `also` with every value.
    pub(crate) fn open(
        &mut self,
        exchange: &Exchange,
        hello: HelloLook,
        also: &mut dyn FnMut(&Leaf<'_>),
    ) -> (ScanResult, Vec<Gap>, DecodeCoverage) {
        let readable;
        // A connection that ended in its handshake has only its ClientHello.
        let said_nothing = exchange.seal.is_some() && exchange.request.body.bytes.is_empty();
        let exchange = match &exchange.seal {
            None => exchange,
            // The protocol could not be parsed, but the bytes may contain values. Without `seal`
            // the opener searches them.
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
            // In an experiment, random-looking values are judged at the end, by initiator and
            // frequency, in `closed`.
            opened = match exchange.trial {
                Some(_) => self.opener.open_without_random(exchange, &mut visit, &mut gaps),
                None => self.opener.open(exchange, &mut visit, &mut gaps),
            };
        }
        // The bytes of the ClientHello do not count as bytes of the request.
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

/// Whether a sighting is the server name in the ClientHello, for the host that the connection went
/// to. Every connection has this name, and the address already shows it.
fn names_its_server(exchange: &Exchange, sighting: &Sighting) -> bool {
    let last = sighting.trail.steps.last();
    let is_name = last.is_some_and(|step| step.layer == "client-hello" && step.place == LayerPlace::at("server-name"));
    is_name && sighting.value.eq_ignore_ascii_case(exchange.host())
}

/// Whether a schema already reports a gap for this place, with a better description.
fn is_said(gap: &Gap, known: &[Gap]) -> bool {
    let closed = |why: GapReason| matches!(why, GapReason::Sealed | GapReason::Unsupported);
    let same = |known: &Gap| known.place.leads_to(&gap.place) || gap.place.leads_to(&known.place);
    closed(gap.why) && known.iter().any(|known| closed(known.why) && same(known))
}

/// The exchange without bodies, answer and messages.
pub(crate) fn head_of(mut exchange: Exchange) -> Exchange {
    exchange.request.body = Body::default();
    exchange.response = None;
    exchange.messages = vec![];
    exchange
}
