//! ZIP: archives of captures, and Fiddler's sessions (`.saz`), which are such.
//!
//! Entries are read one after the other, as they stand (APPNOTE 4.3.7), stored
//! or deflated. In a session `raw/1_c.txt` is a request and `raw/1_s.txt` its
//! answer; every other entry is read as a capture of its own.

use std::{collections::BTreeMap, ops::ControlFlow};

use flate2::{Decompress, FlushDecompress, Status};
use model::{GapReason, Time};

use super::{
    Format, PieceSink,
    raw_http::{self, RawTarget},
};
use crate::{
    piece::{CapturePiece, PieceItem},
    refused::RefusedFile,
    source::CaptureSource,
};

pub(super) struct ZipArchive;

/// Larger entries are left out.
const ENTRY: usize = 64 << 20;
/// Sessions that wait for their answer.
const SESSIONS: usize = 1 << 16;
/// What stands between a request and its answer in a piece of a session.
const BETWEEN: usize = 8;

impl Format for ZipArchive {
    fn name(&self) -> &'static str {
        "zip"
    }

    fn says(&self) -> &'static str {
        "ZIP archives of captures, and Fiddler's sessions (`.saz`): stored and deflated entries, without a password"
    }

    fn fits(&self, head: &[u8]) -> bool {
        head.starts_with(b"PK\x03\x04")
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        let mut archive = Archive { index: 0, captures: 0, waiting: BTreeMap::new(), early: Vec::new(), each };
        let ended = archive.entries(source);
        let is_over = matches!(ended, ControlFlow::Break(EntryEnd::Enough));
        if !is_over {
            archive.leftovers();
        }
        if let ControlFlow::Break(EntryEnd::Wrong(why, says)) = ended {
            let _ = archive.gap(why, says);
        }
        if archive.captures == 0 && archive.index == 0 {
            return Err(RefusedFile::NotACapture("it is a ZIP archive in which there is no capture that can be read"));
        }
        Ok(archive.index)
    }

    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) {
        let Some((length, rest)) = bytes.split_first_chunk::<BETWEEN>() else { return };
        let at = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX).min(rest.len());
        let (request, response) = rest.split_at(at);
        // Fiddler writes the whole address into the request line.
        let is_tls = request.split(|byte| *byte == b' ').nth(1).is_some_and(|target| target.starts_with(b"https:"));
        let target = RawTarget { host: "unknown".into(), port: if is_tls { 443 } else { 80 }, is_tls, at: Time(0) };
        raw_http::read(index, target, request, response, each);
    }
}

struct Archive<'a, 'e> {
    /// Requests so far.
    index: u64,
    captures: u64,
    /// Requests of a session without their answers, and answers without their requests.
    waiting: BTreeMap<String, SessionPair>,
    /// What was wrong before there was any capture: without one the archive is refused.
    early: Vec<(GapReason, String)>,
    each: &'a mut PieceSink<'e>,
}

/// A request of a session and its answer, as far as they came.
type SessionPair = (Option<Vec<u8>>, Option<Vec<u8>>);

/// So many faults are named one by one.
const FAULTS: usize = 64;

enum EntryEnd {
    Whole,
    Enough,
    Wrong(GapReason, &'static str),
}

const CUT: EntryEnd = EntryEnd::Wrong(GapReason::Cut, "the archive ends early: the rest is missing");

impl Archive<'_, '_> {
    fn gap(&mut self, why: GapReason, says: impl Into<String>) -> ControlFlow<()> {
        if self.index > 0 || self.captures > 0 {
            return (self.each)(CapturePiece::gap(self.index, why, says));
        }
        if self.early.len() < FAULTS {
            self.early.push((why, says.into()));
        }
        ControlFlow::Continue(())
    }

    /// Gives what was wrong before, now that there is a capture.
    fn begun(&mut self) -> ControlFlow<()> {
        let index = self.index;
        self.early.drain(..).try_for_each(|(why, says)| (self.each)(CapturePiece::gap(index, why, says)))
    }

