//! `candor verify`: is the evidence what was sealed?

use std::path::PathBuf;

use anyhow::{Result, bail};
use evidence::{ChainState, Evidence};

use crate::exit::{ExitStatus, print};

/// Check the chain of an evidence file
///
/// With --head (printed at the end of a run and in every report) that it is
/// the file sealed then; without it, only that nothing inside was changed.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    evidence: PathBuf,
    /// The head that was noted when the file was sealed
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
}

impl VerifyArgs {
    pub fn run(self) -> Result<ExitStatus> {
        if !self.evidence.exists() {
            bail!("there is no file {}", self.evidence.display());
        }
        let seen = Evidence::open(&self.evidence)?.verify()?;
        let (exit, says) = match (&seen.state, &self.head) {
            (ChainState::Changed { record, says }, _) => {
                (ExitStatus::Findings, format!("changed at record {record}: {says}"))
            }
            (ChainState::Intact, Some(head)) if *head == seen.head.to_string() => {
                (ExitStatus::Clean, format!("intact, and the one sealed with this head ({} records)", seen.records))
            }
            (ChainState::Intact, Some(_)) => {
                (ExitStatus::Findings, format!("not the one sealed with that head: its head is {}", seen.head))
            }
            (ChainState::Intact, None) => {
                (ExitStatus::Clean, format!("intact, not anchored ({} records, head {})", seen.records, seen.head))
            }
        };
        let end = if seen.ended { "" } else { "; it ended early: its writer was stopped" };
        print(&format!("{}: {says}{end}\n", self.evidence.display()));
        Ok(exit)
    }
}
