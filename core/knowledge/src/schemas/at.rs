//! A place in a request, with wildcards, in the notation of trails.
//!
//! `body ▸ form data|data_list ▸ base64 ▸ json $[*].properties.$url`
//!
//! A step is written as reports print it. `a|b` stands for either; `*` inside
//! a name for any run of characters other than `.`, `[` and `]`, `**` for any
//! run; a name of `*` for any name; a step of `**` for any steps or none. The
//! second of two fields of a name (`2#2.1`, `referer#2`) is the same place.
//! Layers that only carry (percent-coding and compression) need not be named:
//! senders add and omit them at will.

use std::{fmt, str::FromStr};

use model::{LayerPlace, Route};
use serde::Deserialize;

/// A place in a request, perhaps with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaPlace {
    text: String,
    steps: Vec<SchemaPlaceStep>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum SchemaPlaceStep {
    /// `**`
    Any,
    One {
        layers: Vec<String>,
        names: Vec<NamePattern>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePattern {
    /// The layer holds one value.
    Whole,
    Any,
    /// Text and stars, in turn; one text is an exact name.
    Glob(Vec<NamePiece>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePiece {
    Text(String),
    /// `*`
    Star,
    /// `**`
    Stars,
}

/// Why a text is not a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSchemaPlace(pub &'static str);

impl fmt::Display for BadSchemaPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadSchemaPlace {}

impl fmt::Display for SchemaPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Layers that carry a value and say nothing about its place.
const CARRIERS: [&str; 9] = ["percent", "gzip", "zlib", "deflate", "brotli", "zstd", "lz4", "snappy", "utf-16"];

impl SchemaPlace {
    /// Whether a route ends at this place.
    pub fn matches(&self, route: &Route<'_>) -> bool {
        // The last step stands for itself: what is *in* the value is another leaf.
        let Some((last, before)) = self.steps.split_last() else { return false };
        match last {
            SchemaPlaceStep::Any => ends_at(&self.steps, Some(route)),
            one => one.matches(route) && ends_at(before, route.before),
        }
    }

    /// The last name, after its last dot, if no wildcard is in it: by it a
    /// place is ruled out quickly. None: nothing can be said quickly.
    pub fn keys(&self) -> Option<Vec<&str>> {
        let Some(SchemaPlaceStep::One { names, .. }) = self.steps.last() else { return None };
        names
            .iter()
            .map(|name| match name {
                NamePattern::Glob(pieces) => {
                    let Some(NamePiece::Text(last)) = pieces.last() else { return None };
                    let key = last_key(last);
                    (pieces.len() == 1 || key.len() < last.len()).then_some(key)
                }
                NamePattern::Whole | NamePattern::Any => None,
            })
            .collect()
    }
}

/// The part of a name after its last dot: `url` of `$[0].properties.url`.
pub fn last_key(name: &str) -> &str {
    // Asked of every value, and names are short.
    let dot = name.bytes().rposition(|byte| byte == b'.');
    let key = dot.map_or(name, |dot| &name[dot + 1..]);
    match key.bytes().next_back() {
        Some(b'0'..=b'9') => key.rsplit_once('#').filter(|(_, nth)| is_number(nth)).map_or(key, |(first, _)| first),
        _ => key,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl SchemaPlaceStep {
    fn matches(&self, route: &Route<'_>) -> bool {
        let Self::One { layers, names } = self else { return true };
        layers.iter().any(|layer| layer == route.layer) && names.iter().any(|name| name.matches(route.place))
    }
}

impl NamePattern {
    fn matches(&self, place: &LayerPlace<'_>) -> bool {
        match (self, place) {
            (Self::Whole, LayerPlace::Whole) | (Self::Any, LayerPlace::At(_)) => true,
            (Self::Glob(pieces), LayerPlace::At(name)) => {
                ends_like(pieces, name) && glob(pieces, name) || (name.contains('#') && glob(pieces, &first(name)))
            }
            _ => false,
        }
    }
}

/// Whether the route, read from its end, is what the steps say.
fn ends_at(steps: &[SchemaPlaceStep], route: Option<&Route<'_>>) -> bool {
    let Some((last, before)) = steps.split_last() else { return route.is_none() };
    if matches!(last, SchemaPlaceStep::Any) {
        let mut here = route;
        loop {
            if ends_at(before, here) {
                return true;
            }
            let Some(route) = here else { return false };
            here = route.before;
        }
    }
    let Some(route) = route else { return false };
    (last.matches(route) && ends_at(before, route.before))
        || (CARRIERS.contains(&route.layer) && ends_at(steps, route.before))
}

/// Whether a name ends with the last text, if there is one.
fn ends_like(pieces: &[NamePiece], name: &str) -> bool {
    match pieces.last() {
        Some(NamePiece::Text(text)) => name.ends_with(text.as_str()),
        _ => true,
    }
}

fn glob(pieces: &[NamePiece], name: &str) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return name.is_empty() };
    let until = |end: usize| (0..=end).any(|at| name.get(at..).is_some_and(|left| glob(rest, left)));
    match piece {
        NamePiece::Text(text) => name.strip_prefix(text.as_str()).is_some_and(|left| glob(rest, left)),
        NamePiece::Star => until(name.find(['.', '[', ']']).unwrap_or(name.len())),
        NamePiece::Stars => until(name.len()),
    }
}

/// The place of the first field of this name: `2.1` for `2#2.1`.
fn first(name: &str) -> String {
    let mut parts = name.split('#');
    let mut first = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let after = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let counts = after.len() < part.len() && (after.is_empty() || after.starts_with(['.', '[']));
        if counts {
            first.push_str(after);
        } else {
            first.push('#');
            first.push_str(part);
        }
    }
    first
}

impl FromStr for SchemaPlace {
    type Err = BadSchemaPlace;

    fn from_str(text: &str) -> Result<Self, BadSchemaPlace> {
        let steps = text.split('▸').map(|step| step_from(step.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), steps })
    }
}

fn step_from(text: &str) -> Result<SchemaPlaceStep, BadSchemaPlace> {
    if text == "**" {
        return Ok(SchemaPlaceStep::Any);
    }
    let (layers, names) = match text.split_once(' ') {
        None => (text, vec![NamePattern::Whole]),
        Some((layers, names)) => (layers, names_from(names.trim())?),
    };
    if layers.is_empty() {
        return Err(BadSchemaPlace("a step has no layer"));
    }
    Ok(SchemaPlaceStep::One { layers: layers.split('|').map(str::to_owned).collect(), names })
}

fn names_from(text: &str) -> Result<Vec<NamePattern>, BadSchemaPlace> {
    if let Some(open) = text.strip_prefix('"') {
        let inner = open.strip_suffix('"').ok_or(BadSchemaPlace("a quoted name has no end"))?;
        return Ok(vec![NamePattern::Glob(vec![NamePiece::Text(inner.replace("\\\"", "\"").replace("\\\\", "\\"))])]);
    }
    Ok(text.split('|').map(name_from).collect())
}

fn name_from(text: &str) -> NamePattern {
    if text == "*" {
        return NamePattern::Any;
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('*') {
        if at > 0 {
            pieces.push(NamePiece::Text(rest[..at].to_owned()));
        }
        let stars = rest[at..].starts_with("**");
        pieces.push(if stars { NamePiece::Stars } else { NamePiece::Star });
        rest = &rest[at + 1 + usize::from(stars)..];
    }
    if !rest.is_empty() {
        pieces.push(NamePiece::Text(rest.to_owned()));
    }
    NamePattern::Glob(pieces)
}

impl<'de> Deserialize<'de> for SchemaPlace {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use model::Trail;

    use super::*;

    fn matches(at: &str, trail: &str) -> bool {
        let at: SchemaPlace = at.parse().unwrap();
        let trail: Trail = trail.parse().unwrap();
        fn with(steps: &[model::TrailStep], before: Option<&Route<'_>>, at: &SchemaPlace) -> bool {
            let (step, rest) = steps.split_first().unwrap();
            let layer: &'static str = Box::leak(step.layer.to_string().into_boxed_str());
            let route = Route { before, layer, place: &step.place };
            if rest.is_empty() { at.matches(&route) } else { with(rest, Some(&route), at) }
        }
        with(&trail.steps, None, &at)
    }

    #[test]
    fn a_place_is_what_it_says() {
        for (at, trail) in [
            ("body ▸ form gps_adid", "body ▸ form gps_adid"),
            ("body ▸ form data|data_list ▸ base64", "body ▸ form data_list ▸ base64"),
            ("body ▸ json $[*].properties.$url", "body ▸ json $[12].properties.$url"),
            ("body ▸ json $.*.url", "body ▸ json $.a.url"),
            ("url ▸ path 3 ▸ base64|base64url ▸ protobuf 2.1", "url ▸ path 3 ▸ base64url ▸ protobuf 2.1"),
            ("** ▸ json $.a", "body ▸ form x ▸ json $.a"),
            ("message * ▸ json $.a", "message 3 ▸ json $.a"),
            ("header ot_sender", "header ot_sender"),
            (r#"body ▸ form "a b""#, r#"body ▸ form "a b""#),
            ("body ▸ form *", "body ▸ form a.b[c]"),
            ("body ▸ json $.**.email", "body ▸ json $.a[0].b.email"),
            ("body ▸ protobuf 2.1", "body ▸ protobuf 2#3.1"),
            ("body ▸ protobuf 2.1", "body ▸ protobuf 2.1#2"),
            ("header referer", "header referer#2"),
            (r##"body ▸ json $["#id"]"##, r##"body ▸ json $["#id"]"##),
        ] {
            assert!(matches(at, trail), "{at} on {trail}");
        }
    }

    #[test]
    fn layers_that_only_carry_need_not_be_named() {
        assert!(matches("body ▸ json $.a", "body ▸ gzip ▸ json $.a"));
        assert!(matches("body ▸ form d ▸ base64 ▸ json $.a", "body ▸ form d ▸ percent ▸ base64 ▸ zlib ▸ json $.a"));
        assert!(matches("body ▸ gzip ▸ json $.a", "body ▸ gzip ▸ json $.a"));
    }

    #[test]
    fn another_place_is_another_place() {
        for (at, trail) in [
            ("body ▸ form gps_adid", "body ▸ form gps_adid2"),
            ("body ▸ form a", "body ▸ form a ▸ percent"),
            ("body ▸ form a", "body"),
            ("body ▸ json $[*].url", "body ▸ json $[1].a.url"),
            ("body ▸ json $.*.url", "body ▸ json $.a.b.url"),
            ("body ▸ json $.**.email", "body ▸ json $.email"),
            ("body ▸ protobuf 2.1", "body ▸ protobuf 2#x.1"),
            ("body ▸ protobuf 2.1", "body ▸ protobuf 21"),
            ("body ▸ json $.a", "body ▸ base64 ▸ json $.a"),
            ("body ▸ json $.a", "url ▸ json $.a"),
            ("body ▸ form *", "body ▸ form"),
        ] {
            assert!(!matches(at, trail), "{at} on {trail}");
        }
    }

    #[test]
    fn a_place_is_ruled_out_by_its_last_name() {
        let keys = |at: &str| at.parse::<SchemaPlace>().unwrap().keys().map(|keys| keys.join(" "));
        assert_eq!(keys("body ▸ json $[*].properties.$url").as_deref(), Some("$url"));
        assert_eq!(keys("body ▸ form a|b").as_deref(), Some("a b"));
        assert_eq!(keys("body ▸ json $.a*").as_deref(), None);
        assert_eq!(keys("body ▸ json $.**.email").as_deref(), Some("email"));
        assert_eq!(keys("body ▸ form *"), None);
        assert_eq!((last_key("$.a.b#2"), last_key("2#2.1"), last_key("#type")), ("b", "1", "#type"));
        assert_eq!(keys("body"), None);
    }
}
