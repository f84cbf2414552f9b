//! Digests of planted values.
//!
//! One table holds the beginning of every digest of every form of every value,
//! so that looking one up costs the same however many there are. What the
//! table says is computed again before it is believed.

use model::{Canary, Guise, How, Leaf};

use super::runs;
use crate::{
    digests::{ALGORITHMS, Algorithm, LONGEST, hex},
    fixed::Map,
    forms::{Digested, Forms},
    found::{Found, Of},
};

/// Every digest of every form of all canaries.
#[derive(Clone, Default)]
pub(crate) struct Digests {
    /// By a digest's first eight bytes, the first entry with them.
    first: Map<u64, u32>,
    entries: Vec<Entry>,
    /// For each canary, its forms.
    forms: Vec<Vec<Digested>>,
    /// A bit for each length in bytes that occurs.
    lengths: u128,
}

#[derive(Clone, Copy)]
struct Entry {
    canary: u32,
    form: u16,
    algorithm: u8,
    rounds: Rounds,
    /// The next entry whose digest begins alike; its own position if none.
    next: u32,
}

/// How often a value was hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounds {
    Once,
    /// The hex of a digest again.
    TwiceHex,
    /// The bytes of a digest again.
    TwiceRaw,
}

impl Digests {
    /// Adds the canary at `position`.
    pub(crate) fn plant(&mut self, position: usize, forms: Forms) {
        for (i, form) in forms.digested.iter().enumerate() {
            for (number, algorithm) in ALGORITHMS.iter().enumerate() {
                for rounds in [Rounds::Once, Rounds::TwiceHex, Rounds::TwiceRaw] {
                    let entry = Entry {
                        canary: position as u32,
                        form: i as u16,
                        algorithm: number as u8,
                        rounds,
                        next: self.entries.len() as u32,
                    };
                    self.enter(&rounds.of(algorithm, form.text.as_bytes())[..algorithm.length], entry);
                }
                self.lengths |= 1 << algorithm.length;
            }
        }
        self.forms.push(forms.digested);
    }

    pub(crate) fn at(&self, leaf: &Leaf<'_>, canaries: &[Canary], exchange: u64, found: &mut Found) {
        runs::each(leaf.value, self.lengths, |digest, written| {
            for entry in self.begins_like(digest) {
                let (algorithm, form) = self.meant(entry);
                if entry.rounds.of(algorithm, form.text.as_bytes())[..algorithm.length] != *digest {
                    continue;
                }
                let canary = &canaries[entry.canary as usize];
                let of = Of {
                    canary: Some((entry.canary, &canary.id)),
                    kind: &canary.kind,
                    guise: Guise::Digest(entry.rounds.guise(algorithm.name, &form.name)),
                    how: How::Canary,
                    weak: false,
                };
                found.add(exchange, leaf, of, || shown(digest, written));
            }
        });
    }

    fn enter(&mut self, digest: &[u8], mut entry: Entry) {
        let id = self.entries.len() as u32;
        if let Some(first) = self.first.insert(beginning(digest), id) {
            entry.next = first;
        }
        self.entries.push(entry);
    }

    fn begins_like(&self, digest: &[u8]) -> impl Iterator<Item = Entry> {
        let first = self.first.get(&beginning(digest)).copied();
        let next = |id: &u32| Some(self.entries[*id as usize].next).filter(|next| next != id);
        let mut all: Vec<Entry> = std::iter::successors(first, next).map(|id| self.entries[id as usize]).collect();
        // In the order in which they were planted.
        all.reverse();
        all.into_iter()
    }

    fn meant(&self, entry: Entry) -> (&'static Algorithm, &Digested) {
        let form = &self.forms[entry.canary as usize][usize::from(entry.form)];
        (&ALGORITHMS[usize::from(entry.algorithm)], form)
    }
}

impl Rounds {
    fn of(self, algorithm: &Algorithm, value: &[u8]) -> [u8; LONGEST] {
        let (once, length) = algorithm.of(value);
        match self {
            Self::Once => once,
            Self::TwiceHex => algorithm.of(hex(&once[..length]).as_bytes()).0,
            Self::TwiceRaw => algorithm.of(&once[..length]).0,
        }
    }

    /// `md5(lower)`, `sha256(sha256)`, `sha256(sha256(lower))`.
    fn guise(self, algorithm: &str, form: &str) -> String {
        let once = if form.is_empty() { algorithm.to_owned() } else { format!("{algorithm}({form})") };
        match self {
            Self::Once => once,
            Self::TwiceHex => format!("{algorithm}({once})"),
            Self::TwiceRaw => format!("{algorithm}(raw {once})"),
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
