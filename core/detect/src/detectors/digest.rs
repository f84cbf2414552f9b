//! Digests of planted values.
//!
//! One table holds the beginning of every digest of every form of every value,
//! so that looking one up costs the same however many there are. What the
//! table says is computed again before it is believed.

use model::{Canary, Guise, Kind, Leaf, RecognitionMethod};

use super::runs;
use crate::{
    digests::{ALGORITHMS, AlgorithmRank, DigestAlgorithm, LONGEST, hex},
    fixed::FixedMap,
    forms::{self, DigestText},
    matches::{ExchangeMatches, MatchKind},
};

/// Every digest of every form of all canaries.
#[derive(Clone, Default)]
pub(crate) struct DigestIndex {
    /// By a digest's first eight bytes, the last entry with them.
    last: FixedMap<u64, u32>,
    entries: Vec<DigestEntry>,
    /// For each canary, its forms.
    forms: Vec<Vec<DigestText>>,
    salts: Vec<Box<[u8]>>,
}

#[derive(Clone, Copy)]
struct DigestEntry {
    canary: u32,
    form: u16,
    algorithm: u8,
    made: DigestInput,
    /// The entry before this whose digest begins alike; its own position if
    /// there is none.
    before: u32,
}

/// What is hashed, and how often.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DigestInput {
    Once,
    /// The hex of a digest again.
    TwiceHex,
    /// The bytes of a digest again.
    TwiceRaw,
    SaltBefore(u8),
    SaltBehind(u8),
    Keyed(u8),
    /// The hex, or the bytes, of the digest of another algorithm.
    OfHex(u8),
    OfRaw(u8),
}

/// Lengths in bytes, as bits, that are looked up: those of all digests, and
/// those that digests are usually cut to.
const LENGTHS: u128 =
    1 << 8 | 1 << 10 | 1 << 12 | 1 << 16 | 1 << 20 | 1 << 24 | 1 << 28 | 1 << 32 | 1 << 40 | 1 << 48 | 1 << 64;

impl DigestIndex {
    /// Adds the canary at `position`.
    pub(crate) fn plant(&mut self, position: usize, forms: Vec<DigestText>) {
        self.forms.push(forms);
        self.enter_all(position, &[DigestInput::Once, DigestInput::TwiceHex, DigestInput::TwiceRaw]);
        let is_common = |algorithm: &DigestAlgorithm| matches!(algorithm.rank, AlgorithmRank::Common { .. });
        let common = (0..ALGORITHMS.len() as u8).filter(|i| is_common(&ALGORITHMS[usize::from(*i)]));
        let mixed: Vec<DigestInput> =
            common.flat_map(|inner| [DigestInput::OfHex(inner), DigestInput::OfRaw(inner)]).collect();
        self.enter_all(position, &mixed);
        for salt in 0..self.salts.len() {
            self.enter_all(position, &DigestInput::salted(salt));
        }
    }

    pub(crate) fn salt(&mut self, salt: &[u8]) {
        // One byte counts them; nobody has so many.
        if self.salts.len() > usize::from(u8::MAX) || self.salts.iter().any(|known| **known == *salt) {
            return;
        }
        self.salts.push(salt.into());
        for position in 0..self.forms.len() {
            self.enter_all(position, &DigestInput::salted(self.salts.len() - 1));
        }
    }

    fn enter_all(&mut self, position: usize, all: &[DigestInput]) {
        for form in 0..self.forms[position].len() {
            for (number, algorithm) in ALGORITHMS.iter().enumerate() {
                let mut once = None;
                for &made in all {
                    let entry = DigestEntry {
                        canary: position as u32,
                        form: form as u16,
                        algorithm: number as u8,
                        made,
                        before: self.entries.len() as u32,
                    };
                    let form = &self.forms[position][form];
                    if made.is_worth(algorithm, form) {
                        let once = *once.get_or_insert_with(|| algorithm.of(form.text.as_bytes()).0);
                        self.enter(entry, once);
                    }
                }
            }
        }
    }

    fn enter(&mut self, mut entry: DigestEntry, once: [u8; LONGEST]) {
        let (digest, _) = self.digest_over(entry, once);
        let id = self.entries.len() as u32;
        if let Some(before) = self.last.insert(beginning(&digest), id) {
            entry.before = before;
        }
        self.entries.push(entry);
    }

    pub(crate) fn at(&self, leaf: &Leaf<'_>, canaries: &[Canary], exchange: u64, found: &mut ExchangeMatches) {
        if self.entries.is_empty() {
            return;
        }
        runs::each(leaf.value, LENGTHS, |digest, written| {
            if let Some(&last) = self.last.get(&beginning(digest)) {
                self.tell(last, digest, written, leaf, canaries, exchange, found);
            }
        });
    }

    #[cold]
    #[allow(clippy::too_many_arguments, reason = "one call, taken out of the way of those that find nothing")]
    fn tell(
        &self,
        last: u32,
        digest: &[u8],
        written: &[u8],
        leaf: &Leaf<'_>,
        canaries: &[Canary],
        exchange: u64,
        found: &mut ExchangeMatches,
    ) {
        let host = Kind::new("visited-host");
        for entry in self.alike(last) {
            let (whole, length) = self.digest(entry);
            let is_cut = digest.len() < length;
            if !whole[..length].starts_with(digest) || (is_cut && entry.made != DigestInput::Once) {
                continue;
            }
            let (algorithm, form) = self.meant(entry);
            let canary = &canaries[entry.canary as usize];
            let names_host = form.names_host();
            if names_host && forms::is_host_planted(canaries, &form.text) {
                continue;
            }
            let name =
                if is_cut { format!("{}-prefix{}", algorithm.name, digest.len()) } else { algorithm.name.into() };
            let of = MatchKind {
                canary: Some((entry.canary, &canary.id)),
                kind: if names_host { &host } else { &canary.kind },
                guise: Guise::Digest(entry.made.guise(&name, &form.name)),
                how: RecognitionMethod::Canary,
                weak: false,
            };
            found.add(exchange, leaf, of, || shown(digest, written));
        }
    }

