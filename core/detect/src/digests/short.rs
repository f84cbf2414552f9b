//! Hashes that are too short to prove anything: CRC-32, MurmurHash3, xxHash.
//!
//! Programs use them as identifiers all the same. Found in a whole field they
//! are a hint and are marked weak.

use xxhash_rust::xxh64::xxh64;

/// A short hash of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShortHash {
    /// As in the name of a guise: `crc32`.
    pub(crate) name: &'static str,
    pub(crate) number: u64,
    /// 4 or 8.
    pub(crate) bytes: u8,
}

/// All short hashes of a value, seeds being nought.
pub(crate) fn of(value: &[u8]) -> [ShortHash; 5] {
    let murmur = murmur3_128(value);
    let four = |name, number: u32| ShortHash { name, number: u64::from(number), bytes: 4 };
    let eight = |name, number| ShortHash { name, number, bytes: 8 };
    [
        four("crc32", crc32fast::hash(value)),
        four("murmur3-32", murmur3_32(value)),
        // Java's String.hashCode, over UTF-16 (Java SE, `String.hashCode`).
        four("java-hash", java_hash(value)),
        eight("xxh64", xxh64(value, 0)),
        eight("murmur3-64", murmur),
    ]
}

/// MurmurHash3_x86_32 (Appleby), seed 0.
fn murmur3_32(value: &[u8]) -> u32 {
    let scramble = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (words, rest) = value.as_chunks::<4>();
    let mut hash = words.iter().fold(0u32, |hash, word| {
        let hash = (hash ^ scramble(u32::from_le_bytes(*word))).rotate_left(13);
        hash.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    hash ^= scramble(u32::from_le_bytes(last)) ^ value.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// The first half of MurmurHash3_x64_128 (Appleby), seed 0.
fn murmur3_128(value: &[u8]) -> u64 {
    const A: u64 = 0x87c3_7b91_1142_53d5;
    const B: u64 = 0x4cf5_ad43_2745_937f;
    let first = |word: u64| word.wrapping_mul(A).rotate_left(31).wrapping_mul(B);
    let second = |word: u64| word.wrapping_mul(B).rotate_left(33).wrapping_mul(A);
    let half = |block: &[u8; 16], at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&block[at..at + 8]);
        u64::from_le_bytes(word)
    };
    let (blocks, rest) = value.as_chunks::<16>();
    let (mut one, mut two) = (0u64, 0u64);
    for block in blocks {
        one = (one ^ first(half(block, 0))).rotate_left(27).wrapping_add(two);
        one = one.wrapping_mul(5).wrapping_add(0x52dc_e729);
        two = (two ^ second(half(block, 8))).rotate_left(31).wrapping_add(one);
        two = two.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    one ^= first(half(&last, 0)) ^ value.len() as u64;
    two ^= second(half(&last, 8)) ^ value.len() as u64;
    one = one.wrapping_add(two);
    two = two.wrapping_add(one);
    mixed(one).wrapping_add(mixed(two))
}

fn mixed(mut word: u64) -> u64 {
    word = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ word >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ word >> 33
}

/// Java's `String.hashCode` of a text.
pub(crate) fn java_hash(value: &[u8]) -> u32 {
    if value.is_ascii() {
        // Four at a time: each step would wait for the one before.
        const POWERS: [u32; 4] = [31 * 31 * 31, 31 * 31, 31, 1];
        let (fours, rest) = value.as_chunks::<4>();
        let hash = fours.iter().fold(0u32, |hash, four| {
            let sum = (0..4).fold(0u32, |sum, i| sum.wrapping_add(u32::from(four[i]) * POWERS[i]));
            hash.wrapping_mul(31 * 31 * 31 * 31).wrapping_add(sum)
        });
        return rest.iter().fold(hash, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    }
    let text = String::from_utf8_lossy(value);
    text.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, value: &[u8]) -> u64 {
        of(value).iter().find(|short| short.name == name).unwrap().number
    }

    #[test]
    fn each_hash_gives_its_published_test_value() {
        assert_eq!(number("crc32", b"123456789"), 0xcbf4_3926);
        assert_eq!(number("murmur3-32", b"hello"), 0x248b_fa47);
        assert_eq!(number("murmur3-32", b"The quick brown fox jumps over the lazy dog"), 0x2e4f_f723);
        assert_eq!(number("murmur3-64", b"hello"), 0xcbd8_a7b3_41bd_9b02);
        assert_eq!(number("murmur3-64", b"The quick brown fox jumps over the lazy dog"), 0xe34b_bc7b_bc07_1b6c);
        assert_eq!(number("xxh64", b""), 0xef46_db37_51d8_e999);
        assert_eq!(number("xxh64", b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(number("java-hash", b"hello"), 99_162_322);
    }
}
