//! Values that hide their content: bytes that look like noise, and values with the mark of a format
//! that is not read.
//!
//! Encrypted and well compressed bytes look random in every alphabet: nearly as many different
//! bytes or letters occur as in a random text of that length. The threshold for this is defined
//! only here, for all code that reports how much of a request was not opened.

use std::ops::Range;

use crate::value_view::{self, ByteClasses};

/// Fewer random bytes are a digest, a key or a token, and cannot carry a report.
pub const LEAST: usize = 64;

/// A range of a value that hides its content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnopenedRange {
    /// Start of the range in the value.
    pub start: usize,
    pub end: usize,
    /// Shannon entropy in bits per byte, at most 8.
    pub entropy: f64,
    /// The format whose mark the value begins with, if it has one.
    pub mark: Option<&'static str>,
}

impl UnopenedRange {
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    pub fn bytes(&self) -> u64 {
        (self.end - self.start) as u64
    }
}

/// Whether values that only look random are reported as gaps. How many random bytes could be a
/// report depends on sender, frequency and destination. The judge and the guard know these, so they
/// report such values themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RandomValues {
    Told,
    LeftOut,
}

/// The range of an unopened value that hides content: the part that looks random, or the whole
/// value if it has the mark of a format.
pub fn unopened(value: &[u8]) -> Option<UnopenedRange> {
    if let Some(mark) = marked(value) {
        return Some(UnopenedRange { start: 0, end: value.len(), entropy: entropy(value), mark: Some(mark) });
    }
    if value.len() < LEAST {
        return None;
    }
    let range = if value_view::is_text(value) { random_text(value) } else { random_bytes(value) }?;
    Some(UnopenedRange { start: range.start, end: range.end, entropy: entropy(&value[range]), mark: None })
}

/// Formats by their first bytes. Formats whose text is found without decoding are not listed.
const MARKS: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"LZIP\x01", "lzip"),
    (b"\x89LZO\0\r\n\x1a\n", "LZO"),
    (b"\x1f\x9d", "compress"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"MSCF\0\0\0\0", "Cabinet"),
    (b"Salted__", "OpenSSL encryption"),
    (b"age-encryption.org/", "age encryption"),
    (b"-----BEGIN PGP MESSAGE", "PGP encryption"),
    (b"-----BEGIN CMS", "CMS encryption"),
    (b"-----BEGIN PKCS7", "CMS encryption"),
    (b"-----BEGIN AGE ENCRYPTED", "age encryption"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF89a", "GIF"),
    (b"GIF87a", "GIF"),
    (b"%PDF-", "PDF"),
    (b"SQLite format 3\0", "SQLite"),
    (b"OggS\0", "Ogg"),
    (b"fLaC\0", "FLAC"),
    (b"ID3", "MP3"),
    (b"wOF2", "WOFF2"),
    (b"PAR1", "Parquet"),
    (b"Obj\x01", "Avro"),
];

/// The mark of a format that a whole value begins with.
pub(crate) fn marked(value: &[u8]) -> Option<&'static str> {
    const SHORTEST: usize = 16;
    if value.len() < SHORTEST {
        return None;
    }
    let begins = MARKS.iter().find(|(mark, _)| value.starts_with(mark)).map(|(_, name)| *name);
    if begins.is_some() {
        return begins;
    }
    match value {
        // bzip2: the size of a block, and pi.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => Some("bzip2"),
        // LZMA without a container: properties, dictionary size, and an unknown length.
        [0x5d, 0, 0, _, size, 0xff, 0xff, 0xff, 0xff, 0xff, ..] if *size < 0x10 => Some("LZMA"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("WebP"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("WAVE"),
        [0, 0, 0, _, b'f', b't', b'y', b'p', ..] => Some("MP4"),
        _ => None,
    }
}

/// Shannon's entropy of the bytes, in bits each.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    value.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = value.len().max(1) as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|p| -p * p.log2()).sum()
}

/// The share of the expected number of different symbols that a random value must have.
const VARIETY: f64 = 0.85;

/// The expected number of different symbols in `length` random symbols, out of an alphabet of
/// `symbols`.
fn expected(symbols: f64, length: usize) -> f64 {
    symbols * (1.0 - (1.0 - 1.0 / symbols).powi(length as i32))
}

