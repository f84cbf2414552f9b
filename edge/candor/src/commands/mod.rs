//! The commands, one in each file.

mod analyze;

mod audit;

mod decode;

mod capture;

mod guard;

mod open;

mod ca;

mod report;

mod compare;

mod verify;

mod list;

mod generate;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::exit::ExitStatus;

/// Finds out what a browser or a phone tells its maker, and proves it.
///
/// Exit status: 0 clean · 1 findings, a broken promise or an
/// expectation not met · 2 could not run ·
/// 3 ran, but saw too little to say "clean".
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Candor {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: crate::logging::LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Audit(audit::AuditArgs),
    Analyze(analyze::AnalyzeArgs),
    Decode(decode::DecodeArgs),
    Capture(capture::CaptureArgs),
    Guard(guard::GuardArgs),
    Open(open::OpenArgs),
    Ca(ca::CaArgs),
    Report(report::ReportArgs),
    Compare(compare::CompareArgs),
    Verify(verify::VerifyArgs),
    List(list::ListArgs),
    #[command(hide = true)]
    Generate(generate::GenerateArgs),
}

/// What Candor knows, and what the person lays over it.
#[derive(Debug, clap::Args)]
pub struct KnowledgeArgs {
    /// Folder laid over the built-in `data/`: subjects, scenarios, promises, owners …
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
}

impl KnowledgeArgs {
    /// Reads and checks the built-in data and the person's folder.
    pub fn read(&self) -> Result<knowledge::Knowledge> {
        let mut files = Vec::new();
        if let Some(folder) = &self.data {
            crate::evidence_audit::files_below(folder, folder, &mut files)?;
        }
        Ok(knowledge::Knowledge::with(files)?)
    }
}

/// Runs a command and returns its exit status.
pub fn run(candor: Candor) -> Result<ExitStatus> {
    candor.log.start()?;
    match candor.command {
        Command::Audit(audit) => audit.run(),
        Command::Analyze(analyze) => analyze.run(),
        Command::Decode(decode) => decode.run(),
        Command::Capture(capture) => capture.run(),
        Command::Guard(guard) => guard.run(),
        Command::Open(open) => open.run(),
        Command::Ca(ca) => ca.run(),
        Command::Report(report) => report.run(),
        Command::Compare(compare) => compare.run(),
        Command::Verify(verify) => verify.run(),
        Command::List(list) => list.run(),
        Command::Generate(generate) => generate.run(),
    }
}
