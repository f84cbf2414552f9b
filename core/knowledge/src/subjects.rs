//! How a subject is started: `data/subjects/<name>.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A browser or phone that Candor can put through a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    pub name: String,
    /// One line for `candor list subjects`.
    pub says: String,
    /// Which driver speaks to it: `chromium`, `firefox`, `window`.
    pub driver: String,
    /// Programs to try, in this order: names on the path, or paths.
    #[serde(default)]
    pub programs: Vec<String>,
    /// `authority` (as a company would install its own) or `nothing`, for a
    /// subject that cannot be made to trust Candor: all its TLS is then sealed.
    #[serde(default)]
    pub trust: Trust,
    /// Debian package that brings it, named where it is missing.
    #[serde(default)]
    pub package: Option<String>,
    /// More command line arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Folder below `data/subjects/` of an extension that is part of it.
    #[serde(default)]
    pub extension: Option<String>,
    /// Owner (`data/owners/`) that makes it.
    pub maker: String,
    /// Host of the search engine whose result page it opens.
    #[serde(default)]
    pub search: Option<String>,
    /// It is known to report in normal mode: if nothing is seen then, the
    /// instrument is blind.
    #[serde(default)]
    pub reports: bool,
    /// The first edition is the default.
    #[serde(default, rename = "edition")]
    pub editions: Vec<Edition>,
    /// Switches of its own that change what it reports.
    #[serde(default, rename = "switch")]
    pub switches: Vec<Switch>,
}

/// How a subject is made to let Candor in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    #[default]
    Authority,
    Nothing,
}

/// A variant of a subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    pub name: String,
    pub says: String,
    /// What of it is documented, what is our reconstruction.
    pub because: String,
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What the extension is configured with.
    #[serde(default)]
    pub config: BTreeMap<String, toml::Value>,
    /// Names of the subject's switches that this edition has.
    #[serde(default)]
    pub switches: Vec<String>,
    #[serde(default)]
    pub reports: Option<bool>,
}

/// A switch in the subject's settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    pub name: String,
    pub says: String,
    /// Page on which it stands, below the extension or as an address.
    pub page: String,
    /// CSS selector of the control.
    pub control: String,
}

impl Subject {
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, String> {
        let subject: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if path != format!("subjects/{}.toml", subject.name) {
            return Err(format!("is about {:?} and should be called so", subject.name));
        }
        if !["chromium", "firefox", "window", "phone"].contains(&subject.driver.as_str()) {
            return Err(format!("driver {:?} is not one of chromium, firefox, window, phone", subject.driver));
        }
        for switch in subject.editions.iter().flat_map(|edition| &edition.switches) {
            if !subject.switches.iter().any(|known| known.name == *switch) {
                return Err(format!("an edition names the switch {switch:?}, which is not described"));
            }
        }
        Ok(subject)
    }

    /// The edition of this name; with none given, the first there is.
    pub fn edition(&self, name: Option<&str>) -> Option<&Edition> {
        match name {
            Some(name) => self.editions.iter().find(|edition| edition.name == name),
            None => self.editions.first(),
        }
    }
}
