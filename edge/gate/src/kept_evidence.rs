//! Keeps the requests that the guard stopped or showed, for seven days and up
//! to 100 MiB. Nothing is kept of private mode or of values that the user
//! entered.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};

use evidence::{EvidenceSender, EvidenceWriter};
use guard::{Decision, GuardAction};
use model::{AnsweredBy, Body, CaptureEnd, Exchange, Mode, Note, NoteCode, Record, Response};

use crate::{Error, clock, event::is_entered, files};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A file whose last write is this old may contain records that are a day
/// older.
const DAYS: Duration = Duration::from_secs(6 * 24 * 60 * 60);
const BYTES: u64 = 100 << 20;
/// A file is full after this many bytes; the space above is reserved for the
/// file being written.
const PART: u64 = 8 << 20;

/// One evidence file; the next one follows when this one is full or a day old.
pub(crate) struct KeptEvidence {
    pen: EvidenceSender,
    path: PathBuf,
    writer: EvidenceWriter,
    begun: Instant,
    /// Bytes of bodies and heads before compression.
    written: AtomicU64,
}

impl KeptEvidence {
    /// Creates a new file, and deletes old ones.
    pub(crate) fn begin(folder: &Path) -> Result<Self, Error> {
        files::folder(folder)?;
        prune(folder, None)?;
        let path = free(folder);
        let writer = EvidenceWriter::create(&path)?;
        Ok(Self { pen: writer.pen(), path, writer, begun: Instant::now(), written: AtomicU64::new(0) })
    }

    /// Whether a new file is needed: this one is full, old, or cannot be
    /// written any more.
    pub(crate) fn is_over(&self) -> bool {
        self.written.load(Ordering::Relaxed) > PART || self.begun.elapsed() > DAY || self.pen.is_stopped()
    }

    /// Deletes old files while this one is being written.
    pub(crate) fn prune(&self) -> Result<(), Error> {
        self.path.parent().map_or(Ok(()), |folder| prune(folder, Some(&self.path)))
    }

    /// All evidence files, the newest first.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        let entries = self.path.parent().and_then(|folder| fs::read_dir(folder).ok());
        let mut all: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        all.retain(|path| is_ours(path) && path.extension().is_some_and(|ending| ending == "candor"));
        all.sort_by(|a, b| b.cmp(a));
        all
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records a request, unless its mode is private or unknown.
    pub(crate) async fn exchange(&self, exchange: &Exchange, decision: &Decision) {
        if decision.mode != Mode::Normal {
            return;
        }
        self.written.fetch_add(size(exchange), Ordering::Relaxed);
        let entered = decision.sightings.iter().any(|sighting| is_entered(sighting.canary.as_deref()));
        let mut exchange = if entered { bare(exchange) } else { exchange.clone() };
        if decision.verdict != GuardAction::Pass {
            exchange.response = Some(not_sent(decision.verdict));
        }
        self.write(Record::Exchange(Box::new(exchange))).await;
        self.note(NoteCode::Guard, format!("{:?} {}", decision.verdict, decision.reason.word()).to_lowercase()).await;
    }

    /// Records a change; it is committed when this returns.
    pub(crate) async fn note(&self, code: NoteCode, says: String) {
        let note = Note { trial: None, at: clock::wall(), code, says, count: 1 };
        self.write(Record::Note(note)).await;
    }

    pub(crate) async fn settle(&self) {
        // A stopped writer returns its error from `finish`, and the user sees
        // it then.
        let _ = self.pen.settle().await;
    }

    async fn write(&self, record: Record) {
        let _ = self.pen.write(record).await;
    }

    /// Writes the end record.
    pub(crate) fn finish(self) -> Result<(), Error> {
        self.writer.finish(CaptureEnd { at: clock::wall(), early: None })?;
        Ok(())
    }
}

/// The recorded response of a request that was not sent to a server.
fn not_sent(verdict: GuardAction) -> Response {
    // Status 0 stands for no status, as in HAR.
    let status = if verdict == GuardAction::Absorb { 200 } else { 0 };
    Response { status, version: "HTTP/1.1".into(), headers: Vec::new(), body: Body::default(), by: AnsweredBy::Guard }
}

/// The exchange without any part that could contain an entered value.
fn bare(exchange: &Exchange) -> Exchange {
    let mut bare = exchange.clone();
    let request = &mut bare.request;
    request.url = format!("https://{}/", exchange.host());
    request.headers.clear();
    request.body = Body { bytes: [].into(), cut_from: Some(exchange.request.body.bytes.len() as u64) };
    bare.messages.clear();
    bare
}

/// The approximate size of a request in bytes.
fn size(exchange: &Exchange) -> u64 {
    let bodies = exchange.messages.iter().map(|message| message.body.bytes.len()).sum::<usize>();
    (exchange.request.body.bytes.len() + bodies + exchange.request.url.len() + 1_024) as u64
}

/// A file name that does not exist yet.
fn free(folder: &Path) -> PathBuf {
    let start = clock::wall().0;
    let named = |number| folder.join(format!("guard-{number}.candor"));
    (start..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(start))
}

fn is_ours(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("guard-"))
}

/// Deletes the files that are too old, and the oldest ones above the size
/// limit; never the current file or the files that belong to it.
fn prune(folder: &Path, current: Option<&Path>) -> Result<(), Error> {
    let failed = |error| Error::Read(folder.into(), error);
    let is_current = |path: &Path| {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        current.and_then(name).is_some_and(|own| name(path).is_some_and(|other| other.starts_with(&own)))
    };
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_ours(&path)
            && let Ok(about) = fs::metadata(&path)
        {
            all.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len(), path));
        }
    }
    all.sort();
    // Reserves space for the file that is being written.
    let mut total = 2 * PART;
    for (modified, length, path) in all.into_iter().rev().filter(|(_, _, path)| !is_current(path)) {
        total += length;
        let old = modified.elapsed().is_ok_and(|age| age > DAYS);
        if old || total > BYTES {
            fs::remove_file(&path).map_err(|error| Error::Write(path, error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_too_much_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str, days: u64, length: u64| {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_len(length).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
        };
        made("guard-1.candor", 8, 1);
        made("guard-2.candor", 3, 70 << 20);
        made("guard-3.candor", 2, 20 << 20);
        made("mine.txt", 400, 1);
        prune(folder.path(), None).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["guard-3.candor", "mine.txt"]);
    }

    #[test]
    fn the_file_that_is_written_to_stays_whatever_the_others_are() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["guard-1.candor", "guard-1.candor-wal", "guard-2.candor"] {
            fs::File::create(folder.path().join(name)).unwrap().set_len(200 << 20).unwrap();
        }
        prune(folder.path(), Some(&folder.path().join("guard-1.candor"))).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["guard-1.candor", "guard-1.candor-wal"]);
    }
}
