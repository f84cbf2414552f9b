//! The HTTP/2 fingerprint of a client: its settings, window and the order of its
//! pseudo-header fields, read from the first bytes of a connection (RFC 9113
//! §3.4, §6.5, §6.9, §8.3.1; RFC 7541 for the fields). It differs between client
//! programs.
//!
//! hyper shows none of these, so they are read from the bytes before hyper gets
//! them. The result looks like `1:65536;2:0|15663105|0|m,a,s,p`: settings in
//! order, the first increase of the connection's window, priority frames,
//! pseudo-header fields of the first request.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http2::frames::FrameAccount;

const PREFACE: usize = 24;
/// Enough for the settings and a first request with large cookies.
const LONGEST: usize = 64 * 1024;

/// Reads the bytes that pass through it until the fingerprint is known.
pub(crate) struct FingerprintTee<S> {
    inner: S,
    seen: Vec<u8>,
    print: Arc<OnceLock<String>>,
    done: bool,
    frames: Arc<ClientFrames>,
}

/// Counts a connection's frames, and the requests that hyper has delivered.
#[derive(Default)]
pub(crate) struct ClientFrames {
    pub(crate) served: AtomicU64,
    account: Mutex<FrameAccount>,
}

impl ClientFrames {
    pub(crate) fn account(&self) -> MutexGuard<'_, FrameAccount> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> FingerprintTee<S> {
    pub(crate) fn new(inner: S, frames: &Arc<ClientFrames>) -> (Self, Arc<OnceLock<String>>) {
        let (print, frames) = (Arc::new(OnceLock::new()), Arc::clone(frames));
        (Self { inner, seen: Vec::new(), print: Arc::clone(&print), done: false, frames }, print)
    }

