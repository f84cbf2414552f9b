//! Writes an evidence file: one thread, which gets its records through a
//! channel.
//!
//! If the disk is slow, the capture waits; no record is dropped. Rows are
//! committed together, a few milliseconds after they arrive, and the backlog is
//! so small that a killed process loses only the last finished exchanges.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use model::{CaptureEnd, Record, Time};
use rusqlite::{Connection, OpenFlags, params};
use tokio::sync::{
    OwnedSemaphorePermit, TryAcquireError,
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use crate::{
    Error, SealedFile,
    backlog::{Backlog, weight},
    chain::ChainHead,
    folding::LogFolding,
    layout, schema,
    watch::FileWatch,
};

/// How long a row may wait for others to share its commit.
const WAIT: Duration = Duration::from_millis(20);
/// The most rows that share a commit.
const ROWS: usize = 500;
/// A checkpoint runs after the log has grown by this many bytes.
const LOGGED: usize = 16 << 20;
/// If the log is longer than this, the writer runs the checkpoint itself, and
/// records have to wait.
const LONG: u64 = 512 << 20;
/// A row changes one or two pages of its table.
const PAGE: usize = 4096;
/// How long the writer sleeps before it looks at the queue again.
const NAP: Duration = Duration::from_millis(4);

/// How many digests of stored bodies are remembered.
const REMEMBERED: usize = 16_384;

/// How long another program may lock the file.
const LOCKED: Duration = Duration::from_secs(5);
/// How long to wait for readers at the end.
const READ: Duration = Duration::from_secs(1);

/// Bodies shorter than this are not worth compressing.
const WORTH_COMPRESSING: usize = 256;

/// The only writer of an evidence file.
#[derive(Debug)]
pub struct EvidenceWriter {
    pen: EvidenceSender,
    thread: JoinHandle<Result<SealedFile, Error>>,
}

/// Hands records to the writer; it can be cloned freely.
#[derive(Clone, Debug)]
pub struct EvidenceSender {
    records: mpsc::UnboundedSender<WriterOrder>,
    backlog: Backlog,
}

/// The channel needs no bound: each record carries its share of the bounded
/// backlog.
enum WriterOrder {
    Write(Box<Record>, OwnedSemaphorePermit),
    /// Commit all rows, then answer.
    Settle(oneshot::Sender<()>),
    End(CaptureEnd),
}

impl EvidenceWriter {
    /// Creates the file; fails if the path exists.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Create(PathBuf::from(path), error);
        let connection = create(path).map_err(failed)?;
        let watch = FileWatch::begin(path).map_err(|_| failed(rusqlite::Error::InvalidPath(path.into())))?;
        let folding = LogFolding::begin(path).map_err(failed)?;
        let (records, queue) = mpsc::unbounded_channel();
        let backlog = Backlog::default();
        let desk = WriterThread::new(connection, watch, folding, backlog.clone());
        let thread = std::thread::Builder::new()
            .name("evidence".into())
            .spawn(move || {
                let ended = desk.work(queue);
                if let Err(error) = &ended {
                    let error: &dyn std::error::Error = error;
                    tracing::error!(error, "the evidence cannot be written any more");
                }
                ended
            })
            .map_err(|error| Error::Stopped(format!(": no thread for it ({error})")))?;
        Ok(Self { pen: EvidenceSender { records, backlog }, thread })
    }

    pub fn pen(&self) -> EvidenceSender {
        self.pen.clone()
    }

    /// Writes the end record and closes the file. Senders that still exist
    /// cannot write any more.
    pub fn finish(self, end: CaptureEnd) -> Result<SealedFile, Error> {
        let sent = self.pen.records.send(WriterOrder::End(end));
        drop(self.pen);
        match self.thread.join() {
            Ok(sealed) => sealed,
            Err(_) => Err(Error::Stopped(if sent.is_err() { " before its end" } else { "" }.into())),
        }
    }
}

impl EvidenceSender {
    /// Hands over a record; waits while the backlog is full.
    pub async fn write(&self, record: Record) -> Result<(), Error> {
        let room = tokio::select! {
            biased;
            room = self.backlog.room(weight(&record)) => room,
            // A stopped writer frees no room, so waiting would never end.
            () = self.records.closed() => return Err(stopped()),
        };
        self.hand_over(record, room)
    }

    /// The same as [`Self::write`], for a thread that may block.
    pub fn write_blocking(&self, record: Record) -> Result<(), Error> {
        let room = loop {
            match self.backlog.try_room(weight(&record)) {
                Ok(room) => break room,
                Err(TryAcquireError::NoPermits) if !self.is_stopped() => std::thread::sleep(NAP),
                Err(_) => return Err(stopped()),
            }
        };
        self.hand_over(record, room)
    }

    fn hand_over(&self, record: Record, room: OwnedSemaphorePermit) -> Result<(), Error> {
        self.records.send(WriterOrder::Write(Box::new(record), room)).map_err(|_| stopped())
    }

