//! The hash chain over the records.

use std::fmt;

use sha2::{Digest, Sha256};

/// The last hash of a chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainHead(pub(crate) [u8; 32]);

impl ChainHead {
    /// The chain's head before the first record.
    pub(crate) fn start() -> Self {
        Self(Sha256::digest(b"candor evidence 1").into())
    }

    /// The chain's head after this record.
    pub(crate) fn then(self, kind: &str, at: i64, trial: Option<u32>, content: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(kind.as_bytes());
        hash.update([0]);
        hash.update(at.to_be_bytes());
        hash.update(trial.map_or(-1, i64::from).to_be_bytes());
        hash.update(content.as_bytes());
        Self(hash.finalize().into())
    }
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes in hex. It runs for every body of every exchange, so it avoids a
/// format call for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number & 0xf)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

/// The digest from the text that [`hex`] wrote.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
