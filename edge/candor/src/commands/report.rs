//! `candor report`: render again.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use audit::Options;
use clap::ValueEnum;

use crate::{
    exit::{Exit, print},
    look,
};

/// Render a report from evidence again
#[derive(Debug, clap::Args)]
pub struct Report {
    /// A file that `candor audit` or `candor capture` wrote
    evidence: PathBuf,
    /// How to render it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    known: super::Known,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Html,
}

impl Report {
    pub fn run(self) -> Result<Exit> {
        if !self.evidence.exists() {
            bail!("there is no file {}", self.evidence.display());
        }
        let audit = look::at_evidence(&self.evidence, &self.known.read()?, Options::default())?;
        let content = match self.format {
            Format::Text => report::text(&audit),
            Format::Json => report::json(&audit),
            Format::Html => report::html(&audit),
        };
        match &self.output {
            None => print(&content),
            Some(path) => std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?,
        }
        Ok(Exit::Clean)
    }
}
