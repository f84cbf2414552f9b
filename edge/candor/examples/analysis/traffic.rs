//! Generated requests: what an SDK sends, about a kilobyte, in nine wrappings.
//!
//! Numbers come from a fixed seed, so every run writes the same captures.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const HEAD: &[u8] =
    b"{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"bench\",\"version\":\"1\"},\"entries\":[";
pub const FOOT: &[u8] = b"]}}";

/// A value that was put into a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    pub request: u64,
    pub canary: String,
}

/// Writes requests, and down what is in them.
pub struct Traffic {
    seed: u64,
    /// Id, kind, value.
    canaries: Vec<(String, &'static str, String)>,
    planting: bool,
    pub planted: Vec<Planted>,
}

const KINDS: [&str; 5] = ["visited-url", "email", "search", "user-id", "page-title"];

impl Traffic {
    pub fn new(canaries: usize) -> Self {
        let mut traffic = Self { seed: 7, canaries: Vec::new(), planting: canaries > 0, planted: Vec::new() };
        for number in 0..canaries {
            let kind = KINDS[number % KINDS.len()];
            let value = traffic.value(kind);
            traffic.canaries.push((format!("c{number}"), kind, value));
        }
        traffic
    }

    pub fn plant_no_more(&mut self) {
        self.planting = false;
    }

    pub fn canaries_file(&self) -> String {
        let one = |(id, kind, value): &(String, &str, String)| json!({"id": id, "kind": kind, "value": value});
        json!({"canaries": self.canaries.iter().map(one).collect::<Vec<Value>>()}).to_string()
    }

    /// The next request.
    pub fn entry(&mut self, index: u64) -> String {
        let kind = KINDS[(self.number() % 5) as usize];
        let mut value = self.value(kind);
        if self.planting && index.is_multiple_of(4) {
            let (id, _, planted) = &self.canaries[(self.seed >> 20) as usize % self.canaries.len()];
            value.clone_from(planted);
            self.planted.push(Planted { request: index, canary: id.clone() });
        }
        let payload = self.payload(&value);
        let (url, kind, body) = wrapped(index, &value, &payload);
        let headers = [
            ("Host", "sdk.collect.example".to_owned()),
            (
                "User-Agent",
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0".into(),
            ),
            ("Accept", "*/*".into()),
            ("Accept-Language", "de-DE,de;q=0.9".into()),
            ("Content-Type", kind.into()),
            ("Content-Length", body.len().to_string()),
        ];
        let headers: Vec<Value> = headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let post = match String::from_utf8(body) {
            Ok(text) => json!({"mimeType": kind, "text": text}),
            Err(bytes) => json!({"mimeType": kind, "text": STANDARD.encode(bytes.as_bytes()), "encoding": "base64"}),
        };
        json!({
            "startedDateTime": "2026-01-02T03:04:05.678Z", "time": 12,
            "request": {"method": "POST", "url": url, "httpVersion": "HTTP/2", "headers": headers, "postData": post},
            "response": {"status": 200, "httpVersion": "HTTP/2", "headers": [], "content": {"size": 2, "text": "{}"}},
        })
        .to_string()
    }

    fn payload(&mut self, value: &str) -> String {
        let mut fields = json!({
            "event": "page_view", "distinct_id": self.hex(16), "time": 1_767_322_800_000 + self.number() % 1_000_000,
            "lib": {"name": "web", "version": "1.27.11", "method": "code"},
            "properties": {
                "screen_width": 1920, "screen_height": 1080, "language": "de-DE", "timezone_offset": -60,
                "referrer": "", "title": "Start", "is_first_day": false, "subject": value,
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "os": "Linux", "os_version": "6.1", "model": "PC",
            },
        });
        for number in 0..12 {
            let (name, text) = (format!("field_{number}"), self.words(4));
            fields["properties"][name] = text.into();
        }
        fields.to_string()
    }

    fn value(&mut self, kind: &str) -> String {
        match kind {
            "visited-url" => {
                format!("https://{}.com/{}/{}?q={}", self.word(12), self.word(6), self.word(10), self.word(8))
            }
            "email" => format!("{}.{}{}@{}.example", self.word(6), self.word(8), self.number() % 100, self.word(9)),
            "search" => format!("{} {} {}", self.word(8), self.word(7), self.word(9)),
            "user-id" => format!("u-{}", self.hex(16)),
            _ => format!("{} {} – {}", self.word(9), self.word(7), self.word(8)),
        }
    }

    fn words(&mut self, count: usize) -> String {
        let all: Vec<String> = (0..count).map(|_| self.word(7)).collect();
        all.join(" ")
    }

    fn word(&mut self, letters: usize) -> String {
        (0..letters).map(|_| char::from(b'a' + (self.number() % 26) as u8)).collect()
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit((self.number() % 16) as u32, 16).unwrap_or('0')).collect()
    }

    /// SplitMix64 (Steele, Lea, Flood, 2014).
    fn number(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

/// Address, content type and body of a request.
fn wrapped(index: u64, value: &str, payload: &str) -> (String, &'static str, Vec<u8>) {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let url = "https://sdk.collect.example/v1/track?project=production".to_owned();
    let form = |text: &str| form_urlencoded(text);
    match index % 9 {
        0 => (url, JSON, payload.as_bytes().to_vec()),
        1 => (url, FORM, format!("v=1&payload={}&t=pageview", form(payload)).into_bytes()),
        2 => (url, FORM, format!("data={}", form(&STANDARD.encode(payload))).into_bytes()),
        3 => (url, JSON, gzip(payload)),
        4 => (url, FORM, format!("crc=17&gzip=1&data_list={}", form(&STANDARD.encode(gzip(payload)))).into_bytes()),
        5 => (url, JSON, json!({"batch": [{"body": payload}]}).to_string().into_bytes()),
        6 => (url, "application/x-protobuf", protobuf(payload, value)),
        7 => {
            let digest: String = Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect();
            (url, JSON, payload.replace(value, &digest).into_bytes())
        }
        _ => {
            let fields: String = payload.split(',').map(|field| format!("&f={}", form(field))).collect();
            (format!("{url}&e={}{fields}", form(value)), JSON, b"{}".to_vec())
        }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(text.as_bytes());
    encoder.finish().unwrap_or_default()
}

/// Field 1 is a number, 2 the payload, 3 a message with the value.
fn protobuf(payload: &str, value: &str) -> Vec<u8> {
    let inner = field(1, value.as_bytes());
    [&[0x08, 0x96, 0x01][..], &field(2, payload.as_bytes()), &field(3, &inner)].concat()
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        all.push(length as u8 | 0x80);
        length >>= 7;
    }
    all.push(length as u8);
    all.extend_from_slice(bytes);
    all
}

fn form_urlencoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
