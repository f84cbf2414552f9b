//! Answers that servers gave to a page, buffered until a decision needs the
//! hosts that these answers name.
//!
//! Most requests are decided without reading any answer. So the bytes are
//! buffered, and are searched for hosts only when a decision needs them. An
//! answer that is still arriving is searched too, because a browser acts on the
//! first half of a page before the second half is there. A finished answer is
//! dropped once it was searched.

use model::{LayerPlace, Trail};

use crate::hosts::hosts;

/// Bytes of all answers that may be buffered. Above this, the answers are
/// searched at once.
const MOST: usize = 8 << 20;
/// Bytes of one answer that are searched; the rest is ignored.
const LONGEST: usize = 4 << 20;

/// One answer of a page.
struct PageAnswer {
    id: u64,
    /// Sites whose pages this answer is part of.
    sites: Vec<String>,
    coding: Option<&'static str>,
    bytes: Vec<u8>,
    /// How many of the bytes were searched already.
    read: usize,
    ended: bool,
}

/// Answers that were not yet searched to their end.
#[derive(Default)]
pub(crate) struct PageAnswers {
    open: Vec<PageAnswer>,
    next: u64,
}

impl PageAnswers {
    /// An answer begins. Its content coding is what the server says it is.
    pub(crate) fn begin(&mut self, sites: Vec<String>, coding: Option<&[u8]>) -> u64 {
        self.next += 1;
        let coding = coding.and_then(decoder);
        self.open.push(PageAnswer { id: self.next, sites, coding, bytes: Vec::new(), read: 0, ended: false });
        self.next
    }

    /// More bytes of an answer arrive.
    pub(crate) fn more(&mut self, id: u64, bytes: &[u8]) {
        if let Some(answer) = self.open.iter_mut().find(|answer| answer.id == id) {
            let room = LONGEST - answer.bytes.len();
            answer.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// An answer is complete.
    pub(crate) fn end(&mut self, id: u64) {
        if let Some(answer) = self.open.iter_mut().find(|answer| answer.id == id) {
            answer.ended = true;
        }
    }

    /// Whether more bytes are buffered than [`MOST`] allows.
    pub(crate) fn is_much(&self) -> bool {
        self.open.iter().map(|answer| answer.bytes.len()).sum::<usize>() > MOST
    }

    /// Searches all answers that have new bytes, calls `found` for each host
    /// with the sites of the page, and drops the complete answers.
    pub(crate) fn read(&mut self, found: &mut dyn FnMut(&[String], String)) {
        for answer in &mut self.open {
            if answer.read == answer.bytes.len() {
                continue;
            }
            answer.read = answer.bytes.len();
            let plain = answer.coding.and_then(|layer| decoded(layer, &answer.bytes));
            hosts(plain.as_deref().unwrap_or(&answer.bytes), &mut |host| found(&answer.sites, host));
        }
        self.open.retain(|answer| !answer.ended && answer.bytes.len() < LONGEST);
    }
}

/// The decoder of a content coding (RFC 9110 §8.4.1).
fn decoder(coding: &[u8]) -> Option<&'static str> {
    match coding.to_ascii_lowercase().trim_ascii() {
        b"gzip" | b"x-gzip" => Some("gzip"),
        b"br" => Some("brotli"),
        b"zstd" => Some("zstd"),
        b"deflate" => Some("zlib"),
        _ => None,
    }
}

fn decoded(layer: &'static str, bytes: &[u8]) -> Option<Vec<u8>> {
    let trail = Trail::default().then("value", LayerPlace::Whole).then(layer, LayerPlace::Whole);
    decode::walk_value(bytes, &trail)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(answers: &mut PageAnswers) -> Vec<String> {
        let mut all = Vec::new();
        answers.read(&mut |sites, host| all.push(format!("{} {host}", sites.join(","))));
        all
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        coder.write_all(text).unwrap();
        coder.finish().unwrap()
    }

    #[test]
    fn an_answer_that_still_comes_is_read_as_far_as_it_came() {
        let mut answers = PageAnswers::default();
        let id = answers.begin(vec!["a.example".into()], None);
        answers.more(id, b"<img src=//one.example/>");
        assert_eq!(read(&mut answers), ["a.example one.example"]);
        answers.more(id, b"<img src=//two.example/>");
        assert!(read(&mut answers).contains(&"a.example two.example".into()));
        answers.end(id);
        assert_eq!(read(&mut answers), Vec::<String>::new(), "nothing new");
        assert!(answers.open.is_empty(), "and it is let go");
    }

    #[test]
    fn a_packed_answer_is_opened_even_when_half_of_it_is_there() {
        let filler: String = (0..4_000).map(|i| format!("{i:x} ")).collect();
        let packed = gzip(format!("<script src=https://cdn.example/s.js></script>{filler}").as_bytes());
        let mut answers = PageAnswers::default();
        let id = answers.begin(vec!["a.example".into()], Some(b"GZIP"));
        answers.more(id, &packed[..packed.len() / 2]);
        assert_eq!(read(&mut answers), ["a.example cdn.example"]);
    }

    #[test]
    fn a_header_that_lies_about_the_coding_hides_nothing() {
        let mut answers = PageAnswers::default();
        let id = answers.begin(vec!["a.example".into()], Some(b"gzip"));
        answers.more(id, b"<img src=//one.example/>");
        assert_eq!(read(&mut answers), ["a.example one.example"]);
    }

    #[test]
    fn an_answer_without_end_is_bounded() {
        let mut answers = PageAnswers::default();
        let id = answers.begin(vec![], None);
        for _ in 0..20 {
            answers.more(id, &vec![b' '; 1 << 20]);
        }
        assert_eq!(answers.open[0].bytes.len(), LONGEST);
    }
}
