//! Elements of JSON lists and lines, one a piece, for formats that are such.

use model::GapReason;
use serde_json::Value;

use super::{
    Format,
    har::scan::{BoundedBytes, JsonScan},
};
use crate::piece::{CapturePiece, PieceItem, gap};

/// More of one element is not kept.
const ELEMENT: usize = 32 << 20;

/// The value that begins here as a piece.
pub(super) fn piece(scan: &mut JsonScan<'_, '_>, format: &'static dyn Format, index: u64) -> CapturePiece {
    let mut kept = BoundedBytes::up_to(ELEMENT);
    let whole = scan.value(Some(&mut kept));
    if kept.elided() || kept.lost() {
        return CapturePiece::gap(index, GapReason::Budget, format!("entry {index} is larger than the budget allows"));
    }
    let piece = CapturePiece::of(format, index, kept.into_bytes());
    if whole { piece } else { piece.but(GapReason::Cut, "the file ends within this entry") }
}

/// The value of a piece; a broken one is a gap.
pub(super) fn value(index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) -> Option<Value> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Some(value),
        // That the file ends here is said of the piece.
        Err(error) if error.is_eof() => None,
        Err(_) => {
            each(PieceItem::Gap(gap(Some(index), GapReason::Broken, "the entry is broken JSON")));
            None
        }
    }
}

/// A text in it, or a number as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
