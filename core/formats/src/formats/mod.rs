//! The formats, one a file.
//!
//! To add one: a file here, and its line in [`FORMATS`].

mod har;

mod mitmproxy;

mod pcap;

mod other;

use std::{io::Read, ops::ControlFlow};

use model::GapReason;

pub use pcap::key_log::is_key_log;

use crate::{
    piece::{CapturePiece, PieceItem},
    refused::RefusedFile,
    source::CaptureSource,
};

/// A way to write down a capture.
pub(crate) trait Format: Sync {
    /// The word in reports.
    fn name(&self) -> &'static str;

    /// What writes it, and what of it is read, for people.
    fn says(&self) -> &'static str;

    /// What programs do differently in it.
    fn conventions(&self) -> &'static [FormatConvention] {
        &[]
    }

    /// Whether a file that begins like this may be one.
    fn fits(&self, head: &[u8]) -> bool;

    /// Cuts it into pieces, one a request. Gives the position after the last.
    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile>;

    /// Reads one piece. Never fails: what cannot be read is a gap.
    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem));
}

/// Who is given the pieces.
pub(crate) type PieceSink<'e> = dyn FnMut(CapturePiece) -> ControlFlow<()> + 'e;

const FORMATS: [&dyn Format; 4] = [&har::Har, &mitmproxy::MitmproxyFlows, &pcap::Pcap, &pcap::Pcapng];

/// A format, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    pub name: &'static str,
    pub says: &'static str,
    pub conventions: &'static [FormatConvention],
}

/// Something that programs do differently in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatConvention {
    pub what: &'static str,
    /// Who does it.
    pub by: &'static str,
    /// What is made of it.
    pub read: &'static str,
}

/// Every format that is read.
pub fn formats() -> impl Iterator<Item = FormatInfo> {
    FORMATS.iter().map(|format| FormatInfo {
        name: format.name(),
        says: format.says(),
        conventions: format.conventions(),
    })
}

pub(crate) fn cut(input: &mut dyn Read, key_log: &[u8], each: &mut PieceSink<'_>) -> Result<&'static str, RefusedFile> {
    let mut source = CaptureSource::open(input).with_keys(key_log);
    let head = source.head();
    let Some(format) = FORMATS.into_iter().find(|format| format.fits(head)) else {
        let refused = other::refused(head);
        return Err(source.into_trouble().map_or(refused, RefusedFile::Unreadable));
    };
    let end = format.cut(&mut source, each)?;
    if let Some(says) = source.trouble() {
        let _ = each(CapturePiece::gap(end, GapReason::Cut, says));
    }
    Ok(format.name())
}
