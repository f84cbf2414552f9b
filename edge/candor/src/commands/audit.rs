//! `candor audit`: the main job.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use audit::Options;
use experiment::{Ran, Wish, cell::Walls};
use judge::Severity;
use knowledge::{
    Knowledge,
    scenarios::Scenario,
    subjects::{Edition, Subject},
};

use crate::{
    exit::{Exit, print, talk},
    look,
    progress::Told,
    render,
};

/// Run the experiment on real browsers, judge the promises, write evidence and report
///
/// A subject is started in a network namespace of its own, from which nothing
/// leaves, used in normal and in private mode, and everything it sends is
/// recorded, opened and held against what was promised. Several subjects are
/// audited one after the other.
#[derive(Debug, clap::Args)]
pub struct Audit {
    /// What to audit: `chromium`, `reporting-browser@3.4.0` (see `candor list subjects`)
    #[arg(value_name = "SUBJECT[@EDITION]", default_value = "chromium")]
    subjects: Vec<String>,
    /// What to put it through (see `candor list scenarios`)
    #[arg(long, default_value = "quick")]
    scenario: String,
    /// Folder for evidence and reports
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Run this plan again: order and canaries follow from the seed
    #[arg(long)]
    seed: Option<u64>,
    /// Run every arm so many times
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
    /// Run on the host's own network; then bypasses are not seen and nothing can be called kept
    #[arg(long)]
    no_namespace: bool,
    /// Without a window: quicker, but nothing can be typed into the address bar
    #[arg(long)]
    headless: bool,
    #[command(flatten)]
    known: super::Known,
    /// Exit with 1 at findings of this severity: info, low, medium, high, critical
    #[arg(long, default_value = "high", value_parser = severity)]
    fail_on: Severity,
    /// Exit with 0 whatever is found, for pipelines that read 1 as a crash
    #[arg(long)]
    exit_zero: bool,
}

pub(super) fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word).ok_or_else(|| "one of info, low, medium, high, critical".into())
}

impl Audit {
    pub fn run(self) -> Result<Exit> {
        let knowledge = Arc::new(self.known.read()?);
        let scenario = scenario(&knowledge, &self.scenario)?;
        let wanted: Vec<(Subject, Option<Edition>)> =
            self.subjects.iter().map(|name| subject(&knowledge, name)).collect::<Result<_>>()?;
        folder(&self.out)?;
        let mut exit = Exit::Clean;
        let mut audits = Vec::new();
        for (subject, edition) in wanted {
            let audit = self.one(&knowledge, subject, edition, scenario.clone())?;
            exit = exit.and(Exit::of(&audit, self.fail_on));
            audits.push(audit);
        }
        print(&report::matrix(&audits));
        Ok(if self.exit_zero && exit != Exit::CouldNotRun { Exit::Clean } else { exit })
    }

    fn one(
        &self,
        knowledge: &Arc<Knowledge>,
        subject: Subject,
        edition: Option<Edition>,
        scenario: Scenario,
    ) -> Result<audit::Audit> {
        let name = match &edition {
            Some(edition) => format!("{}@{}", subject.name, edition.name),
            None => subject.name.clone(),
        };
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u64().context("the system has no random numbers for a seed")?,
        };
        let base = free(&self.out, &name);
        let evidence = base.with_extension("candor");
        talk(&format!("candor: auditing {name}, scenario {}, seed {seed}", scenario.name));
        let wish = Wish {
            knowledge: Arc::clone(knowledge),
            subject,
            edition,
            scenario,
            seed,
            repeat: self.repeat,
            walls: if self.no_namespace { Walls::None } else { Walls::Namespaces },
            window: !self.headless,
            evidence: evidence.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let ran = ran(wish)?;
        if let Some(why) = &ran.early {
            talk(&format!("candor: ended early ({why}); judging what there is"));
        }
        let audit = look::at_evidence(&evidence, knowledge, Options::default())?;
        print(&render::to_stdout(&audit, "text"));
        print(&report::combinations(&audit));
        for (extension, content) in [("html", report::html(&audit)), ("json", report::json(&audit))] {
            let path = base.with_extension(extension);
            std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
            talk(&format!("  {}", path.display()));
        }
        talk(&format!("  {}\n  head {}", evidence.display(), ran.head));
        Ok(audit)
    }
}

fn ran(wish: Wish) -> Result<Ran> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads for the run")?;
    let progress = Arc::new(Told::new());
    runtime.block_on(async {
        let stop = async {
            // Without signals there is no Ctrl-C to wait for; the run then goes to its end.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        Ok(experiment::conduct(wish, progress, stop).await?)
    })
}

fn scenario(knowledge: &Knowledge, name: &str) -> Result<Scenario> {
    let known: Vec<&str> = knowledge.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    match knowledge.scenarios.iter().find(|scenario| scenario.name == name) {
        Some(scenario) => Ok(scenario.clone()),
        None => bail!("no scenario is called {name}; there are {}", known.join(", ")),
    }
}

fn subject(knowledge: &Knowledge, wanted: &str) -> Result<(Subject, Option<Edition>)> {
    let (name, edition) = wanted.split_once('@').map_or((wanted, None), |(name, edition)| (name, Some(edition)));
    let Some(subject) = knowledge.subjects.iter().find(|subject| subject.name == name) else {
        let known: Vec<&str> = knowledge.subjects.iter().map(|subject| subject.name.as_str()).collect();
        bail!("no subject is called {name}; there are {}", known.join(", "));
    };
    let found = subject.edition(edition).cloned();
    if let (Some(edition), None) = (edition, &found) {
        let known: Vec<&str> = subject.editions.iter().map(|edition| edition.name.as_str()).collect();
        bail!("{name} has no edition {edition}; there are: {}", known.join(", "));
    }
    Ok((subject.clone(), found))
}

/// The folder for results, readable by its owner only: they hold what was captured.
fn folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let failed = || format!("cannot write to the folder {}: choose another with --out", path.display());
    if !path.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(failed)?;
    }
    let probe = path.join(format!(".candor-{}", std::process::id()));
    std::fs::write(&probe, b"").with_context(failed)?;
    std::fs::remove_file(&probe).with_context(failed)?;
    if std::fs::metadata(path).with_context(failed)?.mode() & 0o007 != 0 {
        talk(&format!("candor: {} can be read by others on this machine", path.display()));
    }
    Ok(())
}

/// A name that no earlier run has used: `chromium-2026-11-22-2301`.
fn free(out: &Path, name: &str) -> PathBuf {
    let time = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    out.join(format!("{}-{time}", name.replace(['@', '.', '+', '/'], "-")))
}
