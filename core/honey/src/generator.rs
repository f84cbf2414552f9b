//! Generates the addresses, searches and texts of a trial.

use std::collections::BTreeMap;

use model::{Act, Canary, Page, PageForm, PlantedCanary, Time};

use crate::{NameStream, manifest, pages};

/// The file extension of downloads.
pub(crate) const DOWNLOAD: &str = "bin";

/// Makes the canaries of one trial, each used once.
#[derive(Clone, Debug)]
pub struct CanaryGenerator {
    trial: u32,
    names: NameStream,
    made: u32,
    /// Sites that are visited twice, by number.
    twins: BTreeMap<u32, ActCanaries>,
}

/// The canaries of one act, with the inputs for the driver.
#[derive(Clone, Debug)]
pub struct ActCanaries {
    pub plants: Vec<PlantedCanary>,
    /// The address to open, if it is a visit.
    pub url: String,
    pub title: String,
    /// The text to type into the address bar, a field or a search box.
    pub text: String,
    /// A second text for a password field.
    pub secret: String,
    pub forms: Vec<PageForm>,
}

/// Whether a site is visited for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteVisit {
    First,
    Again,
}

impl CanaryGenerator {
    pub fn new(seed: u64, trial: u32) -> Self {
        Self { trial, names: NameStream::new(seed, u64::from(trial) + 1), made: 0, twins: BTreeMap::new() }
    }

    /// Canaries for an act; `engine` is the host that searches go to.
    pub fn plant(&mut self, act: Act, engine: &str) -> ActCanaries {
        self.made += 1;
        match act {
            Act::Search => self.search(engine),
            Act::Type => self.typed(),
            Act::Form => self.form(),
            Act::Download => self.download(),
            Act::Open => self.screen(),
            _ => self.visit(),
        }
    }

    /// A visit to the site of this number. The second visit has the same address
    /// as the first, and plants nothing new.
    pub fn plant_twin(&mut self, site: u32) -> (ActCanaries, SiteVisit) {
        if let Some(planted) = self.twins.get(&site) {
            return (planted.clone(), SiteVisit::Again);
        }
        let planted = self.plant(Act::Visit, "");
        self.twins.insert(site, planted.clone());
        (planted, SiteVisit::First)
    }

    /// A visit to an address of exactly this many characters.
    pub fn plant_address_of(&mut self, length: usize) -> ActCanaries {
        self.made += 1;
        let host = self.names.host();
        let rest = length.saturating_sub(format!("https://{host}/").len());
        let mut secret = self.names.word(rest.div_ceil(2));
        secret.truncate(rest);
        let url = format!("https://{host}/{secret}");
        self.page_at(url, &host, &secret)
    }

    /// Canaries that are never used. Each sighting of one is a false alarm.
    pub fn decoys(&mut self) -> Vec<PlantedCanary> {
        let mut plants = self.visit().plants;
        plants.extend(self.search("").plants);
        plants.extend(self.typed().plants);
        for plant in &mut plants {
            plant.trial = None;
            plant.canary.decoy = true;
            plant.canary.id = format!("decoy-{}", plant.canary.id);
        }
        plants
    }

    fn visit(&mut self) -> ActCanaries {
        let host = self.names.host();
        let (section, secret) = (self.names.word(3), self.names.word(7));
        let query = self.names.word(6);
        let url = format!("https://{host}/{section}/{secret}?ref={query}");
        self.page_at(url, &host, &secret)
    }

    /// A download from an address of its own. A file has no page title.
    fn download(&mut self) -> ActCanaries {
        let host = self.names.host();
        let secret = self.names.word(7);
        let url = format!("https://{host}/{}/{secret}.{DOWNLOAD}?ref={}", self.names.word(3), self.names.word(6));
        let mut planted = self.page_at(url, &host, &secret);
        planted.plants.retain(|plant| plant.canary.kind.as_str() != "page-title");
        planted
    }

    /// A folder that is opened on a phone: its name, and the name of the screen
    /// that it opens.
    fn screen(&mut self) -> ActCanaries {
        let folder = format!("{} {}", capital(&self.names.word(4)), self.names.word(4));
        let screen = format!("com.{}.{}Activity", self.names.word(5), capital(&self.names.word(5)));
        let plants =
            vec![self.canary("folder", "folder", &folder, None), self.canary("screen", "screen-name", &screen, None)];
        ActCanaries { plants, url: String::new(), title: folder, text: screen, secret: String::new(), forms: vec![] }
    }

    fn page_at(&mut self, url: String, host: &str, secret: &str) -> ActCanaries {
        let title = format!("{} {}", capital(&self.names.word(5)), self.names.word(5));
        let mut plants = vec![
            self.canary("url", "visited-url", &url, Some(host)),
            self.canary("path", "visited-url-part", secret, Some(host)),
            self.canary("host", "visited-host", host, Some(host)),
            self.canary("title", "page-title", &title, Some(host)),
        ];
        // A part that others could have by chance proves nothing.
        plants.retain(|plant| plant.canary.kind.as_str() != "visited-url-part" || secret.len() >= 14);
        ActCanaries { plants, url, title, text: String::new(), secret: String::new(), forms: vec![] }
    }

