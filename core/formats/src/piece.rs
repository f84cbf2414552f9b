//! A capture in pieces.

use std::fmt;

use model::{Exchange, Gap, GapReason, Record, Trail};

use crate::formats::Format;

/// What reading a piece gives.
#[derive(Debug)]
pub enum PieceItem {
    Record(Record),
    Gap(Gap),
}

/// One request as it stands in the file, not yet read; or what is wrong there.
pub struct CapturePiece {
    index: u64,
    what: PieceContent,
}

enum PieceContent {
    /// Bytes to read, and what is already known to be wrong with them.
    Bytes { format: &'static dyn Format, bytes: Vec<u8>, gaps: Vec<Gap> },
    /// Of the capture itself.
    Gap(Gap),
}

impl fmt::Debug for CapturePiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({})", self.index)
    }
}

impl CapturePiece {
    pub(crate) fn of(format: &'static dyn Format, index: u64, bytes: Vec<u8>) -> Self {
        Self { index, what: PieceContent::Bytes { format, bytes, gaps: Vec::new() } }
    }

    /// Something that is wrong with the capture, from `index` on.
    pub(crate) fn gap(index: u64, why: GapReason, says: impl Into<String>) -> Self {
        Self { index, what: PieceContent::Gap(gap(None, why, says)) }
    }

    /// The same piece, with something wrong in it.
    pub(crate) fn but(mut self, why: GapReason, says: impl Into<String>) -> Self {
        if let PieceContent::Bytes { gaps, .. } = &mut self.what {
            gaps.push(gap(Some(self.index), why, says));
        }
        self
    }

    /// Zero-based position in the capture.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many bytes of the capture it is.
    pub fn size(&self) -> usize {
        match &self.what {
            PieceContent::Bytes { bytes, .. } => bytes.len(),
            PieceContent::Gap(_) => 0,
        }
    }

    /// What is in it. An exchange comes before its gaps.
    pub fn read(self, each: &mut dyn FnMut(PieceItem)) {
        match self.what {
            PieceContent::Gap(gap) => each(PieceItem::Gap(gap)),
            PieceContent::Bytes { format, bytes, gaps } => {
                format.read(self.index, &bytes, each);
                gaps.into_iter().for_each(|gap| each(PieceItem::Gap(gap)));
            }
        }
    }
}

/// What a format made of one piece.
pub(crate) struct PieceResult {
    pub(crate) exchange: Option<Exchange>,
    pub(crate) gaps: Vec<Gap>,
}

impl PieceResult {
    pub(crate) fn give(self, each: &mut dyn FnMut(PieceItem)) {
        if let Some(exchange) = self.exchange {
            each(PieceItem::Record(Record::Exchange(Box::new(exchange))));
        }
        self.gaps.into_iter().for_each(|gap| each(PieceItem::Gap(gap)));
    }
}

/// A gap of a capture, or of one piece of it.
pub(crate) fn gap(exchange: Option<u64>, why: GapReason, says: impl Into<String>) -> Gap {
    let layer = if exchange.is_some() { "entry" } else { "capture" };
    Gap { exchange, place: Trail::default().then(layer, model::LayerPlace::Whole), why, says: says.into() }
}

/// A gap in the request's body.
pub(crate) fn body_gap(exchange: u64, why: GapReason, says: impl Into<String>) -> Gap {
    let place = Trail::default().then("body", model::LayerPlace::Whole);
    Gap { exchange: Some(exchange), place, why, says: says.into() }
}
