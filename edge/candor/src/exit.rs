//! Exit statuses, the same for every command, and output to the terminal.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use audit::Audit;
use judge::{Severity, Verdict};

/// Exit status. Precedence: could not run, findings, saw too little, clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    Clean,
    Findings,
    CouldNotRun,
    SawTooLittle,
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> Self {
        match exit {
            ExitStatus::Clean => Self::SUCCESS,
            ExitStatus::Findings => Self::from(1),
            ExitStatus::CouldNotRun => Self::from(2),
            ExitStatus::SawTooLittle => Self::from(3),
        }
    }
}

impl ExitStatus {
    /// The status for the results of an audit.
    pub fn of(audit: &Audit, fail_on: Severity) -> Self {
        let broken = audit.verdicts.iter().any(|verdict| verdict.outcome.accuses());
        let found = audit.findings.iter().any(|finding| finding.severity >= fail_on);
        if broken || found {
            return Self::Findings;
        }
        let undecided = is_undecided(&audit.verdicts);
        let unread = audit.run.is_none() && (audit.coverage.read == 0 || !audit.gaps.is_empty());
        if undecided || unread { Self::SawTooLittle } else { Self::Clean }
    }

    /// The status with the higher precedence.
    pub fn and(self, other: Self) -> Self {
        [Self::CouldNotRun, Self::Findings, Self::SawTooLittle]
            .into_iter()
            .find(|exit| [self, other].contains(exit))
            .unwrap_or(Self::Clean)
    }
}

/// Whether too little was seen to say "clean": a verdict is undecided, or none
/// acquits. Vacuous and untestable verdicts, and those for an authority, do not count.
fn is_undecided(verdicts: &[Verdict]) -> bool {
    let acquitted = verdicts.is_empty() || verdicts.iter().any(|verdict| verdict.outcome.acquits());
    !acquitted || verdicts.iter().any(|verdict| verdict.outcome.is_undecided())
}

/// Prints one sentence on an error, with each cause once.
pub fn say(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    to_stderr(&format!("candor: {text}"));
}

static QUIET: AtomicBool = AtomicBool::new(false);

/// Whether [`talk`] prints nothing from now on.
pub fn be_quiet(quiet: bool) {
    QUIET.store(quiet, Relaxed);
}

/// Prints a message about progress to standard error.
pub fn talk(text: &str) {
    if !QUIET.load(Relaxed) {
        to_stderr(text);
    }
}

/// Ignores errors: a closed standard error must not end the program.
fn to_stderr(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints to standard output. Ignores errors, because the reader may have closed it.
pub fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use judge::Outcome::{self, *};
    use model::Run;

    use super::*;

    fn exit(outcomes: &[Outcome]) -> ExitStatus {
        let verdict = |outcome: &Outcome| Verdict {
            promise: "p".into(),
            sentence: judge::Sentence::default(),
            outcome: *outcome,
            because: String::new(),
            evidence: vec![],
            requests: vec![],
            visits: 30,
            told: 0,
            installs: 5,
            bound: None,
            bound_of_installs: None,
        };
        let verdicts = outcomes.iter().map(verdict).collect();
        ExitStatus::of(&Audit { run: Some(Run::default()), verdicts, ..Audit::default() }, Severity::High)
    }

    #[test]
    fn an_expectation_that_is_not_met_counts_like_a_promise_that_is_broken() {
        assert_eq!(exit(&[Kept, Broken]), ExitStatus::Findings);
        assert_eq!(exit(&[Kept, NotMet, Unclear]), ExitStatus::Findings);
    }

    #[test]
    fn what_can_say_nothing_neither_acquits_nor_accuses() {
        for nothing in [Vacuous, Untestable, ForAuthority] {
            assert_eq!(exit(&[nothing]), ExitStatus::SawTooLittle, "{}", nothing.word());
            assert_eq!(exit(&[nothing, Met]), ExitStatus::Clean, "{}", nothing.word());
            assert_eq!(exit(&[nothing, Kept, Untested]), ExitStatus::SawTooLittle, "{}", nothing.word());
        }
        assert_eq!(exit(&[Vacuous, Untested, Unclear]), ExitStatus::SawTooLittle);
    }
}
