//! Real SDKs' captures, with what is known to be in them: every canary that is
//! marked as having left in a readable form must be among what is visited, in
//! every request in which it is marked.
//!
//! Looks for the captures in `$CANDOR_GAUNTLET`, then beside the workspace;
//! says so and passes where there are none.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test reads files and says what it skips"
)]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use decode::{DecodeLimits, open, walk};
use model::{Body, Exchange, Header, IngressKind, Request, Time};
use serde::{Deserialize, de};

#[test]
fn every_readable_canary_is_visited() {
    let Some(folder) = folder() else {
        eprintln!("skipped: no captures in $CANDOR_GAUNTLET, nor in ../shared/gauntlet beside the workspace");
        return;
    };
    let mut missed = Vec::new();
    let (mut wanted, mut gaps) = (0, BTreeSet::new());
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for capture in names.iter().filter(|path| path.join("truth.json").exists()) {
        let truth: Truth = serde_json::from_slice(&std::fs::read(capture.join("truth.json")).unwrap()).unwrap();
        let exchanges = exchanges(capture, &truth);
        for (index, exchange) in exchanges.iter().enumerate() {
            // What the HAR leaves out cannot be found in it.
            let there = truth.requests[index].har_body != "absent";
            let expected = truth.canaries.iter().filter(|canary| there && canary.readable_in(index));
            let mut left: Vec<(&Canary, Vec<Vec<u8>>)> = expected.map(|canary| (canary, canary.forms())).collect();
            wanted += left.len();
            let mut found = Vec::new();
            let mut of_this = Vec::new();
            open(
                exchange,
                &DecodeLimits::default(),
                &mut |leaf| {
                    left.retain(|(_, forms)| !forms.iter().any(|form| contains(leaf.value, form)));
                    found.push((leaf.route.trail(), leaf.value.to_vec()));
                },
                &mut of_this,
            );
            for (trail, value) in found.iter().step_by(7) {
                assert_eq!(walk(exchange, trail).as_ref(), Some(value), "walking {trail}");
            }
            let name = capture.file_name().unwrap().to_string_lossy();
            missed.extend(left.iter().map(|(canary, _)| format!("{name} {index} {}", canary.id)));
            gaps.extend(of_this.iter().map(|gap| format!("{name} {index} {} {:?} {}", gap.place, gap.why, gap.says)));
        }
    }
    eprintln!("{wanted} pairs of canary and request, {} missed, {} gaps", missed.len(), gaps.len());
    gaps.iter().take(20).for_each(|gap| eprintln!("gap: {gap}"));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/gauntlet");
    let told = std::env::var_os("CANDOR_GAUNTLET").map(PathBuf::from);
    told.into_iter().chain([beside]).find(|folder| folder.is_dir())
}

fn contains(value: &[u8], form: &[u8]) -> bool {
    memchr::memmem::find(value, form).is_some()
}

#[derive(Deserialize)]
struct Truth {
    canaries: Vec<Canary>,
    requests: Vec<Sent>,
}

#[derive(Deserialize)]
struct Canary {
    id: String,
    value: String,
    left: serde_json::Value,
    recoverable: Option<bool>,
    #[serde(default)]
    occurrences: Vec<Occurrence>,
}

#[derive(Deserialize)]
struct Occurrence {
    request: usize,
    form: String,
}

#[derive(Deserialize)]
struct Sent {
    har_body: String,
}

impl Canary {
    fn readable_in(&self, request: usize) -> bool {
        let readable =
            |occurrence: &Occurrence| occurrence.request == request && form(&self.value, &occurrence.form).is_some();
        self.left == true && self.recoverable != Some(false) && self.occurrences.iter().any(readable)
    }

    /// Everything that it may look like.
    fn forms(&self) -> Vec<Vec<u8>> {
        self.occurrences.iter().filter_map(|occurrence| form(&self.value, &occurrence.form)).collect()
    }
}

/// A value in a form that can be read; none for digests.
fn form(value: &str, name: &str) -> Option<Vec<u8>> {
    match name {
        "verbatim" => Some(value.into()),
        "lowercase" => Some(value.to_lowercase().into()),
        "without-plus" => Some(value.trim_start_matches('+').into()),
        "percent-decoded" => Some(percent_encoding::percent_decode_str(value).collect()),
        _ => None,
    }
}

/// The requests of a capture's HAR, bodies as truth.json says they are meant.
fn exchanges(capture: &Path, truth: &Truth) -> Vec<Exchange> {
    let har: Har = serde_json::from_slice(&std::fs::read(capture.join("capture.har")).unwrap()).unwrap();
    har.log
        .entries
        .into_iter()
        .zip(&truth.requests)
        .enumerate()
        .map(|(i, (entry, sent))| exchange(i, entry, sent))
        .collect()
}

fn exchange(index: usize, entry: Entry, sent: &Sent) -> Exchange {
    let text = entry.request.body.map(|body| body.text.0).unwrap_or_default();
    let body = match sent.har_body.as_str() {
        "latin-1" => String::from_utf8(text).unwrap().chars().map(|c| u32::from(c) as u8).collect(),
        _ => text,
    };
    Exchange {
        index: index as u64,
        trial: None,
        connection: 0,
        started: Time(0),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: entry.request.method,
            url: entry.request.url,
            version: String::new(),
            headers: entry.request.headers.into_iter().map(|header| Header::new(header.name, header.value)).collect(),
            body: Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Asked,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    url: String,
    headers: Vec<Pair>,
    #[serde(rename = "postData")]
    body: Option<Posted>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Posted {
    text: Raw,
}

/// A JSON string whose halves of surrogate pairs stand for raw bytes.
struct Raw(Vec<u8>);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Raw;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                let mut raw = Vec::new();
                let mut rest = bytes;
                while let Some((first, after)) = rest.split_first() {
                    match rest {
                        // U+DC80 to U+DCFF, as if it were a character.
                        [0xed, high @ 0xb2..=0xb3, low, after @ ..] => {
                            raw.push((high & 0x03) << 6 | low & 0x3f);
                            rest = after;
                        }
                        _ => {
                            raw.push(*first);
                            rest = after;
                        }
                    }
                }
                Ok(Raw(raw))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}
