//! JSON as capture programs write it, read leniently.
//!
//! RFC 8259, and what a strict reader would refuse: lone surrogates, control
//! characters and raw bytes in strings, commas too many, strings that were cut
//! ([`BoundedBytes::MARK`]). A text that ends early gives all that came before.

use std::borrow::Cow;

use super::{
    scan::{BoundedBytes, quote_or_escape},
    text::WtfText,
};

/// A place in a JSON text that was passed.
pub(super) struct JsonMark<'a> {
    bytes: &'a [u8],
    from: usize,
}

impl<'a> JsonMark<'a> {
    /// What stands between that place and where `json` is now.
    pub(super) fn ahead_to(&self, json: &JsonCursor<'a>) -> Option<WtfText<'a>> {
        let written = self.bytes.get(self.from..json.at)?.trim_ascii();
        Some(WtfText::new(Cow::Borrowed(written), false))
    }
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonFault {
    /// The text ends here.
    Cut,
    /// This is no JSON.
    Broken,
}

pub(super) type HarResult<T> = Result<T, JsonFault>;

/// A place in a JSON text.
pub(super) struct JsonCursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> JsonCursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where we are, to come back to.
    pub(super) fn ahead(&self) -> JsonMark<'a> {
        JsonMark { bytes: self.bytes, from: self.at }
    }

    /// Members of the object here, in order; each must be read or skipped.
    /// A value that is no object has none.
    pub(super) fn object(&mut self, mut member: impl FnMut(&[u8], &mut Self) -> HarResult<()>) -> HarResult<()> {
        if self.next()? != b'{' {
            return self.skip();
        }
        self.at += 1;
        loop {
            match self.next()? {
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let key = self.string()?;
                    if self.next()? != b':' {
                        return Err(JsonFault::Broken);
                    }
                    self.at += 1;
                    self.next()?;
                    member(key.raw(), self)?;
                }
                _ => return Err(JsonFault::Broken),
            }
        }
    }

    /// Elements of the array here; each must be read or skipped. A value that
    /// is no array has none.
    pub(super) fn array(&mut self, mut element: impl FnMut(&mut Self) -> HarResult<()>) -> HarResult<()> {
        if self.next()? != b'[' {
            return self.skip();
        }
        self.at += 1;
        loop {
            match self.next()? {
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                _ => element(self)?,
            }
        }
    }

    /// The string here, or the number or word as it is written. `null` and
    /// whatever has an inside are none.
    pub(super) fn text(&mut self) -> HarResult<Option<WtfText<'a>>> {
        match self.next()? {
            b'"' => self.string().map(Some),
            b'{' | b'[' => self.skip().map(|()| None),
            _ => {
                let from = self.at;
                self.skip()?;
                let word = &self.bytes[from..self.at];
                Ok((word != b"null").then(|| WtfText::new(Cow::Borrowed(word), false)))
            }
        }
    }

    /// As [`Self::text`], and whatever has an inside as it is written.
    pub(super) fn any(&mut self) -> HarResult<Option<WtfText<'a>>> {
        match self.next()? {
            b'{' | b'[' => {
                let from = self.at;
                let read = self.skip();
                let written = &self.bytes[from..self.at.min(self.bytes.len())];
                Ok(Some(WtfText::new(Cow::Borrowed(written), read.is_err())))
            }
            _ => self.text(),
        }
    }

    /// The number here, also if it stands in a string.
    pub(super) fn number(&mut self) -> HarResult<Option<f64>> {
        Ok(self.text()?.and_then(|text| text.lossy().trim().parse().ok()))
    }

    /// What the next value begins with.
    pub(super) fn next(&mut self) -> HarResult<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !byte.is_ascii_whitespace() {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(JsonFault::Cut)
    }

    /// Leaves out the value here.
    pub(super) fn skip(&mut self) -> HarResult<()> {
        let mut depth = 0u64;
        loop {
            match self.next()? {
                b'"' => self.leave_string()?,
                b'{' | b'[' => {
                    self.at += 1;
                    depth += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(JsonFault::Broken)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                b',' | b':' => return Err(JsonFault::Broken),
                _ => self.word(),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn word(&mut self) {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:{}[]\"".contains(byte);
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }

    fn leave_string(&mut self) -> HarResult<()> {
        self.at += 1;
        loop {
            let found = quote_or_escape(&self.bytes[self.at..]).ok_or(JsonFault::Cut)?;
            let quote = self.bytes[self.at + found] == b'"';
            self.at += found + if quote { 1 } else { 2 };
            if quote {
                return Ok(());
            }
            if self.at > self.bytes.len() {
                self.at = self.bytes.len();
                return Err(JsonFault::Cut);
            }
        }
    }

    fn string(&mut self) -> HarResult<WtfText<'a>> {
        self.at += 1;
        let from = self.at;
        let rest = &self.bytes[from..];
        let Some(first) = quote_or_escape(rest) else {
            self.at = self.bytes.len();
            return if rest.is_empty() { Err(JsonFault::Cut) } else { Ok(WtfText::new(Cow::Borrowed(rest), true)) };
        };
        if rest[first] == b'"' {
            self.at = from + first + 1;
            return Ok(WtfText::new(Cow::Borrowed(&rest[..first]), false));
        }
        let mut plain = Vec::with_capacity((first + 64).min(rest.len()));
        plain.extend_from_slice(&rest[..first]);
        self.at = from + first;
        let cut = self.escaped(&mut plain);
        Ok(WtfText::new(Cow::Owned(plain), cut))
    }

    /// The rest of a string, from its first backslash on: whether it was cut.
    fn escaped(&mut self, plain: &mut Vec<u8>) -> bool {
        let mut cut = false;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(found) = quote_or_escape(rest) else {
                plain.extend_from_slice(rest);
                self.at = self.bytes.len();
                return true;
            };
            plain.extend_from_slice(&rest[..found]);
            self.at += found + 1;
            if rest[found] == b'"' {
                return cut;
            }
            let Some(escape) = rest.get(found + 1) else { return true };
            self.at += 1;
            match escape {
                b'n' => plain.push(b'\n'),
                b'r' => plain.push(b'\r'),
                b't' => plain.push(b'\t'),
                b'b' => plain.push(8),
                b'f' => plain.push(12),
                b'u' => match self.code_point() {
                    Some(code) => push(plain, code),
                    None => cut = true,
                },
                byte if *byte == BoundedBytes::MARK[1] => cut = true,
                byte => plain.push(*byte),
            }
        }
    }

    /// The four digits behind `\u`, and the other half of a pair.
    fn code_point(&mut self) -> Option<u32> {
        let first = self.digits(self.at)?;
        self.at += 4;
        if !(0xd800..0xdc00).contains(&first) || self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return Some(first);
        }
        match self.digits(self.at + 2) {
            Some(second @ 0xdc00..0xe000) => {
                self.at += 6;
                Some(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            }
            _ => Some(first),
        }
    }

    fn digits(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits.iter().try_fold(0, |code, digit| Some(code << 4 | (*digit as char).to_digit(16)?))
    }
}

/// A code point in UTF-8, a lone surrogate like any other (WTF-8 §4).
fn push(plain: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(c) => plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => plain.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8]),
    }
}