    fn entries(&mut self, source: &mut CaptureSource<'_>) -> ControlFlow<EntryEnd> {
        loop {
            let head = source.take(30);
            match head.get(..4) {
                Some(b"PK\x03\x04") if head.len() == 30 => {}
                // The list of entries follows: all were read.
                Some(b"PK\x01\x02" | b"PK\x05\x06" | b"PK\x06\x06" | b"PK\x06\x08") => {
                    return ControlFlow::Break(EntryEnd::Whole);
                }
                Some(b"PK\x03\x04") | None => return ControlFlow::Break(CUT),
                Some(_) => {
                    return ControlFlow::Break(EntryEnd::Wrong(
                        GapReason::Broken,
                        "the archive is broken: the rest cannot be read",
                    ));
                }
            }
            let u16_at = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
            let u32_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
            let (flags, method, packed) = (u16_at(6), u16_at(8), u32_at(18));
            let name = source.take(u16_at(26));
            if !source.leave_out(u16_at(28) as u64) {
                return ControlFlow::Break(CUT);
            }
            let follows = flags & 8 != 0;
            let (bytes, is_whole) = match method {
                8 if flags & 1 == 0 => inflate(source),
                0 if flags & 1 == 0 && !follows => stored(source, packed as usize),
                _ if !follows && packed != u32::MAX => {
                    let is_there = source.leave_out(u64::from(packed));
                    let says =
                        "an entry of the archive is encrypted, or packed in a way that is not read: unpack it first";
                    if self.gap(GapReason::Unsupported, says).is_break() {
                        return ControlFlow::Break(EntryEnd::Enough);
                    }
                    if is_there { continue } else { return ControlFlow::Break(CUT) }
                }
                _ => {
                    let says = "an entry of the archive does not say how long it is: unpack the archive first";
                    return ControlFlow::Break(EntryEnd::Wrong(GapReason::Unsupported, says));
                }
            };
            if follows {
                descriptor(source);
            }
            // Of one that is cut or broken what is there is read.
            if self.entry(&String::from_utf8_lossy(&name), bytes).is_break() {
                return ControlFlow::Break(EntryEnd::Enough);
            }
            match is_whole {
                EntryState::Whole => {}
                EntryState::Cut => return ControlFlow::Break(CUT),
                EntryState::Broken => {
                    return ControlFlow::Break(EntryEnd::Wrong(
                        GapReason::Broken,
                        "an entry of the archive is broken: the rest cannot be read",
                    ));
                }
                EntryState::TooLarge => {
                    return ControlFlow::Break(EntryEnd::Wrong(
                        GapReason::Budget,
                        "an entry of the archive is larger than the budget allows: the rest was not read",
                    ));
                }
            }
        }
    }

    fn entry(&mut self, name: &str, bytes: Vec<u8>) -> ControlFlow<()> {
        if bytes.is_empty() || name.ends_with('/') {
            return ControlFlow::Continue(());
        }
        if let Some(session) = name.strip_prefix("raw/") {
            return self.session(session, bytes);
        }
        // What describes the archive: Fiddler's index and types.
        if matches!(name, "_index.htm" | "[Content_Types].xml" | "_metadata.xml") {
            return ControlFlow::Continue(());
        }
        let (before, each) = (self.index, &mut *self.each);
        let mut count = 0;
        let ended = super::cut_within_archive(&mut &bytes[..], &mut |piece| {
            count = count.max(piece.index() + 1);
            each(piece.behind(before))
        });
        match ended {
            Ok(_) => {
                self.captures += 1;
                self.index += count;
                self.begun()
            }
            Err(refused) => {
                self.gap(GapReason::Unsupported, format!("an entry of the archive {refused}: it was not read"))
            }
        }
    }

