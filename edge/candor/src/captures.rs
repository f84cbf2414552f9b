//! Reads captures, files and folders, into an audit, on every core.
//!
//! One thread reads the files in order and cuts them into requests. Workers inspect
//! the requests. The calling thread gives the results to the auditor in the order of
//! the files. A worker has at most `pipeline::AHEAD` batches in progress, so memory
//! use does not depend on the length of the files.

mod files;

pub mod keys;

mod pipeline;

use std::{
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use audit::{Auditor, CaptureSummary, InspectedExchange, Inspector};
use evidence::Evidence;
use formats::{CapturePiece, PieceItem};
use indicatif::ProgressBar;
use model::{Gap, GapReason, LayerPlace, Record, Trail};
use sha2::{Digest, Sha256};

pub use files::{InputFile, sources};

/// A file that could not be read, and a sentence that says so.
#[derive(Debug)]
pub struct UnreadFile {
    pub says: String,
    /// The person named this file. Other files were found in a folder.
    pub named: bool,
    /// The name without its folders and what is wrong with the file, for the report.
    file: String,
    is: String,
}

/// Reads captures in order, and returns the files that could not be read.
///
/// `key_log` holds TLS secrets for all captures; a log beside a capture is for this one.
pub fn look(sources: &[InputFile], auditor: &mut Auditor<'_>, jobs: usize, key_log: &[u8]) -> Vec<UnreadFile> {
    let bar = files::bar(sources);
    let inspector = auditor.inspector();
    let mut collector = CaptureCollector { auditor, unread: Vec::new() };
    let hand = || {
        let mut inspector = inspector.clone();
        move |step: ReadStep| step.work(&mut inspector)
    };
    pipeline::run(jobs, &mut |each| steps(sources, key_log, &bar, each), &hand, &mut |done| collector.take(done));
    bar.finish_and_clear();
    collector.unread
}

/// A step of reading the files, in order.
enum ReadStep {
    Begin(CaptureSummary),
    Piece(CapturePiece),
    End { format: &'static str, sha256: String },
    Evidence(PathBuf),
    Unread(UnreadFile),
}

/// The result of a step.
enum ReadResult {
    Looked(Vec<FoundCapture>),
    Other(ReadStep),
}

enum FoundCapture {
    Looked(Box<InspectedExchange>),
    Record(Record),
    Gap(Gap),
}

impl ReadStep {
    /// The bytes of this step, to limit the size of a batch.
    fn size(&self) -> usize {
        if let Self::Piece(piece) = self { piece.size() } else { 0 }
    }

    /// The work that does not depend on the order of steps.
    fn work(self, inspector: &mut Inspector) -> ReadResult {
        let Self::Piece(piece) = self else { return ReadResult::Other(self) };
        let mut found = Vec::new();
        piece.read(&mut |item| {
            found.push(match item {
                PieceItem::Record(Record::Exchange(exchange)) => {
                    FoundCapture::Looked(Box::new(inspector.inspect(*exchange)))
                }
                PieceItem::Record(record) => FoundCapture::Record(record),
                PieceItem::Gap(gap) => FoundCapture::Gap(gap),
            });
        });
        ReadResult::Looked(found)
    }
}

struct CaptureCollector<'c, 'k> {
    auditor: &'c mut Auditor<'k>,
    unread: Vec<UnreadFile>,
}

impl CaptureCollector<'_, '_> {
    fn take(&mut self, done: ReadResult) {
        match done {
            ReadResult::Looked(all) => all.into_iter().for_each(|found| match found {
                FoundCapture::Looked(looked) => self.auditor.looked(*looked),
                FoundCapture::Record(record) => self.auditor.push(record),
                FoundCapture::Gap(gap) => self.auditor.gap(gap),
            }),
            ReadResult::Other(ReadStep::Begin(capture)) => self.auditor.capture(capture),
            ReadResult::Other(ReadStep::End { format, sha256 }) => self.auditor.know(format, sha256),
            ReadResult::Other(ReadStep::Evidence(path)) => {
                if let Err(error) = evidence(&path, self.auditor) {
                    let (says, is) = (format!("{error:#}"), "is evidence that cannot be used".to_owned());
                    self.pass_by(UnreadFile { says, named: true, file: name(&path), is });
                }
            }
            ReadResult::Other(ReadStep::Unread(unread)) => self.pass_by(unread),
            ReadResult::Other(ReadStep::Piece(_)) => {}
        }
    }
}

impl CaptureCollector<'_, '_> {
    /// Records a gap for a file that was not read: its content is unknown.
    fn pass_by(&mut self, unread: UnreadFile) {
        let place = Trail::default().then("capture", LayerPlace::Whole);
        let says = format!("{} {}: it was not read", unread.file, unread.is);
        self.auditor.gap(Gap { exchange: None, place, why: GapReason::Unsupported, says });
        self.unread.push(unread);
    }
}

/// Verifies a file of Candor's own evidence, and gives its records to the auditor.
pub fn evidence(path: &Path, auditor: &mut Auditor<'_>) -> Result<()> {
    let evidence = Evidence::open(path)?;
    let verification = evidence.verify()?;
    if let Some(change) = verification.state.change() {
        anyhow::bail!("{} was changed after it was sealed: {change}", path.display());
    }
    if auditor.has_run() && is_experiment(&evidence)? {
        anyhow::bail!(
            "{} holds a second experiment, and two are not judged as one: look at it alone, or hold both side by side with `candor compare`",
            path.display()
        );
    }
    auditor.capture(CaptureSummary {
        source: name(path),
        format: "candor".into(),
        exchanges: 0,
        sha256: verification.head.to_string(),
    });
    evidence.records(|record| auditor.push(record)).with_context(|| format!("cannot read {}", path.display()))
}

fn is_experiment(evidence: &Evidence) -> Result<bool> {
    let mut is_run = false;
    evidence.records(|record| is_run |= matches!(record, Record::Run(_)))?;
    Ok(is_run)
}

fn steps(sources: &[InputFile], key_log: &[u8], bar: &ProgressBar, each: &mut dyn FnMut(ReadStep) -> ControlFlow<()>) {
    for source in files::once(sources) {
        bar.set_message(name(&source.path));
        let key_log = [key_log, &keys::beside(&source.path)].concat();
        if file(source, &key_log, bar, each).is_break() {
            return;
        }
    }
}

fn file(
    source: &InputFile,
    key_log: &[u8],
    bar: &ProgressBar,
    each: &mut dyn FnMut(ReadStep) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let unread = |is: String| {
        let (says, file) = (format!("{} {is}", source.path.display()), name(&source.path));
        ReadStep::Unread(UnreadFile { says, named: source.named, file, is })
    };
    let file = match open(&source.path) {
        Ok(file) => file,
        Err(error) => return each(unread(format!("cannot be read: {error}"))),
    };
    let mut hashed = HashedFile { file, hash: Sha256::new(), head: Vec::new(), bar };
    let mut begun = false;
    let begin = CaptureSummary { source: name(&source.path), ..CaptureSummary::default() };
    let format = formats::cut_with_keys(&mut hashed, key_log, &mut |piece| {
        if !begun {
            begun = true;
            each(ReadStep::Begin(begin.clone()))?;
        }
        each(ReadStep::Piece(piece))
    });
    let format = match format {
        Ok(format) => format,
        Err(_) if hashed.head.starts_with(b"SQLite format 3\0") => {
            return each(ReadStep::Evidence(source.path.clone()));
        }
        // A key log in a folder belongs to a capture beside it, and is no capture itself.
        Err(_) if !source.named && keys::is_key_log(&source.path) => return ControlFlow::Continue(()),
        // A file of canaries in a folder is no capture.
        Err(_) if !source.named && crate::canaries::read(&source.path).is_ok() => return ControlFlow::Continue(()),
        Err(refused) => return each(unread(refused.to_string())),
    };
    if !begun {
        each(ReadStep::Begin(begin))?;
    }
    each(ReadStep::End { format, sha256: hashed.finish() })
}

/// `-` is standard input.
fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if files::is_standard_input(path) { Ok(Box::new(io::stdin())) } else { Ok(Box::new(File::open(path)?)) }
}

fn name(path: &Path) -> String {
    if files::is_standard_input(path) {
        return "standard input".to_owned();
    }
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Computes the digest of a file while it is read.
struct HashedFile<'b> {
    file: Box<dyn Read>,
    hash: Sha256,
    /// The first bytes of the file, to recognise SQLite.
    head: Vec<u8>,
    bar: &'b ProgressBar,
}

impl HashedFile<'_> {
    /// Reads the rest of the file and returns the digest of the whole in hex.
    fn finish(mut self) -> String {
        let mut rest = vec![0; 1 << 16];
        while self.read(&mut rest).is_ok_and(|count| count > 0) {}
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Read for HashedFile<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.hash.update(&into[..count]);
        if self.head.len() < 16 {
            self.head.extend(&into[..count.min(16)]);
        }
        self.bar.inc(count as u64);
        Ok(count)
    }
}
