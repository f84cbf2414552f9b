//! Reading and verifying.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{Record, Time};
use rusqlite::{Connection, OpenFlags, params};

use crate::{
    ChainHead, Error, layout, schema,
    writer::{is_body, unpack},
};

/// A file of evidence, opened to be read.
#[derive(Debug)]
pub struct Evidence {
    connection: Connection,
}

/// What a look at the chain gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub records: u64,
    /// The last link that holds.
    pub head: ChainHead,
    pub state: ChainState,
    /// Whether the run wrote its own end; if not it was cut off.
    pub ended: bool,
}

/// Whether the file is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainState {
    Intact,
    /// From this record on something was changed; why we think so.
    Changed {
        record: u64,
        says: String,
    },
}

impl Evidence {
    /// Opens a file without changing it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Open(PathBuf::from(path), error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let application: i64 = match connection.pragma_query_value(None, "application_id", |row| row.get(0)) {
            Ok(application) => application,
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.code == rusqlite::ErrorCode::NotADatabase => 0,
            Err(error) => return Err(failed(error)),
        };
        if application != layout::APPLICATION {
            return Err(Error::NotEvidence(path.into()));
        }
        let version: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(Error::Read)?;
        if version > layout::VERSION {
            return Err(Error::TooNew(path.into(), version, layout::VERSION));
        }
        Ok(Self { connection })
    }

    /// Writes what is in it now into a file of its own, while somebody else may
    /// go on writing this one. Records and links are the same.
    pub fn copy_into(&self, path: &Path) -> Result<(), Error> {
        self.connection.execute("vacuum into ?1", [path.to_string_lossy()]).map_err(Error::Read)?;
        Ok(())
    }

    /// Whether the bytes a file starts with are those of an SQLite file.
    pub fn looks_like(head: &[u8]) -> bool {
        head.starts_with(b"SQLite format 3\0")
    }

    /// Gives every record in order. Exchanges are numbered from 0.
    pub fn records(&self, mut each: impl FnMut(Record)) -> Result<(), Error> {
        let mut statement = self
            .connection
            .prepare("select seq, kind, at, trial, content from record order by seq")
            .map_err(Error::Read)?;
        let mut rows = statement.query([]).map_err(Error::Read)?;
        let mut exchanges = 0;
        while let Some(row) = rows.next().map_err(Error::Read)? {
            let seq: u64 = row.get(0).map_err(Error::Read)?;
            let kind: String = row.get(1).map_err(Error::Read)?;
            let at: i64 = row.get(2).map_err(Error::Read)?;
            let trial: Option<u32> = row.get(3).map_err(Error::Read)?;
            let content: String = row.get(4).map_err(Error::Read)?;
            let mut record = schema::read(&kind, Time(at), trial, &content, &mut |name| self.body(name))
                .map_err(|says| Error::Record(seq, says))?;
            if let Record::Exchange(exchange) = &mut record {
                exchange.index = exchanges;
                exchanges += 1;
            }
            each(record);
        }
        Ok(())
    }

    /// Walks the chain from its start and holds every body against its name.
    pub fn verify(&self) -> Result<Verification, Error> {
        let mut head = ChainHead::start();
        let mut records = 0;
        let mut ended = false;
        let mut state = ChainState::Intact;
        let mut statement = self
            .connection
            .prepare("select seq, kind, content, link, at, trial from record order by seq")
            .map_err(Error::Read)?;
        let mut rows = statement.query([]).map_err(Error::Read)?;
        while let Some(row) = rows.next().map_err(Error::Read)? {
            let seq: u64 = row.get(0).map_err(Error::Read)?;
            let kind: String = row.get(1).map_err(Error::Read)?;
            let content: String = row.get(2).map_err(Error::Read)?;
            let link: Vec<u8> = row.get(3).map_err(Error::Read)?;
            let at: i64 = row.get(4).map_err(Error::Read)?;
            let trial: Option<u32> = row.get(5).map_err(Error::Read)?;
            let next = head.then(&kind, at, trial, &content);
            if seq != records + 1 {
                state = ChainState::Changed { record: records + 1, says: "a record is missing here".into() };
                break;
            }
            if next.0 != link.as_slice() {
                state = ChainState::Changed { record: seq, says: "what it says is not what was sealed".into() };
                break;
            }
            (head, records, ended) = (next, seq, kind == "end");
        }
        if state == ChainState::Intact
            && let Some(says) = self.changed_body()?
        {
            state = ChainState::Changed { record: records, says };
        }
        Ok(Verification { records, head, state, ended })
    }

    /// The chain names bodies by digest, so each body must be what its name
    /// says, and each one that is named must be there.
    fn changed_body(&self) -> Result<Option<String>, Error> {
        let mut statement =
            self.connection.prepare("select digest, size, codec, content from body").map_err(Error::Read)?;
        let mut rows = statement.query([]).map_err(Error::Read)?;
        while let Some(row) = rows.next().map_err(Error::Read)? {
            let name: Vec<u8> = row.get(0).map_err(Error::Read)?;
            let size: usize = row.get(1).map_err(Error::Read)?;
            let codec: String = row.get(2).map_err(Error::Read)?;
            let content: Vec<u8> = row.get(3).map_err(Error::Read)?;
            if !unpack(&codec, size, content).is_some_and(|bytes| is_body(&name, &bytes)) {
                return Ok(Some("a body is not the one that was sealed".into()));
            }
        }
        let mut missing = None;
        let each = self.records(|_| {});
        if let Err(Error::Record(seq, says)) = each {
            missing = Some(format!("record {seq} {says}"));
        } else {
            each?;
        }
        Ok(missing)
    }

    fn body(&self, name: &str) -> Option<Arc<[u8]>> {
        let digest: Vec<u8> = (0..name.len() / 2)
            .map(|i| u8::from_str_radix(name.get(i * 2..i * 2 + 2)?, 16).ok())
            .collect::<Option<_>>()?;
        let mut statement =
            self.connection.prepare_cached("select size, codec, content from body where digest = ?").ok()?;
        let (size, codec, content): (usize, String, Vec<u8>) =
            statement.query_row(params![digest], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).ok()?;
        unpack(&codec, size, content).map(Into::into)
    }
}
