//! How a subject is started: `data/subjects/<name>.toml`.

use std::collections::BTreeMap;

use model::SubjectOrigin;
use serde::Deserialize;

pub use driver::SubjectDriver;

mod driver;

/// Settings by name: `search.suggest_enabled`.
pub type Preferences = BTreeMap<String, toml::Value>;

/// A browser or phone that Candor can run a scenario on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectSpec {
    pub name: String,
    /// One line for `candor list subjects`.
    pub says: String,
    /// The subject is Candor's own simulation of a case. Its results do not concern a maker's
    /// product.
    #[serde(default)]
    pub simulation: bool,
    /// The driver that operates the subject.
    pub driver: SubjectDriver,
    /// Programs to try, in this order: names on the path, or paths.
    #[serde(default)]
    pub programs: Vec<String>,
    /// `authority`: Candor's certificate authority is installed, as a company would install its
    /// own. `nothing`: the subject cannot be made to trust Candor, so all its TLS is sealed.
    #[serde(default)]
    pub trust: CertificateTrust,
    /// The desktop entry. Its `Exec=` line is the command that runs when a person opens the subject
    /// from the menu (freedesktop.org, Desktop Entry Specification).
    #[serde(default)]
    pub desktop: Option<String>,
    /// Keys that open a private window from an open window.
    #[serde(default)]
    pub private_keys: Option<String>,
    /// Dotted names of preferences that are read from the profile after a session. They show the
    /// values that were in force, which may differ from those that were set.
    #[serde(default)]
    pub read_back: Vec<String>,
    /// Debian package that contains the program; named in the message if the program is missing.
    #[serde(default)]
    pub package: Option<String>,
    /// More command line arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Arguments that start a browser by command line in private mode.
    #[serde(default)]
    pub private_arguments: Vec<String>,
    /// Environment variables; `{home}` is replaced by the home folder.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// X names of the keys that focus the address bar of a browser by command line; Ctrl+L if there
    /// are none.
    #[serde(default)]
    pub address_keys: Vec<String>,
    /// The default scenario.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Preferences that it starts with.
    #[serde(default)]
    pub preferences: Preferences,
    /// Folder below `data/subjects/` of an extension that is part of the subject; for a phone, the
    /// folder of its program.
    #[serde(default)]
    pub extension: Option<String>,
    /// For an app on a phone: its packages. The first is the one that the subject's name means.
    #[serde(default)]
    pub apps: Vec<String>,
    /// How the app opens private pages, as far as it is known.
    #[serde(default)]
    pub private: Option<PrivateOpening>,
    /// The owner (`data/owners/`) that makes the subject.
    pub maker: String,
    /// Host of the search engine that the address bar is set to.
    #[serde(default)]
    pub search: Option<String>,
    /// The subject is known to report in normal mode. If Candor sees no report there, Candor is
    /// blind.
    #[serde(default)]
    pub reports: bool,
    /// The first edition is the default.
    #[serde(default, rename = "edition")]
    pub editions: Vec<SubjectEdition>,
    /// The subject's own switches that change its reports.
    #[serde(default, rename = "switch")]
    pub switches: Vec<SubjectSwitch>,
}

/// How a subject is made to accept Candor's certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateTrust {
    #[default]
    Authority,
    Nothing,
}

/// How an app on a phone can be told from outside to open a page in private mode. If neither way is
/// given, it is known that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateOpening {
    /// The app opens every page in private mode.
    #[serde(default)]
    pub always: bool,
    /// An intent with this extra set to true opens its link in private mode.
    #[serde(default)]
    pub extra: Option<String>,
    /// An intent with this action opens an empty private tab. The page is then loaded through the
    /// app's debugging socket.
    #[serde(default)]
    pub tab: Option<String>,
    /// The name of the debugging socket.
    #[serde(default)]
    pub socket: Option<String>,
    /// First major version of the app for which this is known.
    #[serde(default)]
    pub since: u32,
    /// The source of this knowledge.
    pub because: String,
}

/// A variant of a subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectEdition {
    pub name: String,
    pub says: String,
    /// Which behaviour is documented, and which is our reconstruction.
    pub because: String,
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Preferences that it starts with.
    #[serde(default)]
    pub preferences: Preferences,
    /// Configuration of the extension or program.
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
    /// Page with the switch: a path in the extension, or an address.
    pub page: String,
    /// CSS selector of the control.
    pub control: String,
    /// What the switch controls.
    #[serde(default)]
    pub turns: SwitchPurpose,
}

/// What a switch controls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SwitchPurpose {
    /// Data collection. By its label, the subject reports if it is on, and does not if it is off.
    #[default]
    Collection,
    /// The mode of use, private or not.
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

    /// Whether this name means the subject: its own name, or that of one of its apps
    /// (`android:org.mozilla.firefox`).
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

    /// Whether the subject is known to report in normal mode.
    pub fn is_known_to_report(&self, edition: Option<&str>) -> bool {
        self.edition(edition).and_then(|edition| edition.reports).unwrap_or(self.reports)
    }

    /// The edition of this name; the first if no name is given.
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
