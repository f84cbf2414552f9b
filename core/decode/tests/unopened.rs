//! What nothing opens is a gap, in every alphabet and place, and its bytes are
//! not read; what opens is none.

#![allow(clippy::unwrap_used, reason = "a test")]

use decode::{DecodeCoverage, DecodeLimits, open, open_value};
use model::{Body, Exchange, Gap, GapReason, Header, IngressKind, Request, Time};

/// Bytes as an encryption gives them (SplitMix64).
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let word = |i: u64| {
        let z = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    };
    (1..).flat_map(word).take(length).collect()
}

fn gaps(value: &[u8]) -> (Vec<Gap>, DecodeCoverage) {
    let mut gaps = Vec::new();
    let opened = open_value(value, &DecodeLimits::default(), &mut |_| {}, &mut gaps);
    (gaps, opened)
}

fn encodings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    use data_encoding::*;
    let base64 = BASE64.encode(bytes);
    vec![
        ("raw", bytes.to_vec()),
        ("hex", HEXLOWER.encode(bytes).into()),
        ("HEX", HEXUPPER.encode(bytes).into()),
        ("base32", BASE32.encode(bytes).into()),
        ("base64", base64.clone().into()),
        ("base64url", BASE64URL_NOPAD.encode(bytes).into()),
        ("base64 in lines", BASE64_MIME.encode(bytes).into()),
        ("json", format!("{{\"v\":1,\"data\":\"{base64}\"}}").into()),
        ("form", format!("v=1&data={}", base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")).into()),
        ("protobuf", [&[0x0a, (bytes.len() & 0x7f | 0x80) as u8, (bytes.len() >> 7) as u8][..], bytes].concat()),
    ]
}

#[test]
fn noise_that_nothing_opens_is_one_gap_and_not_read() {
    let (mut missed, mut all) = (Vec::new(), 0);
    for seed in 0..60 {
        let bytes = noise(200 + seed as usize * 13, seed);
        for (name, value) in encodings(&bytes) {
            all += 1;
            let (gaps, opened) = gaps(&value);
            let is_one = gaps.len() == 1 && gaps[0].why == GapReason::Sealed;
            if !is_one || opened.bytes - opened.bytes_read < bytes.len() as u64 * 9 / 10 {
                missed.push(format!("{name} {seed}: {gaps:?} {opened:?}"));
            }
        }
    }
    println!("{} of {all} missed", missed.len());
    assert!(missed.len() * 100 <= all, "{} of {all}: {missed:#?}", missed.len());
}

#[test]
fn what_opens_is_no_gap_and_read_whole() {
    let text = format!("{{\"page\":\"https://a.example/x?y=z\",\"words\":\"{}\"}}", "many plain words ".repeat(20));
    for (name, value) in encodings(text.as_bytes()) {
        let (gaps, opened) = gaps(&value);
        assert!(gaps.is_empty(), "{name}: {gaps:?}");
        assert_eq!(opened.bytes, opened.bytes_read, "{name}");
    }
}

fn exchange(headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        index: 0,
        trial: None,
        connection: 0,
        started: Time(0),
        ended: None,
        inlet: IngressKind::Imported,
        client: Default::default(),
        request: Request {
            method: "POST".into(),
            url: "https://a.example/".into(),
            version: "HTTP/1.1".into(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

#[test]
fn a_cookie_is_what_its_server_set_and_another_header_is_not() {
    let token = data_encoding::BASE64.encode(&noise(300, 7));
    let gaps = |headers: &[(&str, &str)]| {
        let mut gaps = Vec::new();
        open(&exchange(headers, b""), &DecodeLimits::default(), &mut |_| {}, &mut gaps);
        gaps.iter().map(|gap| gap.place.to_string()).collect::<Vec<_>>()
    };
    let cookie = format!("id={token}");
    assert_eq!(gaps(&[("Cookie", &cookie), ("Authorization", &format!("Bearer {token}"))]), [""; 0]);
    assert_eq!(gaps(&[("X-Report", &token)]), ["header x-report"]);
}

#[test]
fn a_part_is_unread_as_far_as_it_stayed_closed() {
    let body = [b"v=1&d=", data_encoding::BASE64URL_NOPAD.encode(&noise(300, 9)).as_bytes()].concat();
    let mut gaps = Vec::new();
    let opened = open(&exchange(&[], &body), &DecodeLimits::default(), &mut |_| {}, &mut gaps);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((opened.bytes - opened.bytes_read, opened.unopened), (400, 400));
}

#[test]
fn names_that_are_shown_alike_are_places_of_their_own() {
    // A map of MessagePack whose two names are different bytes, and no text.
    let map = b"\x82\xa1\x82\x01\xa1\x96\xa5ha\x01lo";
    let mut visited = Vec::new();
    let mut keep = |leaf: &model::Leaf<'_>| visited.push((leaf.route.trail(), leaf.value.to_vec()));
    open_value(map, &DecodeLimits::default(), &mut keep, &mut Vec::new());
    assert!(visited.len() > 4);
    for (trail, value) in visited {
        assert_eq!(decode::walk_value(map, &trail), Some(value), "{trail}");
    }
}
