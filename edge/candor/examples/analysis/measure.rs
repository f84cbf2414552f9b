//! Runs programs and looks at the clock and at their memory.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::traffic::Planted;

/// One run of the program.
pub struct Measured {
    pub seconds: f64,
    /// Seconds of processor time, which other programs do not stretch.
    pub cpu: f64,
    /// Resident memory at its highest, in bytes.
    pub peak: u64,
    /// Canaries seen, with the request they were seen in.
    pub seen: BTreeSet<Planted>,
}

/// Has the program analyse a capture.
pub fn analyze(har: &Path, canaries: &Path, jobs: usize) -> Result<Measured> {
    let report = har.with_extension("report");
    let before = children_cpu()?;
    let began = Instant::now();
    let mut child = Command::new(program()?)
        .arg("analyze")
        .arg(har)
        .arg("--canaries")
        .arg(canaries)
        .args(["--format", "json", "--exit-zero", "--jobs", &jobs.to_string(), "--output"])
        .arg(&report)
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start candor")?;
    let (peak, ended) = watch(&mut child)?;
    let seconds = (ended - began).as_secs_f64();
    if !child.wait()?.success() {
        bail!("candor failed on {}", har.display());
    }
    let cpu = children_cpu()? - before;
    let report: Value = serde_json::from_slice(&fs::read(&report)?)?;
    let sightings = report["sightings"].as_array().context("the report has no sightings")?;
    let seen = sightings.iter().filter_map(|one| {
        Some(Planted { request: one["exchange"].as_u64()?, canary: one["canary"].as_str()?.to_owned() })
    });
    Ok(Measured { seconds, cpu, peak, seen: seen.collect() })
}

/// Processor time of children that have ended: `cutime` and `cstime` of
/// proc(5), in the hundredths of a second that Linux counts in.
fn children_cpu() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// The highest `VmHWM` (proc(5)) until the program ends, and when it ended.
fn watch(child: &mut Child) -> Result<(u64, Instant)> {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        if let Some(now) = fs::read_to_string(&status).ok().and_then(|text| high_water(&text)) {
            peak = peak.max(now);
        }
        if child.try_wait()?.is_some() {
            return Ok((peak, Instant::now()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}

/// The program that was built beside this one.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).context("no folder of builds")?;
    let program = folder.join("candor");
    if !program.exists() {
        bail!("there is no {}: cargo build --release -p candor", program.display());
    }
    Ok(program)
}

/// Seconds that TrackHAR takes for a capture, without starting and reading it.
pub fn trackhar(home: &Path, folder: &Path, har: &Path, canaries: &Path) -> Result<f64> {
    let script = home.join("candor-peer.mjs");
    fs::write(&script, SCRIPT)?;
    let out = Command::new("node").arg(&script).args([har, canaries]).current_dir(folder).output();
    let _ = fs::remove_file(&script);
    let out = out.context("cannot start node")?;
    let text = String::from_utf8_lossy(&out.stdout);
    text.trim().parse().with_context(|| format!("TrackHAR said: {}", String::from_utf8_lossy(&out.stderr)))
}

const SCRIPT: &str = "
import fs from 'node:fs';
import { process as look } from 'trackhar';
const [har, canaries] = globalThis.process.argv.slice(2).map((file) => JSON.parse(fs.readFileSync(file)));
const values = { idfa: canaries.canaries.map((canary) => canary.value) };
const began = performance.now();
await look(har, { indicatorValues: values });
console.log((performance.now() - began) / 1000);
";
