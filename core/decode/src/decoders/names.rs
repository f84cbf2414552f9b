//! Places that are each the only one of their name.

use std::borrow::Cow;

use model::Place;

use crate::engine::hash;

/// The names given so far in one layer.
#[derive(Default)]
pub(super) struct Names {
    hashes: Vec<u64>,
}

impl Names {
    /// The place of the next value of this name: `name`, then `name#2`, …
    ///
    /// A `#` in a name is doubled, so that no name reads as another's second.
    pub(super) fn place<'n>(&mut self, name: &'n [u8]) -> Place<'n> {
        let name = match String::from_utf8_lossy(name) {
            name if name.contains('#') => Cow::Owned(name.replace('#', "##")),
            name => name,
        };
        match self.nth(name.as_bytes(), 0) {
            1 => Place::At(name),
            nth => Place::At(Cow::Owned(format!("{name}#{nth}"))),
        }
    }

    /// How often this name was met since `start`, this time included.
    pub(super) fn nth(&mut self, name: &[u8], start: usize) -> usize {
        let hash = hash(name);
        let before = self.hashes[start..].iter().filter(|other| **other == hash).count();
        self.hashes.push(hash);
        before + 1
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn forget_from(&mut self, start: usize) {
        self.hashes.truncate(start);
    }
}
