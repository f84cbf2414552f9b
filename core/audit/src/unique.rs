//! Removes duplicates: a value is one sighting, however many layers wrap it.
//!
//! The same bytes can be decoded in two ways: `protobuf 4.1` and `protobuf 4 ▸ protobuf 1` are one
//! field. A header that a capture lists twice is one header. So each value that was sent counts
//! once, however often it was decoded.

use std::collections::BTreeSet;

use model::{Guise, Kind, LayerPlace, RecognitionMethod, Sighting, Trail};

/// Keeps the innermost of several readings of one value; the order stays.
pub(crate) fn once(sightings: Vec<Sighting>) -> Vec<Sighting> {
    if sightings.len() < 2 {
        return sightings;
    }
    let readings: Vec<SightingKey<'_>> = sightings.iter().map(SightingKey::of).collect();
    let mut sorted: Vec<usize> = (0..readings.len()).collect();
    sorted.sort_by(|a, b| readings[*a].cmp(&readings[*b]).then(a.cmp(b)));
    // A weak sighting never replaces a sure one.
    let sure: Vec<usize> = sorted.iter().copied().filter(|i| !sightings[*i].weak).collect();
    let mut is_again = vec![false; sightings.len()];
    for (order, weak) in [(&sorted, true), (&sure, false)] {
        let (mut next, mut other) = (None, None);
        for &i in order.iter().rev() {
            if next.is_some_and(|next: usize| readings[next] != readings[i]) {
                other = next;
            }
            next = Some(i);
            let outside = other.is_some_and(|other| readings[i].is_outside(&readings[other]));
            is_again[i] |= outside && sightings[i].weak == weak;
        }
    }
    let mut known: BTreeSet<(&SightingKey<'_>, &str)> = BTreeSet::new();
    for i in sure.iter().chain(sorted.iter().filter(|i| sightings[**i].weak)) {
        is_again[*i] |= !known.insert((&readings[*i], &sightings[*i].value));
    }
    let mut is_again = is_again.into_iter();
    sightings.into_iter().filter(|_| !is_again.next().unwrap_or(false)).collect()
}

/// The value that a sighting is of, and its place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SightingKey<'s> {
    of: (RecognitionMethod, Option<&'s str>, &'s Kind, &'s Guise),
    /// The parts of its trail in a form in which `protobuf 4.1` and `protobuf 4 ▸ protobuf 1` are
    /// equal.
    way: Vec<String>,
}

impl<'s> SightingKey<'s> {
    fn of(sighting: &'s Sighting) -> Self {
        let of = (sighting.how, sighting.canary.as_deref(), &sighting.kind, &sighting.guise);
        Self { of, way: way(&sighting.trail) }
    }

    /// Whether `inner` continues this trail. In sorted order a reading comes right before the
    /// readings inside of it.
    fn is_outside(&self, inner: &Self) -> bool {
        self.of == inner.of && self.way.len() < inner.way.len() && inner.way.starts_with(&self.way)
    }
}

fn way(trail: &Trail) -> Vec<String> {
    let mut parts = Vec::new();
    for (nth, step) in trail.steps.iter().enumerate() {
        match &step.place {
            LayerPlace::Whole => parts.push(step.layer.to_string()),
            // The number of a repeated header is dropped: only the value tells whether the header
            // is a duplicate.
            LayerPlace::At(name) if nth == 0 => {
                let name = name.rsplit_once('#').map_or(&**name, |(name, _)| name);
                parts.push(format!("{} {name}", step.layer));
            }
            LayerPlace::At(name) if step.layer == "protobuf" => {
                parts.extend(name.split('.').map(|number| format!("protobuf {number}")));
            }
            LayerPlace::At(name) => parts.push(format!("{} {name}", step.layer)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(trail: &str, value: &str) -> Sighting {
        Sighting {
            exchange: 0,
            kind: Kind::new("visited-url"),
            canary: Some("url-1".into()),
            guise: Guise::Plain,
            how: RecognitionMethod::Canary,
            schema: None,
            trail: trail.parse().unwrap(),
            value: value.into(),
            weak: false,
        }
    }

    #[track_caller]
    fn check(trails: &[&str], said: &[&str]) {
        let sightings = trails.iter().map(|trail| sighting(trail, "v")).collect();
        let trails: Vec<String> = once(sightings).iter().map(|one| one.trail.to_string()).collect();
        assert_eq!(trails, said);
    }

    #[test]
    fn two_readings_of_a_nested_message_are_one_value() {
        check(&["body ▸ protobuf 4.1", "body ▸ protobuf 4 ▸ protobuf 1"], &["body ▸ protobuf 4.1"]);
        check(
            &["body ▸ protobuf 1", "body ▸ protobuf 1.1", "body ▸ protobuf 1.1.1", "body ▸ protobuf 1.1.1.3"],
            &["body ▸ protobuf 1.1.1.3"],
        );
        check(
            &["body ▸ base64 ▸ protobuf 2", "body ▸ base64 ▸ protobuf 2 ▸ protobuf 1.3"],
            &["body ▸ base64 ▸ protobuf 2 ▸ protobuf 1.3"],
        );
    }

    #[test]
    fn two_fields_are_two_values() {
        let fields = ["body ▸ protobuf 4.1", "body ▸ protobuf 4.2", "body ▸ protobuf 41"];
        check(&fields, &fields);
        let fields = ["url ▸ query u", "body ▸ json $.u", "body ▸ json $.u2"];
        check(&fields, &fields);
    }

    #[test]
    fn a_header_that_is_listed_twice_is_one_if_it_says_the_same() {
        check(&["header referer", "header referer#2"], &["header referer"]);
        check(&["header referer", "header referer#2", "header referer ▸ query q"], &["header referer ▸ query q"]);
        let cookies = vec![sighting("header cookie", "a"), sighting("header cookie#2", "b")];
        assert_eq!(once(cookies).len(), 2);
    }

    #[test]
    fn another_disguise_of_the_same_value_counts_by_itself() {
        let digest =
            Sighting { guise: Guise::Digest("sha256".into()), ..sighting("body ▸ protobuf 4 ▸ protobuf 1", "v") };
        assert_eq!(once(vec![sighting("body ▸ protobuf 4.1", "v"), digest]).len(), 2);
    }

    #[test]
    fn what_a_guess_led_to_does_not_replace_what_is_sure() {
        let weak = Sighting { weak: true, ..sighting("body ▸ protobuf 4 ▸ protobuf 1", "v") };
        let both = once(vec![sighting("body ▸ protobuf 4", "v"), weak]);
        assert!(both.iter().any(|one| !one.weak));
    }
}
