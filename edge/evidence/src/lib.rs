//! Evidence files: one SQLite file a run, sealed by a hash chain.
//!
//! A run is written while it happens, one record a row, and nothing is ever
//! changed: triggers refuse it, and every row carries a link that is the
//! SHA-256 of the link before it and of the row itself. Bodies lie in a table
//! of their own, once each, under their SHA-256, which the row names; so the
//! chain covers them too. The last link is the file's *head*: whoever kept it
//! can tell later that the file is the one sealed then.
//!
//! The file is for people as well: `sqlite3 run.candor 'select * from exchange'`.
#![forbid(unsafe_code)]

mod writer;

mod reader;

mod chain;

mod schema;

mod layout;

pub use chain::ChainHead;
pub use reader::{ChainState, Evidence, Verification};
pub use writer::{EvidenceSender, EvidenceWriter};

use std::path::PathBuf;

/// What can go wrong with a file of evidence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot create the evidence file {0}")]
    Create(PathBuf, #[source] rusqlite::Error),
    #[error("cannot open the evidence file {0}")]
    Open(PathBuf, #[source] rusqlite::Error),
    #[error("{0} is not a file of evidence that Candor wrote")]
    NotEvidence(PathBuf),
    #[error("{0} was written by a newer Candor (layout {1}, this one knows {2})")]
    TooNew(PathBuf, i64, i64),
    #[error("cannot write evidence")]
    Write(#[source] rusqlite::Error),
    #[error("cannot read evidence")]
    Read(#[source] rusqlite::Error),
    #[error("record {0} of the evidence cannot be read: {1}")]
    Record(u64, String),
    #[error("the evidence writer has stopped{0}")]
    Stopped(String),
}
