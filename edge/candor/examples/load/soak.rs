//! Mixed traffic for half an hour: does it stay as large as it is?

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    clients, origin,
    process::{CandorProcess, ProcessSize},
};

/// Clients of each kind, for each program.
const OF_EACH: usize = 2;
const KINDS: usize = 6;

/// By then it has what it needs; what it grows by later is a leak.
const WARM: u64 = 5;
/// What memory may be more at the end than when it was warm.
const MORE: f64 = 1.25;

struct Soaked {
    name: &'static str,
    process: CandorProcess,
    idle: ProcessSize,
    warm: ProcessSize,
    done: Arc<AtomicU64>,
}

pub async fn run(program: &Path, minutes: u64) -> bool {
    let origin = format!("*:{}", origin::start().await);
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let capture = ["capture", "--listen", "127.0.0.1:0", "--out", "soak.candor", "--resolve", &origin];
    let guard =
        ["guard", "--listen", "127.0.0.1:0", "--private", "127.0.0.1:0", "--page", "127.0.0.1:0", "--resolve", &origin];
    let mut all: Vec<Soaked> = [("capture", &capture[..]), ("guard", &guard[..])]
        .into_iter()
        .zip(&homes)
        .map(|((name, arguments), home)| {
            let process = CandorProcess::start(program, home.path(), arguments);
            let idle = process.size();
            Soaked { name, process, idle, warm: idle, done: Arc::default() }
        })
        .collect();
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    let mut clients = JoinSet::new();
    for soaked in &all {
        for number in 0..OF_EACH * KINDS {
            clients.spawn(clients::mixed(soaked.process.address, number, until, Arc::clone(&soaked.done)));
        }
    }
    println!("| minute | program | answered | memory | descriptors | threads |\n|---|---|---|---|---|---|");
    for minute in 0..=minutes {
        for soaked in &mut all {
            let size = soaked.process.size();
            if minute == WARM {
                soaked.warm = size;
            }
            row(&minute.to_string(), soaked, size);
        }
        if minute < minutes {
            sleep(Duration::from_secs(60)).await;
        }
    }
    clients.join_all().await;
    end(all).await
}

fn row(when: &str, soaked: &Soaked, size: ProcessSize) {
    let (done, memory) = (soaked.done.load(Relaxed), size.kibibytes >> 10);
    println!("| {when} | {} | {done} | {memory} MiB | {} | {} |", soaked.name, size.descriptors, size.threads);
}

/// Waits until what nobody uses any more is closed, and holds sizes against each other.
async fn end(all: Vec<Soaked>) -> bool {
    let mut sound = true;
    let patience = Instant::now() + Duration::from_secs(180);
    for soaked in all {
        let mut size = soaked.process.size();
        while size.descriptors > soaked.idle.descriptors + 8 && Instant::now() < patience {
            sleep(Duration::from_secs(1)).await;
            size = soaked.process.size();
        }
        row("after", &soaked, size);
        let grew = size.kibibytes as f64 > soaked.warm.kibibytes as f64 * MORE + 16_384.0;
        let leaked = size.descriptors > soaked.idle.descriptors + 8;
        if grew || leaked {
            let what = if grew { "memory grew" } else { "descriptors were left open" };
            println!("{}: {what}", soaked.name);
            sound = false;
        }
        if !soaked.process.stop() {
            println!("{}: it did not end well", soaked.name);
            sound = false;
        }
    }
    sound
}
