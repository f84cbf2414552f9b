//! The formats, one a file.
//!
//! To add one: a file here, and its line in [`FORMATS`].

mod har;

mod mitmproxy;

mod other;

use std::{io::Read, ops::ControlFlow};

use model::GapReason;

use crate::{
    piece::{Item, Piece},
    refused::Refused,
    source::Source,
};

/// A way to write down a capture.
pub(crate) trait Format: Sync {
    /// The word in reports.
    fn name(&self) -> &'static str;

    /// What writes it, and what of it is read, for people.
    fn says(&self) -> &'static str;

    /// What programs do differently in it.
    fn conventions(&self) -> &'static [Convention] {
        &[]
    }

    /// Whether a file that begins like this may be one.
    fn fits(&self, head: &[u8]) -> bool;

    /// Cuts it into pieces, one a request. Gives the position after the last.
    fn cut(&self, source: &mut Source<'_>, each: &mut Each<'_>) -> Result<u64, Refused>;

    /// Reads one piece. Never fails: what cannot be read is a gap.
    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(Item));
}

/// Who is given the pieces.
pub(crate) type Each<'e> = dyn FnMut(Piece) -> ControlFlow<()> + 'e;

const FORMATS: [&dyn Format; 2] = [&har::Har, &mitmproxy::Flows];

/// A format, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    pub name: &'static str,
    pub says: &'static str,
    pub conventions: &'static [Convention],
}

/// Something that programs do differently in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convention {
    pub what: &'static str,
    /// Who does it.
    pub by: &'static str,
    /// What is made of it.
    pub read: &'static str,
}

/// Every format that is read.
pub fn formats() -> impl Iterator<Item = Described> {
    FORMATS.iter().map(|format| Described {
        name: format.name(),
        says: format.says(),
        conventions: format.conventions(),
    })
}

pub(crate) fn cut(input: &mut dyn Read, each: &mut Each<'_>) -> Result<&'static str, Refused> {
    let mut source = Source::open(input);
    let head = source.head();
    let Some(format) = FORMATS.into_iter().find(|format| format.fits(head)) else {
        let refused = other::refused(head);
        return Err(source.into_trouble().map_or(refused, Refused::Unreadable));
    };
    let end = format.cut(&mut source, each)?;
    if let Some(says) = source.trouble() {
        let _ = each(Piece::gap(end, GapReason::Cut, says));
    }
    Ok(format.name())
}
