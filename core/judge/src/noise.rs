//! Estimates how many random bits a value holds, in any alphabet.
//!
//! Encrypted bytes look like noise. Written as hex, base64, base91 or a list of numbers, they look
//! like noise over fewer symbols. Noise is recognised by its collision rate: two random symbols are
//! equal with a probability of one over the size of the alphabet, while two letters of a text are
//! equal far more often.

/// A field with more random bits than this counts as sealed: it could carry a report. A field with
/// fewer is a digest, a key or a token.
pub const SEALED_BITS: u32 = 512;

/// Shorter values cannot hold more than [`SEALED_BITS`], whatever their alphabet.
const SHORTEST: usize = SEALED_BITS as usize / 8;

/// Bytes that are examined; the result of a longer value is extrapolated from them.
const SAMPLE: usize = 1 << 13;

/// How many bits a value holds if it looks like noise; 0 if it looks like
/// anything else, or is too short to hold more than [`SEALED_BITS`].
pub fn noise_bits(value: &[u8]) -> u32 {
    if value.len() <= SHORTEST {
        return 0;
    }
    let sample = &value[..value.len().min(SAMPLE)];
    let bits = match std::str::from_utf8(sample) {
        Ok(text) => of_text(text),
        // The sample may end in the middle of a UTF-8 sequence.
        Err(error) if error.error_len().is_none() && error.valid_up_to() + 4 > sample.len() => {
            std::str::from_utf8(&sample[..error.valid_up_to()]).map_or(0.0, of_text)
        }
        Err(_) => of_bytes(sample),
    };
    let all = bits * value.len() as f64 / sample.len() as f64;
    if all.is_finite() { all.min(f64::from(u32::MAX)) as u32 } else { 0 }
}

/// Bits in bytes: their Rényi entropy of order 2, if it is higher than that of structured data or
/// text.
fn of_bytes(bytes: &[u8]) -> f64 {
    const LEAST: f64 = 5.5;
    let each = (-collisions(bytes.iter().map(|byte| u32::from(*byte))).max(1.0 / 256.0).log2()).min(8.0);
    if each < LEAST { 0.0 } else { each * bytes.len() as f64 }
}

fn of_text(text: &str) -> f64 {
    if !text.is_ascii() {
        return of_wide(text);
    }
    let numbers = of_numbers(text);
    if numbers > 0.0 {
        return numbers;
    }
    let bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let letters: Vec<u8> = bytes.clone().filter(u8::is_ascii_alphanumeric).collect();
    // Dashes and colons between groups are separators, and not part of the alphabet.
    let grouped = letters.len() * 3 >= text.len() * 2;
    let of_letters = if grouped { of_alphabet(&letters, alphabet_of(&letters)) } else { 0.0 };
    let printed: Vec<u8> = bytes.collect();
    let base64 = printed.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte));
    of_letters.max(of_alphabet(&printed, if base64 { 64 } else { 94 }))
}

/// The smallest usual alphabet that has all of these letters and digits.
fn alphabet_of(letters: &[u8]) -> u32 {
    let all = |is: fn(&u8) -> bool| letters.iter().all(is);
    let upper = all(|byte| !byte.is_ascii_lowercase());
    let lower = all(|byte| !byte.is_ascii_uppercase());
    if all(u8::is_ascii_digit) {
        10
    } else if (upper || lower) && all(u8::is_ascii_hexdigit) {
        16
    } else if (upper || lower) && all(|byte| !b"0189".contains(byte)) {
        32
    } else if upper || lower {
        36
    } else {
        62
    }
}

/// Bits in symbols over an alphabet of this size; 0 if the symbols collide more often than noise.
fn of_alphabet(symbols: &[u8], alphabet: u32) -> f64 {
    let even = is_even(symbols.iter().map(|byte| u32::from(*byte)), symbols.len(), alphabet);
    if even { symbols.len() as f64 * f64::from(alphabet).log2() } else { 0.0 }
}

