//! What the guard costs: `make bench-guard`.
//!
//! One process, three proxies in turns over TLS to one server: plain capture
//! (everything recorded as evidence), the same proxy recording nothing, and the
//! guard with 200 live canaries in every disguise. Requests are the worst kind:
//! a program's own, to a host that no page named, so that each is held and
//! looked into. Prints, never fails: timings are for people.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "its report; a bench that cannot run says so by a panic")]

mod bodies;

mod client;

mod server;

mod stand;

use std::time::{Duration, Instant};

use client::Client;
use stand::{Kind, Stand};

/// Sizes of bodies, and how many requests of each by each proxy.
const SIZES: [(usize, usize); 4] = [(0, 3_000), (4_000, 3_000), (100_000, 400), (1_000_000, 60)];
const CANARIES: usize = 200;
const IN_FLIGHT: usize = 16;
const ROUND: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let server = server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut stands = Vec::new();
    for kind in Kind::ALL {
        stands.push(Stand::start(kind, &server, folder.path()).await);
    }
    let guard = &stands[2];
    let mut client = Client::connect(guard, "site.example").await;
    for number in 0..CANARIES {
        client.visit(&format!("/visited/{number}-page-of-a-person?from={number}")).await;
    }
    // What was visited is prepared beside the work of the network.
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("{CANARIES} live canaries; time per request in µs, one after another, in turns");
    println!(
        "{:>12} {:>18} {:>18} {:>18} {:>18}",
        "body", "nothing recorded", "plain capture", "guard", "added by the guard"
    );
    for (size, count) in SIZES {
        latency(&stands, size, count).await;
    }
    println!(
        "\nrequests/s with {IN_FLIGHT} in flight and bodies of 1 kB, {ROUNDS} rounds of {ROUND:?} in turns, medians"
    );
    throughput(&stands).await;
}

/// Median and p99 by each proxy, and what the guard adds to the one that
/// records nothing.
async fn latency(stands: &[Stand], size: usize, count: usize) {
    let body = bodies::of(size);
    let mut clients = Vec::new();
    for stand in stands {
        let mut client = Client::connect(stand, "collector-of-nobody.example").await;
        for _ in 0..count / 20 + 1 {
            client.post(&body).await;
        }
        clients.push(client);
    }
    let mut times = vec![Vec::new(); stands.len()];
    for _ in 0..count {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            let began = Instant::now();
            client.post(&body).await;
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    let of: Vec<(f64, f64)> = times.iter_mut().map(|times| (percentile(times, 50), percentile(times, 99))).collect();
    let added = (of[2].0 - of[0].0, of[2].1 - of[0].1);
    let said: Vec<String> =
        of.iter().chain([&added]).map(|(median, p99)| format!("{median:.0} p99 {p99:.0}")).collect();
    println!("{size:>12} {:>18} {:>18} {:>18} {:>18}", said[0], said[1], said[2], said[3]);
}

async fn throughput(stands: &[Stand]) {
    let body = bodies::of(1_000);
    let mut rates = vec![Vec::new(); stands.len()];
    for _ in 0..ROUNDS {
        for (stand, rates) in stands.iter().zip(&mut rates) {
            rates.push(rate(stand, &body).await);
        }
    }
    let medians: Vec<f64> = rates.iter_mut().map(|rates| percentile(rates, 50)).collect();
    for (kind, median) in Kind::ALL.iter().zip(&medians) {
        println!("{:>18} {median:8.0}  {:.0} % of plain capture", kind.name(), 100.0 * median / medians[1]);
    }
}

async fn rate(stand: &Stand, body: &[u8]) -> f64 {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..IN_FLIGHT {
        let mut client = Client::connect(stand, &format!("collector-{number}-of-nobody.example")).await;
        let body = body.to_vec();
        tasks.spawn(async move {
            let (began, mut count) = (Instant::now(), 0_u32);
            while began.elapsed() < ROUND {
                client.post(&body).await;
                count += 1;
            }
            f64::from(count) / began.elapsed().as_secs_f64()
        });
    }
    tasks.join_all().await.into_iter().sum()
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * percent / 100]
}
