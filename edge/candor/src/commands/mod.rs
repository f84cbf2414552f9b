//! The commands, one a file.

mod audit;

mod report;

mod verify;

mod list;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::exit::Exit;

/// Finds out what a browser or a phone tells its maker, and proves it.
///
/// Exit status: 0 clean · 1 findings, or a broken promise · 2 could not run ·
/// 3 ran, but saw too little to say "clean".
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Candor {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(audit::Audit),
    Report(report::Report),
    Verify(verify::Verify),
    List(list::List),
}

/// Runs a command to its exit status.
pub fn run(candor: Candor) -> Result<Exit> {
    match candor.command {
        Command::Audit(audit) => audit.run(),
        Command::Report(report) => report.run(),
        Command::Verify(verify) => verify.run(),
        Command::List(list) => list.run(),
    }
}