/// Numbers with something between them: `12,200,13`.
fn of_numbers(text: &str) -> f64 {
    const LEAST: usize = 32;
    let words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    let separators =
        text.bytes().filter(|byte| !byte.is_ascii_digit()).all(|byte| b" ,;:|[]{}()\n\r\t-.".contains(&byte));
    let numbers: Vec<u32> = words.map_while(|word| word.parse().ok()).collect();
    if !separators || numbers.len() < LEAST {
        return 0.0;
    }
    let greatest = numbers.iter().copied().max().unwrap_or_default();
    let alphabet = if greatest < 256 { 256 } else { greatest.saturating_add(1) };
    let low = numbers.iter().map(|number| number % 256);
    let even = is_even(low, numbers.len(), 256) && is_spread(&numbers, greatest);
    if even { numbers.len() as f64 * f64::from(alphabet).log2() } else { 0.0 }
}

/// Noise fills its range; clocks and counters stay at its upper end.
fn is_spread(numbers: &[u32], greatest: u32) -> bool {
    let lower = numbers.iter().filter(|number| **number <= greatest / 2).count();
    lower * 4 >= numbers.len()
}

/// Bits in text with characters beyond ASCII: either Latin-1 characters that stand for bytes, or an
/// alphabet that spans from the lowest to the highest code point.
fn of_wide(text: &str) -> f64 {
    let letters: Vec<u32> = text.chars().map(u32::from).collect();
    let (least, most) = letters.iter().fold((u32::MAX, 0), |(least, most), c| (least.min(*c), most.max(*c)));
    if most < 0x100 {
        let bytes: Vec<u8> = letters.iter().map(|letter| *letter as u8).collect();
        return of_bytes(&bytes);
    }
    let alphabet = most - least + 1;
    let even = is_even(letters.iter().copied(), letters.len(), alphabet);
    if even { letters.len() as f64 * f64::from(alphabet).log2() } else { 0.0 }
}

/// Whether symbols collide as seldom as noise over an alphabet of this size. The limit is 35 %
/// above the expected rate, plus four standard deviations and three pairs.
fn is_even(symbols: impl Iterator<Item = u32>, count: usize, alphabet: u32) -> bool {
    let alphabet = f64::from(alphabet);
    let n = count.max(2) as f64;
    let (deviation, pair) = ((2.0 / alphabet).sqrt() / (n - 1.0), 2.0 / (n * (n - 1.0)));
    count > 24 && collisions(symbols) <= 1.35 / alphabet + 4.0 * deviation + 3.0 * pair
}

