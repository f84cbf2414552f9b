//! What makers say, as tests: `data/promises/<vendor>.toml`.
//!
//! A promise is a quotation with a condition (`when`) and a prohibition
//! (`never`). Which experiment can speak about it follows from the condition.

use model::{Kind, Mode};
use serde::Deserialize;

/// One promise and how it is tested.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    pub id: String,
    /// The vendor's words, short.
    pub quote: String,
    /// Where they stand, with the date.
    pub source: String,
    /// Subjects it is about; empty means every subject.
    #[serde(default)]
    pub subjects: Vec<String>,
    #[serde(default)]
    pub when: When,
    pub never: Never,
    /// What keeping it means, in plain words: "nothing of what you visit …".
    pub says: String,
}

/// The circumstances that a promise is about. What is not said does not matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    #[serde(default)]
    pub mode: Option<String>,
    /// Positions of the subject's switch; any of them.
    #[serde(default, deserialize_with = "one_or_many")]
    pub switch: Vec<String>,
}

/// What then must not happen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    pub kinds: Vec<String>,
    /// `anyone-but-the-site`, or absent for anyone at all.
    #[serde(default)]
    pub to: Option<String>,
    /// `persistent-identifier`: only beside one.
    #[serde(default)]
    pub beside: Option<String>,
    /// Grace after a switch was thrown: `5s`.
    #[serde(default)]
    pub after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    promise: Vec<Promise>,
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

    /// Microseconds that a thrown switch is given.
    pub fn grace(&self) -> i64 {
        self.never.after.as_deref().and_then(seconds).unwrap_or(0) * 1_000_000
    }

    pub fn is_about(&self, subject: &str) -> bool {
        self.subjects.is_empty() || self.subjects.iter().any(|name| name == subject)
    }
}

pub(crate) fn parse(text: &str) -> Result<Vec<Promise>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    for promise in &file.promise {
        check(promise).map_err(|says| format!("promise {}: {says}", promise.id))?;
    }
    Ok(file.promise)
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
        None | Some("anyone-but-the-site") => {}
        Some(other) => return Err(format!("to = {other:?} is not known: anyone-but-the-site, or leave it out")),
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
    }
}
