//! mitmproxy flows, the file that `mitmdump -w` writes.
//!
//! Flows stand one behind the other, each a dictionary in [`tnetstring`]s with
//! its exact bytes: nothing was decoded or replaced for the file's sake. What
//! keys they have depends on the *flow format version* in each; 7 (mitmproxy
//! 5) to 21 (mitmproxy 12) are read, and newer ones as far as they agree.
//!
//! HTTP flows with their WebSocket messages become exchanges as they are. A
//! TCP or UDP flow becomes an exchange with `tcp://host:port/` as its address
//! and its data as messages, a DNS flow one with the address of RFC 4501,
//! `dns://server/name?type=1`.

mod flow;

mod tnetstring;

use model::GapReason;

use super::{Format, PieceSink};
use crate::{
    piece::{CapturePiece, PieceItem},
    refused::RefusedFile,
    source::CaptureSource,
};

pub(super) struct MitmproxyFlows;

/// What flow format versions are known.
const KNOWN: std::ops::RangeInclusive<i64> = 7..=21;

/// Larger flows are left out.
const PIECE: usize = 64 << 20;

impl Format for MitmproxyFlows {
    fn name(&self) -> &'static str {
        "mitmproxy"
    }

    fn says(&self) -> &'static str {
        "mitmproxy flows (`.mitm`), flow format versions 7 to 21: HTTP, WebSocket, TCP, UDP and DNS"
    }

    fn fits(&self, head: &[u8]) -> bool {
        let Some((_, rest)) = tnetstring::length(head) else { return false };
        rest.is_empty() || tnetstring::length(rest).is_some()
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        let mut index = 0;
        while !source.look().is_empty() {
            let Some(piece) = self.next(source, index)? else {
                let says = format!("the file is broken after {index} flows: the rest cannot be read");
                let _ = each(CapturePiece::gap(index, GapReason::Broken, says));
                return Ok(index);
            };
            index += 1;
            if each(piece).is_break() {
                break;
            }
        }
        Ok(index)
    }

    fn read(&self, index: u64, bytes: &[u8], each: &mut dyn FnMut(PieceItem)) {
        flow::read(index, bytes).give(each);
    }
}

impl MitmproxyFlows {
    /// The next flow; none if what comes is no tnetstring.
    fn next(&self, source: &mut CaptureSource<'_>, index: u64) -> Result<Option<CapturePiece>, RefusedFile> {
        let Some(length) = length_at(source) else { return Ok(None) };
        if length > PIECE as u64 {
            source.leave_out(length + 1);
            return Ok(Some(CapturePiece::gap(
                index,
                GapReason::Budget,
                format!("flow {index} is larger than the budget allows"),
            )));
        }
        let bytes = source.take(length as usize);
        let whole = bytes.len() as u64 == length;
        let kind = source.take(1);
        if whole && !kind.is_empty() && kind != b"}" {
            return Ok(None);
        }
        if index == 0 && flow::version(&bytes).is_some_and(|version| version < *KNOWN.start()) {
            return Err(RefusedFile::NotRead(
                "holds flows of a mitmproxy before 5: open and save them with a newer mitmproxy first",
            ));
        }
        let piece = CapturePiece::of(&MitmproxyFlows, index, bytes);
        Ok(Some(if whole { piece } else { piece.but(GapReason::Cut, "the file ends within this flow") }))
    }
}

/// The length that stands before a tnetstring, and the colon.
fn length_at(source: &mut CaptureSource<'_>) -> Option<u64> {
    let mut length = 0u64;
    for digits in 0..=tnetstring::DIGITS {
        match source.take(1)[..] {
            [b':'] if digits > 0 => return Some(length),
            [digit @ b'0'..=b'9'] => length = length * 10 + u64::from(digit - b'0'),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests;
