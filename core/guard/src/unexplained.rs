//! Values that nothing explains: ciphertext, as bytes or encoded in any alphabet.
//!
//! A report that is encrypted inside TLS holds nothing that a canary or a schema could find. It is
//! recognised by its length and by the distribution of its characters: random data uses all
//! characters equally often, while words and numbers repeat some.

use model::Leaf;

/// Shorter values are an id, a digest or a nonce.
const SHORTEST: u64 = 32;

/// Adds up the unexplained bytes of one request. Values come outside in.
#[derive(Default)]
pub(crate) struct UnexplainedBits {
    bytes: u64,
    /// Depth and size of the last unexplained value, as long as no decoder opened it.
    last: Option<(usize, u64)>,
}

impl UnexplainedBits {
    pub(crate) fn at(&mut self, leaf: &Leaf<'_>) {
        // A value that was reached by a guess does not explain the outer value.
        if leaf.weak {
            return;
        }
        let depth = leaf.route.depth();
        let inner = unexplained(leaf.value);
        if let Some((outer, size)) = self.last.take() {
            // A deeper value means that this one was decoded: only the inner value may count, so
            // that no bytes count twice.
            if depth <= outer {
                self.bytes += size;
            }
        }
        self.last = (inner >= SHORTEST).then_some((depth, inner));
    }

    pub(crate) fn finish(self) -> u64 {
        self.bytes + self.last.map_or(0, |(_, size)| size)
    }
}

/// Bytes of random data that a value could hold; 0 if the value does not look random.
fn unexplained(value: &[u8]) -> u64 {
    let some = &value[..value.len().min(4_096)];
    if (some.len() as u64) < SHORTEST {
        return 0;
    }
    let noise = if std::str::from_utf8(value).is_ok() { bits_of_text(some) } else { bits_of_bytes(some) };
    noise.map_or(0, |bits| (value.len() as f64 * bits / 8.0) as u64)
}

/// Bits of random data in each byte of a value that is not text.
fn bits_of_bytes(value: &[u8]) -> Option<f64> {
    let different = spread(value).iter().filter(|count| **count > 0).count() as f64;
    let expected = 256.0 * (1.0 - (1.0_f64 - 1.0 / 256.0).powi(value.len() as i32));
    (different >= 0.85 * expected).then_some(8.0)
}

/// Bits of random data in each character of a text, judged by the smallest usual alphabet that
/// contains it.
fn bits_of_text(value: &[u8]) -> Option<f64> {
    if !value.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let alphabet = match value {
        _ if value.iter().all(u8::is_ascii_digit) => 10.0_f64,
        _ if value.iter().all(u8::is_ascii_hexdigit) => 16.0,
        _ if is_of_one_case(value) => 32.0,
        _ if value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=.".contains(byte)) => 64.0,
        _ => 91.0,
    };
    // An address or a list repeats its separators; random data uses each character equally often.
    let counts = spread(value);
    let length = value.len() as f64;
    let entropy: f64 =
        counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length).map(|p| -p * p.log2()).sum();
    // The entropy of a sample this short is expected to be lower than that of its source (Miller
    // and Madow).
    let expected = alphabet.log2() - (alphabet - 1.0) / (2.0 * length * std::f64::consts::LN_2);
    (entropy >= 0.92 * expected).then_some(alphabet.log2())
}

/// Whether a value has letters of one case, and digits, only.
fn is_of_one_case(value: &[u8]) -> bool {
    let lower = value.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'=');
    lower || value.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'=')
}

fn spread(value: &[u8]) -> [u32; 256] {
    let mut counts = [0; 256];
    value.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::bytes_that_look_random;

    /// Noise in an alphabet.
    fn written(alphabet: &[u8], count: usize) -> Vec<u8> {
        // Two bytes for each letter, so that each is nearly as likely as any other.
        let noise = bytes_that_look_random(2 * count);
        noise.chunks(2).map(|two| alphabet[usize::from(two[0]) * 256 + usize::from(two[1])].to_owned()).collect()
    }

    fn repeated(letters: &[u8]) -> Vec<u8> {
        (0..65_536).map(|i| letters[i % letters.len()]).collect()
    }

    #[test]
    fn noise_is_a_riddle_in_any_alphabet() {
        let graphic: Vec<u8> = (b'!'..=b'~').filter(|byte| !b"\"'\\".contains(byte)).collect();
        for (name, letters) in [
            ("digits", &b"0123456789"[..]),
            ("hex", b"0123456789abcdef"),
            ("base32", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            ("base64", b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            ("base91", &graphic),
        ] {
            for count in [170, 300, 1_000] {
                assert!(unexplained(&written(&repeated(letters), count)) > 64, "{count} letters of {name}");
            }
        }
        assert_eq!(unexplained(&bytes_that_look_random(100)), 100);
    }

    #[test]
    fn what_people_and_programs_write_is_none() {
        for text in [
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
            "https://www.example.com/a/long/path/to/some/article-about-something?utm_source=mail&utm_campaign=autumn",
            "com.example.application.feature.settings.SettingsActivity.onCreate.lifecycle.first_start_of_the_app",
            "theQuickBrownFoxJumpsOverTheLazyDogAndThenTheQuickBrownFoxJumpsOverTheLazyDogOnceMoreToday",
            "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
            "7b4c9d2e-1f3a-4b5c-8d6e-9f0a1b2c3d4e",
        ] {
            assert_eq!(unexplained(text.as_bytes()), 0, "{text}");
        }
        assert_eq!(unexplained(&[0xff, 0, 0, 0].repeat(64)), 0);
    }
}
