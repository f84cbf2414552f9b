//! Writing: one thread, fed through a bounded channel.
//!
//! Whoever captures waits when the disk is slow; nothing is dropped. Rows are
//! committed together, at the latest 200 ms after they came, so a killed
//! process loses at most that much.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use model::{CaptureEnd, Record};
use rusqlite::{Connection, OpenFlags, params};
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore, TryAcquireError,
    mpsc::{self, error::TryRecvError},
};

use crate::{
    Error,
    chain::{ChainHead, digest},
    layout, schema,
};

/// Records waiting to be written.
const QUEUE: usize = 4_096;
/// Kibibytes of bodies in them: memory is bounded whatever is captured.
const ROOM: usize = 24 << 10;

/// Rows that share a commit, at most, and for how long they may wait for it.
const ROWS: usize = 500;
const WAIT: Duration = Duration::from_millis(150);
/// How long the queue is left alone at a time.
const NAP: Duration = Duration::from_millis(4);

/// Digests of bodies that are remembered.
const REMEMBERED: usize = 16_384;

/// How long another program may have the file to itself.
const LOCKED: Duration = Duration::from_secs(5);

/// Bodies shorter than this are not worth compressing.
const WORTH_COMPRESSING: usize = 256;

/// The one writer of a file of evidence.
#[derive(Debug)]
pub struct EvidenceWriter {
    pen: EvidenceSender,
    thread: JoinHandle<Result<ChainHead, Error>>,
}

/// What capturers write with; as many as they like.
#[derive(Clone, Debug)]
pub struct EvidenceSender {
    records: mpsc::Sender<WriterOrder>,
    /// Kibibytes of bodies that may still be handed over.
    room: Arc<Semaphore>,
}

enum WriterOrder {
    /// A record, and the room that it takes until it is written.
    Write(Box<Record>, OwnedSemaphorePermit),
    /// Commit what there is, then answer.
    Settle(tokio::sync::oneshot::Sender<()>),
    End(CaptureEnd),
}

impl EvidenceWriter {
    /// Creates the file; one that is there already is refused.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let connection = create(path).map_err(|error| Error::Create(PathBuf::from(path), error))?;
        let (records, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("evidence".into())
            .spawn(move || {
                let ended = WriterThread::new(connection).work(queue);
                if let Err(error) = &ended {
                    let error: &dyn std::error::Error = error;
                    tracing::error!(error, "the evidence cannot be written any more");
                }
                ended
            })
            .map_err(|error| Error::Stopped(format!(": no thread for it ({error})")))?;
        Ok(Self { pen: EvidenceSender { records, room: Arc::new(Semaphore::new(ROOM)) }, thread })
    }

    pub fn pen(&self) -> EvidenceSender {
        self.pen.clone()
    }

    /// Writes the end and closes the file. Pens that are still held write no more.
    pub fn finish(self, end: CaptureEnd) -> Result<ChainHead, Error> {
        let sent = self.pen.records.blocking_send(WriterOrder::End(end));
        drop(self.pen);
        match self.thread.join() {
            Ok(head) => head,
            Err(_) => Err(Error::Stopped(if sent.is_err() { " before its end" } else { "" }.into())),
        }
    }
}

impl EvidenceSender {
    /// Hands a record over; waits while the queue is full.
    pub async fn write(&self, record: Record) -> Result<(), Error> {
        let room = Arc::clone(&self.room).acquire_many_owned(weight(&record)).await;
        let room = room.map_err(|_| Error::Stopped(String::new()))?;
        self.records.send(WriterOrder::Write(Box::new(record), room)).await.map_err(|_| Error::Stopped(String::new()))
    }

    /// The same from a thread that may block.
    pub fn write_blocking(&self, record: Record) -> Result<(), Error> {
        let room = loop {
            match Arc::clone(&self.room).try_acquire_many_owned(weight(&record)) {
                Ok(room) => break room,
                Err(TryAcquireError::NoPermits) => std::thread::sleep(NAP),
                Err(TryAcquireError::Closed) => return Err(Error::Stopped(String::new())),
            }
        };
        self.records
            .blocking_send(WriterOrder::Write(Box::new(record), room))
            .map_err(|_| Error::Stopped(String::new()))
    }

    /// Returns once everything written before is on the disk.
    pub async fn settle(&self) -> Result<(), Error> {
        let (done, settled) = tokio::sync::oneshot::channel();
        self.records.send(WriterOrder::Settle(done)).await.map_err(|_| Error::Stopped(String::new()))?;
        settled.await.map_err(|_| Error::Stopped(String::new()))
    }
}

