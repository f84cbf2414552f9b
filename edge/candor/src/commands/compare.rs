//! `candor compare`: two audits side by side.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use audit::{AuditDifference, AuditOptions};
use judge::Severity;
use report::COMPARE_FORMATS;

use crate::{
    evidence_audit,
    exit::{ExitStatus, print},
    render, written_file,
};

/// Show what changed from one audit to another: what began, what stopped, which verdict turned
///
/// Both files are judged anew by what Candor knows now, so that only the
/// subjects differ. Exit status 1: a verdict got worse, or a finding is new;
/// 3: one of the runs ended early, and nothing got worse.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// Evidence of the first audit
    before: PathBuf,
    /// Evidence of the second
    after: PathBuf,
    /// How to show it
    #[arg(long, default_value = "text", value_parser = render::compared())]
    format: String,
    /// Exit with 1 at new findings of this severity: info, low, medium, high, critical
    #[arg(long, default_value = "low", value_parser = super::audit::severity)]
    fail_on: Severity,
    #[command(flatten)]
    known: super::KnowledgeArgs,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl CompareArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let knowledge = self.known.read()?;
        let audit = |path: &Path| {
            if !path.exists() {
                bail!("there is no file {}", path.display());
            }
            let audit = evidence_audit::at_evidence(path, &knowledge, AuditOptions::default())?;
            if audit.run.is_none() {
                bail!("{} holds no experiment: compare files that `candor audit` wrote", path.display());
            }
            Ok(audit)
        };
        let difference = AuditDifference::of(&audit(&self.before)?, &audit(&self.after)?);
        let format = COMPARE_FORMATS.iter().find(|format| format.name == self.format);
        let content = format.map_or_else(String::new, |format| (format.render)(&difference));
        match &self.output {
            None => print(&content),
            Some(path) => {
                written_file::write(path, content).with_context(|| format!("cannot write {}", path.display()))?
            }
        }
        Ok(if difference.is_worse(self.fail_on) {
            ExitStatus::Findings
        } else if difference.before.early || difference.after.early {
            ExitStatus::SawTooLittle
        } else {
            ExitStatus::Clean
        })
    }
}
