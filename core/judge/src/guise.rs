//! Says in words whether a value was sent in plain form or as a digest. A
//! digest does not reveal the value, but its holder can confirm a guess.

use model::Guise;

use crate::SightingContext;

/// `words searched for`; where nothing but digests of it were seen, `a digest
/// (sha256) from which a guess at words searched for can be confirmed`.
pub(crate) fn was_sent(seen: &[&SightingContext], what: &str) -> String {
    match seen.first().map(|seen| &seen.sighting.guise) {
        Some(Guise::Digest(name)) if seen.iter().all(|seen| seen.sighting.guise != Guise::Plain) => {
            format!("a digest ({name}) from which a guess at {what} can be confirmed")
        }
        _ => what.to_owned(),
    }
}
