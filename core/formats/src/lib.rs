//! Reads captures that other programs wrote.
//!
//! A capture is a long list of requests. [`cut`] goes through a file once and
//! cuts it into [`CapturePiece`]s, one a request, without looking into them; reading a
//! piece needs nothing but the piece, so that many can be read at a time.
//! [`read`] does both. Either way no more than one piece is in memory, however
//! long the file is.
//!
//! Which format it is the bytes say, never the name. A piece that cannot be
//! read is a [`Gap`](model::Gap) and the next one follows; a file that ends too
//! early gives what it has, and says so. Only a file that is no capture at all
//! is [`RefusedFile`].
//!
//! There are no files here: the caller brings something to read from.
#![forbid(unsafe_code)]

mod piece;

mod refused;

mod source;

mod utf16;

mod formats;

mod stamp;

#[cfg(test)]
mod checks;

use std::{io::Read, ops::ControlFlow};

pub use formats::{FormatConvention, FormatInfo, formats, is_key_log};
pub use piece::{CapturePiece, PieceItem};
pub use refused::RefusedFile;

/// Cuts a capture into pieces and gives the name of its format.
///
/// Stops early when `each` breaks.
pub fn cut(
    input: &mut dyn Read,
    each: &mut dyn FnMut(CapturePiece) -> ControlFlow<()>,
) -> Result<&'static str, RefusedFile> {
    formats::cut(input, &[], each)
}

/// As [`cut`], with secrets of TLS that opened what a capture of packets has
/// (`SSLKEYLOGFILE`, RFC 9850).
pub fn cut_with_keys(
    input: &mut dyn Read,
    key_log: &[u8],
    each: &mut dyn FnMut(CapturePiece) -> ControlFlow<()>,
) -> Result<&'static str, RefusedFile> {
    formats::cut(input, key_log, each)
}

/// Reads a capture item by item and gives the name of its format.
pub fn read(input: &mut dyn Read, each: &mut dyn FnMut(PieceItem)) -> Result<&'static str, RefusedFile> {
    cut(input, &mut |piece| {
        piece.read(each);
        ControlFlow::Continue(())
    })
}
