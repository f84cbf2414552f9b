//! False alarms and power of the judge, by simulation: `make bench-judge`.
//!
//! Draws experiments with nothing in them and with known leaks, judges each as
//! `candor audit` would, and prints how often it was wrong and how often it
//! saw. The seed is fixed: every run prints the same. A number as an argument
//! stands for the thousand.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a program of its own takes arguments")]
#![allow(clippy::print_stdout, reason = "its report")]

#[path = "../tests/simulate/mod.rs"]
mod simulate;
#[path = "../tests/stage/mod.rs"]
mod stage;

use simulate::{
    Leak, Said, VISITS, drawn,
    readable::{self, Judged, Token},
};

/// Trials used, and as many left alone.
const TRIALS: [u32; 6] = [1, 2, 5, 6, 10, 20];
/// Experiments for each number of the table, of a hundred with nothing in them.
const EACH: u64 = 10;
const OFTEN: [f64; 3] = [1.0, 0.3, 0.1];

fn main() {
    let null: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let each = (null * EACH / 100).max(1);
    nothing(null);
    accounted_for(null, each);
    println!("\n{each} experiments for each number below: how many of a hundred were seen.");
    println!("Trials are used ones, of {VISITS} visits each; as many are left alone.\n");
    row("trials", TRIALS.map(|trials| trials.to_string()));
    for often in OFTEN {
        let name = format!("in clear, in {often} of visits: broken");
        let said = TRIALS.map(|trials| drawn(Leak::Clear(often), trials, each));
        row(&name, said.each_ref().map(|said| percent(said, |said| said.broken)));
    }
    for (word, leak) in [("sealed", Leak::Sealed as fn(f64) -> Leak), ("sealed and padded", Leak::Padded)] {
        for often in OFTEN {
            let said = TRIALS.map(|trials| drawn(leak(often), trials, each));
            let name = format!("{word}, in {often} of visits: depends on use");
            row(&name, said.each_ref().map(|said| percent(said, |said| said.on_use)));
            let name = format!("{word}, in {often} of visits: depends on the address");
            row(&name, said.each_ref().map(|said| percent(said, |said| said.on_address)));
        }
    }
}

/// False alarms, at the fewest trials that are enough for a verdict of *kept*,
/// and at more.
fn nothing(experiments: u64) {
    println!("{experiments} experiments with nothing to find:");
    for trials in [6, 10] {
        let said: Vec<Said> = drawn(Leak::None, trials, experiments);
        let count = |is: fn(&Said) -> bool| said.iter().filter(|said| is(said)).count();
        println!(
            "  {trials} trials used and {trials} left alone: {} broken, {} sealed-depends ({} on use, {} on the address)",
            count(|said| said.broken),
            count(|said| said.depends()),
            count(|said| said.on_use),
            count(|said| said.on_address),
        );
    }
}

/// How often the instruments cost *kept* where all could be read: by chance, and
/// where a visit is told.
fn accounted_for(null: u64, each: u64) {
    println!("\n{null} experiments with nothing to find, all of it readable:");
    for trials in [5, 6, 10] {
        let judged = readable::drawn(Token::None, trials, null);
        let count = |is: fn(&Judged) -> bool| judged.iter().filter(|one| is(one)).count();
        println!(
            "  {trials} trials used and {trials} left alone: {} broken, {} kept, {} not by contrast, {} not by twin visits",
            count(|one| one.broken),
            count(|one| one.kept),
            count(|one| one.by_contrast),
            count(|one| one.by_twins),
        );
    }
    println!("\nA token of each site under a key of the install, {each} experiments each: not kept, of a hundred.");
    for (name, token) in [
        ("64 bits, in each visit", Token::Keyed(64, 1.0)),
        ("16 bits, in each visit", Token::Keyed(16, 1.0)),
        ("64 bits, in 30 % of visits", Token::Keyed(64, 0.3)),
        ("64 bits, in a ping that is sent anyway", Token::InPing(64)),
        ("16 bits, in a ping that is sent anyway", Token::InPing(16)),
        ("8 bits, in a ping that is sent anyway", Token::InPing(8)),
    ] {
        let of = |trials| {
            let judged = readable::drawn(token, trials, each);
            100 * judged.iter().filter(|one| one.by_contrast || one.by_twins).count() as u64 / each
        };
        println!("  {name:<44}{:>6} (5 installs) {:>6} (10)", of(5), of(10));
    }
}

fn percent(said: &[Said], is: fn(&&Said) -> bool) -> String {
    format!("{:.0}", 100.0 * said.iter().filter(is).count() as f64 / said.len() as f64)
}

fn row(name: &str, cells: [String; 6]) {
    print!("{name:<58}");
    cells.iter().for_each(|cell| print!("{cell:>6}"));
    println!();
}
