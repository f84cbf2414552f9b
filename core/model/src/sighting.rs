//! A value recognised as personal data.

use std::fmt;

use crate::{Kind, Trail, opaque::opaque};

/// Personal data, seen at one place of one exchange.
#[derive(Clone, PartialEq, Eq)]
pub struct Sighting {
    pub exchange: u64,
    pub kind: Kind,
    /// The id of the canary, if the value is one.
    pub canary: Option<String>,
    pub guise: Guise,
    pub how: RecognitionMethod,
    /// The name of the schema that knows this place, if one does.
    pub schema: Option<String>,
    pub trail: Trail,
    /// The value as it was found, at most [`Sighting::SHOWN`] characters of it.
    pub value: String,
    /// Whether the recognition involved a guess: a weak decoding, a weak
    /// pattern, half of a value.
    pub weak: bool,
}

/// The form of the value: plain, or an irreversible digest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guise {
    Plain,
    /// `sha256`, `md5(lower)`, `sha1(trim,lower)`, `sha256-prefix4`,
    /// `sha256(sha256)`: the algorithm, then what was done before it.
    Digest(String),
}

/// How the value was recognised, from sure to less sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecognitionMethod {
    /// A planted value.
    Canary,
    /// A known place of a known format.
    Schema,
    /// An identifier, found by comparison: the value is the same in several
    /// sessions, and different in other installs or devices.
    Persistent,
    /// The value has the shape of personal data.
    Pattern,
}

opaque!(Sighting);

impl Sighting {
    /// Characters of a value that a sighting keeps.
    pub const SHOWN: usize = 240;

    /// A value as it may be shown: lossy UTF-8, cut to [`Self::SHOWN`].
    pub fn shown(value: &[u8]) -> String {
        let head = &value[..value.len().min(Self::SHOWN * 4)];
        let text = String::from_utf8_lossy(head);
        let mut shown: String = text.chars().take(Self::SHOWN).collect();
        if shown.len() < value.len() && text.chars().nth(Self::SHOWN).is_some() {
            shown.push('…');
        }
        shown
    }
}

impl RecognitionMethod {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Schema => "schema",
            Self::Persistent => "persistent",
            Self::Pattern => "pattern",
        }
    }
}

impl fmt::Display for Guise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("plain"),
            Self::Digest(name) => f.write_str(name),
        }
    }
}

impl fmt::Debug for Guise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
