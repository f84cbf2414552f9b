//! A string of a HAR, and the bytes that it may stand for.

use std::borrow::Cow;

use memchr::memchr_iter;

/// A string; lone surrogates stand in it as three bytes (WTF-8).
#[derive(Clone)]
pub(super) struct WtfText<'a> {
    bytes: Cow<'a, [u8]>,
    /// Not all of it is there.
    pub(super) cut: bool,
}

impl<'a> WtfText<'a> {
    pub(super) fn new(bytes: Cow<'a, [u8]>, cut: bool) -> Self {
        Self { bytes, cut }
    }

    /// As it stands in the file.
    pub(super) fn raw(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// As text; what is none is replaced.
    pub(super) fn lossy(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(String::from_utf8_lossy(&self.exact()).into_owned()),
        }
    }

    /// The bytes it stands for if it is text: its UTF-8, with the bytes that
    /// surrogates escape (PEP 383) put back.
    pub(super) fn exact(&self) -> Cow<'_, [u8]> {
        if self.surrogates().next().is_none() {
            return Cow::Borrowed(&self.bytes);
        }
        let mut exact = Vec::with_capacity(self.bytes.len());
        let mut from = 0;
        for (at, code) in self.surrogates() {
            exact.extend_from_slice(&self.bytes[from..at]);
            match code {
                0xdc80..=0xdcff => exact.push((code - 0xdc00) as u8),
                _ => exact.extend("\u{fffd}".as_bytes()),
            }
            from = at + 3;
        }
        exact.extend_from_slice(&self.bytes[from..]);
        Cow::Owned(exact)
    }

    /// Whether surrogates in it escape bytes.
    pub(super) fn escapes_bytes(&self) -> bool {
        self.surrogates().any(|(_, code)| (0xdc80..=0xdcff).contains(&code))
    }

    /// The bytes it stands for if each character is a byte. None if some are
    /// no bytes, or if all are ASCII, where it makes no difference.
    pub(super) fn latin1(&self) -> Option<Vec<u8>> {
        if self.bytes.is_ascii() {
            return None;
        }
        let text = std::str::from_utf8(&self.bytes).ok()?;
        text.chars().map(|c| u8::try_from(c).ok()).collect()
    }

    fn surrogates(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        memchr_iter(0xed, &self.bytes).filter_map(|at| match self.bytes.get(at + 1..at + 3)? {
            [high @ 0xa0..=0xbf, low @ 0x80..=0xbf] => {
                Some((at, 0xd000 | u32::from(high & 0x3f) << 6 | u32::from(low & 0x3f)))
            }
            _ => None,
        })
    }
}
