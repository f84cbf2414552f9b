//! Inflates streams, and reuses the state for the next stream: to set it up
//! costs more than to inflate most streams here.

use flate2::{Decompress, FlushDecompress, Status};
use model::GapReason;

/// The wrapper around a deflate stream (RFC 1951).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeflateWrapper {
    None,
    /// RFC 1950.
    Zlib,
    /// RFC 1952, one member after another.
    Gzip,
}

/// The result of inflating a stream.
pub(crate) struct InflateOutput {
    pub(crate) plain: Vec<u8>,
    /// Why the result is incomplete.
    pub(crate) why: Option<GapReason>,
    /// Number of bytes of the value that belong to the stream.
    pub(crate) used: usize,
}

/// A reusable inflater.
#[derive(Default)]
pub(crate) struct Inflater {
    state: Option<Decompress>,
}

impl Inflater {
    /// Inflates `bytes` to at most `limit` bytes.
    pub(crate) fn inflate(&mut self, bytes: &[u8], wrapper: DeflateWrapper, limit: usize) -> InflateOutput {
        let mut inflated = InflateOutput { plain: Vec::new(), why: None, used: 0 };
        loop {
            if wrapper == DeflateWrapper::Gzip {
                match header_length(&bytes[inflated.used..]) {
                    Ok(length) => inflated.used += length,
                    // Bytes after the last member that are not another member;
                    // mostly zeros.
                    Err(_) if inflated.used > 0 => return inflated,
                    Err(why) => return InflateOutput { why: Some(why), ..inflated },
                }
            }
            self.stream(bytes, wrapper, limit, &mut inflated);
            if wrapper != DeflateWrapper::Gzip || inflated.why.is_some() {
                return inflated;
            }
            // The checksum and the length in the trailer are not compared: a damaged
            // text is shown as it is.
            let trailer = bytes.len() - inflated.used;
            if trailer < TRAILER {
                return InflateOutput { why: Some(GapReason::Cut), used: bytes.len(), ..inflated };
            }
            inflated.used += TRAILER;
            if inflated.used == bytes.len() {
                return inflated;
            }
        }
    }

    /// Inflates one stream, which begins at `inflated.used`.
    fn stream(&mut self, bytes: &[u8], wrapper: DeflateWrapper, limit: usize, inflated: &mut InflateOutput) {
        let has_header = wrapper == DeflateWrapper::Zlib;
        let state = match &mut self.state {
            Some(state) => {
                state.reset(has_header);
                state
            }
            none => none.insert(Decompress::new(has_header)),
        };
        let start = inflated.used;
        loop {
            let room = limit - inflated.plain.len();
            if room == 0 {
                inflated.why = Some(GapReason::Budget);
                return;
            }
            if inflated.plain.len() == inflated.plain.capacity() {
                let guess = inflated.plain.len().max(bytes.len().saturating_mul(3)).clamp(1 << 10, 1 << 20);
                inflated.plain.reserve_exact(guess.min(room));
            }
            let before = (state.total_in(), inflated.plain.len());
            let rest = &bytes[start + state.total_in() as usize..];
            let status = state.decompress_vec(rest, &mut inflated.plain, FlushDecompress::None);
            inflated.used = start + state.total_in() as usize;
            if inflated.plain.len() > limit {
                inflated.plain.truncate(limit);
            }
            inflated.why = match status {
                Ok(Status::StreamEnd) => None,
                Ok(_) if before != (state.total_in(), inflated.plain.len()) => continue,
                // No progress though there is room: the rest is missing.
                Ok(_) if inflated.plain.len() == inflated.plain.capacity() => continue,
                Ok(_) => Some(GapReason::Cut),
                Err(_) => Some(GapReason::Broken),
            };
            return;
        }
    }
}

const TRAILER: usize = 8;

/// How long the header of a gzip member is (RFC 1952 §2.3).
fn header_length(bytes: &[u8]) -> Result<usize, GapReason> {
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const CHECK: u8 = 2;
    let Some((fixed, _)) = bytes.split_first_chunk::<10>() else { return Err(GapReason::Cut) };
    if fixed[..3] != [0x1f, 0x8b, 8] || fixed[3] & 0xe0 != 0 {
        return Err(GapReason::Broken);
    }
    let mut length = fixed.len();
    if fixed[3] & EXTRA != 0 {
        let size = bytes.get(length..length + 2).ok_or(GapReason::Cut)?;
        length += 2 + usize::from(u16::from_le_bytes([size[0], size[1]]));
    }
    for _ in 0..u32::from(fixed[3] & NAME != 0) + u32::from(fixed[3] & COMMENT != 0) {
        let rest = bytes.get(length..).ok_or(GapReason::Cut)?;
        length += memchr::memchr(0, rest).ok_or(GapReason::Cut)? + 1;
    }
    length += if fixed[3] & CHECK != 0 { 2 } else { 0 };
    if length <= bytes.len() { Ok(length) } else { Err(GapReason::Cut) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{deflate, gzip, zlib};

    #[test]
    fn one_inflater_opens_streams_of_all_wrappers() {
        let mut inflater = Inflater::default();
        let text = b"hello hello hello ".repeat(1000);
        for _ in 0..2 {
            for (bytes, wrapper) in [
                (gzip(&text), DeflateWrapper::Gzip),
                (zlib(&text), DeflateWrapper::Zlib),
                (deflate(&text), DeflateWrapper::None),
            ] {
                let inflated = inflater.inflate(&bytes, wrapper, usize::MAX);
                assert_eq!((inflated.plain.as_slice(), inflated.why, inflated.used), (&text[..], None, bytes.len()));
            }
        }
    }

    #[test]
    fn a_header_with_everything_is_passed() {
        let mut member = b"\x1f\x8b\x08\x1e\0\0\0\0\0\xff\x02\0xxname\0comment\0cc".to_vec();
        member.extend(&gzip(b"hello")[10..]);
        assert_eq!(Inflater::default().inflate(&member, DeflateWrapper::Gzip, 100).plain, b"hello");
    }

    #[test]
    fn what_is_more_than_allowed_stays_within() {
        let inflated = Inflater::default().inflate(&gzip(&[0; 1 << 20]), DeflateWrapper::Gzip, 5_000);
        assert_eq!((inflated.plain.len(), inflated.why), (5_000, Some(GapReason::Budget)));
    }
}
