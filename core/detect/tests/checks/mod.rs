//! Says what the detector sees in a request, one line a sighting.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::{Arc, LazyLock};

use decode::DecodeLimits;
use detect::Detector;
use expect_test::Expect;
use knowledge::Knowledge;
use model::{Body, Canary, Exchange, Header, IngressKind, Request, Sighting, Time};

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(Knowledge::built_in);

pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        index: 0,
        trial: None,
        connection: 0,
        started: Time::default(),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: method.into(),
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

pub(crate) fn post(body: &[u8]) -> Exchange {
    request("POST", "https://sink.example/", &[], body)
}

/// A detector of these canaries: id, kind, value.
pub(crate) fn detector(canaries: &[(&str, &str, &str)]) -> Detector {
    let mut detector = Detector::new(&KNOWLEDGE);
    for (id, kind, value) in canaries {
        detector.plant(&Canary::new(*id, kind, *value)).expect("a good canary");
    }
    detector
}

pub(crate) fn sightings(detector: &mut Detector, exchange: &Exchange) -> Vec<Sighting> {
    let mut look = detector.look(exchange);
    decode::open(exchange, &DecodeLimits::default(), &mut |leaf| look.at(leaf), &mut Vec::new());
    look.finish()
}

pub(crate) fn lines(sightings: &[Sighting]) -> String {
    let line = |sighting: &Sighting| {
        let Sighting { kind, canary, guise, how, trail, value, weak, .. } = sighting;
        let canary = canary.as_deref().unwrap_or(how.word());
        let weak = if *weak { " (weak)" } else { "" };
        format!("{kind} {canary} {guise}{weak}: {trail} = {value}\n")
    };
    sightings.iter().map(line).collect()
}

pub(crate) fn check(canaries: &[(&str, &str, &str)], exchange: &Exchange, expect: Expect) {
    expect.assert_eq(&lines(&sightings(&mut detector(canaries), exchange)));
}
