//! lz-string (pieroxy/lz-string), a compressor for JavaScript's strings.
//!
//! LZ78 over UTF-16 units. One stream of bits is packed in four ways: base64,
//! base64 for addresses (`+`, `-`, `$`), 15 bits in each character, or plain
//! bytes. A stream ends with a mark of its own; only whole streams that open to
//! text count.

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct LzString(LzPacking);

/// `compressToBase64`.
pub(super) static BASE64: LzString = LzString(LzPacking::Base64);
/// `compressToEncodedURIComponent`.
pub(super) static URI: LzString = LzString(LzPacking::Uri);
/// `compressToUTF16`.
pub(super) static UTF16: LzString = LzString(LzPacking::Utf16);
/// `compressToUint8Array`.
pub(super) static BYTES: LzString = LzString(LzPacking::Bytes);

enum LzPacking {
    Base64,
    Uri,
    Utf16,
    Bytes,
}

impl Decoder for LzString {
    fn name(&self) -> &'static str {
        match self.0 {
            LzPacking::Base64 => "lz-string-base64",
            LzPacking::Uri => "lz-string-uri",
            LzPacking::Utf16 => "lz-string-utf16",
            LzPacking::Bytes => "lz-string",
        }
    }

    fn about(&self) -> &'static str {
        match self.0 {
            LzPacking::Base64 => "lz-string, compressToBase64 (pieroxy/lz-string)",
            LzPacking::Uri => "lz-string, compressToEncodedURIComponent (pieroxy/lz-string)",
            LzPacking::Utf16 => "lz-string, compressToUTF16 (pieroxy/lz-string)",
            LzPacking::Bytes => "lz-string, compressToUint8Array (pieroxy/lz-string)",
        }
    }

    fn rank(&self) -> DecoderRank {
        match self.0 {
            // Before base64, which opens to the same bits packed otherwise.
            LzPacking::Base64 | LzPacking::Uri => DecoderRank::Layer,
            LzPacking::Utf16 | LzPacking::Bytes => DecoderRank::Else,
        }
    }

    fn shape(&self) -> Prefilter {
        let letters = ByteClasses::ALPHANUMERIC.and(ByteClasses::PLUS).and(ByteClasses::SPACE);
        match self.0 {
            LzPacking::Base64 => {
                Prefilter::ANY.only(letters.and(ByteClasses::SLASH).and(ByteClasses::EQUALS)).at_least(8)
            }
            LzPacking::Uri => Prefilter::ANY.only(letters.and(ByteClasses::DASH).and(ByteClasses::DOLLAR)).at_least(8),
            LzPacking::Utf16 => Prefilter::ANY.with(ByteClasses::HIGH).without(ByteClasses::RAW).at_least(8),
            LzPacking::Bytes => Prefilter::ANY.with(ByteClasses::RAW).at_least(8),
        }
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let may = match self.0 {
            LzPacking::Base64 | LzPacking::Uri => match *look.bytes {
                [a, b, c, ..] => [a, b, c]
                    .into_iter()
                    .try_fold(0, |bits, byte| Some(bits << 6 | sextet(byte, b"+/")?))
                    .is_some_and(|bits| is_seen(bits << 14)),
                _ => false,
            },
            LzPacking::Utf16 => look.bytes[0] >= 0x80,
            LzPacking::Bytes => match *look.bytes {
                [a, b, c, ..] => is_seen(u32::from_be_bytes([a, b, c, 0])),
                _ => false,
            },
        };
        if may { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let limit = value.len().saturating_mul(1_000).min(32 << 20);
        let plain = match self.0 {
            LzPacking::Base64 => unpacked(value.iter().map(|byte| sextet(*byte, b"+/")), 6, limit),
            LzPacking::Uri => unpacked(value.iter().map(|byte| sextet(*byte, b"+-")), 6, limit),
            LzPacking::Utf16 => {
                let Ok(text) = std::str::from_utf8(value) else { return PeelResult::NOTHING };
                unpacked(text.chars().map(|c| u32::from(c).checked_sub(32).filter(|bits| *bits < 1 << 15)), 15, limit)
            }
            LzPacking::Bytes => unpacked(value.iter().map(|byte| Some(u32::from(*byte))), 8, limit),
        };
        match plain {
            Some(plain) if is_plausible(&plain) && inner.budget().room(plain.len()) => {
                PeelResult::whole(inner, &plain, None).surely()
            }
            _ => PeelResult::NOTHING,
        }
    }
}

/// Whether the first character, were it a stream, is one that texts start with.
/// Most of what is not lz-string ends here.
fn is_seen(bits: u32) -> bool {
    let first = (bits << 2).reverse_bits();
    match bits >> 30 {
        CHAR8 => matches!(first & 0xff, 0x20..=0x7e | 0xc0..=0xff),
        // The other way round: the lower bit comes first.
        0b10 => script(first & 0xffff).is_some(),
        _ => false,
    }
}

