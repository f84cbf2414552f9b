//! Walks over JSON without reading it.
//!
//! All it knows is where strings and brackets begin and end, so whatever is
//! wrong inside an entry stays inside that entry. It never holds more than one.

use crate::source::CaptureSource;

/// A place in a JSON text.
pub(in crate::formats) struct JsonScan<'s, 'r> {
    source: &'s mut CaptureSource<'r>,
}

impl<'s, 'r> JsonScan<'s, 'r> {
    pub(in crate::formats) fn new(source: &'s mut CaptureSource<'r>) -> Self {
        Self { source }
    }

    /// The next byte that is not white space. It is not passed.
    pub(in crate::formats) fn next(&mut self) -> Option<u8> {
        loop {
            let seen = self.source.look();
            if seen.is_empty() {
                return None;
            }
            match seen.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(at) => {
                    let byte = seen[at];
                    self.source.pass(at);
                    return Some(byte);
                }
                None => {
                    let all = seen.len();
                    self.source.pass(all);
                }
            }
        }
    }

    /// Whether the object that begins here is an entry: its own keys say so
    /// before one says that it holds entries.
    pub(in crate::formats) fn is_entry(&mut self) -> bool {
        let head = self.source.head();
        let (mut depth, mut at) = (0usize, 0);
        while let Some(byte) = head.get(at) {
            at += 1;
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b'"' => {
                    let start = at;
                    while let Some(found) = head.get(at..).and_then(quote_or_escape) {
                        at += found + 1;
                        if head[at - 1] == b'"' {
                            break;
                        }
                        at += 1;
                    }
                    let after = head.get(at..).unwrap_or_default().trim_ascii_start();
                    let value = after.strip_prefix(b":").filter(|_| depth == 1).map(<[u8]>::trim_ascii_start);
                    let is_key = value.is_some();
                    match head.get(start..at.saturating_sub(1)) {
                        Some(b"startedDateTime") if is_key => return true,
                        Some(b"request") if value.is_some_and(|value| value.starts_with(b"{")) => return true,
                        Some(b"log" | b"entries") if is_key => return false,
                        _ => {}
                    }
                }
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        false
    }

    /// Goes to the end of the file: how many bytes that is.
    pub(in crate::formats) fn rest(&mut self) -> u64 {
        let mut bytes = 0;
        loop {
            let seen = self.source.look().len();
            if seen == 0 {
                return bytes;
            }
            bytes += seen as u64;
            self.source.pass(seen);
        }
    }

    /// Passes the byte that was seen.
    pub(in crate::formats) fn pass(&mut self) {
        self.source.pass(1);
    }

    /// The key that begins here, as it is written, and the colon behind it.
    pub(in crate::formats) fn key(&mut self) -> Option<Vec<u8>> {
        let mut kept = BoundedBytes::up_to(KEY);
        if !self.value(Some(&mut kept)) {
            return None;
        }
        if self.next()? == b':' {
            self.pass();
        }
        let key = kept.into_bytes();
        Some(key.trim_ascii_end().strip_prefix(b"\"")?.strip_suffix(b"\"")?.to_vec())
    }

    /// Goes over the value that begins here: false if the file ends within it.
    pub(in crate::formats) fn value(&mut self, mut kept: Option<&mut BoundedBytes>) -> bool {
        let mut at = ScanState::default();
        loop {
            let seen = self.source.look();
            if seen.is_empty() {
                return false;
            }
            let (passed, done) = at.over(seen, kept.as_deref_mut());
            self.source.pass(passed);
            if done {
                return true;
            }
        }
    }
}

const KEY: usize = 1 << 10;

