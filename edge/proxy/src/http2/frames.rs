//! Finds the bytes that a client sends over HTTP/2 outside its requests,
//! without a socket.
//!
//! hyper silently accepts unknown frames, debug data of GOAWAY and floods of
//! PING or PRIORITY (RFC 9113 §4.1, §6.8), and it does not report requests that
//! break off with their connection. Therefore the frames are counted before
//! hyper gets them, and bytes that belong to no request are kept.

/// Counts the frames that arrived on one connection.
#[derive(Default)]
pub(crate) struct FrameAccount {
    /// How many bytes of the preface have arrived (§3.4).
    preface: usize,
    /// The header of the current frame, as far as it has arrived.
    head: [u8; HEAD],
    have: usize,
    /// How many bytes of its payload have not arrived yet.
    left: usize,
    /// How many payload bytes to skip before the rest is kept. None: nothing is
    /// kept.
    keep_after: Option<usize>,
    /// Where the debug data of the current GOAWAY starts in the kept bytes.
    debug_data: Option<usize>,
    highest_stream: u32,
    control_frames: u64,
    requests: u64,
    outside: Vec<u8>,
    /// The connection from its first byte on, until hyper delivers a request.
    start: Vec<u8>,
}

const PREFACE: usize = 24;
const HEAD: usize = 9;
/// How many bytes of a connection are kept.
const MOST_KEPT: usize = 64 << 10;
/// How many SETTINGS, PRIORITY and PING frames a connection may have, and how
/// many more for each of its requests.
const CONTROL_FRAMES: u64 = 64;
const CONTROL_FRAMES_OF_A_REQUEST: u64 = 8;
/// A stream identifier and the longest priority that has a meaning (RFC 9218
/// §7.1).
const LONGEST_PRIORITY: usize = 24;

impl FrameAccount {
    /// Reads the next bytes from the client; `served` says how many of its
    /// requests hyper has delivered so far.
    pub(crate) fn see(&mut self, bytes: &[u8], served: u64) {
        if served > 0 {
            self.start = Vec::new();
        } else {
            keep(&mut self.start, bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = self.step(rest);
            rest = &rest[taken..];
        }
    }

    /// How many requests have started.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// The bytes that belong to no request. If there are none but a request
    /// started, these are the first bytes of the connection.
    pub(crate) fn unread(&self) -> &[u8] {
        if self.outside.is_empty() && self.requests > 0 { &self.start } else { &self.outside }
    }

    pub(crate) fn is_ordinary(&self) -> bool {
        self.outside.is_empty()
    }

    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.preface < PREFACE {
            let count = bytes.len().min(PREFACE - self.preface);
            self.preface += count;
            return count;
        }
        if self.have < HEAD {
            let count = bytes.len().min(HEAD - self.have);
            self.head[self.have..self.have + count].copy_from_slice(&bytes[..count]);
            self.have += count;
            if self.have == HEAD {
                self.begin();
            }
            return count;
        }
        let count = bytes.len().min(self.left);
        if let Some(skip) = &mut self.keep_after {
            let skipped = count.min(*skip);
            *skip -= skipped;
            keep(&mut self.outside, &bytes[skipped..count]);
        }
        self.left -= count;
        self.end_if_over();
        count
    }

    /// A frame starts: its header has arrived (RFC 9113 §4.1).
    fn begin(&mut self) {
        let [a, b, c, kind, _, stream @ ..] = self.head;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        self.keep_after = self.kept_of(kind, u32::from_be_bytes(stream) & 0x7fff_ffff);
        self.end_if_over();
    }

    fn end_if_over(&mut self) {
        if self.left == 0 {
            self.have = 0;
            if let Some(start) = self.debug_data.take()
                && DEBUG_DATA_OF_LIBRARIES.contains(&&self.outside[start..])
            {
                self.outside.truncate(start);
            }
        }
    }

    /// From which offset on a frame's payload is kept. None: the frame belongs
    /// to a request or carries no data of its own.
    fn kept_of(&mut self, kind: u8, stream: u32) -> Option<usize> {
        const ALL: Option<usize> = Some(0);
        let is_known = stream != 0 && stream <= self.highest_stream;
        match kind {
            DATA if is_known => None,
            HEADERS if is_known => None,
            HEADERS if stream % 2 == 1 => {
                self.highest_stream = stream;
                self.requests += 1;
                None
            }
            CONTINUATION | RST_STREAM | WINDOW_UPDATE => None,
            GOAWAY => {
                self.debug_data = Some(self.outside.len());
                Some(GOAWAY_FIELDS)
            }
            PRIORITY_UPDATE if self.left <= LONGEST_PRIORITY => None,
            PRIORITY | SETTINGS | PING => {
                self.control_frames += 1;
                let allowed = CONTROL_FRAMES + CONTROL_FRAMES_OF_A_REQUEST * self.requests;
                if self.control_frames > allowed { ALL } else { None }
            }
            _ => ALL,
        }
    }
}

