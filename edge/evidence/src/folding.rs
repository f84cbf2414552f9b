//! Folding the write-ahead log into the main file, beside the writer.
//!
//! A checkpoint waits until the disk has what it was given. The writer must
//! not: what is handed over meanwhile would be lost when the process is killed.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;

/// A thread that folds the log in when it is asked to.
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

    /// Asks for it; one that is under way is enough.
    pub(crate) fn ask(&self) {
        let _ = self.ask.try_send(());
    }

    /// Waits until it has the file no longer.
    pub(crate) fn end(self) {
        drop(self.ask);
        // One that panicked has it no longer either.
        let _ = self.thread.join();
    }
}

fn fold(connection: &Connection, asked: &Receiver<()>) {
    while asked.recv().is_ok() {
        // What somebody still reads stays in the log for the next time.
        let _ = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    }
}
