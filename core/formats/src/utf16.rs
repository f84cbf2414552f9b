//! Text in UTF-16 (RFC 2781), as UTF-8: Windows' programs save exports so.

use std::io::{self, Read};

/// Reads UTF-16 as UTF-8, without its byte order mark.
pub(crate) struct Utf16Reader<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a character that needs two.
    half: Option<u16>,
    /// Read and not yet given.
    ready: Vec<u8>,
    given: usize,
    begun: bool,
}

impl<R: Read> Utf16Reader<R> {
    pub(crate) fn new(input: R, unit: fn([u8; 2]) -> u16) -> Self {
        Self { input, unit, half: None, ready: Vec::new(), given: 0, begun: false }
    }

    /// Reads the next few characters: false at the end.
    fn more(&mut self) -> io::Result<bool> {
        const STEP: usize = 8 << 10;
        let mut bytes = [0; STEP];
        let mut filled = 0;
        while filled < STEP {
            match self.input.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.ready.clear();
        self.given = 0;
        for pair in bytes[..filled].as_chunks::<2>().0 {
            let unit = (self.unit)(*pair);
            if !std::mem::replace(&mut self.begun, true) && unit == 0xfeff {
                continue;
            }
            self.unit_read(unit);
        }
        Ok(filled > 0)
    }
}

impl<R> Utf16Reader<R> {
    fn unit_read(&mut self, unit: u16) {
        let first = self.half.take();
        if let Some(first) = first
            && (0xdc00..0xe000).contains(&unit)
        {
            let code = 0x1_0000 + ((u32::from(first) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
            return self.push(char::from_u32(code));
        }
        if first.is_some() {
            self.push(None);
        }
        match unit {
            0xd800..0xdc00 => self.half = Some(unit),
            _ => self.push(char::from_u32(unit.into())),
        }
    }

    /// A character; what is none is replaced.
    fn push(&mut self, c: Option<char>) {
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.ready.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.more()? {
                return Ok(0);
            }
        }
        let some = into.len().min(self.ready.len() - self.given);
        into[..some].copy_from_slice(&self.ready[self.given..self.given + some]);
        self.given += some;
        Ok(some)
    }
}