/// Random bits open now and then, to characters from everywhere; texts are
/// Latin, or that and one script more.
fn is_plausible(plain: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(plain) else { return false };
    let latin = |c: &char| u32::from(*c) < 0x250 || matches!(c, '\u{2000}'..='\u{206f}' | '\u{20ac}');
    let mut others = text.chars().filter(|c| !latin(c)).map(|c| script(u32::from(c)));
    let one_script = match others.next() {
        None => true,
        Some(first) => first.is_some() && others.all(|other| other == first),
    };
    plain.len() >= 6 && value_view::is_text(plain) && (one_script || plain.len() >= 256)
}

/// A number for the script that a character beyond Latin is of.
fn script(c: u32) -> Option<u32> {
    match c {
        0x370..=0x52f => Some(0),
        0x530..=0x6ff => Some(1),
        0x900..=0xeff => Some(2),
        0x3000..=0x9fff | 0xff00..=0xff60 => Some(3),
        0xac00..=0xd7a3 => Some(4),
        0x1f000..=0x1faff => Some(5),
        _ => None,
    }
}

/// Six bits from a character of either alphabet.
fn sextet(byte: u8, last: &[u8; 2]) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b' ' => 62,
        _ if byte == last[0] => 62,
        _ if byte == last[1] => 63,
        b'=' | b'$' => 0,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The bits of a packed text, most significant first.
struct LzBits<I> {
    units: I,
    width: u32,
    /// The last units taken, and how many of their bits are left.
    taken: u64,
    left: u32,
}

impl<I: Iterator<Item = Option<u32>>> LzBits<I> {
    /// The next `count` bits as a number, least significant first.
    fn take(&mut self, count: u32) -> Option<u32> {
        while self.left < count {
            self.taken = self.taken << self.width | u64::from(self.units.next()??);
            self.left += self.width;
        }
        self.left -= count;
        let value = (self.taken >> self.left) as u32;
        Some(value.reverse_bits() >> (32 - count))
    }
}

/// Codes that are no entries: a character of 8 bits follows, one of 16 bits
/// follows, the end.
const CHAR8: u32 = 0;
const CHAR16: u32 = 1;
const END: u32 = 2;

/// The text of a stream, as UTF-8; none if it breaks or does not end.
fn unpacked(units: impl Iterator<Item = Option<u32>>, width: u32, limit: usize) -> Option<Vec<u8>> {
    let mut bits = LzBits { units, width, taken: 0, left: 0 };
    let first = match bits.take(2)? {
        CHAR8 => bits.take(8)?,
        CHAR16 => bits.take(16)?,
        _ => return None,
    } as u16;
    // Most guesses end here: texts start with what can be seen.
    if is_control(first) {
        return None;
    }
    let mut text = Vec::with_capacity(64);
    text.push(first);
    // An entry is a stretch of the text: where it starts and how long it is.
    // The first three codes are no entries.
    let mut entries: Vec<(u32, u32)> = Vec::with_capacity(64);
    entries.extend([(0, 0), (0, 0), (0, 0), (0, 1)]);
    let (mut code_width, mut until_wider) = (3, 4u32);
    let mut last = (0, 1);
    loop {
        let code = bits.take(code_width)?;
        let start = text.len() as u32;
        match code {
            // What is left are the bits that fill the last character up.
            END if bits.units.by_ref().all(|unit| unit == Some(0)) => {
                return Some(String::from_utf16_lossy(&text).into_bytes());
            }
            END => return None,
            CHAR8 | CHAR16 => {
                let character = bits.take(if code == CHAR8 { 8 } else { 16 })? as u16;
                // Text has none, and others are not asked for.
                if is_control(character) {
                    return None;
                }
                text.push(character);
                entries.push((start, 1));
                count_down(&mut until_wider, &mut code_width);
            }
            _ if code as usize <= entries.len() => {
                // The code that comes next is the entry being made: the text
                // before, and its first character again.
                let (from, length) = entries.get(code as usize).copied().unwrap_or((last.0, last.1));
                text.extend_from_within(from as usize..(from + length) as usize);
                if code as usize == entries.len() {
                    text.push(text[last.0 as usize]);
                }
            }
            _ => return None,
        }
        // The text before and the first character of this one are an entry
        // too: they stand side by side.
        entries.push((last.0, last.1 + 1));
        last = (start, text.len() as u32 - start);
        count_down(&mut until_wider, &mut code_width);
        if text.len() > limit {
            return None;
        }
    }
}

