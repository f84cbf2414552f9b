//! The positive control of the instrument: a known number of requests that Candor itself sends.
//!
//! They are inspected like all other requests, and count only here.

use std::collections::{BTreeMap, BTreeSet};

use judge::BeaconRecall;
use model::{Beacon, Exchange, Request, Sighting};

/// The control requests that were sent, and the canaries that were found in them.
#[derive(Debug, Default)]
pub(crate) struct ControlReport {
    sent: Vec<Beacon>,
    /// Trial and host of each control request. These hosts get no other requests.
    hosts: BTreeSet<(u32, String)>,
    /// Canaries that were found in requests to each of these hosts.
    found: BTreeMap<(u32, String), BTreeSet<String>>,
}

impl ControlReport {
    /// The kind of the canaries in control requests.
    pub(crate) const KIND: &str = "beacon";

    /// Takes note of a control request before it is sent.
    pub(crate) fn sent(&mut self, beacon: Beacon) {
        self.hosts.insert((beacon.trial, beacon.host.clone()));
        self.sent.push(beacon);
    }

    /// Whether an exchange is a control request. Only Candor knows the host names of control
    /// requests.
    pub(crate) fn is_own(&self, exchange: &Exchange) -> bool {
        self.place_of(exchange).is_some()
    }

    /// Trial and host of a control request. A DNS query may be for a name below the host, because
    /// the name can carry the canary.
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

    /// Takes the sightings in a control request.
    pub(crate) fn seen(&mut self, exchange: &Exchange, sightings: &[Sighting]) {
        let Some(place) = self.place_of(exchange) else { return };
        let sound = sightings.iter().filter(|sighting| !sighting.weak);
        let canaries = sound.filter_map(|sighting| sighting.canary.clone());
        self.found.entry(place).or_default().extend(canaries);
    }

    /// Compares what was sent with what was found.
    pub(crate) fn recall(&self) -> BeaconRecall {
        let mut recall = BeaconRecall::default();
        let nothing = BTreeSet::new();
        for beacon in &self.sent {
            let found = self.found.get(&(beacon.trial, beacon.host.clone())).unwrap_or(&nothing);
            match &beacon.canary {
                Some(canary) => {
                    recall.count(&beacon.transport, &beacon.layer, &beacon.disguise, found.contains(canary));
                }
                // The host of a silent twin gets no other request, so every canary found there is a
                // false alarm.
                None => recall.count_twin(!found.is_empty()),
            }
        }
        recall
    }
}
