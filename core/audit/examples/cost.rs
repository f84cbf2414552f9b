//! What looking at a capture costs: `cargo run --release -p audit --example
//! cost CAPTURE [CANARIES.json] [ROUNDS] [STAGE]`.
//!
//! Reads, opens and looks, on one thread and without the program around it, so
//! that a profiler shows nothing else. STAGE stops early: `cut`, `read`, `open`.
//! Prints, never fails: timings are for people.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a program, not the core")]
#![allow(clippy::print_stdout, reason = "its report")]

use std::{ops::ControlFlow, time::Instant};

use audit::{AuditOptions, Auditor, CaptureSummary};
use decode::{DecodeLimits, ExchangeOpener};
use formats::PieceItem;
use knowledge::Knowledge;
use model::{Canary, Record};
use serde_json::Value;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(capture) = arguments.first() else {
        println!("cost CAPTURE [CANARIES.json] [ROUNDS] [cut|read|open|look]");
        return;
    };
    let bytes = std::fs::read(capture).expect("a capture");
    let canaries = arguments.get(1).map_or(Vec::new(), |path| canaries(path));
    let rounds = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(3);
    let stage = arguments.get(3).map_or("look", String::as_str);
    let knowledge = Knowledge::built_in();
    let began = Instant::now();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    for canary in &canaries {
        let _ = auditor.canary(canary);
    }
    println!("{} canaries, prepared in {:.0} ms", canaries.len(), began.elapsed().as_secs_f64() * 1e3);
    for _ in 0..rounds {
        auditor.capture(CaptureSummary::default());
        let began = Instant::now();
        let requests = round(&bytes, &mut auditor, stage);
        println!("{stage}: {:.2} µs a request", began.elapsed().as_secs_f64() * 1e6 / requests.max(1) as f64);
    }
    println!("{} sightings", auditor.finish().spotted.len());
}

fn round(mut bytes: &[u8], auditor: &mut Auditor<'_>, stage: &str) -> usize {
    let mut requests = 0;
    let mut inspector = auditor.inspector();
    let mut opener = ExchangeOpener::new(&DecodeLimits::default());
    let read = formats::cut(&mut bytes, &mut |piece| {
        requests += 1;
        if stage == "cut" {
            return ControlFlow::Continue(());
        }
        piece.read(&mut |item| match item {
            PieceItem::Record(Record::Exchange(exchange)) if stage == "look" => {
                auditor.looked(inspector.inspect(*exchange));
            }
            PieceItem::Record(Record::Exchange(exchange)) if stage == "open" => {
                let mut seen = 0;
                opener.open(&exchange, &mut |leaf| seen += leaf.value.len(), &mut Vec::new());
                std::hint::black_box(seen);
            }
            item => {
                std::hint::black_box(item);
            }
        });
        ControlFlow::Continue(())
    });
    read.expect("it is a capture");
    requests
}

fn canaries(path: &str) -> Vec<Canary> {
    let file = std::fs::read(path).expect("a file of canaries");
    let file: Value = serde_json::from_slice(&file).expect("JSON");
    let all = file["canaries"].as_array().cloned().unwrap_or_default();
    all.iter().map(|one| Canary::new(text(&one["id"]), text(&one["kind"]), text(&one["value"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
