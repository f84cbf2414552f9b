//! What looking costs: `cargo run --release -p detect --example cost`.
//!
//! Requests of about 1 kB, each with planted values under one of nine chains of
//! wrappings, are opened without looking and with; the difference is what
//! detection costs. Prints, never fails: timings are for people. Two numbers as
//! arguments stand for the requests and the rounds, a third for the canaries.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench needs a clock and arguments")]
#![allow(clippy::print_stdout, reason = "its report")]

use std::{hint::black_box, sync::Arc, time::Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use decode::DecodeLimits;
use detect::Detector;
use knowledge::Knowledge;
use model::{Body, Canary, Exchange, Header, IngressKind, Request, Time};

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let requests = arguments.first().copied().unwrap_or(4_000);
    let rounds = arguments.get(1).copied().unwrap_or(5);
    let counts = arguments.get(2).map_or(vec![0, 4, 20, 100, 1_000], |count| vec![*count]);
    let knowledge = Knowledge::built_in();
    let exchanges: Vec<Exchange> = (0..requests).map(exchange).collect();
    let bytes: usize = exchanges.iter().map(|exchange| exchange.request.body.bytes.len()).sum();
    println!("{requests} requests, {} bytes of body each; best of {rounds}", bytes / requests);
    let (opening, leaves, visited) = open_only(&exchanges, rounds);
    println!("{leaves} values and {visited} bytes visited a request");
    println!("opening alone          {opening:7.2} µs a request");
    for canaries in counts {
        let began = Instant::now();
        let mut detector = Detector::new(&knowledge);
        for i in 0..canaries {
            detector.plant(&canary(i)).expect("values of this kind are not refused");
        }
        let planting = began.elapsed().as_secs_f64() * 1e3;
        let (both, seen) = open_and_look(&exchanges, &mut detector, rounds);
        println!(
            "{canaries:5} canaries: with looking {both:7.2} µs, looking {:6.2} µs, {:7.0} requests/s, {seen} sightings, planted in {planting:.0} ms",
            both - opening,
            1e6 / both,
        );
    }
}

fn open_only(exchanges: &[Exchange], rounds: usize) -> (f64, usize, usize) {
    let (mut leaves, mut bytes) = (0, 0);
    let best = best(exchanges.len(), rounds, || {
        (leaves, bytes) = (0, 0);
        for exchange in exchanges {
            let mut visit = |leaf: &model::Leaf<'_>| {
                leaves += 1;
                bytes += black_box(leaf.value).len();
            };
            decode::open(exchange, &DecodeLimits::default(), &mut visit, &mut Vec::new());
        }
    });
    (best, leaves / exchanges.len(), bytes / exchanges.len())
}

fn open_and_look(exchanges: &[Exchange], detector: &mut Detector, rounds: usize) -> (f64, usize) {
    let mut seen = 0;
    let best = best(exchanges.len(), rounds, || {
        seen = 0;
        for exchange in exchanges {
            let mut look = detector.look(exchange);
            decode::open(exchange, &DecodeLimits::default(), &mut |leaf| look.at(leaf), &mut Vec::new());
            seen += look.finish().len();
        }
    });
    (best, seen)
}

/// Microseconds for each of `count`, the best of some rounds.
fn best(count: usize, rounds: usize, mut round: impl FnMut()) -> f64 {
    let time = |_| {
        let began = Instant::now();
        round();
        began.elapsed().as_secs_f64() * 1e6 / count as f64
    };
    (0..rounds).map(time).fold(f64::MAX, f64::min)
}

/// Values of all sorts, each different.
fn canary(i: usize) -> Canary {
    let token = token(i as u64);
    let (kind, value) = match i % 5 {
        0 => ("visited-url", format!("https://{token}.com/p-{token}/page?q={token}")),
        1 => ("email", format!("Jo.{token}@mail-{token}.example")),
        2 => ("search", format!("words about {token}")),
        3 => ("phone", format!("+49151{:08}", (i * 7_919) % 99_999_989)),
        _ => ("user-id", format!("user-{token}")),
    };
    Canary::new(format!("canary-{i}"), kind, value)
}

fn token(i: u64) -> String {
    let mut state = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..12)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + (state >> 33) as u8 % 26)
        })
        .collect()
}

/// A request of about 1 kB with one of nine chains of wrappings.
fn exchange(i: usize) -> Exchange {
    let value = &canary(i % 2_000).value;
    let filler: String = (0..20).map(|n| format!(r#","field_{n}":"{} {n}""#, token((i * 31 + n) as u64))).collect();
    let json = format!(
        r#"{{"event":"page_view","distinct_id":"{:016x}","time":1588600000000,"lib":{{"$lib":"js"}},"properties":{{"url":"{value}"{filler}}}}}"#,
        i * 0x9e37_79b1
    );
    let body = match i % 9 {
        0 => json,
        1 => format!("data={}", percent(&json)),
        2 => format!("data={}", percent(&STANDARD.encode(&json))),
        3 => STANDARD.encode(&json),
        4 => format!("[{json}]"),
        5 => format!(r#"{{"payload":{}}}"#, quoted(&json)),
        6 => format!("v=1&ul=en-us&dl={}&x={}", percent(value), percent(&json)),
        7 => format!("data={}", percent(&STANDARD.encode(STANDARD.encode(&json)))),
        _ => format!("{json}\n{{\"end\":true}}"),
    };
    Exchange {
        index: i as u64,
        trial: None,
        connection: i as u64,
        started: Time::default(),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: "POST".into(),
            url: format!("https://collect.example/v1/track?project=p{}&v=2", i % 7),
            version: "HTTP/2".into(),
            headers: [
                (
                    "user-agent",
                    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0",
                ),
                ("content-type", "application/x-www-form-urlencoded"),
                ("accept", "*/*"),
                ("accept-language", "en-US,en;q=0.9"),
            ]
            .map(|(name, value)| Header::new(name, value))
            .to_vec(),
            body: Body::whole(body.into_bytes()),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
