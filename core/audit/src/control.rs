//! The control of the instrument: requests of Candor's own, in known number.
//!
//! They are looked into like all others, and counted nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use judge::BeaconRecall;
use model::{Beacon, Exchange, Request, Sighting};

/// What was sent as a control, and what of it was found.
#[derive(Debug, Default)]
pub(crate) struct ControlReport {
    sent: Vec<Beacon>,
    /// Hosts of a trial that get nothing else.
    hosts: BTreeSet<(u32, String)>,
    /// Canaries found at each of those hosts.
    found: BTreeMap<(u32, String), BTreeSet<String>>,
}

impl ControlReport {
    /// What the kind of its canaries is called.
    pub(crate) const KIND: &str = "beacon";

    /// A beacon is about to be sent.
    pub(crate) fn sent(&mut self, beacon: Beacon) {
        self.hosts.insert((beacon.trial, beacon.host.clone()));
        self.sent.push(beacon);
    }

    /// Whether an exchange is one of them: Candor chose the host, and tells nobody of it.
    pub(crate) fn is_own(&self, exchange: &Exchange) -> bool {
        self.place_of(exchange).is_some()
    }

    /// Trial and host that it is for: a question of DNS may say something below that name.
    fn place_of(&self, exchange: &Exchange) -> Option<(u32, String)> {
        let (trial, mut host) = (exchange.trial?, exchange.host());
        loop {
            let place = (trial, host.to_owned());
            if self.hosts.contains(&place) {
                return Some(place);
            }
            host = host.split_once('.').filter(|_| exchange.request.method == Request::DNS)?.1;
        }
    }

    /// What was recognised in one of them.
    pub(crate) fn seen(&mut self, exchange: &Exchange, sightings: &[Sighting]) {
        let Some(place) = self.place_of(exchange) else { return };
        let sound = sightings.iter().filter(|sighting| !sighting.weak);
        let canaries = sound.filter_map(|sighting| sighting.canary.clone());
        self.found.entry(place).or_default().extend(canaries);
    }

    /// What of all that was sent was found.
    pub(crate) fn recall(&self) -> BeaconRecall {
        let mut recall = BeaconRecall::default();
        let nothing = BTreeSet::new();
        for beacon in &self.sent {
            let found = self.found.get(&(beacon.trial, beacon.host.clone())).unwrap_or(&nothing);
            match &beacon.canary {
                Some(canary) => {
                    recall.count(&beacon.transport, &beacon.layer, &beacon.disguise, found.contains(canary));
                }
                // Its host gets nothing else, so whatever is seen there is a false alarm.
                None => recall.count_twin(!found.is_empty()),
            }
        }
        recall
    }
}