    /// All entries that begin alike, in the order in which they were planted.
    fn alike(&self, last: u32) -> impl Iterator<Item = DigestEntry> {
        let before = |id: &u32| Some(self.entries[*id as usize].before).filter(|before| before != id);
        let ids: Vec<u32> = std::iter::successors(Some(last), before).collect();
        ids.into_iter().rev().map(|id| self.entries[id as usize])
    }

    fn meant(&self, entry: DigestEntry) -> (&'static DigestAlgorithm, &DigestText) {
        let form = &self.forms[entry.canary as usize][usize::from(entry.form)];
        (&ALGORITHMS[usize::from(entry.algorithm)], form)
    }

    fn digest(&self, entry: DigestEntry) -> ([u8; LONGEST], usize) {
        let (algorithm, form) = self.meant(entry);
        self.digest_over(entry, algorithm.of(form.text.as_bytes()).0)
    }

    /// The same, with the value hashed already.
    fn digest_over(&self, entry: DigestEntry, once: [u8; LONGEST]) -> ([u8; LONGEST], usize) {
        let (algorithm, form) = self.meant(entry);
        let (value, length) = (form.text.as_bytes(), algorithm.length);
        let salt = |i: u8| &*self.salts[usize::from(i)];
        let digest = match entry.made {
            DigestInput::Once => once,
            DigestInput::TwiceHex => algorithm.of(hex(&once[..length]).as_bytes()).0,
            DigestInput::TwiceRaw => algorithm.of(&once[..length]).0,
            DigestInput::SaltBefore(i) => algorithm.of(&[salt(i), value].concat()).0,
            DigestInput::SaltBehind(i) => algorithm.of(&[value, salt(i)].concat()).0,
            DigestInput::Keyed(i) => algorithm.keyed(salt(i), value),
            DigestInput::OfHex(i) => {
                let (inner, length) = ALGORITHMS[usize::from(i)].of(value);
                algorithm.of(hex(&inner[..length]).as_bytes()).0
            }
            DigestInput::OfRaw(i) => {
                let (inner, length) = ALGORITHMS[usize::from(i)].of(value);
                algorithm.of(&inner[..length]).0
            }
        };
        (digest, length)
    }
}

impl DigestInput {
    fn salted(salt: usize) -> [Self; 3] {
        let salt = salt as u8;
        [Self::SaltBefore(salt), Self::SaltBehind(salt), Self::Keyed(salt)]
    }

    /// Whether anybody would do that.
    fn is_worth(self, algorithm: &DigestAlgorithm, form: &DigestText) -> bool {
        let is_usual = form.is_usual();
        match (self, algorithm.rank) {
            (Self::Once, AlgorithmRank::Common { .. } | AlgorithmRank::Known) => true,
            (Self::Once | Self::TwiceHex | Self::TwiceRaw, _) => is_usual,
            (Self::OfHex(i) | Self::OfRaw(i), rank) => {
                let other = ALGORITHMS[usize::from(i)].name != algorithm.name;
                is_usual && other && matches!(rank, AlgorithmRank::Common { .. })
            }
            (_, rank) => is_usual && matches!(rank, AlgorithmRank::Common { .. }),
        }
    }

    /// `md5(lower)`, `sha256(sha256)`, `sha256(salt+lower)`.
    fn guise(self, algorithm: &str, form: &str) -> String {
        let value = if form.is_empty() { "value" } else { form };
        match self {
            Self::Once if form.is_empty() => algorithm.to_owned(),
            Self::Once => format!("{algorithm}({form})"),
            Self::TwiceHex if form.is_empty() => format!("{algorithm}({algorithm})"),
            Self::TwiceHex => format!("{algorithm}({algorithm}({form}))"),
            Self::TwiceRaw if form.is_empty() => format!("{algorithm}(raw {algorithm})"),
            Self::TwiceRaw => format!("{algorithm}(raw {algorithm}({form}))"),
            Self::SaltBefore(_) => format!("{algorithm}(salt+{value})"),
            Self::SaltBehind(_) => format!("{algorithm}({value}+salt)"),
            Self::Keyed(_) => format!("hmac-{algorithm}({value})"),
            Self::OfHex(i) | Self::OfRaw(i) => {
                let raw = if matches!(self, Self::OfRaw(_)) { "raw " } else { "" };
                let inner = ALGORITHMS[usize::from(i)].name;
                let form = if form.is_empty() { String::new() } else { format!("({form})") };
                format!("{algorithm}({raw}{inner}{form})")
            }
        }
    }
}

fn beginning(digest: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = digest.len().min(8);
    first[..length].copy_from_slice(&digest[..length]);
    u64::from_be_bytes(first)
}

/// As it was written, or as hex where bytes stood.
fn shown(digest: &[u8], written: &[u8]) -> String {
    if std::ptr::eq(digest, written) { hex(digest) } else { String::from_utf8_lossy(written).into_owned() }
}
