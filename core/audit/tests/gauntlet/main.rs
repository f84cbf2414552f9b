//! Captures of real SDKs, each with a file that says what left.
//!
//! They stand in `$CANDOR_GAUNTLET`, or beside this checkout in
//! `../shared/gauntlet`; some have been copied to `corpus/gauntlet`. Each
//! folder holds a capture twice, as HAR and as mitmproxy flows.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test reads files; the core does not")]
#![allow(clippy::print_stdout, reason = "scores and skips are for whoever runs the test")]

mod score;

use std::path::{Path, PathBuf};

use audit::{AuditOptions, Auditor, CaptureSummary};
use formats::PieceItem;
use knowledge::Knowledge;
use model::Canary;
use score::{Score, Truth};

fn captures(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.join("truth.json").is_file()).collect();
    folders.sort();
    folders
}

/// What is seen in one capture: canary and position of the request.
fn sightings(knowledge: &Knowledge, truth: &Truth, file: &Path) -> Vec<(String, u64)> {
    let mut auditor = Auditor::new(knowledge, AuditOptions::default());
    for canary in &truth.canaries {
        if let Err(refused) = auditor.canary(&Canary::new(&canary.id, &canary.kind, &canary.value)) {
            println!("{}: {refused}", file.display());
        }
    }
    auditor.capture(CaptureSummary::default());
    let mut inspector = auditor.inspector();
    let mut bytes = &std::fs::read(file).expect("the capture is there")[..];
    let read = formats::read(&mut bytes, &mut |item| match item {
        PieceItem::Record(model::Record::Exchange(exchange)) => auditor.looked(inspector.inspect(*exchange)),
        PieceItem::Record(record) => auditor.push(record),
        PieceItem::Gap(gap) => auditor.gap(gap),
    });
    read.expect("it is a capture");
    let audit = auditor.finish();
    let seen = audit.spotted.into_iter().map(|spotted| spotted.seen.sighting);
    seen.filter_map(|sighting| Some((sighting.canary?, sighting.exchange))).collect()
}

fn run(folder: &Path, file: &str) -> Score {
    let knowledge = Knowledge::built_in();
    let mut score = Score::default();
    for capture in captures(folder) {
        let mut truth = Truth::read(&capture.join("truth.json"));
        if file.ends_with(".har") {
            truth = truth.of_har();
        }
        let name = capture.file_name().unwrap_or_default().to_string_lossy().into_owned();
        score.add(&name, &truth, &sightings(&knowledge, &truth, &capture.join(file)));
    }
    println!("{file}: {score}");
    score
}

fn gauntlet() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("CANDOR_GAUNTLET").map_or(root.join("../shared/gauntlet"), PathBuf::from);
    if captures(&folder).is_empty() {
        println!("skipped: no captures in {} (set CANDOR_GAUNTLET to the folder that has them)", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn every_value_that_left_is_found_in_har_and_nothing_else() {
    let Some(folder) = gauntlet() else { return };
    run(&folder, "capture.har").assert_whole();
}

#[test]
fn every_value_that_left_is_found_in_flows_and_nothing_else() {
    let Some(folder) = gauntlet() else { return };
    run(&folder, "capture.mitm").assert_whole();
}

#[test]
fn the_captures_in_the_corpus_are_found_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/gauntlet");
    assert!(!captures(&folder).is_empty(), "corpus/gauntlet has captures");
    run(&folder, "capture.har").assert_whole();
}
