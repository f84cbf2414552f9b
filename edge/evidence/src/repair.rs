//! Joins the files of a writer that was stopped.
//!
//! A writer that was killed leaves the main file, its `-wal` and perhaps its
//! `-shm`. Together they are the evidence; SQLite joins them by a checkpoint.
//! This changes files of evidence, so it is done only when the user asks for
//! it, only if the evidence is intact, and only while no other program has the
//! file open.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use crate::{
    ChainState, Error, Evidence, Verification,
    reader::{LogState, distrust},
};

/// How long to wait for another program's lock.
const LOCKED: Duration = Duration::from_secs(1);

/// The result of repairing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The same number of records and the same head before and after the
    /// repair.
    pub seen: Verification,
    pub did: RepairAct,
}

/// What the repair did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairAct {
    /// Nothing: the evidence was one file already.
    Nothing,
    /// It moved the `-wal` file into the main file.
    JoinedWal,
    /// There was no `-wal` file: the main file alone is now the evidence.
    WithoutWal,
}

/// Joins a main file and its `-wal` file.
pub fn repair(path: &Path) -> Result<Repair, Error> {
    let failed = |says: String| Error::Repair(path.into(), says);
    let evidence = Evidence::open_main(path)?;
    let seen = evidence.verify()?;
    if let ChainState::Changed { .. } = seen.state {
        return Err(failed(format!("it was changed: {}", seen.state.change().unwrap_or_default())));
    }
    let did = match evidence.log {
        LogState::Joined => return Ok(Repair { seen, did: RepairAct::Nothing }),
        LogState::Beside => RepairAct::JoinedWal,
        LogState::Absent => RepairAct::WithoutWal,
    };
    drop(evidence);
    join(path).map_err(|error| failed(of_the_join(&error)))?;
    let after = Evidence::open_main(path)?.verify()?;
    if after != seen {
        return Err(failed("it does not hold the same after that".into()));
    }
    Ok(Repair { seen, did })
}

fn join(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    distrust(&connection, path)?;
    connection.busy_timeout(LOCKED)?;
    // Moves every page into the main file and locks it exclusively: fails while
    // any other program has it open.
    connection.pragma_update(None, "journal_mode", "delete")?;
    Ok(())
}

fn of_the_join(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(error, _) if error.code == rusqlite::ErrorCode::DatabaseBusy => {
            "another program has it open, or still writes it: end that first".into()
        }
        error => error.to_string(),
    }
}
