//! Moves the write-ahead log into the main file (a checkpoint) in a thread of
//! its own.
//!
//! A checkpoint waits until the disk has written its data. The writer must not
//! wait: records that are handed over meanwhile would be lost when the process
//! is killed.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;

/// A thread that runs a checkpoint when the writer asks for it.
#[derive(Debug)]
pub(crate) struct LogFolding {
    ask: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl LogFolding {
    pub(crate) fn begin(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        let (ask, asked) = sync_channel(1);
        let thread = std::thread::Builder::new().name("evidence-log".into()).spawn(move || fold(&connection, &asked));
        let thread = thread.map_err(|_| rusqlite::Error::InvalidPath(path.into()))?;
        Ok(Self { ask, thread })
    }

    /// Asks for a checkpoint. If one is asked for already, nothing happens.
    pub(crate) fn ask(&self) {
        let _ = self.ask.try_send(());
    }

    /// Waits until the thread has closed the file.
    pub(crate) fn end(self) {
        drop(self.ask);
        // A thread that panicked has closed the file, too.
        let _ = self.thread.join();
    }
}

fn fold(connection: &Connection, asked: &Receiver<()>) {
    while asked.recv().is_ok() {
        // Pages that another connection still reads stay in the log until the
        // next checkpoint.
        let _ = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    }
}
