//! Places that are each the only one of their name.

use std::{borrow::Cow, collections::BTreeMap};

use model::LayerPlace;

use crate::engine::hash;

/// The names given so far in one layer, those of containers within containers
/// behind each other.
#[derive(Default)]
pub(super) struct NameStack {
    hashes: Vec<u64>,
    /// For containers of more than [`NameStack::FEW`] names, by where they start:
    /// how often each name was met. Going through all would be quadratic.
    counts: BTreeMap<(usize, u64), usize>,
}

impl NameStack {
    /// The place of the next value of this name: `name`, then `name#2`, …
    ///
    /// A `#` in a name is doubled, so that no name reads as another's second.
    pub(super) fn place<'n>(&mut self, name: &'n [u8]) -> LayerPlace<'n> {
        let name = String::from_utf8_lossy(name);
        // As it is shown: names that differ in bytes that are no text read alike.
        let nth = self.nth(name.as_bytes(), 0);
        let name =
            if memchr::memchr(b'#', name.as_bytes()).is_some() { Cow::Owned(name.replace('#', "##")) } else { name };
        match nth {
            1 => LayerPlace::At(name),
            _ => LayerPlace::At(Cow::Owned(format!("{name}#{nth}"))),
        }
    }

    /// How often this name was met since `start`, this time included.
    pub(super) fn nth(&mut self, name: &[u8], start: usize) -> usize {
        // Names are counted as they are shown: bytes that are no text read alike.
        let hash = hash(String::from_utf8_lossy(name).as_bytes());
        let container = &self.hashes[start..];
        let nth = match container.len() {
            ..Self::FEW => 1 + container.iter().filter(|other| **other == hash).count(),
            length => {
                if length == Self::FEW {
                    for other in container {
                        *self.counts.entry((start, *other)).or_default() += 1;
                    }
                }
                let count = self.counts.entry((start, hash)).or_default();
                *count += 1;
                *count
            }
        };
        self.hashes.push(hash);
        nth
    }

    const FEW: usize = 64;

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Ends the container that starts here.
    pub(super) fn forget_from(&mut self, start: usize) {
        self.hashes.truncate(start);
        if !self.counts.is_empty() {
            self.counts.split_off(&(start, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_alike_have_places_of_their_own() {
        let mut names = NameStack::default();
        let (one, other) = (names.place(b"R\xa3").into_owned(), names.place(b"R\xa4").into_owned());
        assert!(one != other);
    }

    #[test]
    fn names_are_counted_in_their_container_however_many() {
        let mut names = NameStack::default();
        for nth in 1..200 {
            assert_eq!(names.nth(b"a", 0), nth);
            let start = names.len();
            assert_eq!((names.nth(b"a", start), names.nth(b"a", start)), (1, 2));
            names.forget_from(start);
        }
    }
}
