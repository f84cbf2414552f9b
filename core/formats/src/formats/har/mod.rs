//! HAR, the HTTP Archive (version 1.2, and what its writers made of it).
//!
//! Found wherever somebody pressed *export*: developer tools, intercepting
//! proxies, apps on phones. One JSON text, easily a gigabyte, of which only
//! `log.entries[]` matters. [`scan`] walks over the text and cuts the entries
//! out; [`entry`] reads one. Programs agree little on what stands in them:
//! [`CONVENTIONS`] lists what was met, and how it is read.

mod body;

mod entry;

mod json;

pub(super) mod scan;

mod socket;

mod text;

use std::ops::ControlFlow;

use model::GapReason;

use self::scan::{BoundedBytes, JsonScan};
use super::{Format, FormatConvention, PieceSink};
use crate::{
    piece::{CapturePiece, PieceItem},
    refused::RefusedFile,
    source::CaptureSource,
};

pub(super) struct Har;

impl Format for Har {
    fn name(&self) -> &'static str {
        "har"
    }

    fn says(&self) -> &'static str {
        "HTTP Archive 1.1 to 1.3 (`.har`, `.zhar`, `.har.gz`, UTF-16 too), as browsers, proxies and apps export it"
    }

    fn conventions(&self) -> &'static [FormatConvention] {
        CONVENTIONS
    }

    fn fits(&self, head: &[u8]) -> bool {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let text =
            text.strip_prefix(b"\x1e").or_else(|| text.strip_prefix(b"[")).map_or(text, <[u8]>::trim_ascii_start);
        text.first() == Some(&b'{') && matches!(text[1..].trim_ascii_start().first(), Some(b'"' | b'}') | None)
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        if source.head().starts_with(b"\xef\xbb\xbf") {
            source.pass(3);
        }
        let mut log = LogPath { scan: JsonScan::new(source), entries: None, each };
        let ended = log.texts();
        match (log.entries, ended) {
            (None, LogEnd::Cut) => Err(RefusedFile::NotACapture("it is JSON that ends before `log.entries`")),
            (None, _) => Err(RefusedFile::NotACapture("it is JSON, but has no `log.entries`")),
            (Some(entries), LogEnd::Cut) => {
                let says = format!("the file ends early, after {entries} entries: the rest is missing");
                let _ = (log.each)(CapturePiece::gap(entries, GapReason::Cut, says));
                Ok(entries)
            }
            (Some(entries), _) => Ok(entries),
        }
    }

    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) {
        entry::read(index, bytes).give(each);
    }
}

