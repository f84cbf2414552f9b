//! `candor verify`: is the evidence what was sealed?

use std::path::PathBuf;

use anyhow::{Result, bail};
use evidence::{Evidence, RepairAct, Verification};

use crate::exit::{ExitStatus, print, talk};

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
    /// Make one file of what a stopped writer left (FILE and FILE-wal), if it is intact and nobody else has it
    /// open. Records and head stay the same
    #[arg(long)]
    repair: bool,
}

impl VerifyArgs {
    pub fn run(self) -> Result<ExitStatus> {
        if !self.evidence.exists() {
            bail!("there is no file {}", self.evidence.display());
        }
        let seen = if self.repair { self.repair()? } else { Evidence::open(&self.evidence)?.verify()? };
        let (exit, says) = match (seen.state.change(), &self.head) {
            (Some(change), _) => (ExitStatus::Findings, format!("changed: {change}")),
            (None, Some(head)) if *head == seen.head.to_string() => {
                (ExitStatus::Clean, format!("intact, and the one sealed with this head ({} records)", seen.records))
            }
            (None, Some(_)) => {
                (ExitStatus::Findings, format!("not the one sealed with that head: its head is {}", seen.head))
            }
            (None, None) => {
                (ExitStatus::Clean, format!("intact, not anchored ({} records, head {})", seen.records, seen.head))
            }
        };
        let end = match (seen.ended, seen.early) {
            (false, _) => "; it ended early: its writer was stopped".to_owned(),
            (true, Some(why)) => format!("; it ended early: {why}"),
            (true, None) => String::new(),
        };
        print(&format!("{}: {says}{end}\n", self.evidence.display()));
        Ok(exit)
    }

    fn repair(&self) -> Result<Verification> {
        let repair = evidence::repair(&self.evidence)?;
        let name = self.evidence.display();
        talk(&match repair.did {
            RepairAct::Nothing => format!("candor: {name} was one file already: there was nothing to do"),
            RepairAct::JoinedWal => format!("candor: {name}-wal was folded into {name}, which is one file now"),
            RepairAct::WithoutWal => {
                format!("candor: {name}-wal is not there: {name} is a file of what it holds itself, and ended early")
            }
        });
        Ok(repair.seen)
    }
}
