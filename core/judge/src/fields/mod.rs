//! The values of each exchange, in a form that allows to compare exchanges: the
//! place of a value, its digest, and the bits that it can hold.
//!
//! A value that nobody can interpret may still depend on what the person did.
//! Two tests look for this: [`contrast`] compares trials with use to idle
//! trials, and [`twins`] compares visits to the same site. Only digests of
//! values are kept, not the values.

pub(crate) mod contrast;

pub(crate) mod table;

pub(crate) mod twins;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use model::{Kind, Leaf, Trail};

use crate::places::{OuterValue, digest, is_protocol_randomness, place_of};

/// One value of an exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldValue {
    /// Number of the value's place; [`FieldCollector::places`] has its name.
    pub place: u32,
    /// Digest of the value; for a [`ValueClass::Number`] the number itself.
    pub digest: u64,
    /// Upper limit of the bits that the value can hold.
    pub bits: u16,
    pub sort: ValueClass,
}

/// What a value alone shows, without comparison to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueClass {
    /// Nothing is known of the value.
    Unknown,
    /// The value is a number, and may be a counter.
    Number,
    /// The value is a piece of a planted value: see [`piece_of`].
    Piece(u8),
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldValue({}, {} bits)", self.place, self.bits)
    }
}

/// The sort of act that a planted value of this kind comes from, as a bit.
pub fn piece_of(kind: &Kind) -> u8 {
    match kind.as_str() {
        "visited-url" | "visited-url-part" | "visited-host" | "page-title" | "page-text" => 1,
        "search" => 2,
        "typed-text" => 4,
        _ => 8,
    }
}

/// Collects the values of one exchange after another. Within an exchange the
/// values come outside in.
#[derive(Clone, Default)]
pub struct FieldCollector {
    places: BTreeMap<String, u32>,
    /// Values of the current exchange.
    now: Vec<(String, FieldValue)>,
    /// The last value, which waits: it is dropped if the next value lies inside
    /// of it.
    waiting: Option<(OuterValue, String, FieldValue)>,
    is_cut: bool,
}

impl fmt::Debug for FieldCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({} places)", self.places.len())
    }
}

/// A planted value of the current trial.
#[derive(Clone, Copy)]
pub struct PlantedText<'p> {
    pub value: &'p str,
    pub piece: u8,
}

impl fmt::Debug for PlantedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlantedText(..)")
    }
}

/// The values of one exchange.
#[derive(Clone, Debug, Default)]
pub struct ExchangeFields {
    pub values: Vec<FieldValue>,
    /// The exchange had more values than are collected.
    pub is_cut: bool,
}

/// Values of one exchange that are collected at most.
const MOST: usize = 4_096;

impl FieldCollector {
    /// Takes the next value of the current exchange.
    pub fn see(&mut self, leaf: &Leaf<'_>, planted: &[PlantedText<'_>]) {
        if leaf.weak {
            return; // a guess is no value
        }
        self.settle_waiting(|outer| !outer.holds(leaf.route));
        if leaf.value.is_empty() || self.now.len() >= MOST {
            self.is_cut |= !leaf.value.is_empty();
            return;
        }
        let place = place_of(&leaf.route.trail());
        if let Some((digest, bits, sort)) = sort(&place, leaf.value, planted) {
            self.waiting = Some((OuterValue::of(leaf.route), place, FieldValue { place: 0, digest, bits, sort }));
        }
    }

    /// Ends the exchange, and returns its values without those that these
    /// sightings explain.
    pub fn take(&mut self, sightings: &[&Trail]) -> ExchangeFields {
        self.settle_waiting(|_| true);
        let explained: BTreeSet<String> = sightings.iter().map(|trail| place_of(trail)).collect();
        let is_explained = |place: &str| {
            let ends = place.match_indices(" ▸ ").map(|(at, _)| at).chain([place.len()]);
            !explained.is_empty() && ends.into_iter().any(|end| explained.contains(&place[..end]))
        };
        let mut values: Vec<FieldValue> = Vec::with_capacity(self.now.len());
        let mut known = BTreeSet::new();
        for (place, value) in std::mem::take(&mut self.now) {
            if is_explained(&place) {
                continue;
            }
            let next = self.places.len() as u32;
            let place = *self.places.entry(place).or_insert(next);
            if known.insert((place, value.digest)) {
                values.push(FieldValue { place, ..value });
            }
        }
        ExchangeFields { values, is_cut: std::mem::take(&mut self.is_cut) }
    }

    /// The name of each place, by its number.
    pub fn places(self) -> Vec<String> {
        let mut names: Vec<(String, u32)> = self.places.into_iter().collect();
        names.sort_by_key(|(_, number)| *number);
        names.into_iter().map(|(name, _)| name).collect()
    }

    fn settle_waiting(&mut self, stays: impl Fn(&OuterValue) -> bool) {
        if let Some((outer, place, value)) = self.waiting.take()
            && stays(&outer)
        {
            self.now.push((place, value));
        }
    }
}

/// Digest, bits and class of a value; none for a clock, a date, or a random
/// value that a protocol requires.
fn sort(place: &str, value: &[u8], planted: &[PlantedText<'_>]) -> Option<(u64, u16, ValueClass)> {
    if is_protocol_randomness(place, value) {
        return None;
    }
    let bits = bits(value).min(u32::from(u16::MAX)) as u16;
    let Ok(text) = std::str::from_utf8(value) else { return Some((digest(value), bits, ValueClass::Unknown)) };
    if is_clock(text) || is_date(text) {
        return None;
    }
    if text.len() <= 19
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return Some((number, bits, ValueClass::Number));
    }
    let piece = piece(text, planted);
    Some((digest(value), bits, if piece == 0 { ValueClass::Unknown } else { ValueClass::Piece(piece) }))
}