/// What programs do differently, and what is made of it.
const CONVENTIONS: &[FormatConvention] = &[
    FormatConvention { what: "a byte order mark", by: "Fiddler, Windows", read: "left out" },
    FormatConvention {
        what: "several HARs one after another, in a list or by line, entries by line or in a list, a HAR within another object",
        by: "scripts, `cat`, test runners",
        read: "one capture",
    },
    FormatConvention { what: "more behind the end", by: "cut and pasted files", read: "a gap" },
    FormatConvention {
        what: "packed with zlib or gzip",
        by: "mitmproxy's `.zhar`, people",
        read: "unpacked on the way",
    },
    FormatConvention {
        what: "unmarked text in which each character is a byte (Latin-1)",
        by: "Chromium, Firefox, mitmproxy",
        read: "the bytes, if the stated length, the UTF-8 or the control bytes in it say so",
    },
    FormatConvention {
        what: "lone surrogates `\\udc80` to `\\udcff`",
        by: "mitmproxy",
        read: "the raw bytes they stand for",
    },
    FormatConvention { what: "`encoding: base64` in `postData`", by: "Reqable, PCAPdroid, HAR 1.3", read: "the bytes" },
    FormatConvention { what: "`request._content` with `encoding: base64`", by: "HTTP Toolkit", read: "the bytes" },
    FormatConvention {
        what: "`postData.params` and no `text`",
        by: "Insomnia, Charles",
        read: "a form body, or multipart, made of them",
    },
    FormatConvention {
        what: "plain text under a header that still says `gzip`",
        by: "HTTP Toolkit, Proxyman, browsers",
        read: "the text: bytes are believed, headers not",
    },
    FormatConvention {
        what: "a body that is an object or a list where its text belongs",
        by: "scripts",
        read: "the JSON as it is written",
    },
    FormatConvention {
        what: "`data:`, `blob:`, `about:`, `chrome-extension:` addresses",
        by: "browsers",
        read: "left out: nothing was sent",
    },
    FormatConvention {
        what: "an address without a host beside a `Host` header",
        by: "Akita, gateways",
        read: "the address at that host",
    },
    FormatConvention { what: "headers as pairs, or as one object", by: "Insomnia, scripts", read: "headers" },
    FormatConvention {
        what: "`cookies[]` and no `Cookie` header",
        by: "Firefox, Safari",
        read: "a `Cookie` header made of them",
    },
    FormatConvention {
        what: "`:method`, `:path` … among the headers",
        by: "Chromium",
        read: "left out: they are the address",
    },
    FormatConvention { what: "a `#fragment` in the address", by: "Chromium", read: "left out: it was not sent" },
    FormatConvention { what: "`h2`, `http/2.0`, `h3-29` …", by: "all", read: "`HTTP/2`, `HTTP/3`" },
    FormatConvention {
        what: "`_webSocketMessages`",
        by: "Chromium, Firefox, mitmproxy, HTTP Toolkit, PCAPdroid",
        read: "messages of the exchange",
    },
    FormatConvention {
        what: "`CONNECT` entries, `_tlsErrors`",
        by: "Charles, HTTP Toolkit",
        read: "traffic that could not be read",
    },
    FormatConvention {
        what: "no `text` although a length is stated, or U+FFFD in it",
        by: "all, above their size limits",
        read: "what is there, and a gap",
    },
    FormatConvention {
        what: "`_initiator`, timings, pages, caches",
        by: "browsers",
        read: "left out: nothing in them was sent",
    },
];

/// The way down to `log.entries`, and through it.
struct LogPath<'l, 'r> {
    scan: JsonScan<'l, 'r>,
    /// Entries so far; none before `entries` was met.
    entries: Option<u64>,
    each: &'l mut PieceSink<'l>,
}

/// Where `log` is: nothing in it but `entries` is gone into.
const LOG: u8 = 9;

#[derive(Clone, Copy, PartialEq, Eq)]
enum LogEnd {
    /// Where it should.
    Whole,
    /// The file ended within.
    Cut,
    /// Whoever asked wants no more.
    Enough,
}

impl LogPath<'_, '_> {
    /// All texts of the file: one HAR, several one after another or in a list,
    /// and entries by line.
    fn texts(&mut self) -> LogEnd {
        loop {
            match self.scan.next() {
                None => return LogEnd::Whole,
                Some(b'{') => {
                    let end = if self.scan.is_entry() { self.entry(b'{') } else { self.object(0) };
                    if end != LogEnd::Whole {
                        return end;
                    }
                }
                // What parts or encloses them (RFC 7464, lists).
                Some(b'[' | b']' | b',' | 0x1e | 0) => self.scan.pass(),
                Some(_) => {
                    let (bytes, said) = (self.scan.rest(), self.entries.is_some());
                    if said {
                        let says = format!("{bytes} bytes more follow after the end of the HAR, and are none");
                        let _ = (self.each)(CapturePiece::gap(self.entries.unwrap_or(0), GapReason::Unsupported, says));
                    }
                    return LogEnd::Whole;
                }
            }
        }
    }

    /// One entry, as it stands.
    fn entry(&mut self, first: u8) -> LogEnd {
        let index = *self.entries.get_or_insert(0);
        let mut kept = BoundedBytes::up_to(PIECE);
        let whole = self.scan.value(Some(&mut kept));
        self.entries = Some(index + 1);
        match (self.each)(piece(index, first, kept, whole)) {
            ControlFlow::Break(()) => LogEnd::Enough,
            ControlFlow::Continue(()) => LogEnd::of(whole),
        }
    }

