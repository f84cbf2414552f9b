//! Candor's own control requests, through the real decoder and detector.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use honey::beacon::{self, BeaconRequest, BeaconTransport};
use knowledge::Knowledge;
use model::{Body, Client, Exchange, IngressKind, PlantedCanary, Record, Request, Run, Time, Trial};

fn exchange(index: u64, beacon: &BeaconRequest) -> Exchange {
    let (query, body) = match beacon.transport {
        BeaconTransport::Query => (format!("?v={}", percent(&beacon.payload)), Body::default()),
        BeaconTransport::Dns => (String::new(), Body::whole(beacon.question())),
        _ => (String::new(), Body::whole(beacon.payload.clone())),
    };
    let (method, url) = match beacon.transport {
        BeaconTransport::Dns => (Request::DNS, format!("dns://something.below.{}/?type=A", beacon.host)),
        BeaconTransport::Datagram => ("UDP", format!("udp://{}:4433/", beacon.host)),
        _ => ("POST", format!("https://{}/control{query}", beacon.host)),
    };
    Exchange {
        index,
        trial: Some(1),
        connection: index,
        started: Time(index as i64),
        ended: None,
        inlet: IngressKind::Transparent,
        client: Arc::new(Client::default()),
        request: Request { method: method.into(), url, version: "HTTP/1.1".into(), headers: vec![], body },
        response: None,
        messages: vec![],
        seal: None,
    }
}

fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// Rounds in which each transport meets each layer under each disguise.
const EVERY: u32 = 40;

/// A run of all of them; `lost` says which beacons never arrive.
fn audit(lost: impl Fn(&BeaconRequest) -> bool) -> Audit {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    auditor.push(Record::Run(Run::default()));
    auditor.push(Record::Trial(Trial { id: 1, ..Trial::default() }));
    let mut index = 0;
    for round in 0..EVERY {
        for beacon in beacon::beacons(7, round / 2, round % 2) {
            if let Some(canary) = beacon.canary.clone() {
                auditor.push(Record::Plant(PlantedCanary { trial: Some(1), canary, site: None }));
            }
            auditor.push(Record::Beacon(model::Beacon {
                trial: 1,
                at: Time(0),
                host: beacon.host.clone(),
                transport: beacon.transport.as_str().into(),
                layer: beacon.layer.as_str().into(),
                disguise: beacon.disguise.as_str().into(),
                canary: beacon.canary.as_ref().map(|canary| canary.id.clone()),
            }));
            if !lost(&beacon) {
                auditor.push(Record::Exchange(Box::new(exchange(index, &beacon))));
                index += 1;
            }
        }
    }
    auditor.finish()
}

#[test]
fn all_that_candor_calls_readable_is_found_and_nothing_in_the_silent_twins() {
    let audit = audit(|_| false);
    assert_eq!(audit.recall.missed, Vec::<String>::new());
    assert_eq!(audit.recall.all.sent, u64::from(EVERY) * 8);
    assert_eq!((audit.recall.twins.sent, audit.recall.twins.found), (u64::from(EVERY), 0));
}

#[test]
fn the_control_counts_as_nothing_else() {
    let audit = audit(|_| false);
    assert_eq!((audit.coverage.exchanges, audit.traffic.len(), audit.spotted.len()), (0, 0, 0));
    assert!(audit.plants.is_empty() && audit.destinations.is_empty() && audit.findings.is_empty());
}

#[test]
fn what_does_not_arrive_is_missed_by_its_name() {
    let audit =
        audit(|beacon| beacon.layer == beacon::BeaconLayer::Gzip && beacon.disguise == beacon::BeaconDisguise::Sha256);
    assert!(!audit.recall.missed.is_empty());
    assert!(audit.recall.missed.iter().all(|one| one.ends_with("gzip ▸ sha256")), "{:?}", audit.recall.missed);
}