fn is_control(character: u16) -> bool {
    character < 0x20 && !matches!(character, 9 | 10 | 13) || character == 0x7f
}

fn count_down(until_wider: &mut u32, code_width: &mut u32) {
    *until_wider -= 1;
    if *until_wider == 0 {
        *until_wider = 1 << *code_width;
        *code_width += 1;
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    const TEXT: &str = r#"{"page":"https://a.example/x","title":"Über Äpfel, Äpfel, Äpfel"}"#;

    #[test]
    fn the_four_packings_open() {
        check(
            lz_str::compress_to_base64(TEXT),
            expect![[r#"
                value = N4IgDghg5gpiBcIAWAXFYDO8D02IDoYAPCAWzABsZsiQAaEFASxSoRAB2AjG…
                value ▸ lz-string-base64 = {"page":"https://a.example/x","title":"Über Äpfel, Äpfel,…
                value ▸ lz-string-base64 ▸ json $.page = https://a.example/x
                value ▸ lz-string-base64 ▸ json $.page ▸ path 1 = x
                value ▸ lz-string-base64 ▸ json $.title = Über Äpfel, Äpfel, Äpfel
            "#]],
        );
        check(
            lz_str::compress_to_encoded_uri_component(TEXT),
            expect![[r#"
                value = N4IgDghg5gpiBcIAWAXFYDO8D02IDoYAPCAWzABsZsiQAaEFASxSoRAB2AjG…
                value ▸ lz-string-base64 = {"page":"https://a.example/x","title":"Über Äpfel, Äpfel,…
                value ▸ lz-string-base64 ▸ json $.page = https://a.example/x
                value ▸ lz-string-base64 ▸ json $.page ▸ path 1 = x
                value ▸ lz-string-base64 ▸ json $.title = Über Äpfel, Äpfel, Äpfel
            "#]],
        );
        check(
            lz_str::compress_to_utf16(TEXT),
            expect![[r#"
            value = \xe1\xaf\xa1\xe0\xa0\xa3\xe4\x84\xac\xe0\xba\x80\xe5\x8c\xb0\xe1\x9c\xa8\xc3\x90\xd7\xa5\xe3\x80\xb9\xe6\xbc\xa3\xe6\xa7\x91\xc4\x88\xe3\x80\xa1\xe7\x82\xa0\xe2\xb6\xb8\xc2\x8c\xe3\x8e\x84\xe2\x90\xa0\xe3\x91\x80\xe5\x80\xb2\xe6\x8a\xb5\xd1…
            value ▸ lz-string-utf16 = {"page":"https://a.example/x","title":"Über Äpfel, Äpfel,…
            value ▸ lz-string-utf16 ▸ json $.page = https://a.example/x
            value ▸ lz-string-utf16 ▸ json $.page ▸ path 1 = x
            value ▸ lz-string-utf16 ▸ json $.title = Über Äpfel, Äpfel, Äpfel
        "#]],
        );
        check(
            lz_str::compress_to_uint8_array(TEXT),
            expect![[r#"
            value = 7\x82 \x0e\x08`\xe6\nb\x05\xc2\x00X\x05\xc5`3\xbc\x0fM\x88\x0e\x86\x00< \x16\xcc\x00lf\xc8\x90\x01\xa1\x05\x01,R\xa1\x10\x01\xd8\x08\xc6\x00\x9c\x00 \x026\x00\x19\x8c\nt\x86\x8f\x198…
            value ▸ lz-string = {"page":"https://a.example/x","title":"Über Äpfel, Äpfel,…
            value ▸ lz-string ▸ json $.page = https://a.example/x
            value ▸ lz-string ▸ json $.page ▸ path 1 = x
            value ▸ lz-string ▸ json $.title = Über Äpfel, Äpfel, Äpfel
        "#]],
        );
    }

    #[test]
    fn a_cut_stream_is_none() {
        let packed = lz_str::compress_to_encoded_uri_component(TEXT);
        check(
            &packed[..packed.len() - 8],
            expect![[r#"
                value = N4IgDghg5gpiBcIAWAXFYDO8D02IDoYAPCAWzABsZsiQAaEFASxSoRAB2AjG…
                value ▸ base64 = 7\x82 \x0e\x08`\xe6\nb\x05\xc2\x00X\x05\xc5`3\xbc\x0fM\x88\x0e\x86\x00< \x16\xcc\x00lf\xc8\x90\x01\xa1\x05\x01,R\xa1\x10\x01\xd8\x08\xc6\x00\x9c\x00 \x026\x00\x19\x8c\nt\x86\x8f\x198
                value ▸ reversed ~ 4kxjGSnCMmBA2IAIAwJAGjA2BARoSxSAFEaAQisZsBAzWACPAYoDI20D8ODY…
            "#]],
        );
    }
}
