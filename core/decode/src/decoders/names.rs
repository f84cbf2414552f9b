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
        let nth = self.nth(name, 0);
        let name = match std::str::from_utf8(name) {
            Ok(name) => Cow::Borrowed(name),
            Err(_) => String::from_utf8_lossy(name),
        };
        let name =
            if memchr::memchr(b'#', name.as_bytes()).is_some() { Cow::Owned(name.replace('#', "##")) } else { name };
        match nth {
            1 => Place::At(name),
            _ => Place::At(Cow::Owned(format!("{name}#{nth}"))),
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
