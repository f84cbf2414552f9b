//! What opening a request costs: `cargo run --release -p decode --example cost`.
//!
//! Prints microseconds per request, by the way in which about 1 kB of payload
//! is packed. Numbers for people; nothing fails on them.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a program, not the core"
)]

use std::{io::Write as _, sync::Arc, time::Instant};

use decode::{DecodeLimits, ExchangeOpener, open};
use model::{Body, Exchange, Header, IngressKind, Request, Time};

fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(400);
    let only = std::env::args().nth(2);
    println!("{:<28}{:>8}{:>10}{:>10}{:>8}", "packed as", "bytes", "values", "µs", "gaps");
    let mut total = 0.0;
    let all = kinds();
    for (name, pack) in &all {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let exchanges: Vec<Exchange> = (0..100).map(pack).collect();
        let micros = (0..5).map(|_| measure(&exchanges, rounds)).fold(f64::INFINITY, f64::min);
        let (mut values, mut gaps, mut bytes) = (0, Vec::new(), 0);
        for exchange in &exchanges {
            let opened = open(exchange, &DecodeLimits::default(), &mut |_| values += 1, &mut gaps);
            bytes += opened.bytes;
        }
        println!("{name:<28}{:>8}{:>10}{micros:>10.2}{:>8}", bytes / 100, values / 100, gaps.len());
        total += micros;
    }
    println!("{:<28}{:>28.2}", "mean", total / all.len() as f64);
}

fn measure(exchanges: &[Exchange], rounds: usize) -> f64 {
    let start = Instant::now();
    let mut seen = 0usize;
    let mut opener = ExchangeOpener::new(&DecodeLimits::default());
    for _ in 0..rounds {
        for exchange in exchanges {
            let mut gaps = Vec::new();
            opener.open(exchange, &mut |leaf| seen += leaf.value.len(), &mut gaps);
        }
    }
    std::hint::black_box(seen);
    start.elapsed().as_secs_f64() * 1e6 / (rounds * exchanges.len()) as f64
}

type Pack = fn(u64) -> Exchange;

fn kinds() -> Vec<(&'static str, Pack)> {
    vec![
        ("headers alone", |n| request(n, String::new(), &[])),
        ("json", |n| request(n, String::new(), json(n).as_bytes())),
        ("gzip json", |n| request(n, String::new(), &gzip(&json(n)))),
        ("form base64 gzip json", |n| {
            request(
                n,
                String::new(),
                format!("crc={n}&gzip=1&data_list={}", percent(&base64(&gzip(&json(n))))).as_bytes(),
            )
        }),
        ("query base64 json", |n| {
            request(n, format!("data={}&ext=crc%3D{n}", percent(&base64(json(n).as_bytes()))), &[])
        }),
        ("form of fields", |n| request(n, String::new(), fields(n).as_bytes())),
        ("query of fields", |n| request(n, fields(n), &[])),
        ("json in json in form", |n| {
            let inner = json(n).replace('\\', "\\\\").replace('"', "\\\"");
            request(n, String::new(), format!("payload={}", percent(&format!("{{\"d\":\"{inner}\"}}"))).as_bytes())
        }),
        ("protobuf", |n| request(n, String::new(), &protobuf(n))),
        ("random bytes", |n| {
            let mut seed = n + 1;
            let bytes: Vec<u8> = (0..1024).map(|_| (next(&mut seed) >> 33) as u8).collect();
            request(n, String::new(), &bytes)
        }),
    ]
}

fn request(n: u64, query: String, body: &[u8]) -> Exchange {
    let header = |name: &str, value: &str| Header::new(name, value);
    let headers = vec![
        header("Host", "collect.example"),
        header(
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        ),
        header("Accept", "*/*"),
        header("Accept-Language", "en-US,en;q=0.9"),
        header("Accept-Encoding", "gzip, deflate, br, zstd"),
        header("Content-Type", "application/x-www-form-urlencoded"),
        header("Origin", "https://shop.example"),
        header("Referer", "https://shop.example/"),
        header("Sec-Fetch-Mode", "cors"),
        header("Sec-Fetch-Site", "cross-site"),
        header("Cookie", &format!("sid={:016x}; consent=all; _ga=GA1.2.{n}.1588555800", n * 0x9e37_79b9)),
    ];
    Exchange {
        index: n,
        trial: None,
        connection: n,
        started: Time(0),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: "POST".into(),
            url: format!("https://collect.example/v1/track?project=p{n}&{query}"),
            version: "HTTP/2".into(),
            headers,
            body: Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

fn json(n: u64) -> String {
    format!(
        r#"[{{"distinct_id":"{:016x}","event":"$pageview","time":{},"type":"track","lib":{{"$lib":"Android","$lib_version":"4.2.1","$app_version":"12.3.{n}"}},"properties":{{"$os":"Android","$os_version":"10","$model":"M2007J20CG","$manufacturer":"Xiaomi","$screen_width":1080,"$screen_height":2400,"$wifi":true,"$network_type":"WIFI","$carrier":"Telekom","$timezone_offset":-120,"url":"https://news.example/politics/article-{n}?from=feed&pos={n}","title":"A headline that people would read, number {n}","referrer":"https://search.example/?q=some+words+{n}","$device_id":"{:032x}","session":"{:08x}-1111-4222-8333-444455556666","labels":["news","politics","morning"],"scroll":0.{n},"is_first_day":false,"user":"person.{n}@mail.example","theme":"light"}}}}]"#,
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        1_588_555_800_000 + n,
        u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_1234_5678_9abc_def1),
        n * 7919,
    )
}

fn fields(n: u64) -> String {
    let url = percent(&format!("https://news.example/politics/article-{n}?from=feed&pos={n}"));
    (0..24).fold(format!("v=1&dl={url}&uid={:016x}", n * 7919), |text, i| {
        format!("{text}&ep.field_{i}={}", percent(&format!("value number {i} of {n} ü")))
    })
}

fn protobuf(n: u64) -> Vec<u8> {
    let text = |number: u8, text: &str| {
        let mut field = vec![number << 3 | 2];
        let mut length = text.len();
        while length > 127 {
            field.push(length as u8 | 0x80);
            length >>= 7;
        }
        field.push(length as u8);
        field.extend(text.as_bytes());
        field
    };
    let event: Vec<u8> = (1..8).flat_map(|i| text(i, &format!("value number {i} of {n}"))).collect();
    let mut message = vec![0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8];
    for _ in 0..6 {
        message.push(0x1a);
        message.extend([event.len() as u8 | 0x80, (event.len() >> 7) as u8]);
        message.extend(&event);
    }
    message
}

fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed
}

fn gzip(plain: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(plain.as_bytes()).expect("writing to memory");
    writer.finish().expect("writing to memory")
}

fn base64(plain: &[u8]) -> String {
    data_encoding::BASE64.encode(plain)
}

fn percent(plain: &str) -> String {
    percent_encoding::utf8_percent_encode(plain, percent_encoding::NON_ALPHANUMERIC).to_string()
}
