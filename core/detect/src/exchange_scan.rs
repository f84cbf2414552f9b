//! Searches one exchange, value by value.

use std::fmt;

use model::{Exchange, Leaf, Sighting};

use crate::{
    detector::Detector,
    detectors::{SchemaQuery, SplitMatches, pattern},
    matches::ExchangeMatches,
    pending::PendingMatches,
    scan_result::ScanResult,
};

/// The state of searching one exchange.
pub struct ExchangeScan<'d> {
    detector: &'d Detector,
    exchange: &'d Exchange,
    asked: SchemaQuery,
    pieces: SplitMatches,
    found: ExchangeMatches,
}

impl fmt::Debug for ExchangeScan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look(..)")
    }
}

impl<'d> ExchangeScan<'d> {
    pub(crate) fn new(detector: &'d Detector, exchange: &'d Exchange) -> Self {
        let asked = detector.schemas.ask(exchange);
        Self { detector, exchange, asked, pieces: SplitMatches::default(), found: ExchangeMatches::default() }
    }

    /// Searches one value. Values come outside in: a wrapping comes before its
    /// content.
    pub fn at(&mut self, leaf: &Leaf<'_>) {
        let Self { detector, exchange, asked, pieces, found } = self;
        found.next_leaf();
        detector.plain.at(leaf, &detector.canaries, exchange.index, found);
        detector.digests.at(leaf, &detector.canaries, exchange.index, found);
        detector.shorts.at(leaf, &detector.canaries, exchange, found);
        detector.parts.at(leaf, &detector.canaries, exchange.index, pieces, found);
        detector.recipes.at(leaf, &detector.canaries, exchange, found);
        detector.schemas.at(leaf, exchange.index, asked, found);
        if detector.patterns {
            pattern::at(leaf, exchange.index, found);
        }
    }

    /// The sightings in this exchange alone: each value once, at the deepest
    /// place that shows it, in the order in which the places were visited.
    pub fn finish(self) -> Vec<Sighting> {
        let mut seen = self.done();
        PendingMatches::default().settle(&mut seen);
        seen.sightings
    }

    /// The whole result. Finds that prove nothing alone are not yet among the
    /// sightings: [`PendingMatches::settle`] adds them once a second find
    /// confirms them.
    pub fn done(self) -> ScanResult {
        let Self { detector, exchange, asked, pieces, mut found } = self;
        detector.parts.complete(pieces, &detector.canaries, exchange.index, &mut found);
        let counts = |(schema, field)| asked.counts(schema, field, &detector.schemas);
        let (sightings, held) = found.sift(counts);
        let said = detector.schemas.said(asked, exchange);
        ScanResult { sightings, gaps: said.gaps, deferred: said.deferred, schemas: said.names, held }
    }
}
