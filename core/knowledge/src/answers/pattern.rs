//! Which hosts and paths an answer is for.

use std::fmt;

use serde::Deserialize;

/// A host, or a family of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
pub enum HostPattern {
    /// This name.
    Exact(String),
    /// `*.name`: this name and all below it.
    Below(String),
    /// `*`: any name.
    Any,
}

/// A whole path in which `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(String);

impl From<String> for HostPattern {
    fn from(text: String) -> Self {
        match text.strip_prefix("*.") {
            _ if text == "*" => Self::Any,
            Some(name) => Self::Below(name.to_ascii_lowercase()),
            None => Self::Exact(text.to_ascii_lowercase()),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Any => f.write_str("*"),
        }
    }
}

impl HostPattern {
    /// Every pattern that a host fits, from the narrowest to the widest.
    pub(super) fn that_fit(host: &str) -> impl Iterator<Item = Self> {
        let parents = std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent));
        let below = parents.map(|name| Self::Below(name.to_owned()));
        std::iter::once(Self::Exact(host.to_owned())).chain(below).chain(std::iter::once(Self::Any))
    }
}

impl PathPattern {
    /// Whether a path, without its query, fits.
    pub(super) fn fits(&self, path: &str) -> bool {
        let mut parts = self.0.split('*');
        // `split` gives at least one part.
        let Some(mut rest) = parts.next().and_then(|start| path.strip_prefix(start)) else { return false };
        let Some(end) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(end)
    }

    /// How much of a path it fixes.
    pub(super) fn weight(&self) -> usize {
        // One more, so that a pattern counts for more than none.
        1 + self.0.bytes().filter(|byte| *byte != b'*').count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_as_a_whole() {
        for (pattern, path, fits) in [
            ("/sa", "/sa", true),
            ("/sa", "/sale", false),
            ("/sa", "/x/sa", false),
            ("/v1/*", "/v1/a/b", true),
            ("/v1/*", "/v1", false),
            ("*/sa.gif", "/x/sa.gif", true),
            ("/buckets/*/collections/*/changeset", "/buckets/a/collections/b/changeset", true),
            ("/buckets/*/collections/*/changeset", "/buckets/a/changeset", false),
            ("/a*a", "/a", false),
            ("*", "", true),
        ] {
            assert_eq!(PathPattern(pattern.into()).fits(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_come_from_the_narrowest_to_the_widest() {
        let all: Vec<String> = HostPattern::that_fit("a.b.c").map(|pattern| pattern.to_string()).collect();
        assert_eq!(all, ["a.b.c", "*.a.b.c", "*.b.c", "*.c", "*"]);
    }
}
