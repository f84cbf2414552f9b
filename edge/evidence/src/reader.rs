//! Reads and verifies evidence files.
//!
//! A file may come from anybody. Therefore the schema is compared with ours
//! before any query, and no length in the file is trusted: SQLite returns no
//! value that is longer than the file, and no body is decompressed beyond the
//! size that a writer would have kept.

use std::{
    fs::File,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{Record, Time};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, config::DbConfig, limits::Limit, params};

use crate::{ChainHead, Error, chain, layout, schema, watch::wal_of};

/// An evidence file, opened for reading.
#[derive(Debug)]
pub struct Evidence {
    path: PathBuf,
    connection: Connection,
    /// How its schema differs from ours, if it does.
    foreign: Option<String>,
    pub(crate) log: LogState,
}

/// Where the latest records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogState {
    /// In the main file, as its writer closed it.
    Joined,
    /// In the `-wal` file beside it.
    Beside,
    /// In a `-wal` file that is missing or empty, if there were any.
    Absent,
}

/// The result of verifying the hash chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub records: u64,
    /// The last valid hash of the chain.
    pub head: ChainHead,
    pub state: ChainState,
    /// Whether the file contains the end of the run. If not, the run was cut
    /// off.
    pub ended: bool,
    /// Why the run ended early, if it did.
    pub early: Option<String>,
}

/// Whether the file is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainState {
    Intact,
    /// The first changed record, and the reason. The number is 0 if the change
    /// is in the schema and not in a record.
    Changed {
        record: u64,
        says: String,
    },
}

impl ChainState {
    /// What was changed, and in which record.
    pub fn change(&self) -> Option<String> {
        match self {
            Self::Intact => None,
            Self::Changed { record: 0, says } => Some(says.clone()),
            Self::Changed { record, says } => Some(format!("at record {record}, {says}")),
        }
    }
}

/// One row of the records, as stored in the file.
struct RecordRow {
    seq: u64,
    kind: String,
    at: i64,
    trial: Option<u32>,
    content: String,
    link: Vec<u8>,
}

const RECORDS: &str = "select seq, kind, at, trial, content, link from main.record order by seq";

impl RecordRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            kind: row.get(1)?,
            at: row.get(2)?,
            trial: row.get(3)?,
            content: row.get(4)?,
            link: row.get(5)?,
        })
    }
}

