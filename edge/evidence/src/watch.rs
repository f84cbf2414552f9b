//! Checks that the evidence file is still at its path.
//!
//! SQLite continues to write into a deleted file, and commits succeed: at the
//! end the evidence would be gone. Therefore the file is checked with each
//! commit, and read once more when it is closed.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::{ChainHead, Error};

/// How long another program may lock the file.
const LOCKED: Duration = Duration::from_secs(5);

/// The first four bytes of a write-ahead log, without the bit for the byte
/// order of its checksums.
const LOG_MAGIC: u32 = 0x377f_0682;

/// A file that is being written, and its write-ahead log.
#[derive(Debug)]
pub(crate) struct FileWatch {
    path: PathBuf,
    wal: PathBuf,
    main: FileIdentity,
    /// None before the first commit.
    log: Option<FileIdentity>,
}

/// Identifies a file, and says how long it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
    length: u64,
}

impl FileIdentity {
    /// `None` if there is no file at this path.
    fn of(path: &Path) -> io::Result<Option<Self>> {
        match path.metadata() {
            // A file that is being deleted may still be found, but it has no
            // names left.
            Ok(about) if about.nlink() == 0 => Ok(None),
            Ok(about) => Ok(Some(Self { device: about.dev(), inode: about.ino(), length: about.len() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_same_file(self, other: Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl FileWatch {
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        // The path is made absolute, because the program may change its working
        // directory.
        let path = std::path::absolute(path)?;
        let main = FileIdentity::of(&path)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { wal: wal_of(&path), path, main, log: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How long the log was at the last check.
    pub(crate) fn log_length(&self) -> u64 {
        self.log.map_or(0, |log| log.length)
    }

    /// Must be called before and after each commit, with the head that is
    /// committed at that moment: a log that was truncated before the commit may
    /// be longer after it.
    pub(crate) fn look(&mut self, head: &ChainHead, seq: i64) -> Result<(), Error> {
        let main = self.identity(&self.path)?.ok_or_else(|| self.lost("was deleted or moved"))?;
        if !main.is_same_file(self.main) {
            return Err(self.lost("was replaced by another file"));
        }
        if main.length < self.main.length {
            return Err(self.lost("was cut short"));
        }
        let log = self.identity(&self.wal)?.ok_or_else(|| self.lost("was parted from its -wal"))?;
        let before = self.log.unwrap_or(log);
        if !log.is_same_file(before) {
            return Err(self.lost("was parted from its -wal"));
        }
        (self.main, self.log) = (main, Some(log));
        if log.length < before.length || log.length == 0 {
            // Another program may have run a checkpoint, which loses nothing.
            return self.look_inside(head, seq);
        }
        if self.has_log_header() { Ok(()) } else { Err(self.lost("was damaged by another program")) }
    }

    /// Checks the header of the log: if another program emptied the log, our
    /// next write leaves a hole at its start. (Closing the log here releases no
    /// SQLite lock, as SQLite holds none on it; the main file is opened only by
    /// SQLite.)
    fn has_log_header(&self) -> bool {
        let mut magic = [0; 4];
        let read = File::open(&self.wal).and_then(|mut log| log.read_exact(&mut magic));
        read.is_ok() && u32::from_be_bytes(magic) & !1 == LOG_MAGIC
    }

    /// Opens the file again, as a reader would, and looks for the last record.
    pub(crate) fn look_inside(&mut self, head: &ChainHead, seq: i64) -> Result<(), Error> {
        let link = || -> rusqlite::Result<Vec<u8>> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(LOCKED)?;
            connection.query_row("select link from record where seq = ?", [seq], |row| row.get(0))
        };
        match self.identity(&self.path)? {
            None => Err(self.lost("was deleted or moved")),
            Some(main) if !main.is_same_file(self.main) => Err(self.lost("was replaced by another file")),
            // Before the first record there is nothing to find.
            Some(_) if seq == 0 => Ok(()),
            Some(_) => match link() {
                Ok(link) if link == head.0 => Ok(()),
                Ok(_) | Err(_) => Err(self.lost("was damaged by another program")),
            },
        }
    }

    fn identity(&self, path: &Path) -> Result<Option<FileIdentity>, Error> {
        FileIdentity::of(path).map_err(|error| self.lost(&format!("can no longer be looked at ({error})")))
    }

    fn lost(&self, says: &str) -> Error {
        Error::Lost(self.path.clone(), says.into())
    }
}

/// The path of SQLite's write-ahead log.
pub(crate) fn wal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
