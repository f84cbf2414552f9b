//! Where things went: the countries in which those sit who got them. Where
//! their servers stand is another question, which a sinkhole cannot ask.

use audit::Audit;

use super::RecipientTable;
use crate::{sanitize::inert, wording::country};

/// One country, or nobody knows which.
pub(crate) struct CountrySeat {
    pub country: Option<String>,
    /// Owners, or sites whose owner is not on record.
    pub owners: Vec<String>,
    pub requests: u64,
    /// Sightings that stand against somebody there.
    pub seen: u64,
}

impl CountrySeat {
    /// `China`, `not on record`
    pub fn name(&self) -> &str {
        self.country.as_deref().map_or("not on record", country)
    }
}

/// Every country, that with the most sightings first.
pub(crate) fn seats(audit: &Audit) -> Vec<CountrySeat> {
    let whom = RecipientTable::of(audit);
    let mut seats: Vec<CountrySeat> = Vec::new();
    for owner in &whom.owners {
        let country = owner.seat.map(|seat| inert(seat).into_owned());
        let label = inert(owner.label).into_owned();
        let (requests, seen) = (owner.requests(), owner.seen());
        match seats.iter_mut().find(|seat| seat.country == country) {
            Some(seat) => {
                seat.owners.push(label);
                (seat.requests, seat.seen) = (seat.requests + requests, seat.seen + seen);
            }
            None => seats.push(CountrySeat { country, owners: vec![label], requests, seen }),
        }
    }
    seats.sort_by_key(|seat| std::cmp::Reverse((seat.seen, seat.requests)));
    seats
}

/// What the table does not say.
pub(crate) fn servers(audit: &Audit) -> &'static str {
    match &audit.run {
        Some(run) if run.sinkhole => {
            "The country is the owner’s seat. Where the servers stand was not measured: none was contacted."
        }
        _ => "The country is the owner’s seat. Where the servers stand was not measured.",
    }
}
