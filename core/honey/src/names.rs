//! Words nobody could guess, from a seed.

/// A stream of names: SplitMix64 (Steele, Lea, Flood 2014), so that a plan
/// can be run again from its seed alone. The seed is what must be unguessable.
#[derive(Clone, Debug)]
pub struct NameStream {
    state: u64,
}

const CONSONANTS: &[u8] = b"bdfghjklmnprstvz";
const VOWELS: &[u8] = b"aeiou";
const SUFFIXES: [&str; 6] = ["com", "de", "net", "fr", "org", "it"];

impl NameStream {
    /// The stream of this seed, for this purpose: other purposes share no names.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut names = Self { state: seed };
        names.state = names.number() ^ purpose.wrapping_mul(0xd605_0bb5_2f1e_9c27);
        names
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `n`, for small `n`.
    pub fn below(&mut self, n: usize) -> usize {
        // 64 random bits against a few choices: the bias is below 2⁻⁵⁰.
        (self.number() % n.max(1) as u64) as usize
    }

    /// A word of so many syllables; each is worth 6.3 bits.
    pub fn word(&mut self, syllables: usize) -> String {
        (0..syllables)
            .flat_map(|_| [CONSONANTS[self.below(CONSONANTS.len())], VOWELS[self.below(VOWELS.len())]])
            .map(char::from)
            .collect()
    }

    /// A registrable name of sixteen letters below an ordinary suffix.
    pub fn host(&mut self) -> String {
        let word = self.word(8);
        format!("{word}.{}", SUFFIXES[self.below(SUFFIXES.len())])
    }

    /// The same things in another order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let (mut one, mut other) = (NameStream::new(7, 1), NameStream::new(7, 1));
        assert_eq!(one.host(), other.host());
        assert_ne!(NameStream::new(7, 1).host(), NameStream::new(7, 2).host());
        assert_ne!(NameStream::new(7, 1).host(), NameStream::new(8, 1).host());
    }

    #[test]
    fn a_host_is_an_ordinary_registrable_name() {
        let host = NameStream::new(1, 1).host();
        let (name, suffix) = host.split_once('.').unwrap();
        assert_eq!(name.len(), 16);
        assert!(SUFFIXES.contains(&suffix));
    }
}
