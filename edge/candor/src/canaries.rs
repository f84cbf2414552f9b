//! Files with canaries.
//!
//! The content shows whether it is TOML or JSON: a list `canary` or `canaries` of
//! `{id, kind, value}`. Other entries in the file are ignored.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use knowledge::kinds::KindTable;
use model::Canary;

/// Reads the canaries of a file.
pub fn read(path: &Path) -> Result<Vec<Canary>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the canaries in {}", path.display()))?;
    of_text(text.trim_start_matches('\u{feff}'))
        .with_context(|| format!("cannot use the canaries in {}", path.display()))
}

/// Refuses unknown kinds: Candor would look for a canary with a misspelt kind only
/// as plain text, not in the forms of its kind.
pub fn check(canaries: &[Canary], kinds: &KindTable) -> Result<()> {
    for canary in canaries {
        let kind = canary.kind.as_str();
        if kinds.kind(kind).is_some() {
            continue;
        }
        let names = kinds.all().iter().flat_map(|known| std::iter::once(&known.id).chain(&known.aliases));
        let nearest = names.min_by_key(|name| distance(kind, name)).map(String::as_str).unwrap_or_default();
        bail!(
            "canary `{}` has the kind `{kind}`, which is not known; the nearest is `{nearest}` (`candor list kinds`)",
            canary.id
        );
    }
    Ok(())
}

/// The number of letters to change, add or remove (Levenshtein distance).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let changed = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[other.len()]
}

fn of_text(text: &str) -> Result<Vec<Canary>> {
    let list = if text.trim_start().starts_with('{') { of_json(text)? } else { of_toml(text)? };
    let mut canaries: Vec<Canary> = Vec::new();
    for (at, [id, kind, value]) in list.into_iter().enumerate() {
        let number = at + 1;
        let kind = kind.ok_or_else(|| anyhow!("canary {number} has no kind"))?;
        let value = value.ok_or_else(|| anyhow!("canary {number} has no value"))?;
        let id = id.unwrap_or_else(|| format!("{}-{number}", kind.replace('_', "-")));
        if canaries.iter().any(|known| known.id == id) {
            bail!("two canaries have the id {id}");
        }
        canaries.push(Canary::new(id, &kind, value));
    }
    Ok(canaries)
}

/// Id, kind and value; none if one is missing or no string.
type CanaryFields = [Option<String>; 3];

const NAMES: [&str; 3] = ["id", "kind", "value"];
const LISTS: [&str; 2] = ["canary", "canaries"];
const NONE: &str = "there is no list `canary` or `canaries`";

fn of_json(text: &str) -> Result<Vec<CanaryFields>> {
    let all: serde_json::Value = serde_json::from_str(text)?;
    let list = LISTS.iter().find_map(|name| all.get(name)?.as_array()).context(NONE)?;
    let field = |of: &serde_json::Value, name| of.get(name)?.as_str().map(str::to_owned);
    Ok(list.iter().map(|of| NAMES.map(|name| field(of, name))).collect())
}

fn of_toml(text: &str) -> Result<Vec<CanaryFields>> {
    let all: toml::Table = text.parse()?;
    let list = LISTS.iter().find_map(|name| all.get(*name)?.as_array()).context(NONE)?;
    let field = |of: &toml::Value, name| of.get(name)?.as_str().map(str::to_owned);
    Ok(list.iter().map(|of| NAMES.map(|name| field(of, name))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match of_text(text) {
            Ok(canaries) => canaries.iter().map(|c| format!("{} {} {};", c.id, c.kind, c.value)).collect(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn canaries_are_read_from_either_notation() {
        let expected = "a visited-url https://x.example/;email-2 email b@x.example;";
        for text in [
            r#"{"note": 1, "canaries": [{"id": "a", "kind": "visited_url", "value": "https://x.example/", "left": true}, {"kind": "email", "value": "b@x.example"}]}"#,
            "note = 1\n[[canary]]\nid = \"a\"\nkind = \"visited-url\"\nvalue = \"https://x.example/\"\n[[canary]]\nkind = \"email\"\nvalue = \"b@x.example\"",
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(shown("{}"), NONE);
        assert_eq!(shown("other = 1"), NONE);
        assert_eq!(shown(r#"{"canaries": [{"id": "a", "value": "v"}]}"#), "canary 1 has no kind");
        assert_eq!(shown(r#"{"canaries": [{"id": "a", "kind": "k", "value": 7}]}"#), "canary 1 has no value");
        let twice = r#"{"canaries": [{"id": "a", "kind": "k", "value": "v"}, {"id": "a", "kind": "k", "value": "w"}]}"#;
        assert_eq!(shown(twice), "two canaries have the id a");
    }
}