/// Frame types (RFC 9113 §6, RFC 9218 §7.1).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const PRIORITY_UPDATE: u8 = 16;
/// The length of the GOAWAY fields before the debug data (RFC 9113 §6.8).
const GOAWAY_FIELDS: usize = 8;

/// Debug data without any information: libcurl ends each connection with it
/// (curl, `lib/http2.c`, `nghttp2_submit_goaway`).
const DEBUG_DATA_OF_LIBRARIES: [&[u8]; 2] = [b"shutdown", b"shutdown\0"];

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = MOST_KEPT.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        [&[0, 0, payload.len() as u8, kind, 0, 0, 0, 0, stream][..], payload].concat()
    }

    /// The unread bytes of these frames, and the number of requests, the same
    /// for every split into reads.
    fn account(frames: &[Vec<u8>]) -> (Vec<u8>, u64) {
        let wire = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frames.concat()].concat();
        let of = |at_once: usize| {
            let mut account = FrameAccount::default();
            wire.chunks(at_once).for_each(|piece| account.see(piece, 1));
            (account.outside.clone(), account.requests())
        };
        let whole = of(wire.len());
        for at_once in [1, 2, 7, 10] {
            assert_eq!(of(at_once), whole);
        }
        whole
    }

    #[test]
    fn a_browsers_frames_leave_nothing() {
        let settings = frame(SETTINGS, 0, &[0; 36]);
        let frames = [
            settings,
            frame(WINDOW_UPDATE, 0, &[0; 4]),
            frame(PRIORITY, 3, &[0; 5]),
            frame(HEADERS, 1, b"fields"),
            frame(DATA, 1, b"content"),
            frame(HEADERS, 1, b"trailers"),
            frame(PRIORITY_UPDATE, 0, b"\0\0\0\x03u=3, i"),
            frame(HEADERS, 3, b"fields"),
            frame(PING, 0, &[0; 8]),
            frame(RST_STREAM, 3, &[0; 4]),
            frame(GOAWAY, 0, &[0; 8]),
            frame(GOAWAY, 0, b"\0\0\0\0\0\0\0\0shutdown\0"),
        ];
        assert_eq!(account(&frames), (vec![], 2));
    }

    #[test]
    fn what_belongs_to_no_request_is_kept() {
        for (frame, kept) in [
            (frame(0xbe, 0, b"secret"), &b"secret"[..]),
            (frame(0x0a, 1, b"secret"), b"secret"),
            (frame(5, 1, b"secret"), b"secret"),
            (frame(GOAWAY, 0, b"12345678secret"), b"secret"),
            (frame(GOAWAY, 0, b"12345678shutdown\0secret"), b"shutdown\0secret"),
            (frame(DATA, 9, b"secret"), b"secret"),
            (frame(DATA, 0, b"secret"), b"secret"),
            (frame(HEADERS, 2, b"secret"), b"secret"),
            (frame(PRIORITY_UPDATE, 0, b"\0\0\0\x01u=3, i, secret=secret"), b"\0\0\0\x01u=3, i, secret=secret"),
        ] {
            assert_eq!(account(&[self::frame(SETTINGS, 0, b""), frame]).0, kept);
        }
        for kind in [PING, PRIORITY, SETTINGS] {
            let flood: Vec<_> = (0..200).map(|_| frame(kind, 0, b"secrets!")).collect();
            let (kept, _) = account(&flood);
            assert_eq!(kept.len(), (200 - CONTROL_FRAMES as usize) * 8, "{kind}");
        }
    }

    #[test]
    fn the_memory_of_it_is_bounded() {
        let mut account = FrameAccount::default();
        account.see(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0);
        for _ in 0..5_000 {
            account.see(&frame(0xbe, 0, &[7; 200]), 0);
        }
        assert_eq!((account.outside.len(), account.start.len()), (MOST_KEPT, MOST_KEPT));
        account.see(b"x", 1);
        assert!(account.start.is_empty());
    }
}
