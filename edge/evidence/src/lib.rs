//! Evidence files: one SQLite file for each run, sealed by a hash chain.
//!
//! Records are written during the run, one in each row, and are never changed:
//! triggers refuse changes, and every row carries a hash, the SHA-256 of the
//! previous row's hash and of the row itself. Bodies are stored once each in a
//! table of their own, under their SHA-256, which the row contains; so the
//! chain covers the bodies, too. The last hash is the file's *head*: a person
//! who kept the head can prove later that the file is unchanged.
//!
//! The file is also readable for people: `sqlite3 run.candor 'select * from
//! exchange'`.
#![forbid(unsafe_code)]

mod writer;

mod backlog;

mod watch;

mod folding;

mod reader;

mod repair;

mod chain;

mod schema;

mod layout;

pub use chain::ChainHead;
pub use reader::{ChainState, Evidence, Verification};
pub use repair::{Repair, RepairAct, repair};
pub use writer::{EvidenceSender, EvidenceWriter};

use std::path::{Path, PathBuf};

/// A file after its writer has closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFile {
    pub head: ChainHead,
    /// Another program was reading the file when it was closed, so part of the
    /// file is still in the `-wal` file beside it.
    pub needs_wal: bool,
}

impl SealedFile {
    /// A warning for a person who hands the file on.
    pub fn says(&self, path: &Path) -> Option<String> {
        let name = path.display();
        self.needs_wal.then(|| {
            format!(
                "another program has {name} open: {name} and {name}-wal are the evidence together, until `candor verify --repair {name}` makes one file of them"
            )
        })
    }
}

/// Errors of evidence files.
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
    #[error(
        "{0} is the main part of evidence whose writer was stopped, and {0}-wal, which holds the rest, is not beside it: bring that too, or, if there is none any more (another program may have folded it in), go on with what the main part holds by `candor verify --repair {0}`"
    )]
    WalMissing(PathBuf),
    #[error("{0} was changed: {1}")]
    Foreign(PathBuf, String),
    #[error("cannot write evidence")]
    Write(#[source] rusqlite::Error),
    #[error(
        "{path} could not be written any more ({says}); it holds {records} records up to the head {head}{}",
        if *.needs_wal { ", together with its -wal" } else { "" }
    )]
    WriteStopped { path: PathBuf, says: String, records: i64, head: ChainHead, needs_wal: bool },
    #[error("{0} {1} while it was written to: what was captured is not in it")]
    Lost(PathBuf, String),
    #[error("cannot read the evidence in {0}")]
    Read(PathBuf, #[source] rusqlite::Error),
    #[error("record {0} of the evidence cannot be read: {1}")]
    Record(u64, String),
    #[error("the evidence writer has stopped{0}")]
    Stopped(String),
    #[error("{0} cannot be repaired: {1}")]
    Repair(PathBuf, String),
}
