//! Whether what came out of a guess makes sense.
//!
//! Decoders without marks open random bytes too. What they give must be text,
//! or start as a layer that marks itself.

use model::GapReason;

use super::{InnerValues, PeelResult};
use crate::{
    inflate::{DeflateWrapper, Inflater},
    value_view::{self, ByteClasses},
};

/// Whether bytes read as something meant.
pub(crate) fn makes(plain: &[u8]) -> bool {
    plain.len() >= 4 && (is_marked(plain) || value_view::is_text(plain))
}

/// Whether bytes that are no text are mostly one: a field of a message, with little around it. Random
/// bytes hold no eight printable ones in a row.
pub(super) fn holds_text(plain: &[u8]) -> bool {
    const TELLING: usize = 8;
    let is_printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let longest = plain.split(|byte| !is_printable(byte)).map(<[u8]>::len).max().unwrap_or(0);
    longest >= TELLING && longest * 2 >= plain.len()
}

/// Gives what an unmarked compressor opened `packed` to. What makes no sense by
/// itself may be another layer, if it did not come out of a few bytes by chance.
pub(super) fn whole_or_perhaps(
    inner: &mut dyn InnerValues,
    packed: &[u8],
    plain: &[u8],
    gap: Option<GapReason>,
) -> PeelResult {
    const TELLING: usize = 16;
    match makes(plain) {
        true => PeelResult::whole(inner, plain, gap),
        false if packed.len() >= TELLING && plain.len() >= TELLING => PeelResult::perhaps(inner, plain),
        false => PeelResult::NOTHING,
    }
}

/// Whether bytes start with the mark of a layer: gzip, zstd, LZ4, zlib.
pub(super) fn is_marked(bytes: &[u8]) -> bool {
    match bytes {
        [0x1f, 0x8b, 0x08, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x04, 0x22, 0x4d, 0x18, ..] => true,
        [0x78, check, ..] => matches!(check, 0x01 | 0x5e | 0x9c | 0xda) && bytes.len() >= 8,
        _ => false,
    }
}

/// Whether a zlib stream begins here, as far as its first bytes tell.
pub(super) fn inflates(bytes: &[u8]) -> bool {
    const TASTE: usize = 64;
    let tasted = Inflater::default().inflate(bytes, DeflateWrapper::Zlib, TASTE);
    let goes_on = matches!(tasted.why, None | Some(GapReason::Budget | GapReason::Cut));
    tasted.plain.len() >= 4 && goes_on && may_be_first(&tasted.plain)
}

/// Whether something meant may start with these bytes: text, perhaps cut within
/// a character, or a mark.
pub(super) fn may_be_first(bytes: &[u8]) -> bool {
    is_marked(bytes)
        || matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
        || is_text_so_far(bytes)
        || is_wide(bytes)
}

/// Whether every second byte is zero, as in UTF-16 of Latin text.
pub(super) fn is_wide(bytes: &[u8]) -> bool {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.len() >= 3 && (pairs.iter().all(|pair| pair[1] == 0) || pairs.iter().all(|pair| pair[0] == 0))
}

/// Text, but for a character cut at the end.
fn is_text_so_far(bytes: &[u8]) -> bool {
    let kinds = ByteClasses::of(bytes);
    if kinds.any(ByteClasses::BINARY) {
        return false;
    }
    let cut = |error: std::str::Utf8Error| error.error_len().is_none();
    !kinds.any(ByteClasses::HIGH) || std::str::from_utf8(bytes).map_or_else(cut, |_| true)
}
