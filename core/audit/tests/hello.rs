//! What a ClientHello tells is looked for like what a body tells.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use knowledge::Knowledge;
use model::{
    Act, Body, Canary, Client, ClientHello, Exchange, IngressKind, Phase, PlantedCanary, Record, Request, Run, Seal,
    SealReason, Time, Trial,
};

const SITE: &str = "kotikotikotikoti.com";
const URL: &str = "https://kotikotikotikoti.com/pulipuli/secretsecretse";

fn sized(width: usize, value: &[u8]) -> Vec<u8> {
    [&value.len().to_be_bytes()[8 - width..], value].concat()
}

/// A ClientHello to a server, with further extensions.
fn hello(server: &str, extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let name = sized(2, &[&[0][..], &sized(2, server.as_bytes())].concat());
    let all = [(0, &name[..])].into_iter().chain(extensions.iter().copied());
    let all: Vec<u8> = all.flat_map(|(number, value)| [&number.to_be_bytes()[..], &sized(2, value)].concat()).collect();
    let random: Vec<u8> = (0..32_u8).map(|i| i.wrapping_mul(37).wrapping_add(11)).collect();
    let body = [&[3, 3][..], &random, &[0, 0, 2, 0x13, 1, 1, 0], &sized(2, &all)].concat();
    [&[1][..], &sized(3, &body)].concat()
}

fn exchange(index: u64, connection: u64, host: &str, hello: Vec<u8>) -> Exchange {
    let ja4 = "t13d1516h2_8daaf6152771_d8a2da3f94cd".into();
    let hello = ClientHello { raw: hello.into(), ja4, sni: None, alpn: vec![] };
    Exchange {
        index,
        trial: Some(1),
        connection,
        started: Time(10 + index as i64),
        ended: None,
        inlet: IngressKind::Transparent,
        client: Arc::new(Client { hello: Some(hello), ..Client::default() }),
        request: Request {
            method: "GET".into(),
            url: format!("https://{host}/"),
            version: "HTTP/2".into(),
            headers: vec![],
            body: Body::default(),
        },
        response: None,
        messages: vec![],
        seal: None,
    }
}

/// One that ended in the handshake.
fn hung_up(exchange: Exchange) -> Exchange {
    let seal = Seal { reason: SealReason::Refused, says: Seal::HUNG_UP.into(), sent: 300, received: 900 };
    Exchange { seal: Some(seal), ..exchange }
}

fn audit(exchanges: impl IntoIterator<Item = Exchange>) -> Audit {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    auditor.push(Record::Run(Run { sinkhole: true, ..Run::default() }));
    auditor.push(Record::Trial(Trial { id: 1, install: 1, ..Trial::default() }));
    for (id, kind, value) in [("url", "visited-url", URL), ("host", "visited-host", SITE)] {
        let canary = Canary::new(id, kind, value);
        auditor.push(Record::Plant(PlantedCanary { trial: Some(1), canary, site: Some(SITE.into()) }));
    }
    auditor.push(Record::Phase(Phase { trial: 1, act: Act::Visit, at: Time(1), ..Phase::default() }));
    exchanges.into_iter().for_each(|exchange| auditor.push(Record::Exchange(Box::new(exchange))));
    auditor.finish()
}

/// Where something planted was seen.
fn trails(audit: &Audit) -> Vec<String> {
    audit.spotted.iter().map(|one| one.seen.sighting.trail.to_string()).collect()
}

#[test]
fn every_field_of_a_hello_may_tell() {
    let label = in_hex(SITE);
    for (what, hello, trail) in [
        ("the name", hello(SITE, &[]), "hello ▸ client-hello server-name"),
        (
            "a protocol",
            hello("told.example", &[(16, &sized(2, &sized(1, URL.as_bytes())))]),
            "hello ▸ client-hello alpn",
        ),
        ("a ticket", hello("told.example", &[(35, URL.as_bytes())]), "hello ▸ client-hello ticket"),
        (
            "what nobody knows",
            hello("told.example", &[(64_177, URL.as_bytes())]),
            "hello ▸ client-hello extension-64177",
        ),
        ("a label", hello(&format!("{label}.told.example"), &[]), "hello ▸ client-hello \"server-name label 1\" ▸ hex"),
    ] {
        for ended in [false, true] {
            let exchange = exchange(0, 1, "told.example", hello.clone());
            let audit = audit([if ended { hung_up(exchange) } else { exchange }]);
            let seen = trails(&audit);
            assert!(seen.iter().any(|seen| seen.starts_with(trail)), "{what}, {ended}: {seen:?}");
            assert!(audit.spotted.iter().all(|one| one.seen.replayed), "{what}");
        }
    }
}

fn in_hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_name_of_the_server_itself_tells_nothing_more() {
    assert_eq!(trails(&audit([hung_up(exchange(0, 1, SITE, hello(SITE, &[])))])), Vec::<String>::new());
}

#[test]
fn a_hello_counts_once_however_many_requests_follow_it() {
    let tells = || hello("told.example", &[(64_177, URL.as_bytes())]);
    let one = |index, connection| exchange(index, connection, "told.example", tells());
    assert_eq!(audit([one(0, 1), one(1, 1), one(2, 1)]).spotted.len(), audit([one(0, 1)]).spotted.len());
    assert_eq!(audit([one(0, 1), one(1, 2)]).spotted.len(), 2 * audit([one(0, 1)]).spotted.len());
}

#[test]
fn a_connection_that_was_given_up_has_told_what_its_hello_says() {
    let read = |index| exchange(index, 7, "told.example", hello("told.example", &[]));
    let silent = audit([hung_up(exchange(0, 1, "told.example", hello("told.example", &[]))), read(1)]);
    assert_eq!((silent.coverage.sealed, silent.spotted.len()), (0, 0), "it came again, and is no gap");
    let tells = hello("told.example", &[(64_177, URL.as_bytes())]);
    let told = audit([hung_up(exchange(0, 1, "told.example", tells)), read(1)]);
    assert!(!told.spotted.is_empty());
}
