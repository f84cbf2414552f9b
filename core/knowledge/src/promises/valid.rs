//! The limits of a sentence: versions, dates, and whether somebody is signed
//! in.
//!
//! A notice of 2020 does not apply to a version of 2026 unless it says so. The
//! territory is shown but not tested, because a run without access to the
//! internet has no location.

use serde::Deserialize;

/// Versions and dates. A field that is not given is no limit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidityRange {
    /// The first day: `2020-05-04`.
    #[serde(default)]
    pub from: Option<String>,
    /// The last day.
    #[serde(default)]
    pub until: Option<String>,
    #[serde(default)]
    pub versions: VersionRange,
    /// The territory of the sentence, in the source's words. It is shown, and
    /// not tested.
    #[serde(default)]
    pub territory: Option<String>,
}

/// First and last version, both included: `12.1` is any 12.1.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRange {
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub until: Option<String>,
}

/// The state of the maker's account that a sentence depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MakerState {
    /// Nobody is signed in to the maker's account.
    SignedOut,
    /// Somebody is signed in to the maker's account.
    SignedIn,
}

impl ValidityRange {
    /// Why the sentence does not apply to this version on this day; none if it
    /// applies.
    pub fn excludes(&self, version: &str, day: &str) -> Option<String> {
        if let Some(from) = self.from.as_deref().filter(|from| day < *from) {
            return Some(format!("it is said of the time from {from} on, and this was on {day}"));
        }
        if let Some(until) = self.until.as_deref().filter(|until| day > *until) {
            return Some(format!("it is said of the time until {until}, and this was on {day}"));
        }
        let VersionRange { from, until } = &self.versions;
        if from.is_none() && until.is_none() {
            return None;
        }
        let Some(this) = numbers(version) else {
            return Some("it is said of some versions, and which one this is, is not known".to_owned());
        };
        if let Some(from) = from.as_deref().filter(|from| numbers(from).is_some_and(|from| this < from)) {
            return Some(format!("it is said of versions from {from} on, and this is {version}"));
        }
        let is_later =
            |until: &&str| numbers(until).is_some_and(|until| this[..this.len().min(until.len())] > until[..]);
        let until = until.as_deref().filter(is_later)?;
        Some(format!("it is said of versions until {until}, and this is {version}"))
    }

    /// The limits in words; none if there are none.
    pub(super) fn says(&self) -> Option<String> {
        let Self { from, until, versions, territory } = self;
        let parts = [
            from.as_ref().map(|from| format!("from {from} on")),
            until.as_ref().map(|until| format!("until {until}")),
            versions.from.as_ref().map(|from| format!("versions from {from} on")),
            versions.until.as_ref().map(|until| format!("versions until {until}")),
            territory.as_ref().map(|territory| format!("for {territory} (not tested: a run stands nowhere)")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("said of: {}", parts.join(", ")))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let is_day = |day: &&String| day.len() == 10 && super::entry::check_date(Some(day)).is_ok();
        for day in [&self.from, &self.until].into_iter().flatten() {
            if !is_day(&day) {
                return Err(format!("valid: {day:?} is no day like 2020-05-04"));
            }
        }
        for version in [&self.versions.from, &self.versions.until].into_iter().flatten() {
            if numbers(version).is_none() {
                return Err(format!("valid: {version:?} is no version like 12.1.4"));
            }
        }
        Ok(())
    }
}

/// `3.4.3+default-on` → 3, 4, 3.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let head = version.split(['+', '-', ' ', '~']).next()?;
    head.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(text: &str) -> ValidityRange {
        toml::from_str(text).expect("it is TOML")
    }

    #[test]
    fn a_sentence_is_of_its_versions_both_ends_included() {
        let some = valid("versions = { from = \"3.4.3\", until = \"12.1\" }");
        for inside in ["3.4.3", "3.4.3+default-on", "3.4.10", "12.1", "12.1.4", "4"] {
            assert_eq!(some.excludes(inside, "2026-01-01"), None, "{inside}");
        }
        for outside in ["3.4.2", "3.4", "12.2", "156.0.8078.79", "", "honest"] {
            assert!(some.excludes(outside, "2026-01-01").is_some(), "{outside}");
        }
    }

    #[test]
    fn a_sentence_is_of_its_days_both_ends_included() {
        let some = valid("from = \"2020-05-03\"\nuntil = \"2021-01-01\"");
        for (day, inside) in [("2020-05-02", false), ("2020-05-03", true), ("2021-01-01", true), ("2021-01-02", false)]
        {
            assert_eq!(some.excludes("1", day).is_none(), inside, "{day}");
        }
    }

    #[test]
    fn what_is_neither_a_day_nor_a_version_is_refused() {
        for wrong in ["from = \"2020\"", "until = \"soon\"", "versions = { from = \"latest\" }"] {
            assert!(valid(wrong).check().is_err(), "{wrong}");
        }
    }
}
