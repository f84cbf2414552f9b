//! The formats, one a file.
//!
//! To add one: a file here, and its line in [`FORMATS`].

mod har;

mod mitmproxy;

mod pcap;

mod burp;

mod charles;

mod netlog;

mod privacy_report;

mod zip;

mod raw_http;

mod json_list;

mod other;

use std::{io::Read, ops::ControlFlow};

use model::GapReason;

pub use pcap::key_log::is_key_log;

use crate::{
    piece::{CapturePiece, PieceItem},
    refused::RefusedFile,
    source::CaptureSource,
};

/// A file format of captures.
pub(crate) trait Format: Sync {
    /// The word in reports.
    fn name(&self) -> &'static str;

    /// The programs that write it, and the parts that are read, for people.
    fn says(&self) -> &'static str;

    /// Deviations of programs from the format.
    fn conventions(&self) -> &'static [FormatConvention] {
        &[]
    }

    /// Whether a file that begins like this may be one.
    fn fits(&self, head: &[u8]) -> bool;

    /// Cuts the file into pieces, one for each request. Returns the position
    /// after the last.
    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile>;

    /// Reads one piece. Never fails: what cannot be read is a gap.
    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem));
}

/// The receiver of the pieces.
pub(crate) type PieceSink<'e> = dyn FnMut(CapturePiece) -> ControlFlow<()> + 'e;

/// The first format that fits is used, so stricter ones come before HAR.
const FORMATS: [&dyn Format; 9] = [
    &netlog::NetLog,
    &charles::CharlesSession,
    &privacy_report::PrivacyReport,
    &har::Har,
    &mitmproxy::MitmproxyFlows,
    &pcap::Pcap,
    &pcap::Pcapng,
    &burp::BurpItems,
    // Must be the last: the other formats read the files in an archive.
    &zip::ZipArchive,
];

/// The description of a format for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    pub name: &'static str,
    pub says: &'static str,
    pub conventions: &'static [FormatConvention],
}

/// A deviation of programs from a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatConvention {
    pub what: &'static str,
    /// The programs that do it.
    pub by: &'static str,
    /// How Candor reads it.
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
    cut_by(&FORMATS, input, key_log, each)
}

/// Cuts a capture inside of an archive. Archives inside of an archive are not
/// opened, because an archive may contain itself.
fn cut_within_archive(input: &mut dyn Read, each: &mut PieceSink<'_>) -> Result<&'static str, RefusedFile> {
    let (archive, others) = FORMATS.split_last().unwrap_or((&FORMATS[0], &FORMATS));
    debug_assert_eq!(archive.name(), "zip");
    cut_by(others, input, &[], each)
}

fn cut_by(
    formats: &[&'static dyn Format],
    input: &mut dyn Read,
    key_log: &[u8],
    each: &mut PieceSink<'_>,
) -> Result<&'static str, RefusedFile> {
    let mut source = CaptureSource::open(input).with_keys(key_log);
    let head = source.head();
    let Some(format) = formats.iter().find(|format| format.fits(head)) else {
        let refused = other::refused(head);
        return Err(source.into_trouble().map_or(refused, RefusedFile::Unreadable));
    };
    let end = format.cut(&mut source, each)?;
    if let Some(says) = source.trouble() {
        let _ = each(CapturePiece::gap(end, GapReason::Cut, says));
    }
    Ok(format.name())
}
