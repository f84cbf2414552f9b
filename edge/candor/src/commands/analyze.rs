//! `candor analyze`: look into captures made elsewhere.

use std::{path::PathBuf, thread};

use anyhow::{Context, Result, bail};
use audit::{Audit, AuditOptions, Auditor};
use judge::Severity;
use model::Canary;

use crate::{
    canaries, captures,
    exit::{ExitStatus, print, talk},
    render, written_file,
};

/// Look into captures made elsewhere: packets with keys, HAR, mitmproxy flows, Candor's evidence
///
/// Every request is opened layer by layer, and every value in it is held
/// against what was planted, in plain or as a digest. A folder stands for all
/// captures below it.
#[derive(Debug, clap::Args)]
pub struct AnalyzeArgs {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Values to look for: TOML or JSON with a list `canary` or `canaries` of {id, kind, value}
    #[arg(long, value_name = "FILE")]
    canaries: Vec<PathBuf>,
    /// TLS secrets that open captures of packets (SSLKEYLOGFILE); those beside a capture are found
    #[arg(long, value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// How to render what was found
    #[arg(long, default_value = "text", value_parser = render::formats())]
    format: String,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also look for digests that were made with this salt
    #[arg(long, value_name = "TEXT")]
    salt: Vec<String>,
    /// Also report what only has the shape of personal data: addresses, numbers, positions
    #[arg(long)]
    patterns: bool,
    #[command(flatten)]
    known: super::KnowledgeArgs,
    /// Exit with 1 at findings of this severity: info, low, medium, high, critical
    #[arg(long, default_value = "high", value_parser = super::audit::severity)]
    fail_on: Severity,
    /// Exit with 0 whatever is found, for pipelines that read 1 as a crash
    #[arg(long)]
    exit_zero: bool,
    /// Threads that look at requests; as many as there are cores
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

impl AnalyzeArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let sources = captures::sources(&self.captures)?;
        let canaries = self.planted()?;
        let key_log = self.keys.iter().map(|path| captures::keys::read(path)).collect::<Result<Vec<_>>>()?.join(&b'\n');
        let knowledge = self.known.read()?;
        canaries::check(&canaries, &knowledge.kinds)?;
        let salts = self.salt.iter().map(|salt| salt.clone().into_bytes()).collect();
        let mut auditor =
            Auditor::new(&knowledge, AuditOptions { patterns: self.patterns, salts, ..AuditOptions::default() });
        let mut exit = ExitStatus::Clean;
        for canary in &canaries {
            if let Err(refused) = auditor.canary(canary) {
                talk(&format!("candor: {refused}; it is not looked for"));
                exit = ExitStatus::SawTooLittle;
            }
        }
        let jobs = self.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
        let unread = captures::look(&sources, &mut auditor, jobs, &key_log);
        let audit = auditor.finish();
        let named = unread.iter().any(|unread| unread.named);
        for unread in unread.iter().filter(|unread| unread.named || !audit.captures.is_empty()) {
            talk(&format!("candor: {}", unread.says));
        }
        if audit.captures.is_empty() {
            if !named {
                bail!("none of the {} files is a capture", sources.len());
            }
            return Ok(ExitStatus::CouldNotRun);
        }
        self.report(&audit)?;
        exit = exit.and(ExitStatus::of(&audit, self.fail_on));
        if self.exit_zero {
            exit = ExitStatus::Clean;
        }
        Ok(if named { ExitStatus::CouldNotRun } else { exit })
    }

    fn planted(&self) -> Result<Vec<Canary>> {
        let mut planted: Vec<Canary> = Vec::new();
        for path in &self.canaries {
            for canary in canaries::read(path)? {
                if planted.iter().any(|known| known.id == canary.id) {
                    bail!("two canaries have the id {}: the second is in {}", canary.id, path.display());
                }
                planted.push(canary);
            }
        }
        Ok(planted)
    }

    fn report(&self, audit: &Audit) -> Result<()> {
        match &self.output {
            None => print(&render::to_stdout(audit, &self.format)),
            Some(path) => written_file::write(path, render::plain(audit, &self.format))
                .with_context(|| format!("cannot write {}", path.display()))?,
        }
        Ok(())
    }
}
