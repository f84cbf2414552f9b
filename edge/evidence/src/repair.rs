//! Making one file of those that a stopped writer left.
//!
//! A writer that was killed leaves the main file, its `-wal` and perhaps its
//! `-shm`. They are the evidence together; SQLite joins them by a checkpoint.
//! That changes files of evidence, so it is done only when it is asked for, only
//! to what is intact, and only while nobody else has it open.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use crate::{
    ChainState, Error, Evidence, Verification,
    reader::{LogState, distrust},
};

/// How long another program is waited for.
const LOCKED: Duration = Duration::from_secs(1);

/// What repairing a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Records and head are the same before and after.
    pub seen: Verification,
    pub did: RepairAct,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairAct {
    /// It was one file already.
    Nothing,
    /// The `-wal` beside it was folded in.
    JoinedWal,
    /// There was no `-wal`: what the main file holds is a file of its own now.
    WithoutWal,
}

/// Makes one file of a main file and what lies beside it.
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
    // Moves every page into the main file, and asks for it alone: it fails while anybody else has it open.
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
