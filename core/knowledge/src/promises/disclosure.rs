//! What a maker says itself about a request: beside the finding it is no secret,
//! and still a finding.

use serde::Deserialize;

/// One thing that a maker says it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// Subjects that it is said of; empty means every subject of the maker.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// Where the request goes, if always to one host.
    #[serde(default)]
    pub host: Option<String>,
    /// Or that it goes to the search engine of the address bar.
    #[serde(default)]
    pub to_the_engine: bool,
    pub kinds: Vec<String>,
    /// What the maker says, in our words: `Google says that …`.
    pub says: String,
    /// Where.
    pub source: String,
    pub address: String,
    #[serde(default)]
    pub date: Option<String>,
}

impl Disclosure {
    /// Whether it is about this kind of data at this host.
    pub fn is_about(&self, subject: &str, kind: &str, host: &str, is_the_engine: bool) -> bool {
        (self.subjects.is_empty() || self.subjects.iter().any(|name| name == subject))
            && self.kinds.iter().any(|known| known == kind)
            && (self.host.as_deref() == Some(host) || self.to_the_engine && is_the_engine)
    }

    /// `Google says that …, at A page, 2020, https://…`
    pub fn line(&self) -> String {
        let date = self.date.as_ref().map(|date| format!(", {date}")).unwrap_or_default();
        format!("{}, at {}{date}, {}", self.says, self.source, self.address)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let whole = ![&self.says, &self.source].iter().any(|text| text.trim().is_empty()) && !self.kinds.is_empty();
        let somewhere = self.host.is_some() != self.to_the_engine;
        match whole && somewhere && self.address.starts_with("https://") {
            true => Ok(()),
            false => {
                Err("what a maker discloses has kinds, one destination, words, and a source with its address".into())
            }
        }
    }
}
