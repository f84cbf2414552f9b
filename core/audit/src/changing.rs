//! Identifiers that change with each request.
//!
//! A schema knows the place of a lasting id. If every request of a capture has
//! another value there, the id does not last: for example because the person
//! gave no consent. It then links one session at most.

use std::collections::{BTreeMap, BTreeSet};

use model::{Kind, RecognitionMethod};

use crate::LocatedSighting;

/// Requests that are needed: fewer do not show that the value changes.
const TELLING: usize = 3;

/// Changes the kind of such identifiers to `session-id`.
pub(crate) fn settle(spotted: &mut [LocatedSighting]) {
    let mut places: BTreeMap<(usize, usize, String, String), Vec<usize>> = BTreeMap::new();
    for (i, one) in spotted.iter().enumerate() {
        let sighting = &one.seen.sighting;
        if sighting.how == RecognitionMethod::Schema && lasts(&sighting.kind) {
            let key = (one.capture, one.seen.destination, sighting.kind.to_string(), sighting.trail.to_string());
            places.entry(key).or_default().push(i);
        }
    }
    for members in places.into_values().filter(|members| members.len() >= TELLING) {
        let values: BTreeSet<&str> = members.iter().map(|i| spotted[*i].seen.sighting.value.as_str()).collect();
        if values.len() == members.len() {
            members.into_iter().for_each(|i| spotted[i].seen.sighting.kind = Kind::new("session-id"));
        }
    }
}

fn lasts(kind: &Kind) -> bool {
    matches!(kind.as_str(), "persistent-id" | "device-id")
}
