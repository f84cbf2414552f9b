//! `candor audit`: the main job.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use audit::AuditOptions;
use experiment::{RunOutcome, RunRequest, cell::CellIsolation};
use judge::Severity;
use knowledge::{
    Knowledge,
    scenarios::Scenario,
    subjects::{SubjectDriver, SubjectEdition, SubjectSpec},
};
use model::SubjectOrigin;

use crate::{
    evidence_audit,
    exit::{ExitStatus, print, talk},
    guiding::PhoneEntry,
    live::{phone_session::PhoneSession, stopping},
    logging::RunLog,
    named,
    progress::ProgressPrinter,
    render, written_file,
};

/// Run the experiment on real browsers, judge the promises, write evidence and report
///
/// A subject is started in a network namespace of its own, from which nothing
/// leaves, used in normal and in private mode, and everything it sends is
/// recorded, opened and held against what was promised. Several subjects are
/// audited one after the other.
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    /// What to audit: `chromium`, `reporting-browser@3.4.0` (see `candor list subjects`), the path of a browser of the
    /// Chromium or Firefox family, or `android:PACKAGE`, an app of the phone on the cable; `chromium` if nothing is named
    #[arg(value_name = "SUBJECT[@EDITION]")]
    subjects: Vec<String>,
    /// Audit any browser by its command line: `{url}` stands for the first page, `{profile}` for a fresh folder
    #[arg(long, value_name = "LINE", conflicts_with = "subjects")]
    command: Option<String>,
    /// With --command: what makes it start in private mode
    #[arg(long, value_name = "FLAG", requires = "command", conflicts_with = "subjects", allow_hyphen_values = true)]
    private_flag: Vec<String>,
    /// With --command: the keys that lead to its address bar, by their X names
    #[arg(
        long,
        value_name = "KEYS",
        requires = "command",
        conflicts_with = "subjects",
        value_delimiter = ',',
        default_value = "ctrl+l"
    )]
    address_keys: Vec<String>,
    /// What to put it through (see `candor list scenarios`); `quick` if nothing is named
    #[arg(long)]
    scenario: Option<String>,
    /// Stay no longer than so many seconds at any step: a shorter run of a long scenario
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    longest_stay: Option<u32>,
    /// Folder for evidence and reports
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Run this plan again: order and canaries follow from the seed
    #[arg(long)]
    seed: Option<u64>,
    /// Run every arm so many times
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
    /// Run a program on this machine's own network; then bypasses are not seen and nothing can be called kept
    #[arg(long)]
    no_namespace: bool,
    /// Run Chromium, Firefox and their kin without a window: quicker, but nothing can be typed into the address bar
    #[arg(long)]
    headless: bool,
    /// Let an `android:` app forget everything it holds before each trial: tabs, logins and downloads of yours too
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    guiding: PhoneEntry,
    #[command(flatten)]
    known: super::KnowledgeArgs,
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

