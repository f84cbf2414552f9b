//! Errors of a run.

use std::io;

use crate::rpc::CallError;

/// Variants are named after the act that failed; the text gives a next step where one is known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no right to make a network namespace: run Candor as root (sudo), or add --no-namespace; \
         then traffic past the proxy is not seen, and nothing can be called kept"
    )]
    NoRightToIsolate(#[source] io::Error),
    #[error("`{program}` is missing: install the Debian package {package}")]
    Missing { program: String, package: &'static str },
    #[error("could not make the namespace ready: {0}")]
    Prepare(String),
    #[error("could not open a socket for {what}")]
    Bind { what: &'static str, source: io::Error },
    #[error("the namespace has ended")]
    CellGone,
    #[error("could not start {program}")]
    Start { program: String, source: io::Error },
    #[error("{program} ended at its start, saying: {says}")]
    EndedEarly { program: String, says: String },
    #[error("{0} ended by itself, or its driver lost it")]
    Lost(String),
    #[error("could not write {path} for the subject")]
    Write { path: String, source: io::Error },
    #[error("could not read {path} of the subject")]
    Read { path: String, source: io::Error },
    #[error("{program} refused: {says}")]
    Refused { program: String, says: String },
    #[error("{program} did not end within {seconds} s")]
    TooSlow { program: String, seconds: u64 },
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("{0} has no page to act on")]
    NoPage(&'static str),
    #[error("the browser would run without its sandbox: {0}")]
    NoSandbox(String),
    #[error("no {what} to be found in the page")]
    NotInPage { what: String },
    #[error("{subject} is not here (tried {tried}): install the Debian package {package}, or name its program")]
    NoSubject { subject: String, tried: String, package: String },
    #[error(transparent)]
    Evidence(#[from] evidence::Error),
    #[error(transparent)]
    Proxy(#[from] proxy::Error),
    #[error("what is used by the driver {0:?} is not started as a program on this machine")]
    NotABrowser(&'static str),
    #[error("an internal error in {what}; please report it")]
    Panicked { what: &'static str },
    #[error("{driver} cannot {act}")]
    Cannot { driver: &'static str, act: &'static str },
    #[error(transparent)]
    Adb(#[from] adb::Error),
    #[error("no display: {0}")]
    Display(String),
}

impl Error {
    /// The error for a log, without the subject's output, which may repeat its input.
    pub fn without_quotes(&self) -> String {
        match self {
            Self::EndedEarly { program, .. } => {
                format!("{program} ended at its start; what it said is in the evidence")
            }
            Self::Refused { program, .. } => format!("{program} refused; what it said is in the evidence"),
            Self::NotInPage { .. } => "something that was to be used was not in the page".into(),
            Self::Call(CallError::Refused { method, .. }) => format!("the browser refused {method}"),
            other => other.to_string(),
        }
    }

    /// Whether every trial would fail in the same way, so that a retry is useless.
    pub fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::NoRightToIsolate(_)
                | Self::Missing { .. }
                | Self::NoSubject { .. }
                | Self::NoSandbox(_)
                | Self::NotABrowser(_)
                | Self::Evidence(_)
        )
    }
}