/// Where in a value we are.
#[derive(Default)]
struct ScanState {
    depth: u64,
    mode: ScanMode,
    /// A scalar has begun: the next separator ends it.
    scalar: bool,
    /// The string that we are in is not kept any more.
    eliding: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum ScanMode {
    #[default]
    Outside,
    String,
    Escape,
}

impl ScanState {
    /// Goes over `seen`: how much of it belongs to the value, and whether the
    /// value ends there.
    fn over(&mut self, seen: &[u8], mut kept: Option<&mut BoundedBytes>) -> (usize, bool) {
        let (mut at, mut from) = (0, 0);
        let mut done = false;
        while at < seen.len() && !done {
            match self.mode {
                ScanMode::Outside => done = self.outside(seen[at], &mut at),
                ScanMode::Escape => {
                    at += 1;
                    self.mode = ScanMode::String;
                }
                ScanMode::String => {
                    if let Some(kept) = kept.as_deref_mut()
                        && !self.eliding
                        && kept.full(at - from)
                    {
                        kept.push(&seen[from..at]);
                        self.eliding = true;
                    }
                    let found = quote_or_escape(&seen[at..]);
                    let end = found.map_or(seen.len(), |found| at + found);
                    at = seen.len().min(end + 1);
                    match found.map(|_| seen[end]) {
                        Some(b'"') => {
                            if self.eliding {
                                kept.as_deref_mut().into_iter().for_each(BoundedBytes::mark);
                                (from, self.eliding) = (end, false);
                            }
                            self.mode = ScanMode::Outside;
                            done = self.depth == 0;
                        }
                        Some(_) => self.mode = ScanMode::Escape,
                        None => {}
                    }
                    if self.eliding {
                        from = at;
                    }
                }
            }
            if self.eliding {
                from = at;
            }
        }
        if let Some(kept) = kept {
            kept.push(&seen[from..at]);
        }
        (at, done)
    }

    /// One byte outside strings: whether the value has ended.
    fn outside(&mut self, byte: u8, at: &mut usize) -> bool {
        match byte {
            b'"' => self.mode = ScanMode::String,
            b'{' | b'[' => self.depth += 1,
            // A value that does not even begin is passed, or nobody gets on.
            b'}' | b']' | b',' if self.depth == 0 => {
                *at += usize::from(!self.scalar);
                return true;
            }
            b'}' | b']' => {
                self.depth -= 1;
                *at += 1;
                return self.depth == 0;
            }
            byte if self.depth == 0 && byte.is_ascii_whitespace() => {
                *at += 1;
                return self.scalar;
            }
            _ => self.scalar |= self.depth == 0,
        }
        *at += 1;
        false
    }
}

/// Where the string at hand ends or its next escape stands.
///
/// Most strings are short, and setting up a vectorised search costs more than
/// going through them in words of eight bytes.
pub(in crate::formats) fn quote_or_escape(text: &[u8]) -> Option<usize> {
    const SHORT: usize = 4;
    const ONES: u64 = u64::MAX / 0xff;
    let has = |word: u64, byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero & (ONES << 7)
    };
    let (words, _) = text.as_chunks::<8>();
    for (i, word) in words.iter().take(SHORT).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = has(word, b'"') | has(word, b'\\');
        if found != 0 {
            return Some(i * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let seen = words.len().min(SHORT) * 8;
    memchr::memchr2(b'"', b'\\', &text[seen..]).map(|at| seen + at)
}

/// Bytes of a value, up to a limit.
///
/// From the limit on the inside of strings is left out and [`BoundedBytes::MARK`]
/// stands for it, so that what is kept still reads as a value.
pub(in crate::formats) struct BoundedBytes {
    bytes: Vec<u8>,
    limit: usize,
    elided: bool,
    lost: bool,
}

impl BoundedBytes {
    /// An escape that JSON does not have.
    pub(in crate::formats) const MARK: &[u8; 2] = b"\\!";

    pub(in crate::formats) fn up_to(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, elided: false, lost: false }
    }

    /// Whether texts were cut.
    pub(in crate::formats) fn elided(&self) -> bool {
        self.elided
    }

    /// Whether even what stands between the texts was too much.
    pub(in crate::formats) fn lost(&self) -> bool {
        self.lost
    }

    pub(in crate::formats) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn full(&self, more: usize) -> bool {
        self.bytes.len() + more >= self.limit
    }

    fn mark(&mut self) {
        self.elided = true;
        self.push(Self::MARK);
    }

    fn push(&mut self, bytes: &[u8]) {
        self.lost |= self.bytes.len() + bytes.len() > self.limit + self.limit / 4 + (256 << 10);
        if !self.lost {
            self.bytes.extend_from_slice(bytes);
        }
    }
}
