//! What is kept of traffic: requests that were stopped or that asked, for seven
//! days and not more than 100 MiB; of private mode nothing, and of what the
//! person entered nothing either.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use evidence::{Pen, Writer};
use guard::Decision;
use model::{Body, End, Exchange, Mode, Note, Record};

use crate::{Error, clock, event::is_entered, files};

const DAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const BYTES: u64 = 100 << 20;

/// One file of evidence, from start to end of the guard.
pub(crate) struct Kept {
    pen: Pen,
    path: PathBuf,
    writer: Writer,
}

impl Kept {
    /// Begins a file, and lets go of old ones.
    pub(crate) fn begin(folder: &Path) -> Result<Self, Error> {
        files::folder(folder)?;
        prune(folder)?;
        let path = folder.join(format!("guard-{}.candor", clock::wall().0));
        let writer = Writer::create(&path)?;
        Ok(Self { pen: writer.pen(), path, writer })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a request down, if it may be written.
    pub(crate) async fn exchange(&self, exchange: &Exchange, decision: &Decision) {
        if decision.mode != Mode::Normal {
            return;
        }
        let entered = decision.sightings.iter().any(|sighting| is_entered(sighting.canary.as_deref()));
        let exchange = if entered { bare(exchange) } else { exchange.clone() };
        self.write(Record::Exchange(Box::new(exchange))).await;
        self.note("guard", format!("{:?} {}", decision.verdict, decision.reason.word()).to_lowercase()).await;
    }

    /// Writes down what was changed; on the disk when this returns.
    pub(crate) async fn note(&self, code: &str, says: String) {
        let note = Note { trial: None, at: clock::wall(), code: code.into(), says, count: 1 };
        self.write(Record::Note(note)).await;
    }

    pub(crate) async fn settle(&self) {
        // A writer that has stopped is told to the person when it is finished.
        let _ = self.pen.settle().await;
    }

    async fn write(&self, record: Record) {
        let _ = self.pen.write(record).await;
    }

    /// Writes the end.
    pub(crate) fn finish(self) -> Result<(), Error> {
        self.writer.finish(End { at: clock::wall(), early: None })?;
        Ok(())
    }
}

/// The exchange without anything that could be what was entered.
fn bare(exchange: &Exchange) -> Exchange {
    let mut bare = exchange.clone();
    let request = &mut bare.request;
    request.url = format!("https://{}/", exchange.host());
    request.headers.clear();
    request.body = Body { bytes: [].into(), cut_from: Some(exchange.request.body.bytes.len() as u64) };
    bare.messages.clear();
    bare
}

/// Deletes files that are too old, and the oldest of those that are too many.
fn prune(folder: &Path) -> Result<(), Error> {
    let failed = |error| Error::Read(folder.into(), error);
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("guard-"));
        if ours && let Ok(about) = fs::metadata(&path) {
            all.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len(), path));
        }
    }
    all.sort();
    let mut total = 0;
    for (modified, length, path) in all.into_iter().rev() {
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
        made("guard-2.candor", 3, 90 << 20);
        made("guard-3.candor", 2, 20 << 20);
        made("mine.txt", 400, 1);
        prune(folder.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["guard-3.candor", "mine.txt"]);
    }
}
