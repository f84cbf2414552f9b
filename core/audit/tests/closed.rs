//! What an experiment cannot open, told apart from what is only long: through
//! the auditor, as `candor audit` does it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use knowledge::Knowledge;
use model::{
    Act, Arm, Body, Canary, Exchange, GapReason, Header, IngressKind, Kind, Phase, PlantedCanary, Record, Request, Run,
    Time, Trial,
};

/// SplitMix64 (Steele, Lea, Flood 2014).
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Noise of a payload, in letters of this alphabet.
fn letters(length: usize, seed: u64, alphabet: &[u8]) -> String {
    let even = 256 / alphabet.len() * alphabet.len();
    let fair = noise(length * 4, seed).into_iter().map(usize::from).filter(|byte| *byte < even);
    fair.take(length).map(|byte| char::from(alphabet[byte % alphabet.len()])).collect()
}

fn post(index: u64, trial: u32, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        index,
        trial: Some(trial),
        connection: index,
        started: Time(i64::from(trial) * 100 + 50),
        ended: None,
        inlet: IngressKind::Transparent,
        client: Arc::default(),
        request: Request {
            method: "POST".into(),
            url: "https://collector.example/in".into(),
            version: "HTTP/2".into(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: Body::whole(body),
        },
        response: None,
        messages: vec![],
        seal: None,
    }
}

/// Two trials, the second of them left alone, in which these are sent.
fn audited(exchanges: Vec<Exchange>) -> Audit {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    auditor.push(Record::Run(Run::default()));
    for id in [1, 2, 3] {
        let arm = Arm { blank: id == 2, ..Arm::default() };
        auditor.push(Record::Trial(Trial { id, install: id, arm, ..Trial::default() }));
        let phase = Phase {
            trial: id,
            name: "start".into(),
            act: Act::Start,
            at: Time(i64::from(id) * 100),
            ..Phase::default()
        };
        auditor.push(Record::Phase(phase));
    }
    let canary =
        Canary::new("url-1", Kind::new("visited-url").as_str(), "https://kotikotikoti.com/wort/geheimes?ref=weisswas");
    auditor.push(Record::Plant(PlantedCanary { trial: Some(1), canary, site: Some("kotikotikoti.com".into()) }));
    exchanges.into_iter().for_each(|exchange| auditor.push(Record::Exchange(Box::new(exchange))));
    auditor.finish()
}

fn sealed(audit: &Audit) -> usize {
    audit.gaps.iter().filter(|(_, gap)| gap.why == GapReason::Sealed).count()
}

#[test]
fn a_long_field_of_noise_is_sealed_whatever_its_alphabet() {
    const BASE91: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$()*,./:;<>?@[]^_`{|}~";
    let numbers: Vec<String> = noise(120, 5).iter().map(ToString::to_string).collect();
    let bodies: [(&str, Vec<u8>); 7] = [
        ("bytes", noise(200, 1)),
        ("hex", format!("d={}", hex(&noise(200, 2))).into_bytes()),
        ("base32", format!("d={}", letters(200, 3, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")).into_bytes()),
        ("base64", format!(r#"{{"d":"{}"}}"#, letters(200, 4, &BASE91[..62])).into_bytes()),
        ("base91", letters(200, 9, BASE91).into_bytes()),
        ("numbers", format!(r#"{{"d":[{}]}}"#, numbers.join(",")).into_bytes()),
        ("numbers in a text", format!(r#"{{"d":"{}"}}"#, numbers.join(",")).into_bytes()),
    ];
    for (name, body) in bodies {
        let audit = audited(vec![post(0, 1, &[], &body)]);
        assert!(audit.traffic[0].closed > 64, "{name}");
        assert_eq!(sealed(&audit), 1, "{name}");
        assert!(audit.coverage.bytes_read < audit.coverage.bytes, "{name}: noise was not looked at");
    }
}

#[test]
fn digests_texts_and_what_opens_are_not_sealed() {
    let prose =
        "text=what+a+person+writes+into+a+form+is+long+and+is+no+noise+at+all+however+long+it+may+be+in+the+end";
    for (name, body) in [
        ("a digest", format!("h={}", hex(&noise(64, 1))).into_bytes()),
        ("prose", prose.as_bytes().to_vec()),
        ("base64 of prose", b"d=d2hhdCBhIHBlcnNvbiB3cml0ZXMgaW50byBhIGZvcm0gaXMgbG9uZyBhbmQgaXMgbm8gbm9pc2UgYXQgYWxsIGhvd2V2ZXIgbG9uZyBpdCBtYXkgYmU=".to_vec()),
    ] {
        let audit = audited(vec![post(0, 1, &[], &body)]);
        assert_eq!((audit.traffic[0].closed, sealed(&audit)), (0, 0), "{name}");
    }
}

#[test]
fn a_constant_that_is_sent_without_use_too_is_explained() {
    let key = noise(200, 8);
    let both = audited(vec![post(0, 1, &[], &key), post(1, 2, &[], &key)]);
    assert_eq!((sealed(&both), both.traffic[0].closed), (0, 0));
    let used = audited(vec![post(0, 1, &[], &key), post(1, 3, &[], &key)]);
    assert_eq!(sealed(&used), 2, "nobody who was left alone sent it");
}

#[test]
fn a_field_that_is_seen_twice_is_one_sighting() {
    // Field 4 holds a message whose field 1 is the address.
    let url = b"https://kotikotikoti.com/wort/geheimes?ref=weisswas";
    let inner = [&[0x0a, url.len() as u8], &url[..], &[0x10, 0x80, 0x01]].concat();
    let message = [&[0x08, 0x01, 0x22, inner.len() as u8], &inner[..]].concat();
    let audit =
        audited((0..14).map(|index| post(index, 1, &[("content-type", "application/x-protobuf")], &message)).collect());
    let urls = audit.spotted.iter().filter(|one| one.seen.sighting.canary.as_deref() == Some("url-1")).count();
    assert_eq!(urls, 14, "14 requests are 14 sightings");
}

#[test]
fn values_are_noted_for_comparison_without_what_is_recognised() {
    let body = br#"{"t":"a81f0c","u":"https://kotikotikoti.com/wort/geheimes?ref=weisswas","at":1764320000123}"#;
    let audit = audited(vec![post(0, 1, &[("cookie", "k=4711abc")], body)]);
    let one = &audit.traffic[0];
    assert!(one.cookie.is_some());
    // The path of the address, the token and the cookie; neither the clock nor what tells the address.
    let bits: Vec<u16> = one.fields.iter().map(|field| field.bits).collect();
    assert!(bits.contains(&24), "the token: {bits:?}");
    assert!(bits.iter().all(|bits| *bits < 100), "{bits:?}");
}