    fn form(&mut self) -> ActCanaries {
        let mut planted = self.visit();
        let site = planted.url.split('/').nth(2).unwrap_or_default().to_owned();
        planted.text = format!("{} {}", self.names.word(4), self.names.word(5));
        planted.secret = format!("{}-{}", capital(&self.names.word(4)), self.names.word(4));
        let (text, secret) = (planted.text.clone(), planted.secret.clone());
        planted.plants.push(self.canary("typed", "typed-text", &text, Some(&site)));
        planted.plants.push(self.canary("password", "typed-text", &secret, Some(&site)));
        let fields = ["fullname", "email", "street", "city", "password"].map(str::to_owned).to_vec();
        planted.forms = vec![PageForm { name: format!("f{}", self.names.word(3)), fields }];
        planted
    }

    fn search(&mut self, engine: &str) -> ActCanaries {
        let text = format!("{} {}", self.names.word(5), self.names.word(5));
        let url = format!("https://{engine}/?q={}", text.replace(' ', "+"));
        let plants = vec![self.canary("search", "search", &text, Some(engine))];
        ActCanaries { plants, url, title: format!("{text} at {engine}"), text, secret: String::new(), forms: vec![] }
    }

    /// Typed into the address bar and never sent: it has no site.
    fn typed(&mut self) -> ActCanaries {
        let text = format!("{} {}", self.names.word(4), self.names.word(5));
        let plants = vec![self.canary("typed", "typed-text", &text, None)];
        ActCanaries { plants, url: String::new(), title: String::new(), text, secret: String::new(), forms: vec![] }
    }

    fn canary(&self, what: &str, kind: &str, value: &str, site: Option<&str>) -> PlantedCanary {
        let id = format!("{what}-{}.{}", self.trial, self.made);
        PlantedCanary { trial: Some(self.trial), canary: Canary::new(id, kind, value), site: site.map(str::to_owned) }
    }
}

impl ActCanaries {
    /// A page on the same site, whose first link leads to this one.
    pub fn way_here(&self) -> String {
        self.on_the_same_site(pages::WAY)
    }

    /// An address on the same site that redirects to this one.
    pub fn redirected(&self) -> String {
        self.on_the_same_site(pages::REDIRECT)
    }

    fn on_the_same_site(&self, path: &str) -> String {
        let site = self.url.split('/').take(3).collect::<Vec<&str>>().join("/");
        site + path
    }

    /// The page as the evidence keeps it.
    pub fn page(&self, trial: u32, at: Time) -> Page {
        let resources = manifest::of(self);
        Page { trial, at, url: self.url.clone(), title: self.title.clone(), forms: self.forms.clone(), resources }
    }

    /// Ids of its canaries.
    pub fn ids(&self) -> Vec<String> {
        self.plants.iter().map(|plant| plant.canary.id.clone()).collect()
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trial_has_canaries_of_its_own() {
        let value = |trial| CanaryGenerator::new(7, trial).plant(Act::Visit, "").plants[0].canary.value.clone();
        assert_eq!(value(1), value(1));
        assert_ne!(value(1), value(2));
    }

    #[test]
    fn ids_are_unique_in_a_run() {
        let mut ids = std::collections::BTreeSet::new();
        for trial in 1..4 {
            let mut planter = CanaryGenerator::new(7, trial);
            for act in [Act::Visit, Act::Form, Act::Search, Act::Type, Act::Visit] {
                for id in planter.plant(act, "e.com").ids() {
                    assert!(ids.insert(id.clone()), "{id} twice");
                }
            }
        }
    }

    #[test]
    fn a_twin_is_visited_at_the_same_address_again() {
        let mut planter = CanaryGenerator::new(7, 1);
        let (first, visit) = planter.plant_twin(0);
        assert_eq!(visit, SiteVisit::First);
        let (other, _) = planter.plant_twin(1);
        let (again, visit) = planter.plant_twin(0);
        assert_eq!((visit, again.url, again.plants), (SiteVisit::Again, first.url.clone(), first.plants));
        assert_ne!(other.url, first.url);
    }

    #[test]
    fn decoys_belong_to_no_trial() {
        let decoys = CanaryGenerator::new(7, 0).decoys();
        assert!(decoys.iter().all(|plant| plant.canary.decoy && plant.trial.is_none()));
        assert!(decoys.len() > 4);
    }

    #[test]
    fn an_address_is_as_long_as_it_was_asked_to_be() {
        let mut planter = CanaryGenerator::new(7, 1);
        for length in [40, 400, 1_600] {
            let planted = planter.plant_address_of(length);
            assert_eq!(planted.url.len(), length);
            assert_eq!(planted.plants[0].canary.value, planted.url);
        }
    }

    #[test]
    fn form_names_hold_no_long_runs_of_digits() {
        // Chromium strips runs of five digits or more before it takes its digest.
        let planted = CanaryGenerator::new(7, 1).plant(Act::Form, "");
        assert!(planted.forms[0].name.chars().all(|c| c.is_ascii_lowercase()));
    }
}
