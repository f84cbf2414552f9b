//! The machine's own values are looked for, plain and digested, and are still found by variation.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use knowledge::Knowledge;
use model::{
    Act, Arm, Body, Canary, Client, Exchange, IngressKind, Initiator, Phase, PlantedCanary, Record, Request, Run, Time,
    Trial,
};
use sha2::{Digest, Sha256};

const MACHINES: [&str; 2] = ["0d9c7a3be1f24c5896b1a7e3d2c4f508", "f3b81c6d5e0a4972a8d4c17b9e60d35a"];

/// Three installs, the first on one machine and the others on another, of two sessions each: what
/// `told` makes of the machine's id is sent in each.
fn audit(told: impl Fn(&str) -> Vec<u8>) -> Audit {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    auditor.push(Record::Run(Run { sinkhole: true, ..Run::default() }));
    for (number, machine) in MACHINES.iter().enumerate() {
        let canary = Canary::new(format!("device-{number}.machine-id"), "device-id", *machine);
        auditor.push(Record::Plant(PlantedCanary { trial: None, canary, site: None }));
    }
    let mut clock = 0;
    for trial in 1..=3_u32 {
        let device = u32::from(trial > 1);
        let arm = Arm { device, ..Arm::default() };
        auditor.push(Record::Trial(Trial { id: trial, install: trial, arm, ..Trial::default() }));
        for session in 1..=2 {
            clock += 2;
            let name = format!("start {session}");
            let at = Time(clock);
            auditor.push(Record::Phase(Phase { trial, name, act: Act::Start, session, at, ..Phase::default() }));
            auditor.push(Record::Exchange(Box::new(exchange(trial, clock + 1, told(MACHINES[device as usize])))));
        }
    }
    auditor.finish()
}

fn exchange(trial: u32, at: i64, body: Vec<u8>) -> Exchange {
    Exchange {
        index: at as u64,
        trial: Some(trial),
        connection: at as u64,
        started: Time(at),
        ended: None,
        inlet: IngressKind::Transparent,
        client: Arc::new(Client::default()),
        request: Request {
            method: "POST".into(),
            url: "https://told.example/c".into(),
            version: "HTTP/2".into(),
            headers: vec![],
            body: Body::whole(body),
        },
        response: None,
        messages: vec![],
        seal: None,
    }
}

#[test]
fn the_machines_own_values_are_known_in_every_disguise() {
    let digest = |machine: &str| Sha256::digest(machine).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (what, audit) in [
        ("plain", audit(|machine| format!("{{\"id\":\"{machine}\"}}").into_bytes())),
        ("in capitals", audit(|machine| format!("id={}", machine.to_uppercase()).into_bytes())),
        ("digested", audit(|machine| format!("{{\"id\":\"{}\"}}", digest(machine)).into_bytes())),
    ] {
        let own = audit.spotted.iter().filter(|one| one.seen.side.side == Initiator::Native && one.seen.replayed);
        assert_eq!(own.count(), 6, "{what}");
        let codes: Vec<&str> = audit.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert!(codes.contains(&"device-id-sent"), "{what}: {codes:?}");
    }
}

#[test]
fn a_value_that_is_looked_for_is_an_identifier_all_the_same() {
    let audit = audit(|machine| format!("{{\"id\":\"{machine}\"}}").into_bytes());
    assert_eq!(audit.identifiers.len(), 1, "{:?}", audit.identifiers);
}
