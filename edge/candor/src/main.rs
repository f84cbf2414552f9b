//! The program: commands in, an exit status out.
#![forbid(unsafe_code)]

mod commands;

mod exit;

mod logging;

mod progress;

mod evidence_audit;

mod named;

mod render;

mod written_file;

mod canaries;

mod captures;

mod live;

mod trust;

mod guarding;

mod guiding;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let candor = commands::Candor::parse();
    // Files may contain captured traffic, so only their owner may read them.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match commands::run(candor) {
        Ok(exit) => exit.into(),
        Err(error) => {
            exit::say(&error);
            exit::ExitStatus::CouldNotRun.into()
        }
    }
}
