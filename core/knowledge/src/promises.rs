//! What makers say, and what is expected of them, as tests:
//! `data/promises/<vendor>.toml`.
//!
//! A promise is a sentence with a condition (`when`) and a prohibition
//! (`never`). Which experiment can speak about it follows from the condition.

mod sentence;

mod entry;

use std::collections::BTreeMap;

use model::{Kind, Mode};
use serde::Deserialize;

pub use sentence::{Class, Sentence, Source};

use entry::Entry;

/// One sentence and how it is tested.
#[derive(Clone, Debug)]
pub struct Promise {
    pub id: String,
    /// What is said, and whose words these are.
    pub sentence: Sentence,
    /// Subjects it is about, `name` or `name@edition`; empty means every subject.
    pub subjects: Vec<String>,
    pub when: When,
    pub never: Never,
}

/// The circumstances that a promise is about. What is not said does not matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    #[serde(default)]
    pub mode: Option<String>,
    /// Positions of what turns collection on and off; any of them: `default`
    /// (as installed), `on`, `off`, `turned-off` (from that moment on).
    #[serde(default, deserialize_with = "one_or_many")]
    pub switch: Vec<String>,
    /// Positions of single switches by name: `on`, `off`.
    #[serde(default)]
    pub switches: BTreeMap<String, String>,
}

/// What then must not happen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    pub kinds: Vec<String>,
    /// `anyone-but-the-site`, `anyone-but-the-maker` (the site may have it
    /// too), `the-maker` (what others send elsewhere is not the maker's to
    /// promise), or absent for anyone at all.
    #[serde(default)]
    pub to: Option<String>,
    /// Only to servers in countries that are not in this list; ISO 3166-1
    /// alpha-2, and `EEA` for the European Economic Area.
    #[serde(default)]
    pub outside: Vec<String>,
    /// `persistent-identifier`: only beside one.
    #[serde(default)]
    pub beside: Option<String>,
    /// Grace after a switch was thrown: `5s`.
    #[serde(default)]
    pub after: Option<String>,
}

/// The European Economic Area: the Union, Iceland, Liechtenstein, Norway.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whose words they are is said by the name of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    promise: Vec<Entry>,
    #[serde(default)]
    expectation: Vec<Entry>,
    #[serde(default)]
    law: Vec<Entry>,
}

impl Promise {
    /// The kinds that must not be seen.
    pub fn kinds(&self) -> Vec<Kind> {
        self.never.kinds.iter().map(|kind| Kind::new(kind)).collect()
    }

    /// The mode it is about, if it is about one.
    pub fn mode(&self) -> Option<Mode> {
        self.when.mode.as_deref().map(Mode::from_word)
    }

    /// Whether it speaks of identifiers beside the data.
    pub fn is_about_anonymity(&self) -> bool {
        self.never.beside.is_some()
    }

    /// Whether it cannot be judged without knowing who the maker is.
    pub fn names_the_maker(&self) -> bool {
        matches!(self.never.to.as_deref(), Some("anyone-but-the-maker" | "the-maker"))
    }

    /// Whether it is about what the maker gets, and about nobody else.
    pub fn is_about_the_maker(&self) -> bool {
        self.never.to.as_deref() == Some("the-maker")
    }

    /// Whether it is about what a person turned off, from that moment on.
    pub fn is_about_turning_off(&self) -> bool {
        self.when.switch.iter().any(|position| position == "turned-off")
    }

    /// Whether a server in this country is one that it speaks against.
    pub fn forbids_country(&self, country: &str) -> bool {
        let allowed = |code: &String| code == country || code == "EEA" && EEA.contains(&country);
        !self.never.outside.is_empty() && !self.never.outside.iter().any(allowed)
    }

    /// Microseconds that a thrown switch is given.
    pub fn grace(&self) -> i64 {
        self.never.after.as_deref().and_then(seconds).unwrap_or(0) * 1_000_000
    }

    /// Whether it is about a subject in an edition.
    pub fn is_about(&self, subject: &str, edition: Option<&str>) -> bool {
        let named = |name: &String| match name.split_once('@') {
            None => name == subject,
            Some((name, of)) => name == subject && Some(of) == edition,
        };
        self.subjects.is_empty() || self.subjects.iter().any(named)
    }
}

pub(crate) fn parse(text: &str) -> Result<Vec<Promise>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let lists = [(Class::Promise, file.promise), (Class::Expectation, file.expectation), (Class::Law, file.law)];
    let entries = lists.into_iter().flat_map(|(class, list)| list.into_iter().map(move |entry| (class, entry)));
    entries.map(|(class, entry)| read(class, entry)).collect()
}

fn read(class: Class, entry: Entry) -> Result<Promise, String> {
    let id = entry.id.clone();
    let bad = |says: String| format!("{} {id}: {says}", class.word());
    let sentence = entry.sentence(class).map_err(bad)?;
    let Entry { id, subjects, when, never, .. } = entry;
    let promise = Promise { id, sentence, subjects, when, never };
    check(&promise).map_err(|says| format!("{} {}: {says}", class.word(), promise.id))?;
    Ok(promise)
}

