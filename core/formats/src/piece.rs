//! A capture in pieces.

use std::fmt;

use model::{Exchange, Gap, GapReason, Record, Trail};

use crate::formats::Format;

/// A result of reading a piece.
#[derive(Debug)]
pub enum PieceItem {
    Record(Record),
    Gap(Gap),
}

/// One request of the file, not yet parsed; or a gap of the file.
pub struct CapturePiece {
    index: u64,
    what: PieceContent,
}

enum PieceContent {
    /// Bytes to parse, and the gaps that are already known.
    Bytes { format: &'static dyn Format, bytes: Vec<u8>, gaps: Vec<Gap> },
    /// An exchange that is parsed already, because its parts were in several
    /// places of the file.
    Made(Box<Exchange>, Vec<Gap>),
    /// A gap of the capture itself.
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

    /// An exchange whose parts were in several places of the file, with its
    /// gaps.
    pub(crate) fn made(index: u64, mut exchange: Exchange, mut gaps: Vec<Gap>) -> Self {
        exchange.index = index;
        gaps.iter_mut().for_each(|gap| gap.exchange = Some(index));
        Self { index, what: PieceContent::Made(Box::new(exchange), gaps) }
    }

    /// A gap of the capture at position `index`.
    pub(crate) fn gap(index: u64, why: GapReason, says: impl Into<String>) -> Self {
        Self { index, what: PieceContent::Gap(gap(None, why, says)) }
    }

    /// Adds a gap to the piece.
    pub(crate) fn but(mut self, why: GapReason, says: impl Into<String>) -> Self {
        if let PieceContent::Bytes { gaps, .. } | PieceContent::Made(_, gaps) = &mut self.what {
            gaps.push(gap(Some(self.index), why, says));
        }
        self
    }

    /// Moves the piece behind `before` others: for a capture inside of another.
    pub(crate) fn behind(mut self, before: u64) -> Self {
        let shift = |gap: &mut Gap| gap.exchange = gap.exchange.map(|index| index + before);
        self.index += before;
        match &mut self.what {
            PieceContent::Made(exchange, gaps) => {
                exchange.index += before;
                gaps.iter_mut().for_each(shift);
            }
            PieceContent::Bytes { gaps, .. } => gaps.iter_mut().for_each(shift),
            PieceContent::Gap(gap) => shift(gap),
        }
        self
    }

    /// Zero-based position in the capture.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of bytes that the piece keeps in memory.
    pub fn size(&self) -> usize {
        match &self.what {
            PieceContent::Bytes { bytes, .. } => bytes.len(),
            PieceContent::Made(exchange, _) => weight(exchange),
            PieceContent::Gap(_) => 0,
        }
    }

    /// Parses the piece, and calls `each` with its results. An exchange comes
    /// before its gaps.
    pub fn read(self, each: &mut dyn FnMut(PieceItem)) {
        match self.what {
            PieceContent::Gap(gap) => each(PieceItem::Gap(gap)),
            PieceContent::Made(exchange, gaps) => PieceResult { exchange: Some(*exchange), gaps }.give(each),
            PieceContent::Bytes { format, bytes, gaps } => {
                format.read(self.index, &bytes, each);
                gaps.into_iter().for_each(|gap| each(PieceItem::Gap(gap)));
            }
        }
    }
}

/// The approximate number of bytes that an exchange keeps in memory.
fn weight(exchange: &Exchange) -> usize {
    let headers =
        |headers: &[model::Header]| headers.iter().map(|header| header.name.len() + header.value.len()).sum::<usize>();
    let request = exchange.request.body.bytes.len() + headers(&exchange.request.headers) + exchange.request.url.len();
    let response =
        exchange.response.as_ref().map_or(0, |response| response.body.bytes.len() + headers(&response.headers));
    request + response + exchange.messages.iter().map(|message| message.body.bytes.len()).sum::<usize>()
}

/// The result of parsing one piece.
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