    /// `12_c.txt`, `12_s.txt`, and what else Fiddler knows of it.
    fn session(&mut self, name: &str, bytes: Vec<u8>) -> ControlFlow<()> {
        let Some((number, side)) = name.rsplit_once('_') else { return ControlFlow::Continue(()) };
        if self.waiting.len() >= SESSIONS && !self.waiting.contains_key(number) {
            return self
                .gap(GapReason::Budget, "the session has more requests without an answer than the budget allows");
        }
        let pair = self.waiting.entry(number.to_owned()).or_default();
        match side {
            "c.txt" => pair.0 = Some(bytes),
            "s.txt" => pair.1 = Some(bytes),
            // Times, and messages of WebSockets.
            "w.txt" => return self.gap(GapReason::Unsupported, "messages of a WebSocket in the session were not read"),
            _ => return ControlFlow::Continue(()),
        }
        match pair {
            (Some(_), Some(_)) => {
                let pair = self.waiting.remove(number).unwrap_or_default();
                self.pair(pair)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pair(&mut self, pair: SessionPair) -> ControlFlow<()> {
        let (Some(request), response) = pair else {
            return self.gap(GapReason::Missing, "the session has an answer without its request");
        };
        let mut bytes = (request.len() as u64).to_be_bytes().to_vec();
        bytes.extend(request);
        bytes.extend(response.unwrap_or_default());
        self.index += 1;
        (self.each)(CapturePiece::of(&ZipArchive, self.index - 1, bytes))?;
        self.begun()
    }

    fn leftovers(&mut self) {
        for pair in std::mem::take(&mut self.waiting).into_values() {
            if self.pair(pair).is_break() {
                return;
            }
        }
    }
}

enum EntryState {
    Whole,
    Cut,
    Broken,
    TooLarge,
}

fn stored(source: &mut CaptureSource<'_>, length: usize) -> (Vec<u8>, EntryState) {
    if length > ENTRY {
        return (Vec::new(), EntryState::TooLarge);
    }
    let bytes = source.take(length);
    let state = if bytes.len() == length { EntryState::Whole } else { EntryState::Cut };
    (bytes, state)
}

/// An entry says itself where it ends.
fn inflate(source: &mut CaptureSource<'_>) -> (Vec<u8>, EntryState) {
    let (mut inflate, mut plain, mut part) = (Decompress::new(false), Vec::new(), vec![0; 32 << 10]);
    loop {
        let packed = source.look();
        let is_over = packed.is_empty();
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(packed, &mut part, FlushDecompress::None);
        source.pass((inflate.total_in() - before_in) as usize);
        let given = (inflate.total_out() - before_out) as usize;
        plain.extend_from_slice(&part[..given]);
        match status {
            Ok(_) if plain.len() > ENTRY => return (plain, EntryState::TooLarge),
            Ok(Status::StreamEnd) => return (plain, EntryState::Whole),
            _ if is_over && given == 0 => return (plain, EntryState::Cut),
            Ok(_) => {}
            Err(_) => return (plain, EntryState::Broken),
        }
    }
}

/// Check sum and lengths behind an entry, with or without their mark, short or long (4.3.9).
fn descriptor(source: &mut CaptureSource<'_>) {
    let is_next = |rest: &[u8]| rest.is_empty() || rest.starts_with(b"PK\x03\x04") || rest.starts_with(b"PK\x01\x02");
    let head = source.head();
    let length = [16, 12, 24, 20].into_iter().find(|length| head.get(*length..).is_some_and(is_next));
    source.pass(length.unwrap_or(16));
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use expect_test::expect;
    use flate2::{Compression, write::DeflateEncoder};

    use crate::checks::{check, shown};

    fn archive(entries: &[(&str, &[u8], u16)]) -> Vec<u8> {
        let mut file = Vec::new();
        for (name, plain, method) in entries {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(plain).unwrap();
            let bytes = if *method == 0 { plain.to_vec() } else { encoder.finish().unwrap() };
            // Deflated entries as a stream has them, with lengths behind.
            let (flags, length) = if *method == 0 { (0_u16, bytes.len() as u32) } else { (8, 0) };
            file.extend([b"PK\x03\x04\x14\0", &flags.to_le_bytes()[..], &method.to_le_bytes(), &[0; 8]].concat());
            file.extend([length.to_le_bytes(), (plain.len() as u32).to_le_bytes()].concat());
            file.extend([(name.len() as u16).to_le_bytes(), [0, 0]].concat());
            file.extend_from_slice(name.as_bytes());
            file.extend_from_slice(&bytes);
            if *method != 0 {
                file.extend([b"PK\x07\x08\0\0\0\0", &(bytes.len() as u32).to_le_bytes()[..], &[0; 4]].concat());
            }
        }
        file.extend(b"PK\x01\x02");
        file
    }

    const REQUEST: &[u8] = b"POST https://a.example/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const HAR: &[u8] =
        br#"{"log":{"entries":[{"request":{"url":"https://b.example/"}},{"request":{"url":"https://c.example/"}}]}}"#;

    #[test]
    fn a_session_of_fiddler_is_requests_with_their_answers() {
        check(
            archive(&[
                ("_index.htm", b"<html>", 8),
                ("raw/", b"", 0),
                ("raw/1_s.txt", ANSWER, 8),
                ("raw/1_m.xml", b"<Session/>", 8),
                ("raw/1_c.txt", REQUEST, 8),
                ("raw/2_c.txt", b"GET http://b.example/ HTTP/1.1\r\n\r\n", 0),
                ("raw/3_s.txt", ANSWER, 0),
            ]),
            expect![[r#"
                0 POST https://a.example/x HTTP/1.1
                  Host: a.example
                  Content-Length: 5
                  > hello
                  200 < ok
                1 GET http://b.example/ HTTP/1.1
                capture ! Missing: the session has an answer without its request
            "#]],
        );
    }

    #[test]
    fn captures_in_an_archive_are_read_one_behind_the_other() {
        check(
            archive(&[("one.har", HAR, 8), ("notes.txt", b"nothing", 0), ("sub/two.har", HAR, 0)]),
            expect![[r#"
                0 GET https://b.example/ 
                1 GET https://c.example/ 
                capture ! Unsupported: an entry of the archive is not a capture: it is no format that is known: it was not read
                2 GET https://b.example/ 
                3 GET https://c.example/ 
            "#]],
        );
    }

    #[test]
    fn an_archive_that_is_cut_or_a_bomb_is_a_gap() {
        let whole = archive(&[("one.har", HAR, 8), ("two.har", HAR, 0)]);
        for end in 0..whole.len() {
            shown(&whole[..end]);
        }
        let cut = shown(&whole[..whole.len() - 60]);
        assert!(cut.contains("1 GET") && cut.contains("! Cut: the archive ends early"), "{cut}");
        let bomb = archive(&[("one.har", HAR, 0), ("bomb", &vec![b' '; 80 << 20], 8)]);
        let mut says = Vec::new();
        crate::read(&mut &bomb[..], &mut |item| {
            if let crate::PieceItem::Gap(gap) = item {
                says.push(gap.says);
            }
        })
        .unwrap();
        assert!(says.iter().any(|says| says.contains("larger than the budget allows")), "{says:?}");
        let locked = archive(&[("one.har", HAR, 0), ("x", HAR, 99)]);
        assert!(shown(&locked).contains("does not say how long it is"));
        // One that holds an archive could hold itself.
        assert!(shown(&archive(&[("in.zip", &archive(&[("one.har", HAR, 0)]), 0)])).contains("no capture"));
        assert!(shown(&archive(&[("picture.png", b"\x89PNG\0\0", 0)])).contains("no capture"));
    }
}
