//! Sightings that differ only in their value and their time are one thing
//! seen several times; reports show them so.

use std::collections::BTreeSet;

use audit::Audit;
use model::{Guise, Initiator, Kind};

use crate::sanitize::{inert, inert_head};

/// Sightings alike, in the order of the capture.
pub(crate) struct SightingGroup {
    /// The trail, with `[*]` for any position in a list.
    pub place: String,
    pub members: Vec<usize>,
}

impl SightingGroup {
    /// What stands there, in a few words: the value, or how many there are and
    /// the first of them.
    pub(crate) fn value(&self, audit: &Audit, limit: usize) -> String {
        let values: BTreeSet<&str> =
            self.members.iter().filter_map(|i| Some(audit.spotted.get(*i)?.seen.sighting.value.as_str())).collect();
        let count = if values.len() > 1 { format!("{} values, first ", values.len()) } else { String::new() };
        let first = self.members.first().and_then(|i| audit.spotted.get(*i));
        let first = first.map_or("", |spotted| &spotted.seen.sighting.value);
        format!("{count}{}", inert_head(first, limit.saturating_sub(count.len())))
    }

    /// `by the Branch SDK`, if it was recognised as a known program's.
    pub(crate) fn program(&self, audit: &Audit) -> Option<String> {
        let first = audit.spotted.get(*self.members.first()?)?;
        let name = inert(first.seen.sighting.schema.as_deref()?).into_owned();
        let is_named = [" tag", " Tag", " Pixel", " pixel", "Analytics", " SDK"].iter().any(|end| name.ends_with(end));
        Some(if is_named { format!("by {name}") } else { format!("by the {name} SDK") })
    }
}

/// What must agree for two sightings to be alike.
type GroupingKey<'a> = (String, usize, &'a Kind, &'a Guise, Initiator);

/// Groups of sightings, the largest first.
pub(crate) fn alike(audit: &Audit, sightings: &[usize]) -> Vec<SightingGroup> {
    let mut groups: Vec<(GroupingKey<'_>, Vec<usize>)> = Vec::new();
    for &i in sightings {
        let Some(spotted) = audit.spotted.get(i) else { continue };
        let (seen, sighting) = (&spotted.seen, &spotted.seen.sighting);
        let place = any_position(&sighting.trail.to_string());
        let key = (place, seen.destination, &sighting.kind, &sighting.guise, seen.side.side);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(i),
            None => groups.push((key, vec![i])),
        }
    }
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    groups.into_iter().map(|((place, ..), members)| SightingGroup { place, members }).collect()
}

/// `$[3].url` → `$[*].url`.
pub(crate) fn any_position(trail: &str) -> String {
    let mut text = String::with_capacity(trail.len());
    let mut rest = trail;
    while let Some(open) = rest.find('[') {
        let (before, inner) = rest.split_at(open + 1);
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        text.push_str(before);
        rest = inner;
        if digits > 0 && inner[digits..].starts_with(']') {
            text.push('*');
            rest = &inner[digits..];
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_in_a_list_does_not_tell_sightings_apart() {
        for (trail, any) in [
            ("json $[0].a[12].b", "json $[*].a[*].b"),
            ("json $[\"a b\"][x]", "json $[\"a b\"][x]"),
            ("form a[", "form a["),
            ("body", "body"),
        ] {
            assert_eq!(any_position(trail), any);
        }
    }
}
