//! Where in a value a digest may be written.
//!
//! Digests stand as unbroken runs of hex digits or of base64 characters, of
//! lengths that only digests have. A run of at least *n* characters covers
//! every *n*th position, so most of a value is never looked at.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER_PERMISSIVE};
use memchr::memchr2;

use crate::digests::LONGEST;

/// Hex digits of the shortest beginning of a digest that proves something.
const SHORTEST_HEX: usize = 16;
/// Characters that base64 needs for the shortest digest; beginnings of digests
/// are seldom written so.
const SHORTEST_BASE64: usize = 22;

const HEX: u8 = 1;
const STANDARD: u8 = 2;
const URL_SAFE: u8 = 4;
const ALL: u8 = HEX | STANDARD | URL_SAFE;

/// Which alphabets a byte belongs to.
const ALPHABETS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        if c.is_ascii_hexdigit() {
            table[byte] |= HEX;
        }
        if c.is_ascii_alphanumeric() {
            table[byte] |= STANDARD | URL_SAFE;
        }
        if c == b'+' || c == b'/' {
            table[byte] |= STANDARD;
        }
        if c == b'-' || c == b'_' {
            table[byte] |= URL_SAFE;
        }
        byte += 1;
    }
    table
};

/// Tells the bytes of everything in `value` that may be a digest of one of
/// `lengths` (a bit for each length in bytes), and the characters it is
/// written with.
pub(super) fn each(value: &[u8], lengths: u128, mut tell: impl FnMut(&[u8], &[u8])) {
    let has = |length: usize| length <= LONGEST && lengths >> length & 1 == 1;
    if has(value.len()) && !is_text(value) {
        tell(value, value);
    }
    if value.len() < SHORTEST_HEX {
        return;
    }
    let mut bytes = [0; LONGEST];
    let mut read = |encoding: &Encoding, written: &[u8], length: usize| {
        if has(length)
            && encoding.decode_len(written.len()) == Ok(length)
            && let Some(bytes) = bytes.get_mut(..length)
            && encoding.decode_mut(written, bytes) == Ok(length)
        {
            tell(bytes, written);
        }
    };
    // What is a run of one alphabet lies in a run of all of them together.
    runs(value, ALL, SHORTEST_HEX, |value| {
        runs(value, HEX, SHORTEST_HEX, |run| {
            if run.len().is_multiple_of(2) {
                read(&HEXLOWER_PERMISSIVE, run, run.len() / 2);
            }
        });
        let is_url_safe = memchr2(b'-', b'_', value).is_some();
        let is_standard = memchr2(b'+', b'/', value).is_some();
        let mut standard = |run: &[u8]| read(&BASE64_NOPAD, run, run.len() * 3 / 4);
        match is_url_safe {
            false => standard(value),
            true => runs(value, STANDARD, SHORTEST_BASE64, standard),
        }
        let mut url_safe = |run: &[u8]| read(&BASE64URL_NOPAD, run, run.len() * 3 / 4);
        match (is_url_safe, is_standard) {
            // It was the standard alphabet as well.
            (false, _) => {}
            (true, false) => url_safe(value),
            (true, true) => runs(value, URL_SAFE, SHORTEST_BASE64, url_safe),
        }
    });
    if let Some(joined) = uuid(value) {
        read(&HEXLOWER_PERMISSIVE, &joined, 16);
    }
}

/// Eight bytes of a digest are hardly ever all printable.
fn is_text(value: &[u8]) -> bool {
    value.iter().take(8).all(|byte| matches!(byte, b' '..=b'~'))
}

/// Tells every unbroken run of at least `least` bytes of an alphabet.
fn runs(value: &[u8], alphabet: u8, least: usize, mut tell: impl FnMut(&[u8])) {
    let is_in = |byte: &&u8| ALPHABETS[usize::from(**byte)] & alphabet != 0;
    let mut behind = 0;
    let mut at = least - 1;
    while let Some(byte) = value.get(at) {
        if !is_in(&byte) {
            at += least;
            continue;
        }
        let start = at - value[behind..at].iter().rev().take_while(is_in).count();
        let sure = if alphabet == ALL { letters(&value[at..]) } else { 0 };
        let end = at + sure + value[at + sure..].iter().take_while(is_in).count();
        if end - start >= least {
            tell(&value[start..end]);
        }
        behind = end;
        at = end + least;
    }
}

/// How many bytes, a multiple of sixteen, at the start of a value are surely of
/// the alphabets: values are long where all of them is base64.
fn letters(value: &[u8]) -> usize {
    let is_letter = |byte: &u8| {
        let sign = |sign: u8| u8::from(*byte == sign);
        let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26) | u8::from(byte.wrapping_sub(b'0') < 10);
        letter | sign(b'+') | sign(b'/') | sign(b'-') | sign(b'_')
    };
    let (blocks, _) = value.as_chunks::<16>();
    16 * blocks.iter().take_while(|block| block.iter().map(is_letter).fold(1, |all, one| all & one) == 1).count()
}

/// The 32 digits of a value that is written like a UUID (RFC 9562 §4).
fn uuid(value: &[u8]) -> Option<[u8; 32]> {
    let is_dash = |at: usize| value[at] == b'-';
    if value.len() != 36 || ![8, 13, 18, 23].into_iter().all(is_dash) {
        return None;
    }
    let mut joined = [0; 32];
    let digits = value.iter().filter(|byte| **byte != b'-');
    joined.iter_mut().zip(digits).for_each(|(to, from)| *to = *from);
    Some(joined)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digests::hex;

    const ALL: u128 = 1 << 16 | 1 << 20 | 1 << 28 | 1 << 32 | 1 << 48 | 1 << 64;

    fn told(value: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        each(value, ALL, |bytes, _| all.push(hex(bytes)));
        all
    }

    #[test]
    fn a_digest_is_read_from_hex_base64_and_raw_bytes() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        for value in [
            "900150983cd24fb0d6963f7d28e17f72",
            "900150983CD24FB0D6963F7D28E17F72",
            "id=900150983cd24fb0d6963f7d28e17f72&x",
            "id_900150983cd24fb0d6963f7d28e17f72_x",
            "kAFQmDzST7DWlj99KOF/cg==",
            "\"kAFQmDzST7DWlj99KOF/cg\"",
            "kAFQmDzST7DWlj99KOF_cg",
            "90015098-3cd2-4fb0-d696-3f7d28e17f72",
        ] {
            assert!(told(value.as_bytes()).iter().any(|told| told == md5), "{value}");
        }
        assert_eq!(told(&data_encoding::HEXLOWER.decode(md5.as_bytes()).unwrap()), [md5]);
    }

    #[test]
    fn runs_of_other_lengths_are_no_digests() {
        for value in ["900150983cd24fb0d6963f7d28e17f7", "900150983cd24fb0d6963f7d28e17f721", "word word word", ""] {
            assert!(told(value.as_bytes()).is_empty(), "{value}");
        }
    }

    #[test]
    fn runs_of_any_length_are_survived() {
        for length in 0..200 {
            told(&b"A".repeat(length));
            told(&b"_".repeat(length));
        }
    }

    proptest! {
        #[test]
        fn every_run_is_told_once(value in "[0-9a-fx ]{0,300}") {
            let mut found = Vec::new();
            runs(value.as_bytes(), HEX, 6, |run| found.push(String::from_utf8(run.to_vec()).unwrap()));
            let plainly: Vec<&str> =
                value.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 6).collect();
            prop_assert_eq!(found, plainly);
        }
    }
}
