//! Owners of hosts: `data/owners/<owner>.toml`.
//!
//! Public lists contain almost no endpoints of browsers, so Candor has its own list. Each entry has
//! a source.

use std::collections::HashMap;

use model::Purpose;
use serde::Deserialize;

/// All owners, with an index from host to owner.
#[derive(Clone, Debug, Default)]
pub struct OwnerTable {
    owners: Vec<Owner>,
    /// Owner and host of each entry, by name without `*.`. It is a map because it is looked up for
    /// every request.
    by_name: HashMap<String, Vec<(usize, usize)>>,
}

/// A company or project that is responsible for hosts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The common name: `Google`.
    pub name: String,
    /// The legal name.
    pub legal: String,
    /// ISO 3166-1 alpha-2 code of the country of its seat.
    pub seat: String,
    /// The source of name and seat.
    pub source: String,
    #[serde(rename = "host")]
    pub hosts: Vec<OwnedHost>,
}

/// A host, or all hosts below a name, with its purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedHost {
    /// `sa.api.intl.miui.com`; `*.miui.com` means that name and all below it.
    pub name: String,
    /// If given, the entry is only for paths that start with this.
    #[serde(default)]
    pub path: Option<String>,
    pub purpose: String,
    /// The source of the purpose.
    pub because: String,
    #[serde(default)]
    pub hosted: Option<DocumentedHosting>,
}

/// The documented location of a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentedHosting {
    pub country: String,
    #[serde(default)]
    pub asn: Option<u32>,
    #[serde(default)]
    pub network: Option<String>,
    /// Date of the observation.
    pub date: String,
    pub source: String,
}

impl OwnerTable {
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        let owner: Owner = toml::from_str(text).map_err(|error| error.to_string())?;
        if owner.seat.len() != 2 || !owner.seat.chars().all(|c| c.is_ascii_uppercase()) {
            return Err(format!("seat {:?} is not a country code of two capitals", owner.seat));
        }
        for host in &owner.hosts {
            if Purpose::from_word(&host.purpose).is_none() {
                return Err(format!("host {} has a purpose that is no word of ours: {:?}", host.name, host.purpose));
            }
            if host.because.is_empty() {
                return Err(format!("host {} gives no reason", host.name));
            }
        }
        for (at, host) in owner.hosts.iter().enumerate() {
            self.by_name.entry(host.bare_name().to_owned()).or_default().push((self.owners.len(), at));
        }
        self.owners.push(owner);
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Owner> {
        self.owners.iter()
    }

    /// The owner of a host, with the matching entry. Of several matching entries the one with the
    /// longest name wins, then an exact name before a wildcard, then the longest path.
    pub fn of(&self, host: &str, path: &str) -> Option<(&Owner, &OwnedHost)> {
        // The host itself, then the domains that it lies in.
        let names = std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, domain)| domain));
        let entries = names.filter_map(|name| self.by_name.get(name)).flatten();
        entries
            .map(|(owner, at)| (&self.owners[*owner], &self.owners[*owner].hosts[*at]))
            .filter(|(_, entry)| entry.fits(host, path))
            .max_by_key(|(_, entry)| entry.closeness())
    }
}

impl OwnedHost {
    /// The name without its wildcard.
    fn bare_name(&self) -> &str {
        self.name.strip_prefix("*.").unwrap_or(&self.name)
    }

    fn closeness(&self) -> (usize, bool, usize) {
        let path = self.path.as_ref().map_or(0, String::len);
        (self.bare_name().len(), !self.name.starts_with("*."), path)
    }

    fn fits(&self, host: &str, path: &str) -> bool {
        let named = match self.name.strip_prefix("*.") {
            None => host == self.name,
            Some(name) => host == name || host.strip_suffix(name).is_some_and(|before| before.ends_with('.')),
        };
        named && self.path.as_ref().is_none_or(|start| path.starts_with(start.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOGLE: &str = r#"
        name = "Google"
        legal = "Google LLC"
        seat = "US"
        source = "policies"
        [[host]]
        name = "*.google.com"
        purpose = "content"
        because = "its domain"
        [[host]]
        name = "google.com"
        purpose = "search"
        because = "the name itself"
        [[host]]
        name = "www.google.com"
        path = "/complete/search"
        purpose = "suggest"
        because = "omnibox"
    "#;

    #[test]
    fn the_longest_name_and_path_decide() {
        let mut owners = OwnerTable::default();
        owners.add(GOOGLE).unwrap();
        let purpose = |host, path| owners.of(host, path).map(|(_, entry)| entry.purpose.as_str());
        assert_eq!(purpose("www.google.com", "/complete/search?q=a"), Some("suggest"));
        assert_eq!(purpose("www.google.com", "/maps"), Some("content"));
        assert_eq!(purpose("google.com", "/"), Some("search"), "a name is closer than all below it");
        assert_eq!(purpose("notgoogle.com", "/"), None);
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let text = GOOGLE.replace("\"omnibox\"", "\"\"");
        assert!(OwnerTable::default().add(&text).unwrap_err().contains("no reason"));
    }
}