impl Evidence {
    /// Opens a file without changing it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let evidence = Self::open_main(path)?;
        if evidence.log == LogState::Absent && evidence.is_open_ended()? {
            return Err(Error::WalMissing(path.into()));
        }
        Ok(evidence)
    }

    /// The same as [`Self::open`], even if the `-wal` file is missing.
    pub(crate) fn open_main(path: &Path) -> Result<Self, Error> {
        // Opening a pipe or a device could block for ever.
        if path.metadata().is_ok_and(|about| !about.is_file()) {
            return Err(Error::NotEvidence(path.into()));
        }
        let failed = |error| Error::Open(PathBuf::from(path), error);
        let log = wal_of(path).metadata().map(|about| about.len()).ok();
        let is_alone = log.is_none() && expects_log(path);
        let connection = if is_alone { open_alone(path) } else { open_beside(path) }.map_err(failed)?;
        distrust(&connection, path).map_err(failed)?;
        let application: i64 = match connection.pragma_query_value(None, "application_id", |row| row.get(0)) {
            Ok(application) => application,
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.code == ErrorCode::NotADatabase => 0,
            Err(error) => return Err(failed(error)),
        };
        if application != layout::APPLICATION {
            return Err(not_evidence(path, &connection, is_alone));
        }
        let read = |error| Error::Read(PathBuf::from(path), error);
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(read)?;
        if version > layout::VERSION {
            return Err(Error::TooNew(path.into(), version, layout::VERSION));
        }
        let foreign = layout::foreign(&connection).map_err(read)?;
        let log = match log {
            _ if is_alone => LogState::Absent,
            _ if !is_in_wal_mode(&connection) => LogState::Joined,
            Some(1..) => LogState::Beside,
            _ => LogState::Absent,
        };
        Ok(Self { path: path.into(), connection, foreign, log })
    }

    /// Whether the writer wrote no end record.
    fn is_open_ended(&self) -> Result<bool, Error> {
        if self.foreign.is_some() {
            return Ok(false);
        }
        let last = "select kind = 'end' from main.record order by seq desc limit 1";
        match self.connection.query_row(last, [], |row| row.get::<_, bool>(0)) {
            Ok(is_end) => Ok(!is_end),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(true),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Writes the present content into a new file while another process may
    /// still write this one. Records and hashes are the same.
    pub fn copy_into(&self, path: &Path) -> Result<(), Error> {
        self.is_ours()?;
        self.connection
            .execute("vacuum into ?1", [path.to_string_lossy()])
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// Whether these first bytes of a file are those of an SQLite file.
    pub fn looks_like(head: &[u8]) -> bool {
        head.starts_with(b"SQLite format 3\0")
    }

    /// Passes every record in order to `each`. Exchanges are numbered from 0.
    pub fn records(&self, mut each: impl FnMut(Record)) -> Result<(), Error> {
        self.is_ours()?;
        let mut exchanges = 0;
        let mut last = 0;
        self.rows(|row| {
            let row = row.map_err(|error| self.failed(error))?;
            // In a hostile file, pages that refer to each other in a circle
            // would give rows without end.
            if row.seq <= last {
                return Err(Error::Record(row.seq, "stands twice".into()));
            }
            last = row.seq;
            let mut record = self.record(&row).map_err(|says| Error::Record(row.seq, says))?;
            if let Record::Exchange(exchange) = &mut record {
                exchange.index = exchanges;
                exchanges += 1;
            }
            each(record);
            Ok(true)
        })
    }

    /// Checks the schema, then the chain from its start, and every body against
    /// its digest.
    pub fn verify(&self) -> Result<Verification, Error> {
        let mut seen =
            Verification { records: 0, head: ChainHead::start(), state: ChainState::Intact, ended: false, early: None };
        if let Some(says) = &self.foreign {
            seen.state = ChainState::Changed { record: 0, says: says.clone() };
            return Ok(seen);
        }
        self.rows(|row| {
            let changed = |says: &str| ChainState::Changed { record: seen.records + 1, says: says.into() };
            let row = match row {
                Ok(row) => row,
                Err(error) if is_of_the_file(&error) => {
                    seen.state = changed("the file holds something else than a record");
                    return Ok(false);
                }
                Err(error) => return Err(self.failed(error)),
            };
            let next = seen.head.then(&row.kind, row.at, row.trial, &row.content);
            if row.seq != seen.records + 1 {
                seen.state = changed("a record is missing here");
            } else if next.0 != row.link.as_slice() {
                seen.state = changed("what it says is not what was sealed");
            } else {
                (seen.head, seen.records, seen.ended) = (next, row.seq, row.kind == "end");
                match self.record(&row) {
                    Ok(Record::End(end)) => seen.early = end.early,
                    Ok(_) => seen.early = None,
                    Err(says) => seen.state = ChainState::Changed { record: row.seq, says },
                }
            }
            Ok(seen.state == ChainState::Intact)
        })?;
        if seen.state == ChainState::Intact
            && let Some(says) = self.changed_body()?
        {
            seen.state = ChainState::Changed { record: seen.records, says };
        }
        Ok(seen)
    }

    /// Passes rows to `each` until it returns that it has enough.
    fn rows(&self, mut each: impl FnMut(rusqlite::Result<RecordRow>) -> Result<bool, Error>) -> Result<(), Error> {
        let failed = |error| self.failed(error);
        let mut statement = self.connection.prepare(RECORDS).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        loop {
            let row = match rows.next() {
                Ok(None) => return Ok(()),
                Ok(Some(row)) => RecordRow::read(row),
                Err(error) => Err(error),
            };
            let is_last = row.is_err();
            if !each(row)? || is_last {
                return Ok(());
            }
        }
    }

    fn record(&self, row: &RecordRow) -> Result<Record, String> {
        if row.content.len() > layout::MOST_OF_A_RECORD {
            return Err("is longer than Candor writes any".into());
        }
        let mut room = layout::MOST_OF_BODIES;
        schema::read(&row.kind, Time(row.at), row.trial, &row.content, &mut |name| {
            let bytes = self.body(name)?;
            room = room.checked_sub(bytes.len()).ok_or("has more in its bodies than Candor writes")?;
            Ok(bytes)
        })
    }

    /// Checks every stored body against its digest. The chain covers only the
    /// bodies that records refer to, so the others must be checked here.
    fn changed_body(&self) -> Result<Option<String>, Error> {
        let failed = |error| self.failed(error);
        let mut statement =
            self.connection.prepare("select digest, size, codec, content from main.body").map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut last: Option<Vec<u8>> = None;
        loop {
            let row = match rows.next() {
                Ok(None) => return Ok(None),
                Ok(Some(row)) => row.get::<_, Vec<u8>>(0).and_then(|name| Ok((name, StoredBody::read(row, 1)?))),
                Err(error) => Err(error),
            };
            let is_sound = match row {
                // Rows must come in the order of their digests, each once.
                Ok((name, body)) if last.as_ref().is_none_or(|last| *last < name) => {
                    let is_sound = body.unpack(&name).is_ok();
                    last = Some(name);
                    is_sound
                }
                Ok(_) => false,
                Err(error) if is_of_the_file(&error) => false,
                Err(error) => return Err(failed(error)),
            };
            if !is_sound {
                return Ok(Some("a body is not the one that was sealed".into()));
            }
        }
    }

    /// The bytes of the body with this digest.
    fn body(&self, name: &str) -> Result<Arc<[u8]>, String> {
        let digest = chain::from_hex(name).ok_or("names a body by no SHA-256")?;
        let absent = || "names a body that is not in the file".to_owned();
        let mut statement = self
            .connection
            .prepare_cached("select size, codec, content from main.body where digest = ?")
            .map_err(|_| absent())?;
        let body = statement.query_row(params![digest], |row| StoredBody::read(row, 0)).map_err(|_| absent())?;
        body.unpack(&digest).map(Into::into)
    }

    fn is_ours(&self) -> Result<(), Error> {
        match &self.foreign {
            None => Ok(()),
            Some(says) => Err(Error::Foreign(self.path.clone(), says.clone())),
        }
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        Error::Read(self.path.clone(), error)
    }
}

/// A body as stored in the file.
struct StoredBody {
    size: i64,
    codec: String,
    content: Vec<u8>,
}

impl StoredBody {
    /// Reads three columns, starting with `first`.
    fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self { size: row.get(first)?, codec: row.get(first + 1)?, content: row.get(first + 2)? })
    }

    /// The decompressed bytes, if they match this digest.
    fn unpack(self, digest: &[u8]) -> Result<Vec<u8>, String> {
        let size = usize::try_from(self.size).ok().filter(|size| *size <= layout::MOST_OF_A_BODY);
        let size = size.ok_or("names a body of a size that Candor does not write")?;
        let bytes = match self.codec.as_str() {
            "plain" => Some(self.content),
            "zstd" => zstd::bulk::decompress(&self.content, size).ok(),
            _ => None,
        };
        let is_it = |bytes: &Vec<u8>| bytes.len() == size && digest == chain::digest(bytes);
        bytes.filter(is_it).ok_or_else(|| "names a body that is not the one that was sealed".into())
    }
}