    /// Returns when every record handed over before is committed.
    pub async fn settle(&self) -> Result<(), Error> {
        let (done, settled) = oneshot::channel();
        self.records.send(WriterOrder::Settle(done)).map_err(|_| stopped())?;
        settled.await.map_err(|_| stopped())
    }

    /// Whether the writer has stopped; [`EvidenceWriter::finish`] gives the
    /// reason.
    pub fn is_stopped(&self) -> bool {
        self.records.is_closed()
    }

    /// Returns when the writer has stopped.
    pub async fn stopped(&self) {
        self.records.closed().await;
    }
}

fn stopped() -> Error {
    Error::Stopped(String::new())
}

fn create(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite would open an existing file and append to it, but evidence must
    // never be appended to. A symbolic link is refused, too: another user may
    // have created it.
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(rusqlite::Error::InvalidPath(path.into()));
    }
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(LOCKED)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // These values are written into the main file, so that it can be identified
    // without its log.
    connection.pragma_update(None, "application_id", layout::APPLICATION)?;
    connection.pragma_update(None, "user_version", layout::VERSION)?;
    connection.execute_batch(&format!("begin immediate; {} commit;", layout::TABLES))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // The writer checks each commit before it asks for a checkpoint.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // The first commit waits for the disk: it happens here, before any record
    // is waiting.
    connection.pragma_update(None, "user_version", layout::VERSION)?;
    Ok(connection)
}

/// A position in the chain.
#[derive(Clone, Copy)]
struct ChainPosition {
    head: ChainHead,
    seq: i64,
}

/// The state of the writing thread.
struct WriterThread {
    connection: Connection,
    watch: FileWatch,
    folding: LogFolding,
    backlog: Backlog,
    written: ChainPosition,
    committed: ChainPosition,
    /// The backlog's room for rows that are not committed yet.
    open: Option<OwnedSemaphorePermit>,
    open_rows: usize,
    opened: Instant,
    /// About how many bytes the log has grown since the last checkpoint.
    logged: usize,
    /// How long writing the uncommitted rows took.
    busy: Duration,
    last: Time,
    /// Digests of bodies that are in the file, so that SQLite need not be
    /// queried.
    kept: HashSet<[u8; 32]>,
}

impl WriterThread {
    fn new(connection: Connection, watch: FileWatch, folding: LogFolding, backlog: Backlog) -> Self {
        let start = ChainPosition { head: ChainHead::start(), seq: 0 };
        Self {
            connection,
            watch,
            folding,
            backlog,
            written: start,
            committed: start,
            open: None,
            open_rows: 0,
            opened: Instant::now(),
            logged: 0,
            busy: Duration::ZERO,
            last: Time(0),
            kept: HashSet::new(),
        }
    }

    fn work(mut self, queue: mpsc::UnboundedReceiver<WriterOrder>) -> Result<SealedFile, Error> {
        match self.take_all(queue) {
            Ok(()) => self.close(),
            Err(error) => Err(self.give_up(error)),
        }
    }

    fn take_all(&mut self, mut queue: mpsc::UnboundedReceiver<WriterOrder>) -> Result<(), Error> {
        while let Some(order) = self.next(&mut queue)? {
            match order {
                WriterOrder::Write(record, room) => self.take(&record, room)?,
                WriterOrder::Settle(done) => {
                    self.commit()?;
                    // The caller may have stopped waiting.
                    let _ = done.send(());
                }
                WriterOrder::End(end) => {
                    self.write(&Record::End(end)).map_err(Error::Write)?;
                    break;
                }
            }
        }
        self.commit()
    }