/// Kibibytes of a record's bodies; one that is larger than all room takes all.
fn weight(record: &Record) -> u32 {
    let Record::Exchange(exchange) = record else { return 0 };
    let answer = exchange.response.as_ref().map_or(0, |answer| answer.body.bytes.len());
    let messages: usize = exchange.messages.iter().map(|message| message.body.bytes.len()).sum();
    let all = (exchange.request.body.bytes.len() + answer + messages) / 1024;
    u32::try_from(all.min(ROOM)).unwrap_or_default()
}

fn create(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite would open an old file and go on in it: evidence is never added to. Nor is
    // it made where a link leads that somebody else laid.
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(rusqlite::Error::InvalidPath(path.into()));
    }
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(LOCKED)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "application_id", layout::APPLICATION)?;
    connection.pragma_update(None, "user_version", layout::VERSION)?;
    connection.execute_batch(layout::TABLES)?;
    Ok(connection)
}

/// The writing thread's own state.
struct WriterThread {
    connection: Connection,
    head: ChainHead,
    seq: i64,
    open_rows: usize,
    opened: Instant,
    /// Bodies that are known to be in the file, so that it need not be asked.
    kept: HashSet<[u8; 32]>,
}

impl WriterThread {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            head: ChainHead::start(),
            seq: 0,
            open_rows: 0,
            opened: Instant::now(),
            kept: HashSet::new(),
        }
    }

    fn work(mut self, mut queue: mpsc::Receiver<WriterOrder>) -> Result<ChainHead, Error> {
        while let Some(order) = self.next(&mut queue)? {
            match order {
                WriterOrder::Write(record, _room) => self.write(&record).map_err(Error::Write)?,
                WriterOrder::Settle(done) => {
                    self.commit().map_err(Error::Write)?;
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
                WriterOrder::End(end) => {
                    self.write(&Record::End(end)).map_err(Error::Write)?;
                    break;
                }
            }
        }
        self.close()
    }

    /// The next order; commits while waiting for it. While there is something to
    /// commit the queue is looked at now and then: to be woken for each record
    /// would cost whoever captures more than writing it.
    fn next(&mut self, queue: &mut mpsc::Receiver<WriterOrder>) -> Result<Option<WriterOrder>, Error> {
        loop {
            match queue.try_recv() {
                Ok(order) => return Ok(Some(order)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            let left = WAIT.saturating_sub(self.opened.elapsed());
            if self.open_rows == 0 {
                return Ok(queue.blocking_recv());
            }
            if left.is_zero() {
                self.commit().map_err(Error::Write)?;
            } else {
                std::thread::sleep(left.min(NAP));
            }
        }
    }

    fn write(&mut self, record: &Record) -> rusqlite::Result<()> {
        if self.open_rows == 0 {
            // A transaction that became a writer's later would not wait for a lock.
            self.connection.execute_batch("begin immediate")?;
            self.opened = Instant::now();
        }
        let written = schema::write(record);
        for (digest, bytes) in &written.bodies {
            self.keep(digest, bytes)?;
        }
        self.head = self.head.then(written.kind, written.at.0, written.trial, &written.content);
        self.seq += 1;
        self.connection
            .prepare_cached("insert into record (seq, kind, at, trial, content, link) values (?, ?, ?, ?, ?, ?)")?
            .execute(params![self.seq, written.kind, written.at.0, written.trial, written.content, self.head.0])?;
        self.open_rows += 1;
        if self.open_rows >= ROWS || self.opened.elapsed() >= WAIT {
            self.commit()?;
        }
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
        Ok(())
    }

    fn commit(&mut self) -> rusqlite::Result<()> {
        if self.open_rows > 0 {
            self.connection.execute_batch("commit")?;
            self.open_rows = 0;
        }
        Ok(())
    }

    fn close(mut self) -> Result<ChainHead, Error> {
        self.commit().map_err(Error::Write)?;
        // One file to hand on, without a -wal beside it.
        self.connection.pragma_update(None, "journal_mode", "delete").map_err(Error::Write)?;
        Ok(self.head)
    }
}

/// The bytes of a stored body.
pub(crate) fn unpack(codec: &str, size: usize, content: Vec<u8>) -> Option<Vec<u8>> {
    match codec {
        "plain" => Some(content),
        "zstd" => zstd::bulk::decompress(&content, size).ok(),
        _ => None,
    }
}

/// Whether the bytes are those that the digest names.
pub(crate) fn is_body(name: &[u8], bytes: &[u8]) -> bool {
    name == digest(bytes)
}