    fn look(&mut self, bytes: &[u8]) {
        self.seen.extend_from_slice(bytes);
        let print = print(&self.seen);
        self.done = print.is_some() || self.seen.len() > LONGEST;
        if let Some(print) = print {
            // The value is set only once, because `done` is true from here on.
            let _ = self.print.set(print);
        }
        if self.done {
            self.seen = Vec::new();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FingerprintTee<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let ready = Pin::new(&mut self.inner).poll_read(cx, buf);
        let new = &buf.filled()[before..];
        if !new.is_empty() {
            self.frames.account().see(new, self.frames.served.load(Relaxed));
            if !self.done {
                self.look(new);
            }
        }
        ready
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FingerprintTee<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The fingerprint, once the first request's fields have arrived.
fn print(bytes: &[u8]) -> Option<String> {
    let (mut settings, mut window, mut priorities) = (Vec::new(), 0, Vec::new());
    let mut frames = bytes.get(PREFACE..)?;
    loop {
        let (head, rest) = frames.split_at_checked(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (body, after) = rest.split_at_checked(length)?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        match head[3] {
            1 => {
                let order = pseudo_fields(fields_of(body, head[4]));
                let priorities = if priorities.is_empty() { "0".into() } else { priorities.join(",") };
                return Some(format!("{}|{window}|{priorities}|{order}", settings.join(";")));
            }
            2 => priorities.extend(priority(stream, body)),
            // The acknowledgement of settings (flag 1) has no content.
            4 if head[4] & 1 == 0 => settings.extend(body.chunks_exact(6).map(setting)),
            8 if stream == 0 && window == 0 => window = number(body)? & 0x7fff_ffff,
            _ => {}
        }
        frames = after;
    }
}

fn setting(six: &[u8]) -> String {
    format!("{}:{}", u16::from_be_bytes([six[0], six[1]]), u32::from_be_bytes([six[2], six[3], six[4], six[5]]))
}

fn priority(stream: u32, body: &[u8]) -> Option<String> {
    let depends = number(body)?;
    let weight = u16::from(*body.get(4)?) + 1;
    Some(format!("{stream}:{}:{}:{weight}", depends >> 31, depends & 0x7fff_ffff))
}

fn number(body: &[u8]) -> Option<u32> {
    body.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// The field block of a HEADERS frame, without padding and priority.
fn fields_of(mut body: &[u8], flags: u8) -> &[u8] {
    if flags & 0x8 != 0 {
        let Some((padding, rest)) = body.split_first() else { return &[] };
        body = &rest[..rest.len().saturating_sub(usize::from(*padding))];
    }
    if flags & 0x20 != 0 { body.get(5..).unwrap_or_default() } else { body }
}

/// The first letters of the pseudo-header fields in their order. Pseudo-header
/// fields stand before all other fields, and most of their names are in the
/// static table; a name in Huffman code is shown as `?`.
fn pseudo_fields(mut block: &[u8]) -> String {
    let mut order: Vec<&str> = Vec::new();
    while let Some(letter) = pseudo_field(&mut block) {
        order.push(letter);
    }
    order.join(",")
}

fn pseudo_field(block: &mut &[u8]) -> Option<&'static str> {
    let first = *block.first()?;
    match first {
        0x80.. => name_of(integer(block, 7)?),
        0x40..=0x7f => literal(block, 6),
        0x20..=0x3f => {
            integer(block, 5)?;
            pseudo_field(block)
        }
        _ => literal(block, 4),
    }
}

fn literal(block: &mut &[u8], prefix: u32) -> Option<&'static str> {
    let index = integer(block, prefix)?;
    let name = if index == 0 { new_name(block)? } else { name_of(index)? };
    string(block)?;
    Some(name)
}

/// A literal field name: one of the pseudo-header fields, with or without
/// Huffman code.
fn new_name(block: &mut &[u8]) -> Option<&'static str> {
    match string(block)? {
        b":method" => Some("m"),
        b":authority" => Some("a"),
        b":scheme" => Some("s"),
        b":path" => Some("p"),
        // Huffman code of ':' is 1011100 (RFC 7541, appendix B).
        [first, ..] if first >> 1 == 0b101_1100 => Some("?"),
        _ => None,
    }
}

/// The names of entries 1 to 7 of the static table (RFC 7541, appendix A).
fn name_of(index: u64) -> Option<&'static str> {
    match index {
        1 => Some("a"),
        2 | 3 => Some("m"),
        4 | 5 => Some("p"),
        6 | 7 => Some("s"),
        _ => None,
    }
}

fn integer(block: &mut &[u8], prefix: u32) -> Option<u64> {
    let (first, mut rest) = block.split_first()?;
    let most = (1_u64 << prefix) - 1;
    let mut value = u64::from(*first) & most;
    if value == most {
        for shift in (0..).step_by(7).take(4) {
            let (next, after) = rest.split_first()?;
            rest = after;
            value += u64::from(next & 0x7f) << shift;
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    *block = rest;
    Some(value)
}

fn string<'b>(block: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(integer(block, 7)?).ok()?;
    let (text, rest) = block.split_at_checked(length)?;
    *block = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, body: &[u8]) -> Vec<u8> {
        [&[0, 0, body.len() as u8, kind, flags, 0, 0, 0, stream][..], body].concat()
    }

    fn connection(block: &[u8], flags: u8) -> Vec<u8> {
        let settings = [0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0];
        let window = 15_663_105_u32.to_be_bytes();
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, 0, &settings),
            frame(8, 0, 0, &window),
            frame(1, flags, 1, block),
        ]
        .concat()
    }

    /// :method GET, :authority (literal), :scheme https, :path (literal), a: b
    const BLOCK: &[u8] = b"\x82\x41\x03a.b\x87\x04\x02/x\x40\x01a\x01b";

    #[test]
    fn a_print_reads_settings_window_and_order() {
        assert_eq!(print(&connection(BLOCK, 4)).unwrap(), "1:65536;2:0|15663105|0|m,a,s,p");
    }

    #[test]
    fn padding_and_priority_are_skipped() {
        let padded = [&[3, 0x80, 0, 0, 0, 255][..], BLOCK, &[0; 3]].concat();
        assert_eq!(print(&connection(&padded, 0x2c)).unwrap(), "1:65536;2:0|15663105|0|m,a,s,p");
    }

    #[test]
    fn a_print_waits_for_the_first_request() {
        let all = connection(BLOCK, 4);
        assert!((0..all.len()).all(|cut| print(&all[..cut]).is_none()));
    }

    #[test]
    fn a_block_that_is_none_gives_what_was_read() {
        assert_eq!(pseudo_fields(b"\x82\x41\xff\xff\xff\xff\xff\xff"), "m");
        assert_eq!(pseudo_fields(b""), "");
    }
}