fn different(value: &[u8]) -> f64 {
    let mut seen = [false; 256];
    value.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() as f64
}

/// The longest range of bytes in which every block looks random. Plain headers before it are left
/// out.
fn random_bytes(value: &[u8]) -> Option<Range<usize>> {
    /// Bytes that are examined; more would not change the result.
    const LONGEST: usize = 64 << 10;
    let is_random = |block: &[u8]| different(block) >= VARIETY * expected(256.0, block.len());
    if value.len() < 2 * LEAST {
        return is_random(value).then_some(0..value.len());
    }
    let mut longest = 0..0;
    let mut from = None;
    let head = &value[..value.len().min(LONGEST)];
    let blocks = head.len() / LEAST;
    for block in 0..=blocks {
        let at = block * LEAST;
        if block < blocks && is_random(&head[at..at + LEAST]) {
            from.get_or_insert(at);
        } else if let Some(start) = from.take() {
            // The rest after the last whole block belongs to the range.
            let end = if block == blocks { value.len() } else { at };
            longest = if end - start > longest.len() { start..end } else { longest };
        }
    }
    // A single random block may be chance, unless it is at least half of the value.
    let worth = longest.len() >= 2 * LEAST || longest.len() * 2 >= value.len();
    (worth && !longest.is_empty()).then_some(longest)
}

/// The whole value, if it is a random text: letters, digits and the signs of an alphabet, all
/// equally frequent.
fn random_text(value: &[u8]) -> Option<Range<usize>> {
    /// Bytes at the start that are examined.
    const LONGEST: usize = 4 << 10;
    let text = value.trim_ascii();
    let kinds = ByteClasses::of(text);
    let signs = ByteClasses::PLUS
        .and(ByteClasses::SLASH)
        .and(ByteClasses::DASH)
        .and(ByteClasses::UNDERSCORE)
        .and(ByteClasses::EQUALS);
    let loose = signs.and(ByteClasses::BREAK).and(ByteClasses::DOT);
    let is_word_alphabet = kinds.only(ByteClasses::ALPHANUMERIC.and(loose));
    let head: Vec<u8> = text.iter().take(LONGEST).filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    let symbols = match () {
        () if !is_word_alphabet => {
            // base85 and similar: any printable character, but no spaces.
            let printable = head.iter().all(|byte| (0x21..0x7f).contains(byte)) && !kinds.any(ByteClasses::SPACE);
            return (printable && is_random_print(&head)).then_some(0..value.len());
        }
        () if is_base32(&head, kinds) => 32.0,
        () => [(ByteClasses::DIGIT, 10.0), (ByteClasses::LOWER, 26.0), (ByteClasses::UPPER, 26.0)]
            .iter()
            .filter(|(kind, _)| kinds.any(*kind))
            .map(|(_, count)| count)
            .sum::<f64>(),
    };
    let only_hex = kinds.only(ByteClasses::DIGIT.and(ByteClasses::LOWER_HEX).and(loose))
        || kinds.only(ByteClasses::DIGIT.and(ByteClasses::UPPER_HEX).and(loose));
    let symbols = if only_hex && symbols > 10.0 { 16.0 } else { symbols };
    // The text must have enough letters to hold [`LEAST`] random bytes.
    let bits = symbols.log2();
    let letters: Vec<u8> = head.iter().filter(|byte| byte.is_ascii_alphanumeric()).copied().collect();
    if (letters.len() as f64) * bits < (LEAST as f64) * 8.0 {
        return None;
    }
    let varied = different(&letters) >= VARIETY * expected(symbols, letters.len());
    let even = entropy(&letters) >= 0.93 * expected_entropy(symbols, letters.len());
    (varied && even && is_restless(&letters, symbols)).then_some(0..value.len())
}

/// Whether a text can be base32, which has the digits 2 to 7 and letters of one case.
fn is_base32(text: &[u8], kinds: ByteClasses) -> bool {
    let mixed = kinds.any(ByteClasses::LOWER) && kinds.any(ByteClasses::UPPER);
    !mixed && kinds.any(ByteClasses::DIGIT) && !text.iter().any(|byte| b"0189".contains(byte))
}

