//! How fast and how large the analysis of a capture is, and how much it finds.
//!
//! `cargo run --release -p candor --example analysis`, after
//! `cargo build --release -p candor`. Generates captures, has the program
//! analyse them as a person would, and prints a table. Numbers for people:
//! nothing fails on them. With `CANDOR_TRACKHAR` set to a folder in which
//! TrackHAR is installed its speed on the same requests is printed too.

#![allow(clippy::print_stdout, reason = "a program of its own, whose report is its output")]

mod measure;

mod traffic;

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use measure::{Measured, analyze, trackhar};
use traffic::{Planted, Traffic};

/// Requests of the ordinary captures.
const REQUESTS: usize = 20_000;
/// Canaries planted in them.
const CANARIES: [usize; 5] = [0, 4, 20, 100, 1_000];
/// Bytes of the large capture.
const LARGE: u64 = 1 << 30;

fn main() -> Result<()> {
    let folder = tempfile::tempdir().context("no scratch folder")?;
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    println!("{REQUESTS} requests of about 1 kB in nine wrappings, every fourth with a planted value\n");
    println!(
        "{:>9}{:>7}{:>13}{:>9}{:>9}{:>10}{:>10}{:>13}",
        "canaries", "cores", "requests/s", "MB/s", "µs CPU", "peak MB", "found %", "false alarms"
    );
    for canaries in CANARIES {
        let capture = write(folder.path(), canaries)?;
        for jobs in if cores > 1 { vec![1, cores] } else { vec![1] } {
            let best = best_of_three(&capture, jobs)?;
            row(canaries, jobs, &capture, &best);
        }
        if canaries == 100 {
            peer(folder.path(), &capture)?;
        }
    }
    large(folder.path(), cores)
}

/// A capture and what is in it.
struct Capture {
    har: PathBuf,
    canaries: PathBuf,
    bytes: u64,
    planted: Vec<Planted>,
}

fn write(folder: &Path, canaries: usize) -> Result<Capture> {
    let mut traffic = Traffic::new(canaries);
    let har = folder.join(format!("{canaries}.har"));
    let mut out = BufWriter::new(File::create(&har)?);
    out.write_all(traffic::HEAD)?;
    for index in 0..REQUESTS {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(traffic.entry(index as u64).as_bytes())?;
    }
    out.write_all(traffic::FOOT)?;
    out.flush()?;
    let names = folder.join(format!("{canaries}.json"));
    std::fs::write(&names, traffic.canaries_file())?;
    let bytes = std::fs::metadata(&har)?.len();
    Ok(Capture { har, canaries: names, bytes, planted: traffic.planted })
}

fn best_of_three(capture: &Capture, jobs: usize) -> Result<Measured> {
    let mut best = analyze(&capture.har, &capture.canaries, jobs)?;
    for _ in 0..2 {
        let next = analyze(&capture.har, &capture.canaries, jobs)?;
        if next.seconds < best.seconds {
            best = next;
        }
    }
    Ok(best)
}

fn row(canaries: usize, jobs: usize, capture: &Capture, measured: &Measured) {
    let found = capture.planted.iter().filter(|planted| measured.seen.contains(planted)).count();
    let planted: std::collections::BTreeSet<&Planted> = capture.planted.iter().collect();
    let alarms = measured.seen.iter().filter(|seen| !planted.contains(seen)).count();
    let percent = if planted.is_empty() {
        "–".to_owned()
    } else {
        format!("{:.2}", 100.0 * found as f64 / planted.len() as f64)
    };
    println!(
        "{canaries:>9}{jobs:>7}{:>13.0}{:>9.1}{:>9.1}{:>10.1}{percent:>10}{alarms:>13}",
        REQUESTS as f64 / measured.seconds,
        capture.bytes as f64 / measured.seconds / 1e6,
        measured.cpu * 1e6 / REQUESTS as f64,
        measured.peak as f64 / 1e6,
    );
}

/// A capture that is a gigabyte long; values are planted in its first part.
fn large(folder: &Path, jobs: usize) -> Result<()> {
    let mut traffic = Traffic::new(100);
    let har = folder.join("large.har");
    let mut out = BufWriter::new(File::create(&har)?);
    out.write_all(traffic::HEAD)?;
    let mut written = 0;
    let mut count = 0;
    while written < LARGE {
        if count == REQUESTS as u64 {
            traffic.plant_no_more();
        }
        let entry = traffic.entry(count);
        if count > 0 {
            out.write_all(b",")?;
        }
        out.write_all(entry.as_bytes())?;
        written += entry.len() as u64 + 1;
        count += 1;
    }
    out.write_all(traffic::FOOT)?;
    out.flush()?;
    drop(out);
    let names = folder.join("large.json");
    std::fs::write(&names, traffic.canaries_file())?;
    let measured = analyze(&har, &names, jobs)?;
    println!(
        "\na HAR of {:.2} GB, {count} requests, 100 canaries: {:.1} s on {jobs} cores, {:.0} MB/s, peak {:.1} MB",
        written as f64 / 1e9,
        measured.seconds,
        written as f64 / measured.seconds / 1e6,
        measured.peak as f64 / 1e6,
    );
    Ok(())
}

/// The same requests through TrackHAR, where it is installed.
fn peer(folder: &Path, capture: &Capture) -> Result<()> {
    let Some(home) = std::env::var_os("CANDOR_TRACKHAR") else {
        println!("          TrackHAR: not measured (CANDOR_TRACKHAR names no folder)");
        return Ok(());
    };
    let seconds = trackhar(Path::new(&home), folder, &capture.har, &capture.canaries)?;
    let ours = best_of_three(capture, 1)?.seconds;
    println!(
        "          TrackHAR: {:.0} requests/s on one core; Candor is {:.0} times as fast",
        REQUESTS as f64 / seconds,
        seconds / ours
    );
    Ok(())
}
