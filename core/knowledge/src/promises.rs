//! Promises of makers, and expectations of them, in a form that can be tested:
//! `data/promises/<vendor>.toml`.
//!
//! A promise is a sentence with a condition (`when`, `state`, `valid`) and one
//! claim: data that is never sent, the only data that is sent, a request that
//! must be sent, or why no run can test it. The condition decides which
//! experiments can test the promise.

mod sentence;

mod assertion;

mod valid;

mod entry;

mod check;

mod disclosure;

use std::collections::BTreeMap;

use model::{Kind, Mode};
use serde::Deserialize;

pub use assertion::{Assertion, ClauseLimits, MustClause, NeverClause, OnlyClause};
pub use disclosure::Disclosure;
pub use sentence::{Sentence, SentenceClass, SentenceSource};
pub use valid::{MakerState, ValidityRange, VersionRange};

use check::seconds;
use entry::PromiseEntry;

/// One sentence, with its conditions and its claim.
#[derive(Clone, Debug)]
pub struct Promise {
    pub id: String,
    /// The sentence and its source.
    pub sentence: Sentence,
    /// Subjects that the promise is about, `name` or `name@edition`; empty means
    /// every subject.
    pub subjects: Vec<String>,
    pub when: PromiseConditions,
    /// Versions and dates that the promise is about; outside of them it is
    /// untested.
    pub valid: ValidityRange,
    /// The state, signed in or out, that the promise depends on.
    pub state: Option<MakerState>,
    pub claim: Assertion,
}

/// The conditions under which a promise applies. A condition that is not given
/// does not matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseConditions {
    #[serde(default)]
    pub mode: Option<String>,
    /// Positions of the switches for data collection, any of which is enough:
    /// `default` (as installed), `on`, `off`, `turned-off` (by the driver, from
    /// that moment on).
    #[serde(default, deserialize_with = "one_or_many")]
    pub switch: Vec<String>,
    /// Positions of single switches by name: `on`, `off`.
    #[serde(default)]
    pub switches: BTreeMap<String, String>,
}

/// The European Economic Area: the Union, Iceland, Liechtenstein, Norway.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// A file of promises. The name of a list is the class of its sentences.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromiseFile {
    #[serde(default)]
    promise: Vec<PromiseEntry>,
    #[serde(default)]
    expectation: Vec<PromiseEntry>,
    #[serde(default)]
    law: Vec<PromiseEntry>,
    #[serde(default)]
    discloses: Vec<Disclosure>,
}

impl Promise {
    /// The kinds that must not be seen.
    pub fn kinds(&self) -> Vec<Kind> {
        self.claim.kinds()
    }

    /// The mode that the promise is about, if it is about one.
    pub fn mode(&self) -> Option<Mode> {
        self.when.mode.as_deref().map(Mode::from_word)
    }

    /// The claim that something is never sent, if the promise makes one.
    pub fn never(&self) -> Option<&NeverClause> {
        match &self.claim {
            Assertion::Never(never) => Some(never),
            _ => None,
        }
    }

    /// Whether the promise forbids identifiers themselves, also without other
    /// data.
    pub fn is_about_identifiers(&self) -> bool {
        self.never().is_some_and(|never| never.identifiers)
    }

    /// Whether the promise is about the countries of servers.
    pub fn is_about_countries(&self) -> bool {
        self.never().is_some_and(|never| !never.outside.is_empty())
    }

    /// Whether the promise forbids data only together with an identifier.
    pub fn is_about_anonymity(&self) -> bool {
        self.never().is_some_and(|never| never.beside.is_some())
    }

    /// Whether the promise can be judged only if the maker is known.
    pub fn names_the_maker(&self) -> bool {
        matches!(self.claim.to(), Some("anyone-but-the-maker" | "the-maker"))
    }

    /// Whether the promise is only about data that the maker gets.
    pub fn is_about_the_maker(&self) -> bool {
        self.claim.to() == Some("the-maker")
    }

    /// Whether the promise is about the time after a person turned a switch
    /// off.
    pub fn is_about_turning_off(&self) -> bool {
        self.when.switch.iter().any(|position| position == "turned-off")
    }

    /// Whether the promise forbids servers in this country.
    pub fn forbids_country(&self, country: &str) -> bool {
        let allowed = |code: &String| code == country || code == "EEA" && EEA.contains(&country);
        self.never().is_some_and(|never| !never.outside.is_empty() && !never.outside.iter().any(allowed))
    }

    /// Microseconds that the subject has after a switch was thrown.
    pub fn grace(&self) -> i64 {
        self.never().and_then(|never| never.within.as_deref()).and_then(seconds).unwrap_or(0) * 1_000_000
    }

    /// Whether the promise is about this subject in this edition.
    pub fn is_about(&self, subject: &str, edition: Option<&str>) -> bool {
        let named = |name: &String| match name.split_once('@') {
            None => name == subject,
            Some((name, of)) => name == subject && Some(of) == edition,
        };
        self.subjects.is_empty() || self.subjects.iter().any(named)
    }
}

/// Parses the makers' own statements about the data that they send.
pub(crate) fn disclosures(text: &str) -> Result<Vec<Disclosure>, String> {
    let file: PromiseFile = toml::from_str(text).map_err(|error| error.to_string())?;
    file.discloses.iter().try_for_each(Disclosure::check)?;
    Ok(file.discloses)
}

pub(crate) fn parse(text: &str) -> Result<Vec<Promise>, String> {
    let file: PromiseFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let lists = [
        (SentenceClass::Promise, file.promise),
        (SentenceClass::Expectation, file.expectation),
        (SentenceClass::Law, file.law),
    ];
    let entries = lists.into_iter().flat_map(|(class, list)| list.into_iter().map(move |entry| (class, entry)));
    entries.map(|(class, entry)| read(class, entry)).collect()
}

fn read(class: SentenceClass, entry: PromiseEntry) -> Result<Promise, String> {
    let id = entry.id.clone();
    let bad = |says: String| format!("{} {id}: {says}", class.word());
    let sentence = entry.sentence(class).map_err(bad)?;
    let claim = entry.claim().map_err(bad)?;
    let PromiseEntry { id, subjects, when, valid, state, .. } = entry;
    let promise = Promise { id, sentence, subjects, when, valid, state, claim };
    check::check(&promise).map_err(|says| format!("{} {}: {says}", class.word(), promise.id))?;
    Ok(promise)
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
        let of =
            |class: SentenceClass| knowledge.promises.iter().filter(move |promise| promise.sentence.class == class);
        for promise in of(SentenceClass::Promise) {
            let source = &promise.sentence.source;
            let dated = source.date.is_some() || source.name.contains("undated");
            assert!(dated && source.address.is_some(), "{} has neither date nor address", promise.id);
            assert!(!promise.subjects.is_empty(), "{} is about nobody's product", promise.id);
        }
        assert!(of(SentenceClass::Law).all(|promise| promise.sentence.source.article.is_some()));
        assert!(of(SentenceClass::Expectation).count() > 0);
        let ids: std::collections::BTreeSet<&str> = knowledge.promises.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids.len(), knowledge.promises.len(), "no id stands twice");
    }
}