/// The expected entropy of a random text of this length (Miller–Madow).
fn expected_entropy(symbols: f64, length: usize) -> f64 {
    (symbols.log2() - (symbols - 1.0) / (2.0 * length as f64 * std::f64::consts::LN_2)).max(1.0)
}

/// Whether the text changes between small letters, capitals and digits as often as a random text.
/// Words and identifiers have longer runs of one class.
fn is_restless(letters: &[u8], symbols: f64) -> bool {
    let class = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let mut counts = [0.0; 3];
    letters.iter().for_each(|byte| {
        counts[match class(byte) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        }] += 1.0 / letters.len() as f64
    });
    let by_chance = 1.0 - counts.iter().map(|share: &f64| share * share).sum::<f64>();
    if by_chance < 0.05 {
        // There is only one class, so there are no changes to count: digits, or letters of one
        // case.
        return symbols <= 26.0;
    }
    let changes = letters.windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count() as f64;
    changes / letters.len() as f64 >= 0.65 * by_chance
}

/// Whether punctuation is as frequent as in random printable text.
fn is_random_print(text: &[u8]) -> bool {
    if text.len() < 80 {
        return false;
    }
    let signs = text.iter().filter(|byte| byte.is_ascii_punctuation()).count() * 100 / text.len();
    (15..=55).contains(&signs) && different(text) >= VARIETY * expected(85.0, text.len()) && entropy(text) >= 5.6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes by a linear congruential generator.
    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_seen_in_every_alphabet_and_length() {
        for seed in 1..300 {
            for length in [64 + seed as usize % 40, 130, 300, 5_000] {
                let bytes = noise(length, seed);
                assert!(unopened(&bytes).is_some(), "raw {length} {seed}");
                let long = noise(length + 8, seed);
                for text in [
                    data_encoding::HEXLOWER.encode(&long),
                    data_encoding::BASE64.encode(&long),
                    data_encoding::BASE64URL_NOPAD.encode(&long),
                    data_encoding::BASE32_NOPAD.encode(&long),
                ] {
                    assert!(unopened(text.as_bytes()).is_some(), "{length} {seed}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_plain_head_before_noise_is_left_out() {
        let value = [&[0; 128][..], &noise(640, 3)].concat();
        let found = unopened(&value).expect("noise");
        assert_eq!(found.range(), 128..768);
        assert!(found.entropy > 7.0);
    }

    #[test]
    fn text_identifiers_and_plain_numbers_hide_nothing() {
        for value in [
            "a plain text, longer than the shortest that could be noise at all, with words in it",
            "com.example.application.Framework.SomeViewControllerWithAVeryLongNameThatGoesOnAndOn.UserInterface2024",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "this-is-the-long-title-of-an-article-that-appeared-in-2024-about-the-weather-in-the-mountains-of-europe-and-asia",
            "THIS_IS_A_CONSTANT_OF_A_PROGRAM_THAT_HAS_MANY_WORDS_AND_NUMBERS_LIKE_1234_IN_ITS_NAME_AND_MORE_OF_THEM_TOO",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "38400000-8cf0-11bd-b23e-10b96e40000d,38400000-8cf0-11bd-b23e-10b96e40000d",
        ] {
            assert_eq!(unopened(value.as_bytes()), None, "{value}");
        }
        assert_eq!(unopened(&[0xff, 0, 0, 0].repeat(64)), None);
        assert_eq!(unopened(&noise(40, 1)), None);
    }

    #[test]
    fn a_format_that_is_not_read_is_named() {
        for (value, name) in [
            (&b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01"[..], "xz"),
            (b"BZh91AY&SY\x12\x34\x56\x78\x9a\xbc", "bzip2"),
            (b"7z\xbc\xaf\x27\x1c\0\x04\x12\x34\x56\x78\0\0\0\0", "7-Zip"),
            (b"Salted__\x01\x02\x03\x04\x05\x06\x07\x08", "OpenSSL encryption"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        ] {
            assert_eq!(unopened(value).and_then(|found| found.mark), Some(name));
        }
        assert_eq!(unopened(b"PKG: the parcel was sent"), None);
    }
}
