//! `candor report`: render again.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use audit::AuditOptions;

use crate::{
    evidence_audit,
    exit::{ExitStatus, print},
    render, written_file,
};

/// Render a report from evidence again
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// A file that `candor audit` or `candor capture` wrote
    evidence: PathBuf,
    /// How to render it
    #[arg(long, default_value = "text", value_parser = render::formats())]
    format: String,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    known: super::KnowledgeArgs,
}

impl ReportArgs {
    pub fn run(self) -> Result<ExitStatus> {
        if !self.evidence.exists() {
            bail!("there is no file {}", self.evidence.display());
        }
        let audit = evidence_audit::at_evidence(&self.evidence, &self.known.read()?, AuditOptions::default())?;
        match &self.output {
            None => print(&render::to_stdout(&audit, &self.format)),
            Some(path) => written_file::write(path, render::plain(&audit, &self.format))
                .with_context(|| format!("cannot write {}", path.display()))?,
        }
        Ok(ExitStatus::Clean)
    }
}