    /// An object that has `log`, or holds one that has it.
    fn object(&mut self, depth: u8) -> LogEnd {
        /// Objects around `log`.
        const DEEPEST: u8 = 4;
        self.scan.pass();
        loop {
            match self.scan.next() {
                None => return LogEnd::Cut,
                Some(b'}') => {
                    self.scan.pass();
                    return LogEnd::Whole;
                }
                Some(b'"') => {
                    let Some(key) = self.scan.key() else { return LogEnd::Cut };
                    let Some(first) = self.scan.next() else { return LogEnd::Cut };
                    let end = match (&key[..], first) {
                        (b"log", b'{') if depth < LOG => self.object(LOG),
                        (b"entries", b'[') => self.entries(),
                        (b"_tlsErrors", b'[') => self.refusals(),
                        (_, b'{') if depth < DEEPEST => self.object(depth + 1),
                        (_, b'[') if depth < DEEPEST => self.list(depth + 1),
                        _ => LogEnd::of(self.scan.value(None)),
                    };
                    if end != LogEnd::Whole {
                        return end;
                    }
                }
                Some(_) => self.scan.pass(),
            }
        }
    }

    /// A list beside which there is no `log`: of HARs, of entries, or of neither.
    fn list(&mut self, depth: u8) -> LogEnd {
        self.scan.pass();
        loop {
            let end = match self.scan.next() {
                None => return LogEnd::Cut,
                Some(b']') => {
                    self.scan.pass();
                    return LogEnd::Whole;
                }
                Some(b',' | b'}' | b':') => {
                    self.scan.pass();
                    LogEnd::Whole
                }
                Some(b'{') if self.scan.is_entry() => self.entry(b'{'),
                Some(b'{') => self.object(depth),
                Some(_) => LogEnd::of(self.scan.value(None)),
            };
            if end != LogEnd::Whole {
                return end;
            }
        }
    }

    fn entries(&mut self) -> LogEnd {
        self.scan.pass();
        loop {
            self.entries.get_or_insert(0);
            match self.scan.next() {
                None => return LogEnd::Cut,
                Some(b']') => {
                    self.scan.pass();
                    return LogEnd::Whole;
                }
                Some(b',' | b'}' | b':') => self.scan.pass(),
                Some(first) => {
                    let end = self.entry(first);
                    if end != LogEnd::Whole {
                        return end;
                    }
                }
            }
        }
    }

    /// Connections whose client refused the proxy's certificate: HTTP Toolkit
    /// lists them beside the entries.
    fn refusals(&mut self) -> LogEnd {
        self.scan.pass();
        let mut count = 0u64;
        let end = loop {
            match self.scan.next() {
                None => break LogEnd::Cut,
                Some(b']') => {
                    self.scan.pass();
                    break LogEnd::Whole;
                }
                Some(b',' | b'}' | b':') => self.scan.pass(),
                Some(_) => {
                    if !self.scan.value(None) {
                        break LogEnd::Cut;
                    }
                    count += 1;
                }
            }
        };
        if count == 0 {
            return end;
        }
        let says = format!("{count} connections were not let in by TLS: what they carried is not in the capture");
        match (self.each)(CapturePiece::gap(self.entries.unwrap_or(0), GapReason::Sealed, says)) {
            ControlFlow::Break(()) => LogEnd::Enough,
            ControlFlow::Continue(()) => end,
        }
    }
}

impl LogEnd {
    fn of(whole: bool) -> Self {
        if whole { Self::Whole } else { Self::Cut }
    }
}

/// Of an entry so many bytes are kept; from there on strings are cut.
const PIECE: usize = 16 << 20;

fn piece(index: u64, first: u8, kept: BoundedBytes, whole: bool) -> CapturePiece {
    if first != b'{' {
        return CapturePiece::gap(index, GapReason::Broken, format!("entry {index} is not an object"));
    }
    if kept.lost() {
        return CapturePiece::gap(index, GapReason::Budget, format!("entry {index} is larger than the budget allows"));
    }
    let elided = kept.elided();
    let piece = CapturePiece::of(&Har, index, kept.into_bytes());
    match (elided, whole) {
        (true, _) => {
            piece.but(GapReason::Budget, "the entry is larger than the budget allows: long texts in it were cut")
        }
        (_, false) => piece.but(GapReason::Cut, "the file ends within this entry"),
        _ => piece,
    }
}

#[cfg(test)]
mod tests;
