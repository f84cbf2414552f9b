//! ZIP archives (PKWARE APPNOTE 6.3.10), each file under its name.
//!
//! Apps upload logs and crash reports so. Local headers are read one after the
//! other; where they leave the size open, the data themselves tell it or, if
//! they are only stored, the directory at the end.

use std::collections::BTreeMap;

use memchr::memmem;
use model::GapReason;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, names::NameStack};
use crate::{inflate::DeflateWrapper, prefilter::Prefilter, value_view::ValueView};

pub(super) struct Zip;

impl Decoder for Zip {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn about(&self) -> &'static str {
        "a file of a ZIP archive, by its name (PKWARE APPNOTE 6.3.10)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.starting(|byte| byte == b'P').at_least(LOCAL)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if look.starts_with(HEADER) { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut peeled = PeelResult::NOTHING;
        let sizes = directory(value);
        let mut names = NameStack::default();
        let mut at = 0;
        while let Some(entry) = ZipEntry::at(value, at) {
            let data = value.get(entry.data..).unwrap_or_default();
            let place = names.place(entry.name);
            let size = sizes.get(&at).copied().or(entry.size);
            let (used, why, flow) = match entry.method {
                _ if entry.encrypted => (size.unwrap_or(0), Some(GapReason::Sealed), inner.show(place, b"")),
                STORED => {
                    let whole = size.unwrap_or_else(|| memmem::find(data, DESCRIPTOR).unwrap_or(data.len()));
                    let stored = &data[..whole.min(data.len())];
                    (whole, (whole > data.len()).then_some(GapReason::Cut), inner.give(place, stored))
                }
                DEFLATED => {
                    let packed = &data[..size.unwrap_or(data.len()).min(data.len())];
                    let inflated = inner.budget().inflate(packed, DeflateWrapper::None);
                    (size.unwrap_or(inflated.used), inflated.why, inner.give(place, &inflated.plain))
                }
                _ => (size.unwrap_or(0), Some(GapReason::Unsupported), inner.show(place, b"")),
            };
            peeled.how = PeelOutcome::Surely;
            peeled.gap = peeled.gap.or(why);
            if flow.is_break() {
                return peeled;
            }
            at = entry.data.saturating_add(used);
            let Some(next) = value.get(at..).and_then(next) else { break };
            at += next;
        }
        if at < value.len() && value.get(at..at + 2) != Some(b"PK") && peeled.how != PeelOutcome::Not {
            peeled.gap = peeled.gap.or(Some(GapReason::Cut));
        }
        peeled
    }
}

const HEADER: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Bytes of a local header (§4.3.7).
const LOCAL: usize = 30;

struct ZipEntry<'v> {
    name: &'v [u8],
    method: u16,
    encrypted: bool,
    /// None if it is told behind the data.
    size: Option<usize>,
    /// Where the data begin.
    data: usize,
}

impl<'v> ZipEntry<'v> {
    fn at(value: &'v [u8], at: usize) -> Option<Self> {
        let header = value.get(at..at.checked_add(LOCAL)?)?;
        if !header.starts_with(HEADER) {
            return None;
        }
        let flags = short(header, 6);
        let (name, extra) = (usize::from(short(header, 26)), usize::from(short(header, 28)));
        let size = long(header, 18);
        let later = flags & 8 != 0 || size == u32::MAX;
        Some(Self {
            name: value.get(at + LOCAL..at + LOCAL + name)?,
            method: short(header, 8),
            encrypted: flags & 1 != 0,
            size: (!later).then_some(size as usize),
            data: at + LOCAL + name + extra,
        })
    }
}

/// How far the next header is: behind a descriptor of the size, if there is one.
fn next(rest: &[u8]) -> Option<usize> {
    const LONGEST: usize = 24;
    memmem::find(&rest[..rest.len().min(LONGEST + HEADER.len())], HEADER)
}

/// Sizes of packed files by where their headers are, as the directory at the end
/// has them (§4.3.12).
fn directory(value: &[u8]) -> BTreeMap<usize, usize> {
    /// Files that are looked up.
    const MOST: usize = 4_096;
    let mut sizes = BTreeMap::new();
    for at in memmem::find_iter(value, DIRECTORY).take(MOST) {
        let Some(entry) = value.get(at..at + 46) else { break };
        let (size, start) = (long(entry, 20), long(entry, 42));
        if size != u32::MAX && start != u32::MAX {
            sizes.insert(start as usize, size as usize);
        }
    }
    sizes
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at)) | u32::from(short(bytes, at + 2)) << 16
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, deflate};
    use expect_test::expect;

    /// A local header and its data.
    fn file(name: &str, method: u16, flags: u16, size: usize, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04\x14\0".to_vec();
        bytes.extend(flags.to_le_bytes());
        bytes.extend(method.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend((size as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0; 2]);
        [&bytes, name.as_bytes(), data].concat()
    }

    #[test]
    fn files_open_packed_stored_or_of_unknown_size() {
        let packed = deflate(b"{\"a\":\"hello\"}");
        let streamed = [&file("log.json", 8, 8, 0, &packed)[..], b"PK\x07\x08", &[0; 12]].concat();
        check(
            [streamed, file("log.json", 0, 0, 5, b"plain"), b"PK\x05\x06".to_vec()].concat(),
            expect![[r#"
                value = PK\x03\x04\x14\x00\x08\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00log.json\xabVJT\xb2R\xcaH\xcd\xc9\xc9W\xaa\x05\x00PK\x07\x08\x00\x00\x00…
                value ▸ zip log.json = {"a":"hello"}
                value ▸ zip log.json ▸ json $.a = hello
                value ▸ zip log.json#2 = plain
            "#]],
        );
    }

    #[test]
    fn what_is_encrypted_or_packed_otherwise_is_said() {
        check(
            file("a", 8, 1, 6, b"secret"),
            expect![[r#"
            value = PK\u{3}\u{4}\u{14}\0\u{1}\0\u{8}\0\0\0\0\0\0\0\0\0\u{6}\0\0\0\0\0\0\0\u{1}\0\0\0asecret
            value ! Sealed: the zip layer is encrypted
        "#]],
        );
        check(
            file("a", 14, 0, 6, b"packed"),
            expect![[r#"
                value = PK\u{3}\u{4}\u{14}\0\0\0\u{e}\0\0\0\0\0\0\0\0\0\u{6}\0\0\0\0\0\0\0\u{1}\0\0\0apacked
                value ! Unsupported: the zip layer is of a kind that is not read
            "#]],
        );
    }

    #[test]
    fn a_cut_archive_gives_what_it_has_and_says_so() {
        check(
            file("a", 0, 0, 50, b"only so much"),
            expect![[r#"
            value = PK\u{3}\u{4}\u{14}\0\0\0\0\0\0\0\0\0\0\0\0\02\0\0\0\0\0\0\0\u{1}\0\0\0aonly so much
            value ▸ zip a = only so much
            value ! Cut: the zip layer ends too early
        "#]],
        );
    }
}
