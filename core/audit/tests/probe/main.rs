//! One value under every wrapping and disguise that we could think of.
//!
//! Each way to send it must be seen, by the whole of what looks: 97 % at
//! least. Sent the same way, three values that differ from it in one letter
//! must not be.

mod codings;

mod digests;

mod packed;

mod places;

mod shapes;

use std::sync::Arc;

use audit::{AuditOptions, Auditor, CaptureSummary};
use knowledge::Knowledge;
use model::{Body, Canary, Direction, Exchange, Header, IngressKind, Message, Request, Time};

/// A way to send a value: its name, and the request that carries it.
pub type Way = (&'static str, fn(&str) -> Exchange);

/// A request with a body.
pub fn post(body: impl Into<Vec<u8>>) -> Exchange {
    request("https://sink.example/collect", &[], &body.into())
}

/// A request to an address.
pub fn get(url: &str) -> Exchange {
    Exchange { request: Request { method: "GET".into(), ..request(url, &[], b"").request }, ..request(url, &[], b"") }
}

/// A request with headers and a body.
pub fn request(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        index: 0,
        trial: None,
        connection: 0,
        started: Time::default(),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: "POST".into(),
            url: url.into(),
            version: "HTTP/1.1".into(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

/// A WebSocket that sent one message.
pub fn socket(text: bool, body: &[u8]) -> Exchange {
    let message = Message { direction: Direction::FromClient, at: Time(0), text, body: Body::whole(body) };
    Exchange { messages: vec![message], ..get("wss://sink.example/socket") }
}

const VALUE: &str = "Ulrike.Zwoelfmann38@salpra-post.example";

/// The value with one letter changed: early, in the middle, late.
const OTHERS: [&str; 3] = [
    "Ulrika.Zwoelfmann38@salpra-post.example",
    "Ulrike.Zwoelfmenn38@salpra-post.example",
    "Ulrike.Zwoelfmann38@salpro-post.example",
];

/// Whether the value is seen in each of these requests.
fn seen(exchanges: Vec<Exchange>) -> Vec<bool> {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.canary(&Canary::new("probe", "email", VALUE)).expect("a good canary");
    auditor.capture(CaptureSummary::default());
    let mut seen = vec![false; exchanges.len()];
    let mut inspector = auditor.inspector();
    for (index, mut exchange) in exchanges.into_iter().enumerate() {
        exchange.index = index as u64;
        auditor.looked(inspector.inspect(exchange));
    }
    for spotted in auditor.finish().spotted {
        if spotted.seen.sighting.canary.is_some() {
            seen[spotted.seen.sighting.exchange as usize] = true;
        }
    }
    seen
}

fn ways() -> Vec<Way> {
    [places::WAYS, codings::WAYS, packed::WAYS, shapes::WAYS, digests::WAYS].concat()
}

#[test]
fn a_value_is_seen_under_every_wrapping() {
    let ways = ways();
    assert!(ways.len() >= 100, "only {} ways", ways.len());
    let seen = seen(ways.iter().map(|(_, send)| send(VALUE)).collect());
    let missed: Vec<&str> = ways.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(way, _)| way.0).collect();
    println!("{} of {} ways seen; missed: {missed:?}", ways.len() - missed.len(), ways.len());
    assert!(missed.len() * 100 <= ways.len() * 3, "missed: {missed:?}");
}

#[test]
fn another_value_raises_no_alarm_under_any() {
    for other in OTHERS {
        let ways = ways();
        let seen = seen(ways.iter().map(|(_, send)| send(other)).collect());
        let alarms: Vec<&str> = ways.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(way, _)| way.0).collect();
        assert!(alarms.is_empty(), "{other}: {alarms:?}");
    }
}
