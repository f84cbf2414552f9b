//! Errors of the guard's own files.

use std::{io, path::PathBuf};

/// The operation that failed, and its file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot make the folder {0}")]
    Folder(PathBuf, #[source] io::Error),
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] io::Error),
    #[error("cannot write {0}")]
    Write(PathBuf, #[source] io::Error),
    #[error("{0} cannot be used: {1}")]
    Bad(PathBuf, String),
    #[error("this machine gives no random numbers")]
    Random,
    #[error("the guard's evidence")]
    Evidence(#[from] evidence::Error),
}

impl Error {
    /// The error and its causes, on one line.
    pub fn with_cause(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.fold(self.to_string(), |says, cause| format!("{says}: {cause}"))
    }
}