/// The share of pairs of symbols that are equal.
fn collisions(symbols: impl Iterator<Item = u32>) -> f64 {
    let mut symbols: Vec<u32> = symbols.collect();
    symbols.sort_unstable();
    let n = symbols.len() as f64;
    let equal: f64 = symbols.chunk_by(|a, b| a == b).map(|same| same.len() as f64).map(|n| n * (n - 1.0)).sum();
    if n < 2.0 { 1.0 } else { equal / (n * (n - 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    /// Noise as symbols of an alphabet.
    fn written(length: usize, seed: u64, alphabet: &[u8]) -> Vec<u8> {
        let size = alphabet.len();
        noise(length * 8, seed)
            .into_iter()
            .filter(|byte| usize::from(*byte) < 256 / size * size)
            .map(|byte| alphabet[usize::from(byte) % size])
            .take(length)
            .collect()
    }

    const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    fn alphabets() -> Vec<(&'static str, Vec<u8>, usize)> {
        let lower = UPPER.to_ascii_lowercase();
        let alnum = [UPPER, &lower, b"0123456789"].concat();
        vec![
            ("digits", b"0123456789".to_vec(), 160),
            ("hex", b"0123456789abcdef".to_vec(), 132),
            ("base32", [UPPER, b"234567"].concat(), 106),
            ("base36", [&lower[..], b"0123456789"].concat(), 106),
            ("base58", alnum.iter().copied().filter(|c| !b"0OIl".contains(c)).collect(), 92),
            ("base64", [&alnum[..], b"+/"].concat(), 90),
            ("base64url", [&alnum[..], b"-_"].concat(), 90),
            ("base85", (b'!'..=b'u').collect(), 82),
            ("base91", [&alnum[..], b"!#$%&()*+,./:;<=>?@[]^_`{|}~\""].concat(), 82),
        ]
    }

    #[test]
    fn noise_is_told_in_every_alphabet_and_at_every_length() {
        for (name, alphabet, least) in alphabets() {
            for length in [least, least * 2, 1_000, 9_000] {
                for seed in 0..20 {
                    assert!(
                        noise_bits(&written(length, seed, &alphabet)) > SEALED_BITS,
                        "{name} of {length}, seed {seed}"
                    );
                }
            }
        }
        for seed in 0..20 {
            assert!(noise_bits(&noise(80, seed)) > SEALED_BITS, "bytes");
            let latin: String = noise(90, seed).into_iter().map(char::from).collect();
            assert!(noise_bits(latin.as_bytes()) > SEALED_BITS, "bytes as letters");
            let numbers: Vec<String> = noise(90, seed).iter().map(ToString::to_string).collect();
            assert!(noise_bits(numbers.join(",").as_bytes()) > SEALED_BITS, "numbers");
            let groups: Vec<String> = written(160, seed, b"0123456789abcdef")
                .chunks(4)
                .map(|four| String::from_utf8_lossy(four).into())
                .collect();
            assert!(noise_bits(groups.join("-").as_bytes()) > SEALED_BITS, "groups");
            let han: String = noise(160, seed)
                .chunks(2)
                .filter_map(|two| char::from_u32(0x4e00 + (u32::from(two[0]) << 8 | u32::from(two[1])) % 0x5000))
                .collect();
            assert!(noise_bits(han.as_bytes()) > SEALED_BITS, "han letters");
        }
    }

    #[test]
    fn a_digest_a_key_or_a_token_is_too_short_to_carry_a_report() {
        for value in [&noise(64, 1)[..], &written(128, 1, b"0123456789abcdef"), &written(44, 1, UPPER)] {
            assert!(noise_bits(value) <= SEALED_BITS);
        }
    }

    #[test]
    fn what_people_and_programs_write_is_no_noise() {
        let prose = "Candor finds out what a browser or a phone tells its maker, proves it, and gives the person who uses it the off switch.";
        let agent =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        let address = "https://redirector.gvt1.com/edgedl/chrome/dict/en-us-10-1.bdic?cms_redirect=yes&mh=ab&mip=198.18.0.1&mm=28&mn=sn";
        let json = r#"{"request":{"@os":"linux","@updater":"chromium","acceptformat":"crx3,download","apps":[{"appid":"x","version":"1.2"}]}}"#;
        let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
        let camel =
            "UserEngagementMetricsReporterInterfaceFactoryImplementationServiceWorkerRegistrationObserverDelegate";
        let hosts =
            "safebrowsing.googleapis.com,content-autofill.googleapis.com,update.googleapis.com,clients2.google.com";
        let german =
            "Über größere Straßen führen Wege, die früher schöner waren; müde Füße hören trotzdem auf keine Gründe.";
        let chinese = "我们不会收集您在隐私模式下浏览的网页地址也不会把它们发送到任何服务器请放心使用我们的浏览器谢谢您的信任和支持";
        let clocks = (0..60).map(|i| (1_700_000_000 + i * 137).to_string()).collect::<Vec<_>>().join(",");
        let counts = (0..60).map(|i| (i * i % 7).to_string()).collect::<Vec<_>>().join(",");
        for value in [prose, agent, address, json, accept, camel, hosts, german, chinese, &clocks, &counts] {
            assert!(noise_bits(value.as_bytes()) <= SEALED_BITS, "{value}: {}", noise_bits(value.as_bytes()));
        }
        let upper = prose.to_ascii_uppercase().replace(' ', "");
        assert!(noise_bits(upper.as_bytes()) <= SEALED_BITS);
        assert!(noise_bits(&[0xff, 0, 0, 0].repeat(64)) <= SEALED_BITS);
    }
}
