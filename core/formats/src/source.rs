//! The file, read through a window that moves forward.
//!
//! Formats read the bytes in the window and move on. If the file as a whole is
//! compressed (`.zhar`, `.har.gz`) or is UTF-16, it is unpacked here, so that
//! formats do not have to do it.

use std::{
    fmt,
    io::{self, Read},
};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

use crate::utf16::Utf16Reader;

/// A file that is being read.
pub(crate) struct CaptureSource<'r> {
    input: Box<dyn Read + 'r>,
    window: Vec<u8>,
    /// The unread part of the window.
    start: usize,
    end: usize,
    ended: bool,
    /// The error that ended reading before the end of the file.
    trouble: Option<io::Error>,
    packed: bool,
    /// TLS secrets that were given with the file.
    key_log: &'r [u8],
}

impl fmt::Debug for CaptureSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source(..)")
    }
}

const WINDOW: usize = 128 << 10;
/// Bytes of the file that a format may examine to decide whether it fits.
const HEAD: usize = 4 << 10;

impl<'r> CaptureSource<'r> {
    /// Opens a file; removes compression and UTF-16.
    pub(crate) fn open(input: &'r mut dyn Read) -> Self {
        /// Layers of compression or encoding that are removed at most.
        const MOST: usize = 4;
        let mut source = Self::over(Box::new(input), false);
        for _ in 0..MOST {
            let (unpack, packed): (UnpackLayer<'r>, bool) = match source.head() {
                [0x1f, 0x8b, 8, ..] => (|packed| Box::new(MultiGzDecoder::new(packed)), true),
                [0x28, 0xb5, 0x2f, 0xfd, ..] => (unpack_zstd, true),
                [a, b, ..] if is_zlib(*a, *b) => (|packed| Box::new(ZlibDecoder::new(packed)), true),
                [0xff, 0xfe, ..] | [b'{' | b'[', 0, ..] => {
                    (|text| Box::new(Utf16Reader::new(text, u16::from_le_bytes)), false)
                }
                [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] => {
                    (|text| Box::new(Utf16Reader::new(text, u16::from_be_bytes)), false)
                }
                _ => return source,
            };
            let packed = packed || source.packed;
            let head = source.window[source.start..source.end].to_vec();
            let rest = io::Cursor::new(head).chain(source.input);
            source = Self::over(unpack(Box::new(rest)), packed);
        }
        source
    }

    /// The same file, with secrets that lay beside it.
    pub(crate) fn with_keys(mut self, key_log: &'r [u8]) -> Self {
        self.key_log = key_log;
        self
    }

    /// Secrets that were given with the file.
    pub(crate) fn key_log(&self) -> &'r [u8] {
        self.key_log
    }

    fn over(input: Box<dyn Read + 'r>, packed: bool) -> Self {
        Self { input, window: vec![0; WINDOW], start: 0, end: 0, ended: false, trouble: None, packed, key_log: &[] }
    }

    /// The first bytes, or all there are.
    pub(crate) fn head(&mut self) -> &[u8] {
        while self.end - self.start < HEAD && self.more() {}
        &self.window[self.start..self.end]
    }

    /// The bytes in the window, which is filled if it is empty. An empty result
    /// is the end of the file.
    pub(crate) fn look(&mut self) -> &[u8] {
        if self.start == self.end {
            self.more();
        }
        &self.window[self.start..self.end]
    }

    /// Moves on by `bytes`.
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    /// The next `count` bytes, or as many as there are.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let mut taken = Vec::with_capacity(count.min(WINDOW));
        while taken.len() < count {
            let seen = self.look();
            if seen.is_empty() {
                break;
            }
            let some = seen.len().min(count - taken.len());
            taken.extend_from_slice(&seen[..some]);
            self.pass(some);
        }
        taken
    }

    /// Leaves out the next `count` bytes: false if there are not so many.
    pub(crate) fn leave_out(&mut self, mut count: u64) -> bool {
        while count > 0 {
            let seen = self.look().len();
            if seen == 0 {
                return false;
            }
            let some = count.min(seen as u64);
            self.pass(some as usize);
            count -= some;
        }
        true
    }

    /// Plain words for the error that ended reading before the end of the file.
    pub(crate) fn trouble(&self) -> Option<String> {
        let error = self.trouble.as_ref()?;
        Some(match self.packed {
            true => "the compressed file is cut or broken; what could be unpacked was read".to_owned(),
            false => format!("reading stopped before the end of the file: {error}"),
        })
    }

    /// The error because of which the file could not be read.
    pub(crate) fn into_trouble(self) -> Option<io::Error> {
        self.trouble
    }

    fn more(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end == self.window.len() {
            self.window.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        loop {
            match self.input.read(&mut self.window[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.end += count;
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.ended = true;
                    self.trouble = Some(error);
                }
            }
            return false;
        }
    }
}

/// Wraps a reader in a decompressor or decoder.
type UnpackLayer<'r> = fn(Box<dyn Read + 'r>) -> Box<dyn Read + 'r>;

fn unpack_zstd<'r>(packed: Box<dyn Read + 'r>) -> Box<dyn Read + 'r> {
    match StreamingDecoder::new(packed) {
        Ok(reader) => Box::new(reader),
        Err(_) => Box::new(io::empty()),
    }
}

/// RFC 1950 §2.2: deflate, and a check over both bytes.
fn is_zlib(a: u8, b: u8) -> bool {
    a & 0x0f == 8 && a >> 4 <= 7 && u16::from_be_bytes([a, b]).is_multiple_of(31)
}