fn check(promise: &Promise) -> Result<(), String> {
    if promise.never.kinds.is_empty() {
        return Err("forbids no kinds, so nothing could break it".into());
    }
    if let Some(mode) = &promise.when.mode
        && Mode::from_word(mode) == Mode::Unknown
    {
        return Err(format!("mode {mode:?} is neither normal nor private"));
    }
    match promise.never.to.as_deref() {
        None | Some("anyone-but-the-site" | "anyone-but-the-maker" | "the-maker") => {}
        Some(other) => {
            return Err(format!(
                "to = {other:?} is not known: anyone-but-the-site, anyone-but-the-maker, the-maker, or leave it out"
            ));
        }
    }
    for position in &promise.when.switch {
        if !["default", "on", "off", "turned-off"].contains(&position.as_str()) {
            return Err(format!("switch = {position:?} is not default, on, off or turned-off"));
        }
    }
    for position in promise.when.switches.values() {
        if !["on", "off"].contains(&position.as_str()) {
            return Err(format!("a switch by name stands on or off, not {position:?}"));
        }
    }
    for country in &promise.never.outside {
        let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !is_code && country != "EEA" {
            return Err(format!("{country:?} is no country code of two capitals"));
        }
    }
    match promise.never.beside.as_deref() {
        None | Some("persistent-identifier") => {}
        Some(other) => return Err(format!("beside = {other:?} is not known: persistent-identifier")),
    }
    match promise.never.after.as_deref() {
        Some(after) if seconds(after).is_none() => Err(format!("after = {after:?} is not a time like 5s")),
        _ => Ok(()),
    }
}

fn seconds(text: &str) -> Option<i64> {
    text.strip_suffix('s')?.parse().ok()
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = r#"
        [[promise]]
        id = "private-reports-nothing"
        quote = "…"
        source = "…"
        says = "Nothing leaves."
        when = { mode = "private", switch = ["default", "off"] }
        never = { kinds = ["visited_url"], to = "anyone-but-the-site", after = "5s" }
    "#;

    #[test]
    fn a_promise_is_a_condition_and_a_prohibition() {
        let promise = parse(PRIVATE).unwrap().remove(0);
        assert_eq!(promise.mode(), Some(Mode::Private));
        assert_eq!(promise.kinds(), [Kind::new("visited-url")]);
        assert_eq!(promise.grace(), 5_000_000);
        assert_eq!(promise.when.switch, ["default", "off"]);
    }

    #[test]
    fn a_promise_that_nothing_could_break_is_refused() {
        assert!(parse(&PRIVATE.replace("[\"visited_url\"]", "[]")).is_err());
        assert!(parse(&PRIVATE.replace("5s", "soon")).is_err());
        assert!(parse(&PRIVATE.replace("anyone-but-the-site", "nobody")).is_err());
        assert!(parse(&PRIVATE.replace("\"off\"]", "\"sideways\"]")).is_err());
    }

    #[test]
    fn a_promise_can_be_about_one_edition() {
        let text = PRIVATE.replace("says =", "subjects = [\"a\", \"b@2\"]\nsays =");
        let promise = parse(&text).unwrap().remove(0);
        assert!(promise.is_about("a", Some("1")) && promise.is_about("b", Some("2")));
        assert!(!promise.is_about("b", Some("1")) && !promise.is_about("b", None));
        assert!(parse(PRIVATE).unwrap()[0].is_about("anybody", None));
    }

    #[test]
    fn countries_are_those_named_and_the_economic_area() {
        let text = PRIVATE.replace("to = \"anyone-but-the-site\"", "outside = [\"EEA\", \"CH\"]");
        let promise = parse(&text).unwrap().remove(0);
        assert!(promise.forbids_country("SG"));
        assert!(!promise.forbids_country("DE") && !promise.forbids_country("CH"));
        assert!(!parse(PRIVATE).unwrap()[0].forbids_country("SG"), "it names none");
        assert!(parse(&text.replace("\"CH\"", "\"Swiss\"")).is_err());
    }

    #[test]
    fn every_shipped_sentence_says_whose_it_is_and_where_it_stands() {
        let knowledge = crate::Knowledge::built_in();
        let of = |class: Class| knowledge.promises.iter().filter(move |promise| promise.sentence.class == class);
        for promise in of(Class::Promise) {
            let source = &promise.sentence.source;
            let dated = source.date.is_some() || source.name.contains("undated");
            assert!(dated && source.address.is_some(), "{} has neither date nor address", promise.id);
            assert!(!promise.subjects.is_empty(), "{} is about nobody's product", promise.id);
        }
        assert!(of(Class::Law).all(|promise| promise.sentence.source.article.is_some()));
        assert!(of(Class::Expectation).count() > 0);
        let ids: std::collections::BTreeSet<&str> = knowledge.promises.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids.len(), knowledge.promises.len(), "no id stands twice");
    }
}