    /// The next order; commits while it waits. While there are uncommitted
    /// rows, it polls the queue: a wake-up for each record would cost the
    /// capture more than the write itself.
    fn next(&mut self, queue: &mut mpsc::UnboundedReceiver<WriterOrder>) -> Result<Option<WriterOrder>, Error> {
        loop {
            match queue.try_recv() {
                Ok(order) => return Ok(Some(order)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            if self.open_rows == 0 {
                return Ok(queue.blocking_recv());
            }
            let left = WAIT.saturating_sub(self.opened.elapsed());
            // Only a commit frees room in the backlog.
            if left.is_zero() || self.backlog.is_tight() {
                self.commit()?;
            } else {
                std::thread::sleep(left.min(NAP));
            }
        }
    }

    fn take(&mut self, record: &Record, room: OwnedSemaphorePermit) -> Result<(), Error> {
        let began = Instant::now();
        self.write(record).map_err(Error::Write)?;
        self.busy += began.elapsed();
        match &mut self.open {
            Some(open) => open.merge(room),
            none => *none = Some(room),
        }
        let is_due = self.open_rows >= ROWS || self.opened.elapsed() >= WAIT || self.backlog.is_tight();
        if is_due { self.commit() } else { Ok(()) }
    }

    fn write(&mut self, record: &Record) -> rusqlite::Result<()> {
        if self.open_rows == 0 {
            // A transaction that becomes a write transaction later would not
            // wait for a lock.
            self.connection.execute_batch("begin immediate")?;
            self.opened = Instant::now();
        }
        self.open_rows += 1;
        self.logged += 2 * PAGE;
        let written = schema::write(record);
        for (digest, bytes) in &written.bodies {
            self.keep(digest, bytes)?;
        }
        let ChainPosition { head, seq } = self.written;
        let head = head.then(written.kind, written.at.0, written.trial, &written.content);
        self.connection
            .prepare_cached("insert into record (seq, kind, at, trial, content, link) values (?, ?, ?, ?, ?, ?)")?
            .execute(params![seq + 1, written.kind, written.at.0, written.trial, written.content, head.0])?;
        (self.written, self.last) = (ChainPosition { head, seq: seq + 1 }, written.at);
        Ok(())
    }

    fn keep(&mut self, digest: &[u8; 32], bytes: &[u8]) -> rusqlite::Result<()> {
        if self.kept.len() >= REMEMBERED {
            self.kept.clear();
        }
        if !self.kept.insert(*digest) {
            return Ok(());
        }
        let known = self.connection.prepare_cached("select 1 from body where digest = ?")?.exists(params![digest])?;
        if known {
            return Ok(());
        }
        let packed = (bytes.len() >= WORTH_COMPRESSING)
            .then(|| zstd::bulk::compress(bytes, 1).ok())
            .flatten()
            .filter(|packed| packed.len() < bytes.len());
        let (codec, content) = packed.as_deref().map_or(("plain", bytes), |packed| ("zstd", packed));
        self.connection
            .prepare_cached("insert into body (digest, size, codec, content) values (?, ?, ?, ?)")?
            .execute(params![digest, bytes.len(), codec, content])?;
        self.logged += PAGE + content.len();
        Ok(())
    }

    /// Commits, and checks that the file is still at its path.
    fn commit(&mut self) -> Result<(), Error> {
        if self.open_rows == 0 {
            return Ok(());
        }
        let began = Instant::now();
        if self.committed.seq > 0 {
            self.watch.look(&self.committed.head, self.committed.seq)?;
        }
        self.connection.execute_batch("commit").map_err(Error::Write)?;
        self.committed = self.written;
        self.watch.look(&self.committed.head, self.committed.seq)?;
        self.fold();
        let room = self.open.take();
        self.backlog.committed(room.as_ref(), self.busy + began.elapsed());
        (self.open_rows, self.busy) = (0, Duration::ZERO);
        Ok(())
    }

    /// Closes the file after an error, and says how many records it contains.
    fn give_up(mut self, error: Error) -> Error {
        let Error::Write(cause) = error else { return error };
        let says = cause.to_string();
        // Each of these steps may fail, too: the disk is full, gone, or locked
        // by another program.
        let _ = self.connection.busy_timeout(READ);
        let _ = self.connection.execute_batch("rollback");
        (self.written, self.open_rows) = (self.committed, 0);
        let end =
            CaptureEnd { at: self.last, early: Some(format!("the evidence could not be written any more: {says}")) };
        if self.write(&Record::End(end)).is_err() || self.commit().is_err() {
            let _ = self.connection.execute_batch("rollback");
        }
        let (path, ChainPosition { head, seq }) = (self.watch.path().to_owned(), self.committed);
        self.folding.end();
        let needs_wal = fold_in(&self.connection);
        Error::WriteStopped { path, says, records: seq, head, needs_wal }
    }

    fn fold(&mut self) {
        if self.watch.log_length() > LONG && self.logged > LOGGED {
            // SQLite restarts a log only when all of it is moved to the main
            // file, which never happens while new rows arrive.
            let _ = self.connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
            self.logged = 0;
        } else if self.logged > LOGGED {
            self.folding.ask();
            self.logged = 0;
        }
    }

    fn close(self) -> Result<SealedFile, Error> {
        let Self { connection, mut watch, committed, folding, .. } = self;
        folding.end();
        let needs_wal = fold_in(&connection);
        drop(connection);
        watch.look_inside(&committed.head, committed.seq)?;
        Ok(SealedFile { head: committed.head, needs_wal })
    }
}

/// Joins the file and its `-wal`. True: the `-wal` must stay, because another
/// program reads the file.
fn fold_in(connection: &Connection) -> bool {
    let waits = connection.busy_timeout(READ);
    let is_whole = |how: &str| {
        let frames = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let frames = connection.query_row(&format!("pragma wal_checkpoint({how})"), [], frames);
        // A checkpoint that was given up reports -1 frames.
        frames.is_ok_and(|(all, moved)| all >= 0 && all == moved)
    };
    // While another program reads an old state, the log cannot be truncated,
    // but a passive checkpoint may still move all of it.
    let whole = is_whole("truncate") || is_whole("passive");
    // The journal mode cannot change while another program has the file open;
    // that alone loses nothing.
    let _ = waits.and_then(|()| connection.pragma_update(None, "journal_mode", "delete"));
    !whole
}
