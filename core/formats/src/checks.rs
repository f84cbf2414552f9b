//! What a capture reads as, in the words of a test.

use std::fmt::Write;

use expect_test::Expect;
use model::{Direction, Exchange, Record};

use crate::{PieceItem, read};

/// Checks what is read from a capture, one thing a line.
pub(crate) fn check(capture: impl AsRef<[u8]>, expected: Expect) {
    expected.assert_eq(&shown(capture.as_ref()));
}

/// What is read from a capture, one thing a line.
pub(crate) fn shown(capture: &[u8]) -> String {
    let mut out = String::new();
    // One byte at a time: no format may depend on what comes together.
    for chunk in [usize::MAX, 1] {
        let mut text = String::new();
        let mut input = ChunkedReader { rest: capture, chunk };
        let format = read(&mut input, &mut |item| match item {
            PieceItem::Record(Record::Exchange(exchange)) => show(&exchange, &mut text),
            PieceItem::Record(_) => text.push_str("a record\n"),
            PieceItem::Gap(gap) => {
                let at = gap.exchange.map(|index| format!("{index} ")).unwrap_or_default();
                let _ = writeln!(text, "{at}{} ! {:?}: {}", gap.place, gap.why, gap.says);
            }
        });
        if let Err(refused) = format {
            let _ = writeln!(text, "refused: {refused}");
        }
        assert!(out.is_empty() || out == text, "read otherwise a byte at a time:\n{text}");
        out = text;
    }
    out
}

fn show(exchange: &Exchange, out: &mut String) {
    let request = &exchange.request;
    let _ = writeln!(out, "{} {} {} {}", exchange.index, request.method, request.url, request.version);
    for header in &request.headers {
        let _ = writeln!(out, "  {}: {}", header.name, header.value.escape_ascii());
    }
    if !request.body.bytes.is_empty() {
        let _ = writeln!(out, "  > {}", text(&request.body.bytes));
    }
    if let Some(response) = &exchange.response {
        let _ = writeln!(out, "  {} < {}", response.status, text(&response.body.bytes));
    }
    for message in &exchange.messages {
        let arrow = if message.direction == Direction::FromClient { ">>" } else { "<<" };
        let kind = if message.text { "" } else { " binary" };
        let _ = writeln!(out, "  {arrow}{kind} {}", text(&message.body.bytes));
    }
    if let Some(seal) = &exchange.seal {
        let _ = writeln!(out, "  sealed: {}", seal.says);
    }
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && c != '\n') => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

struct ChunkedReader<'c> {
    rest: &'c [u8],
    chunk: usize,
}

impl std::io::Read for ChunkedReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let some = self.chunk.min(into.len()).min(self.rest.len());
        into[..some].copy_from_slice(&self.rest[..some]);
        self.rest = &self.rest[some..];
        Ok(some)
    }
}
