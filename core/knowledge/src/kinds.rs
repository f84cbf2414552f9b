//! Kinds of personal data: `data/kinds.toml`.
//!
//! A kind names the sort of personal data in words that the person uses: a
//! visited address, a search, a name. A kind that is not in the list is no
//! error, and is kept unchanged.

use std::collections::BTreeMap;

use serde::Deserialize;

/// All kinds that Candor knows, by name and alias.
#[derive(Clone, Debug, Default)]
pub struct KindTable {
    list: Vec<KindInfo>,
    by_name: BTreeMap<String, usize>,
}

/// One kind of personal data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindInfo {
    /// The name in reports: `visited-url`.
    pub id: String,
    /// Other names of the kind in canary files: `search-term` for `search`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Plain words that complete a sentence after "was sent": `the address of a
    /// page visited`.
    pub says: String,
    /// How sensitive the data is: `info`, `low`, `medium`, `high` or
    /// `critical`.
    pub sensitivity: String,
    /// Why the data is that sensitive.
    pub because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindsFile {
    #[serde(default)]
    kind: Vec<KindInfo>,
}

const SENSITIVITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

impl KindTable {
    /// Reads `kinds.toml`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: KindsFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut by_name = BTreeMap::new();
        for (i, kind) in file.kind.iter().enumerate() {
            check(kind)?;
            for name in std::iter::once(&kind.id).chain(&kind.aliases) {
                if by_name.insert(name.clone(), i).is_some() {
                    return Err(format!("the name `{name}` stands for two kinds"));
                }
            }
        }
        Ok(Self { list: file.kind, by_name })
    }

    /// The kind with this name or alias; `_` is read as `-`.
    pub fn kind(&self, name: &str) -> Option<&KindInfo> {
        self.by_name.get(&name.replace('_', "-")).map(|&i| &self.list[i])
    }

    /// All kinds, in the order of the file.
    pub fn all(&self) -> &[KindInfo] {
        &self.list
    }
}

fn check(kind: &KindInfo) -> Result<(), String> {
    for name in std::iter::once(&kind.id).chain(&kind.aliases) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("`{name}` is no name for a kind: use small letters, digits and `-`"));
        }
    }
    if kind.says.trim().is_empty() {
        return Err(format!("kind `{}` has no plain words in `says`", kind.id));
    }
    if kind.because.trim().is_empty() {
        return Err(format!("kind `{}` does not say why it is so sensitive in `because`", kind.id));
    }
    if !SENSITIVITIES.contains(&kind.sensitivity.as_str()) {
        let (id, given, known) = (&kind.id, &kind.sensitivity, SENSITIVITIES.join(", "));
        return Err(format!("kind `{id}` has the sensitivity `{given}`; known are {known}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
        [[kind]]
        id = "search"
        aliases = ["search-term"]
        says = "words searched for"
        sensitivity = "high"
        because = "it is what is on the mind"

        [[kind]]
        id = "email"
        says = "an e-mail address"
        sensitivity = "high"
        because = "people are found by it"
    "#;

    #[test]
    fn a_kind_is_found_by_any_of_its_names() {
        let kinds = KindTable::parse(TWO).unwrap();
        for name in ["search", "search-term", "search_term"] {
            assert_eq!(kinds.kind(name).unwrap().id, "search");
        }
        assert!(kinds.kind("shoe-size").is_none());
        assert_eq!(kinds.all().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        for (text, says) in [
            (TWO.replace("\"email\"", "\"search-term\""), "the name `search-term` stands for two kinds"),
            (TWO.replace("\"email\"", "\"E-Mail\""), "is no name for a kind"),
            (TWO.replacen("high", "huge", 1), "kind `search` has the sensitivity `huge`"),
            (TWO.replace("words searched for", " "), "kind `search` has no plain words"),
            (TWO.replace("aliases", "alias"), "unknown field `alias`"),
            (TWO.replace("it is what is on the mind", ""), "kind `search` does not say why"),
        ] {
            let error = KindTable::parse(&text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_shipped_list_has_every_kind_that_the_contracts_name() {
        let kinds = KindTable::parse(include_str!("../../../data/kinds.toml")).unwrap();
        for name in [
            "visited-url",
            "visited-url-part",
            "visited-host",
            "search",
            "search-term",
            "typed-text",
            "page-title",
            "page-text",
            "file-path",
            "folder",
            "screen-name",
            "click-label",
            "email",
            "phone",
            "person-name",
            "user-id",
            "device-id",
            "advertising-id",
            "persistent-id",
        ] {
            assert!(kinds.kind(name).is_some(), "{name}");
        }
    }
}
