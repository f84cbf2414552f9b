//! The program: commands in, an exit status out.
#![forbid(unsafe_code)]

mod commands;

mod exit;

mod progress;

mod look;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let candor = commands::Candor::parse();
    match commands::run(candor) {
        Ok(exit) => exit.into(),
        Err(error) => {
            exit::say(&error);
            exit::Exit::CouldNotRun.into()
        }
    }
}
