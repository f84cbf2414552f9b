//! How a subject is started: `data/subjects/<name>.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Settings by name: `search.suggest_enabled`.
pub type Preferences = BTreeMap<String, toml::Value>;

/// A browser or phone that Candor can put through a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    pub name: String,
    /// One line for `candor list subjects`.
    pub says: String,
    /// Which driver speaks to it: `chromium`, `firefox`, `window`, `phone`,
    /// `guided`.
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
    /// What makes a browser by command line start in private mode.
    #[serde(default)]
    pub private_arguments: Vec<String>,
    /// Names and values in its environment; `{home}` is its home.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Keys that lead to the address bar of a browser by command line, by
    /// their X names; Ctrl+L if none.
    #[serde(default)]
    pub address_keys: Vec<String>,
    /// What it is put through where nobody says.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Preferences that it starts with.
    #[serde(default)]
    pub preferences: Preferences,
    /// Folder below `data/subjects/` of an extension that is part of it; for a
    /// phone, of its program.
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
    /// Preferences that it starts with.
    #[serde(default)]
    pub preferences: Preferences,
    /// What the extension or program is configured with.
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
    /// What the person decides by it.
    #[serde(default)]
    pub turns: Turns,
}

/// What a switch is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Turns {
    /// On: it reports. Off: it does not. So its label says, at least.
    #[default]
    Collection,
    /// Another mode of use, private or not.
    Mode,
}

impl Subject {
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, String> {
        let subject: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if path != format!("subjects/{}.toml", subject.name) {
            return Err(format!("is about {:?} and should be called so", subject.name));
        }
        if !["chromium", "firefox", "window", "phone", "guided"].contains(&subject.driver.as_str()) {
            return Err(format!("driver {:?} is not one of chromium, firefox, window, phone, guided", subject.driver));
        }
        for switch in subject.editions.iter().flat_map(|edition| &edition.switches) {
            if !subject.switches.iter().any(|known| known.name == *switch) {
                return Err(format!("an edition names the switch {switch:?}, which is not described"));
            }
        }
        Ok(subject)
    }

    /// A switch by its name.
    pub fn switch(&self, name: &str) -> Option<&Switch> {
        self.switches.iter().find(|switch| switch.name == name)
    }

    /// Names of the switches that turn collection on and off in an edition.
    pub fn collection_switches<'s>(&'s self, edition: Option<&'s Edition>) -> impl Iterator<Item = &'s str> {
        let names = edition.map(|edition| edition.switches.as_slice()).unwrap_or_default();
        let turns = |name: &str| self.switch(name).is_some_and(|switch| switch.turns == Turns::Collection);
        names.iter().map(String::as_str).filter(move |name| turns(name))
    }

    /// Whether it is known to report in normal mode.
    pub fn is_known_to_report(&self, edition: Option<&str>) -> bool {
        self.edition(edition).and_then(|edition| edition.reports).unwrap_or(self.reports)
    }

    /// The edition of this name; with none given, the first there is.
    pub fn edition(&self, name: Option<&str>) -> Option<&Edition> {
        match name {
            Some(name) => self.editions.iter().find(|edition| edition.name == name),
            None => self.editions.first(),
        }
    }
}
