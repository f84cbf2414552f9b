//! The makers' own statements about requests. A finding remains a finding, but
//! its report shows that the maker discloses the data flow.

use serde::Deserialize;

/// A maker's statement that certain data is sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// Subjects that the statement is about; empty means every subject.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// The destination, if it is a fixed host.
    #[serde(default)]
    pub host: Option<String>,
    /// Whether the destination is the search engine of the address bar.
    #[serde(default)]
    pub to_the_engine: bool,
    pub kinds: Vec<String>,
    /// The statement in our words: `Google says that …`.
    pub says: String,
    /// The name of the source.
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