/// The planted values that a text is a piece of. A text below four letters is a
/// piece of nearly everything, so it counts only for searches and typed text,
/// which are sent letter by letter.
fn piece(text: &str, planted: &[PlantedText<'_>]) -> u8 {
    let sorts = if text.chars().count() < 4 { 2 | 4 } else { u8::MAX };
    let holds = |one: &&PlantedText<'_>| one.piece & sorts != 0 && one.value.contains(text);
    planted.iter().filter(holds).fold(0, |pieces, one| pieces | one.piece)
}

/// Upper limit of the bits in a value, by the alphabet it is written in.
fn bits(value: &[u8]) -> u32 {
    let all = |is: fn(&u8) -> bool| value.iter().all(is);
    let each = if all(u8::is_ascii_digit) {
        3.33
    } else if all(u8::is_ascii_hexdigit) {
        4.0
    } else if all(u8::is_ascii_alphanumeric) {
        5.96
    } else if value.is_ascii() {
        6.5
    } else {
        8.0
    };
    (each * value.len() as f64) as u32
}

/// Seconds, milliseconds, microseconds or nanoseconds of 2001 to 2065, or
/// microseconds since 1601 as Chromium counts; with or without a fraction.
pub(crate) fn is_clock(text: &str) -> bool {
    let whole = text
        .split_once('.')
        .map_or(text, |(whole, rest)| if rest.bytes().all(|byte| byte.is_ascii_digit()) { whole } else { text });
    if whole.len() < 10 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let Ok(number) = whole.parse::<u128>() else { return false };
    [1, 1_000, 1_000_000, 1_000_000_000].iter().any(|unit| (1_000_000_000..3_000_000_000).contains(&(number / unit)))
        || (12_600_000_000..14_700_000_000).contains(&(number / 1_000_000))
}

/// A date as RFC 3339 or RFC 9110 writes it.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let year = |at: usize| {
        text.get(at..at + 4).and_then(|year| year.parse::<u16>().ok()).is_some_and(|y| (2001..2066).contains(&y))
    };
    let rfc3339 = (10..=35).contains(&bytes.len())
        && year(0)
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes.iter().all(|byte| byte.is_ascii_digit() || b"-+:.TZ ".contains(byte));
    let rfc9110 = bytes.len() == 29 && text.ends_with(" GMT") && year(12) && bytes[3] == b',' && bytes[19] == b':';
    rfc3339 || rfc9110
}

#[cfg(test)]
mod tests {
    use model::{LayerPlace, Route};

    use super::*;

    /// Values by place, as they stay to be compared.
    fn kept(values: &[(&'static str, &'static str, &str)], sightings: &[&str]) -> Vec<String> {
        let mut fields = FieldCollector::default();
        let (whole, planted) = (LayerPlace::Whole, [PlantedText { value: "https://kotiko.example/secret", piece: 1 }]);
        let body = Route { before: None, layer: "body", place: &whole };
        fields.see(&Leaf { value: b"a wrapping", route: &body, weak: false }, &planted);
        for (layer, place, value) in values {
            let place = LayerPlace::at(*place);
            let route = Route { before: Some(&body), layer, place: &place };
            fields.see(&Leaf { value: value.as_bytes(), route: &route, weak: false }, &planted);
        }
        let trails: Vec<Trail> = sightings.iter().map(|trail| trail.parse().unwrap()).collect();
        let values = fields.take(&trails.iter().collect::<Vec<_>>()).values;
        let names = fields.places();
        values.iter().map(|value| format!("{} {:?}", names[value.place as usize], value.sort)).collect()
    }

    #[test]
    fn wrappings_clocks_and_dates_are_no_values() {
        let values = [
            ("json", "$.at", "1764320000123"),
            ("json", "$.date", "2026-11-28T09:00:00Z"),
            ("json", "$.n", "17"),
            ("json", "$.t", "a41f09"),
        ];
        assert_eq!(kept(&values, &[]), ["body ▸ json $.n Number", "body ▸ json $.t Unknown"]);
    }

    #[test]
    fn what_a_sighting_explains_is_not_compared() {
        let values = [("json", "$.url", "x"), ("json", "$.urls", "y")];
        assert_eq!(kept(&values, &["body ▸ json $.url"]), ["body ▸ json $.urls Unknown"]);
    }

    #[test]
    fn a_piece_of_what_was_planted_is_called_one() {
        assert_eq!(kept(&[("form", "a", "kotiko.ex")], &[]), ["body ▸ form a Piece(1)"]);
        assert_eq!(kept(&[("form", "a", "kot")], &[]), ["body ▸ form a Unknown"]);
    }

    #[test]
    fn members_of_a_list_stand_at_one_place_and_nested_messages_at_theirs() {
        let values = [("json", "$[0].t", "a"), ("json", "$[1].t", "b"), ("json", "$[2].t", "b")];
        assert_eq!(kept(&values, &[]).len(), 2);
        assert_eq!(
            kept(&[("protobuf", "4", "outer"), ("protobuf", "4.1", "inner")], &[]),
            ["body ▸ protobuf 4.1 Unknown"]
        );
    }
}
