//! Who was told: destinations that the subject contacted itself, by owner, and
//! in one line what its pages asked for.

use std::collections::BTreeMap;

use audit::{Audit, DestinationCounts};
use model::{Destination, Purpose};

use super::{accusing, is_own};

/// One destination that the subject contacted itself.
pub(crate) struct DestinationRow<'a> {
    pub index: usize,
    pub to: &'a Destination,
    pub tally: &'a DestinationCounts,
    /// Its own requests, and those of which the sender is unknown.
    pub requests: u64,
    pub bytes: u64,
    /// Sightings that stand against it.
    pub seen: u64,
}

/// Destinations of one owner, or of one site where the owner is not known.
pub(crate) struct OwnerGroup<'a> {
    pub name: Option<&'a str>,
    pub seat: Option<&'a str>,
    /// The owner, or the site whose owner nobody knows.
    pub label: &'a str,
    pub rows: Vec<DestinationRow<'a>>,
}

/// Everyone who was told something.
#[derive(Default)]
pub(crate) struct RecipientTable<'a> {
    /// Those with sightings first, then the busiest.
    pub owners: Vec<OwnerGroup<'a>>,
    /// Sites that the subject was sent to.
    pub visited: u64,
    /// Requests that pages made, or caused, wherever they went.
    pub by_pages: u64,
}

impl OwnerGroup<'_> {
    pub fn requests(&self) -> u64 {
        self.rows.iter().map(|row| row.requests).sum()
    }

    pub fn seen(&self) -> u64 {
        self.rows.iter().map(|row| row.seen).sum()
    }
}

impl<'a> RecipientTable<'a> {
    pub fn of(audit: &'a Audit) -> Self {
        let mut seen: BTreeMap<usize, u64> = BTreeMap::new();
        for i in accusing(audit) {
            *seen.entry(audit.spotted[i].seen.destination).or_default() += 1;
        }
        let mut whom = Self::default();
        for (index, (to, tally)) in audit.destinations.iter().zip(&audit.tallies).enumerate() {
            whom.by_pages += tally.page + tally.caused;
            let requests = tally.own() + tally.unknown;
            if to.purpose == Purpose::Visited {
                whom.visited += 1;
            }
            if requests == 0 {
                continue;
            }
            let bytes = own_bytes(audit, to, tally);
            let seen = seen.get(&index).copied().unwrap_or(0);
            whom.add(DestinationRow { index, to, tally, requests, bytes, seen });
        }
        for owner in &mut whom.owners {
            owner.rows.sort_by_key(|row| std::cmp::Reverse((row.seen, row.requests)));
        }
        whom.owners.sort_by_key(|owner| std::cmp::Reverse((owner.seen(), owner.requests())));
        whom
    }

    fn add(&mut self, row: DestinationRow<'a>) {
        let to = row.to;
        let label = to.owner.as_deref().unwrap_or(&to.site);
        let name = to.owner.as_deref();
        match self.owners.iter_mut().find(|owner| owner.name == name && owner.label == label) {
            Some(owner) => owner.rows.push(row),
            None => self.owners.push(OwnerGroup { name, seat: to.seat.as_deref(), label, rows: vec![row] }),
        }
    }

    /// Every row, in the order of their owners.
    pub fn rows(&self) -> impl Iterator<Item = &DestinationRow<'a>> {
        self.owners.iter().flat_map(|owner| &owner.rows)
    }
}

/// Bytes of its own requests. The tally counts pages' too; where there are
/// some, the traffic says which are whose.
fn own_bytes(audit: &Audit, to: &Destination, tally: &DestinationCounts) -> u64 {
    let others = tally.page + tally.caused;
    let shared = audit.destinations.iter().filter(|other| other.host == to.host).count() > 1;
    if others == 0 || shared || audit.traffic.is_empty() {
        return tally.bytes;
    }
    audit.traffic.iter().filter(|one| one.host == to.host && is_own(one.side)).map(|one| one.bytes).sum()
}
