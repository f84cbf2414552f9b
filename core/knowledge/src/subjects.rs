//! How a subject is started: `data/subjects/<name>.toml`.

use std::collections::BTreeMap;

use model::SubjectOrigin;
use serde::Deserialize;

pub use driver::SubjectDriver;

mod driver;

/// Settings by name: `search.suggest_enabled`.
pub type Preferences = BTreeMap<String, toml::Value>;

/// A browser or phone that Candor can put through a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectSpec {
    pub name: String,
    /// One line for `candor list subjects`.
    pub says: String,
    /// It is Candor's own simulation of a case: what it does, no maker's product was seen to do.
    #[serde(default)]
    pub simulation: bool,
    /// Which driver speaks to it.
    pub driver: SubjectDriver,
    /// Programs to try, in this order: names on the path, or paths.
    #[serde(default)]
    pub programs: Vec<String>,
    /// `authority` (as a company would install its own) or `nothing`, for a
    /// subject that cannot be made to trust Candor: all its TLS is then sealed.
    #[serde(default)]
    pub trust: CertificateTrust,
    /// Its desktop entry: a person who opens it from the menu starts what stands
    /// behind `Exec=` there (freedesktop.org, Desktop Entry Specification).
    #[serde(default)]
    pub desktop: Option<String>,
    /// Keys that open a private window beside the one that is open.
    #[serde(default)]
    pub private_keys: Option<String>,
    /// Preferences of its profile to read back after a session, by their dotted
    /// names: what was in force, not what was asked for.
    #[serde(default)]
    pub read_back: Vec<String>,
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
    /// Of an app on a phone: its packages, the one meant by the subject's name first.
    #[serde(default)]
    pub apps: Vec<String>,
    /// What is known of an app's private pages.
    #[serde(default)]
    pub private: Option<PrivateOpening>,
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
    pub editions: Vec<SubjectEdition>,
    /// Switches of its own that change what it reports.
    #[serde(default, rename = "switch")]
    pub switches: Vec<SubjectSwitch>,
}

/// How a subject is made to let Candor in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateTrust {
    #[default]
    Authority,
    Nothing,
}

/// How an app on a phone is made to open a page in private from outside. With
/// neither way it is known that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateOpening {
    /// Every page that it opens is a private one.
    #[serde(default)]
    pub always: bool,
    /// A link that comes with this extra, true, is opened in private.
    #[serde(default)]
    pub extra: Option<String>,
    /// An intent of this action opens a private tab, empty; what it loads it is
    /// told by the app's socket for developers.
    #[serde(default)]
    pub tab: Option<String>,
    /// The name of that socket.
    #[serde(default)]
    pub socket: Option<String>,
    /// First number of the app's version from which on that is known.
    #[serde(default)]
    pub since: u32,
    /// Where that is known from.
    pub because: String,
}

/// A variant of a subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectEdition {
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
pub struct SubjectSwitch {
    pub name: String,
    pub says: String,
    /// Page on which it stands, below the extension or as an address.
    pub page: String,
    /// CSS selector of the control.
    pub control: String,
    /// What the person decides by it.
    #[serde(default)]
    pub turns: SwitchPurpose,
}

/// What a switch is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SwitchPurpose {
    /// On: it reports. Off: it does not. So its label says, at least.
    #[default]
    Collection,
    /// Another mode of use, private or not.
    Mode,
}

impl SubjectSpec {
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, String> {
        let subject: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if path != format!("subjects/{}.toml", subject.name) {
            return Err(format!("is about {:?} and should be called so", subject.name));
        }
        if (subject.driver == SubjectDriver::Android) == subject.apps.is_empty() {
            return Err("apps are what the driver android is for, and it needs some".to_owned());
        }
        if let Some(private) = &subject.private {
            let ways = [private.always, private.extra.is_some(), private.tab.is_some()];
            if ways.iter().filter(|way| **way).count() > 1 || private.tab.is_some() != private.socket.is_some() {
                return Err("a private page is opened in one way: always, by an extra, or by tab and socket".to_owned());
            }
        }
        for switch in subject.editions.iter().flat_map(|edition| &edition.switches) {
            if !subject.switches.iter().any(|known| known.name == *switch) {
                return Err(format!("an edition names the switch {switch:?}, which is not described"));
            }
        }
        Ok(subject)
    }

    /// Whether it is meant by this name: its own, or one of its apps (`android:org.mozilla.firefox`).
    pub fn is_called(&self, name: &str) -> bool {
        let is_app = |package: &str| self.apps.iter().any(|app| app == package);
        self.name == name || matches!(SubjectOrigin::of(name), SubjectOrigin::App(package) if is_app(package))
    }

    /// A switch by its name.
    pub fn switch(&self, name: &str) -> Option<&SubjectSwitch> {
        self.switches.iter().find(|switch| switch.name == name)
    }

    /// Names of the switches that turn collection on and off in an edition.
    pub fn collection_switches<'s>(&'s self, edition: Option<&'s SubjectEdition>) -> impl Iterator<Item = &'s str> {
        let names = edition.map(|edition| edition.switches.as_slice()).unwrap_or_default();
        let turns = |name: &str| self.switch(name).is_some_and(|switch| switch.turns == SwitchPurpose::Collection);
        names.iter().map(String::as_str).filter(move |name| turns(name))
    }

    /// Whether it is known to report in normal mode.
    pub fn is_known_to_report(&self, edition: Option<&str>) -> bool {
        self.edition(edition).and_then(|edition| edition.reports).unwrap_or(self.reports)
    }

    /// The edition of this name; with none given, the first there is.
    pub fn edition(&self, name: Option<&str>) -> Option<&SubjectEdition> {
        match name {
            Some(name) => self.editions.iter().find(|edition| edition.name == name),
            None => self.editions.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rest: &str) -> Result<SubjectSpec, String> {
        let text = format!("name = \"app\"\nsays = \"an app\"\nmaker = \"somebody\"\n{rest}");
        SubjectSpec::parse("subjects/app.toml", &text)
    }

    #[test]
    fn an_app_is_called_by_its_packages_too() {
        let app = parse("driver = \"android\"\napps = [\"a.b\", \"a.c\"]").expect("it is whole");
        assert!(["app", "android:a.b", "android:a.c"].iter().all(|name| app.is_called(name)));
        assert!(!["a.b", "android:a", "android:app"].iter().any(|name| app.is_called(name)));
    }

    #[test]
    fn apps_and_the_driver_of_apps_go_together() {
        assert!(parse("driver = \"android\"").is_err());
        assert!(parse("driver = \"window\"\napps = [\"a.b\"]").is_err());
    }

    #[test]
    fn there_is_one_way_to_a_private_page_or_none() {
        let with = |private: &str| parse(&format!("driver = \"android\"\napps = [\"a.b\"]\n[private]\n{private}"));
        for right in ["", "always = true", "extra = \"p\"", "tab = \"t\"\nsocket = \"s\""] {
            assert!(with(&format!("{right}\nbecause = \"x\"")).is_ok(), "{right}");
            assert!(with(right).is_err(), "{right} without a reason");
        }
        for wrong in ["always = true\nextra = \"p\"", "tab = \"t\"", "socket = \"s\"\nextra = \"p\""] {
            assert!(with(&format!("{wrong}\nbecause = \"x\"")).is_err(), "{wrong}");
        }
    }
}
