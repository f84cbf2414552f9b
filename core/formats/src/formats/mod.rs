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

/// The first that fits is taken: those that look closer stand before HAR.
const FORMATS: [&dyn Format; 9] = [
    &netlog::NetLog,
    &charles::CharlesSession,
    &privacy_report::PrivacyReport,
    &har::Har,
    &mitmproxy::MitmproxyFlows,
    &pcap::Pcap,
    &pcap::Pcapng,
    &burp::BurpItems,
    // The last: what lies in one is read by the others.
    &zip::ZipArchive,
];

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
    cut_by(&FORMATS, input, key_log, each)
}

/// Cuts a capture that lies in an archive: archives in it are not opened, for
/// one may hold itself.
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