/// Treats the file as untrusted: SQLite runs no code from it, and returns no
/// value that is longer than the file.
pub(crate) fn distrust(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    let length = |path: &Path| path.metadata().map_or(0, |about| about.len());
    let longest = (length(path) + length(&wal_of(path))).clamp(1 << 20, 2 * layout::MOST_OF_A_RECORD as u64);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(longest).unwrap_or(i32::MAX))?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "memory")
}

/// Whether an error is caused by the content of the file, and not by reading
/// it.
fn is_of_the_file(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => {
            matches!(error.code, ErrorCode::DatabaseCorrupt | ErrorCode::TooBig | ErrorCode::NotADatabase)
        }
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

const READ: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn open_beside(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, READ)
}

/// Opens a file without its log. SQLite would otherwise create an empty log,
/// but reading must not change anything.
fn open_alone(path: &Path) -> rusqlite::Result<Connection> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut address = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => address.push(char::from(*byte)),
            other => address.push_str(&format!("%{other:02x}")),
        }
    }
    Connection::open_with_flags(address + "?immutable=1", READ | OpenFlags::SQLITE_OPEN_URI)
}

/// Whether the file's header says that a log exists. Only called if there is no
/// log, because then this process does not write the file: closing a file
/// releases all locks that SQLite holds on it in this process.
fn expects_log(path: &Path) -> bool {
    let mut head = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && Evidence::looks_like(&head) && head[18] == 2
}

fn is_in_wal_mode(connection: &Connection) -> bool {
    let mode: rusqlite::Result<String> = connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
    mode.is_ok_and(|mode| mode == "wal")
}

/// The error for a file without our schema. A main file without any table may
/// be evidence of an older Candor that lost its `-wal` before the first
/// checkpoint.
fn not_evidence(path: &Path, connection: &Connection, is_alone: bool) -> Error {
    let objects = connection.query_row("select count(*) from main.sqlite_schema", [], |row| row.get::<_, i64>(0));
    if is_alone && objects == Ok(0) {
        return Error::WalMissing(path.into());
    }
    Error::NotEvidence(path.into())
}
