//! Planted values, and the kinds of data they stand for.

use std::fmt;

use crate::opaque::opaque;

/// A kind of personal data: `visited-url`, `search`, `email` … Written with
/// `-`; `_` is read as the same. `data/kinds.toml` explains each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(String);

/// A value that was planted so that it can be recognised wherever it turns up.
#[derive(Clone, PartialEq, Eq)]
pub struct Canary {
    /// Short and unique in its run: `url-1`. Reports name canaries by it.
    pub id: String,
    pub kind: Kind,
    pub value: String,
    /// Never given to the subject: each sighting of a decoy is a false alarm.
    pub decoy: bool,
}

opaque!(Canary);

impl Kind {
    pub fn new(name: &str) -> Self {
        Self(name.replace('_', "-"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether values of this kind only identify a device, an install, a session or a person.
    pub fn is_identifier(&self) -> bool {
        matches!(self.as_str(), "device-id" | "advertising-id" | "persistent-id" | "user-id" | "session-id")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Canary {
    pub fn new(id: impl Into<String>, kind: &str, value: impl Into<String>) -> Self {
        Self { id: id.into(), kind: Kind::new(kind), value: value.into(), decoy: false }
    }
}
