//! The costly part: opening an exchange and looking at every value in it.
//!
//! It needs nothing of other exchanges, so many can be inspected side by side;
//! the [`Auditor`](crate::Auditor) takes what comes of it in order.

use std::sync::Arc;

use decode::{DecodeCoverage, ExchangeOpener};
use detect::{Detector, ScanResult};
use model::{Body, Exchange, Gap, GapReason, Leaf};

/// Opens exchanges and looks at them. Clones share what they look for.
#[derive(Clone, Debug)]
pub struct Inspector {
    pub(crate) detector: Arc<Detector>,
    pub(crate) opener: ExchangeOpener,
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
        let (seen, gaps, opened) = self.open(&exchange, &mut |_| {});
        InspectedExchange { exchange: head_of(exchange), seen, gaps, opened }
    }

    /// The same; `also` is shown every value too.
    pub(crate) fn open(
        &mut self,
        exchange: &Exchange,
        also: &mut dyn FnMut(&Leaf<'_>),
    ) -> (ScanResult, Vec<Gap>, DecodeCoverage) {
        let readable;
        let exchange = match &exchange.seal {
            None => exchange,
            Some(_) if exchange.request.body.bytes.is_empty() => {
                return (ScanResult::default(), Vec::new(), DecodeCoverage::default());
            }
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
        let opened = self.opener.open(exchange, &mut visit, &mut gaps);
        let seen = look.done();
        gaps.retain(|gap| !is_said(gap, &seen.gaps));
        (seen, gaps, opened)
    }
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