impl AuditArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let knowledge = Arc::new(self.known.read()?);
        let wanted: Vec<(SubjectSpec, Option<SubjectEdition>)> = self.wanted(&knowledge)?;
        for (subject, _) in &wanted {
            self.guiding.fits(&subject.name, subject.driver)?;
        }
        self.fits(&wanted)?;
        let scenarios: Vec<Scenario> =
            wanted.iter().map(|(subject, _)| self.scenario_of(&knowledge, subject)).collect::<Result<_>>()?;
        folder(&self.out)?;
        let mut exit = ExitStatus::Clean;
        let mut audits = Vec::new();
        for ((subject, edition), scenario) in wanted.into_iter().zip(scenarios) {
            let audit = self.one(&knowledge, subject, edition, scenario)?;
            exit = exit.and(ExitStatus::of(&audit, self.fail_on));
            audits.push(audit);
        }
        print(&report::matrix(&audits));
        Ok(if self.exit_zero && exit != ExitStatus::CouldNotRun { ExitStatus::Clean } else { exit })
    }

    /// Refuses options that would have no effect on any of the subjects.
    fn fits(&self, wanted: &[(SubjectSpec, Option<SubjectEdition>)]) -> Result<()> {
        let any = |is: fn(SubjectDriver) -> bool| wanted.iter().any(|(subject, _)| is(subject.driver));
        if self.clear && !any(|driver| driver == SubjectDriver::Android) {
            bail!(
                "--clear is for apps on a phone (android:PACKAGE), which keep their data otherwise; \
                 what runs on this machine begins with none, and what a phone by hand forgets is up to its owner"
            );
        }
        if self.no_namespace && !any(SubjectDriver::is_program_here) {
            bail!("--no-namespace is for programs on this machine; a phone is outside of every namespace here anyway");
        }
        if self.headless && !any(SubjectDriver::is_remote_control) {
            bail!("--headless is for browsers of the Chromium and Firefox families on this machine");
        }
        Ok(())
    }

    fn wanted(&self, knowledge: &Knowledge) -> Result<Vec<(SubjectSpec, Option<SubjectEdition>)>> {
        if let Some(line) = &self.command {
            let by_line = named::by_line(line, &self.private_flag, &self.address_keys)?;
            return Ok(vec![(by_line, None)]);
        }
        let nobody = ["chromium".to_owned()];
        let names = if self.subjects.is_empty() { &nobody } else { self.subjects.as_slice() };
        names.iter().map(|name| named::subject(knowledge, name)).collect()
    }

    fn scenario_of(&self, knowledge: &Knowledge, subject: &SubjectSpec) -> Result<Scenario> {
        let name = self.scenario.as_deref().or(subject.scenario.as_deref()).unwrap_or("quick");
        let mut scenario = scenario(knowledge, name)?;
        if let Some(longest) = self.longest_stay.map(f64::from) {
            for step in scenario.arms.iter_mut().flat_map(|arm| &mut arm.steps) {
                step.stay = step.stay.map(|stay| stay.min(longest));
            }
        }
        Ok(scenario)
    }

    fn one(
        &self,
        knowledge: &Arc<Knowledge>,
        subject: SubjectSpec,
        edition: Option<SubjectEdition>,
        scenario: Scenario,
    ) -> Result<audit::Audit> {
        let name = match &edition {
            Some(edition) => format!("{}@{}", subject.name, edition.name),
            None => subject.name.clone(),
        };
        let cable = match SubjectOrigin::of(&subject.name) {
            SubjectOrigin::App(package) => Some(PhoneSession::connect(package, self.clear)?),
            _ => None,
        };
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u64().context("the system has no random numbers for a seed")?,
        };
        let base = free(&self.out, &name);
        let evidence = base.with_extension("candor");
        let log = RunLog::open(&base.with_extension("log"))?;
        talk(&format!("candor: auditing {name}, scenario {}, seed {seed}", scenario.name));
        let by_hand = self.guiding.guided;
        let wish = RunRequest {
            knowledge: Arc::clone(knowledge),
            subject,
            edition,
            scenario,
            seed,
            repeat: self.repeat,
            app: cable.as_ref().map(|cable| cable.app.clone()),
            walls: if self.no_namespace || by_hand || cable.is_some() {
                CellIsolation::None
            } else {
                CellIsolation::Namespaces
            },
            window: by_hand || !self.headless && cable.is_none(),
            conditions: self
                .longest_stay
                .map(|longest| format!("no step was longer than {longest} s"))
                .into_iter()
                .collect(),
            evidence: evidence.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let ran = if by_hand { self.guiding.run(wish) } else { ran(wish) };
        // Undone even after a failed run: the phone must trust only what it trusted before.
        let undone = cable.map_or(Ok(()), PhoneSession::end);
        if let Err(error) = &undone {
            tracing::error!(%error, "what was changed on the phone was not undone");
        }
        let ran = ran.with_context(|| format!("what was done until then stands in {}", log.path().display()))?;
        undone?;
        if let Some(why) = &ran.early {
            talk(&format!("candor: ended early ({why}); judging what there is"));
        }
        let audit = evidence_audit::at_evidence(&evidence, knowledge, AuditOptions::default())?;
        print(&render::to_stdout(&audit, "text"));
        for (extension, content) in [("html", report::html(&audit)), ("json", report::json(&audit))] {
            let path = base.with_extension(extension);
            written_file::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
            talk(&format!("  {}", path.display()));
        }
        talk(&format!("  {}\n  {}\n  head {}", log.path().display(), evidence.display(), ran.sealed.head));
        if let Some(says) = ran.sealed.says(&evidence) {
            talk(&format!("  {says}"));
        }
        Ok(audit)
    }
}

fn ran(wish: RunRequest) -> Result<RunOutcome> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads for the run")?;
    let progress = Arc::new(ProgressPrinter::new());
    Ok(runtime.block_on(async {
        stopping::survive_full_files();
        experiment::conduct(wish, progress, stopping::asked()).await
    })?)
}

fn scenario(knowledge: &Knowledge, name: &str) -> Result<Scenario> {
    let known: Vec<&str> = knowledge.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    match knowledge.scenarios.iter().find(|scenario| scenario.name == name) {
        Some(scenario) => Ok(scenario.clone()),
        None => bail!("no scenario is called {name}; there are {}", known.join(", ")),
    }
}

/// Creates the folder for results, readable only by its owner: they contain captured traffic.
fn folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let failed = || format!("cannot write to the folder {}: choose another with --out", path.display());
    if !path.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(failed)?;
    }
    let probe = path.join(format!(".candor-{}", std::process::id()));
    written_file::write(&probe, b"").with_context(failed)?;
    std::fs::remove_file(&probe).with_context(failed)?;
    if std::fs::metadata(path).with_context(failed)?.mode() & 0o007 != 0 {
        talk(&format!("candor: {} can be read by others on this machine", path.display()));
    }
    Ok(())
}

/// A name with the present time, which no earlier run has used: `chromium-2026-11-22-230145`.
fn free(out: &Path, name: &str) -> PathBuf {
    let time = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    let name = name.replace(['@', '.', '+', '/', ' ', ':'], "-");
    out.join(format!("{}-{time}", name.trim_matches('-')))
}
