//! Candor under load: what a kill costs, and whether it stays as large as it is.
//!
//! `load kills PATH-OF-CANDOR [COUNT]` kills a capture COUNT times (500) at three
//! loads and counts what was answered and is not in the evidence.
//! `load soak PATH-OF-CANDOR [MINUTES]` sends mixed traffic through a capture and
//! a guard for so long (30) and prints each minute how large they are.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: what it prints is its result, and nobody catches its panics"
)]

mod clients;

mod kills;

mod origin;

mod process;

mod soak;

use std::path::PathBuf;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |default: u64| words.get(2).and_then(|word| word.parse().ok()).unwrap_or(default);
    let sound = match words.as_slice() {
        [what, program, ..] if what == "kills" => kills::run(&absolute(program), number(500)).await,
        [what, program, ..] if what == "soak" => soak::run(&absolute(program), number(30)).await,
        _ => {
            println!("load kills|soak PATH-OF-CANDOR [COUNT|MINUTES]");
            false
        }
    };
    std::process::exit(i32::from(!sound));
}

/// The programs start in folders of their own.
fn absolute(program: &str) -> PathBuf {
    std::path::absolute(program).unwrap()
}
