//! `kill -9` of a capture, again and again: what had been answered and is not in the evidence?

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use evidence::{ChainState, Evidence};
use model::Record;
use tokio::task::JoinSet;

use crate::{clients, clients::Answered, origin, process::CandorProcess};

struct Load {
    name: &'static str,
    connections: usize,
    /// Between two requests of one connection.
    pause: Duration,
}

const LOADS: [Load; 3] = [
    Load { name: "8 requests/s", connections: 1, pause: Duration::from_millis(120) },
    Load { name: "240 requests/s", connections: 12, pause: Duration::from_millis(50) },
    Load { name: "as fast as it goes, 64 connections", connections: 64, pause: Duration::ZERO },
];

/// What the README says of exchanges that a kill may take.
const PROMISED: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Tally {
    kills: u64,
    answered: usize,
    lost: usize,
    older: usize,
    oldest: Duration,
    seconds: f64,
}

pub async fn run(program: &Path, count: u64) -> bool {
    let origin = origin::start().await;
    let mut sound = true;
    println!("| load | kills | answered | a second | lost | oldest lost | lost and older than {PROMISED:?} |");
    println!("|---|---|---|---|---|---|---|");
    for (number, load) in LOADS.iter().enumerate() {
        let mut tally = Tally::default();
        let share = (count + number as u64) / LOADS.len() as u64;
        for round in 0..share {
            kill(program, &format!("*:{origin}"), load, round, &mut tally).await;
        }
        println!(
            "| {} | {} | {} | {:.0} | {} | {:.0} ms | {} |",
            load.name,
            tally.kills,
            tally.answered,
            tally.answered as f64 / tally.seconds,
            tally.lost,
            tally.oldest.as_secs_f64() * 1e3,
            tally.older
        );
        sound &= tally.older == 0;
    }
    sound
}

/// One capture, ended at a moment that nobody chose.
async fn kill(program: &Path, resolve: &str, load: &Load, round: u64, tally: &mut Tally) {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["capture", "--listen", "127.0.0.1:0", "--out", "run.candor", "--resolve", resolve];
    let candor = CandorProcess::start(program, home.path(), &arguments);
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for number in 0..load.connections {
        clients.spawn(clients::ask(candor.address, number, load.pause, Arc::clone(&stop)));
    }
    // Between 0.3 and 1.6 s, the same in each run.
    let moment = Duration::from_millis(300 + round.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_300);
    tokio::time::sleep(moment).await;
    let killed = Instant::now();
    candor.kill();
    stop.store(true, Relaxed);
    let answered: Vec<Answered> = clients.join_all().await.into_iter().flatten().collect();
    let known = urls(&home.path().join("run.candor"));
    let before = answered.iter().filter(|one| one.at <= killed);
    tally.kills += 1;
    tally.seconds += moment.as_secs_f64();
    for one in before {
        tally.answered += 1;
        if !known.contains(&one.url) {
            let age = killed - one.at;
            tally.lost += 1;
            tally.older += usize::from(age > PROMISED);
            tally.oldest = tally.oldest.max(age);
        }
    }
}

/// The addresses in a file, which must be sound and unended.
fn urls(path: &Path) -> HashSet<String> {
    let evidence = Evidence::open(path).unwrap_or_else(|error| panic!("{error}"));
    let seen = evidence.verify().unwrap_or_else(|error| panic!("{error}"));
    assert!(seen.state == ChainState::Intact && !seen.ended, "{:?}", seen.state);
    let mut urls = HashSet::new();
    evidence
        .records(|record| {
            if let Record::Exchange(exchange) = record {
                urls.insert(exchange.request.url);
            }
        })
        .unwrap_or_else(|error| panic!("{error}"));
    urls
}
