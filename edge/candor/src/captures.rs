//! Captures in, an audit out: files and folders, on every core.
//!
//! One thread reads the files in order and cuts them into requests; workers
//! open the requests and look at them; here, in the order of the files, the
//! auditor takes what came of it. At most [`AHEAD`] batches are on their way,
//! so memory stays flat however long the files are.

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

/// A file that could not be looked at: what it is, in a sentence.
#[derive(Debug)]
pub struct UnreadFile {
    pub says: String,
    /// A person named it; others lay in a folder.
    pub named: bool,
    /// Its name without its folders, and what it is, for the report.
    file: String,
    is: String,
}

/// Looks at captures, one after the other, and gives those it could not read.
///
/// `key_log` are secrets of TLS for all of them; a log beside a file is for that file.
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

/// What comes up while reading files, in order.
enum ReadStep {
    Begin(CaptureSummary),
    Piece(CapturePiece),
    End { format: &'static str, sha256: String },
    Evidence(PathBuf),
    Unread(UnreadFile),
}

/// What came of it.
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
    /// So many bytes wait for it.
    fn size(&self) -> usize {
        if let Self::Piece(piece) = self { piece.size() } else { 0 }
    }

    /// The part that any thread can do.
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
    /// A file that was not read is a gap: what it holds may be anything.
    fn pass_by(&mut self, unread: UnreadFile) {
        let place = Trail::default().then("capture", LayerPlace::Whole);
        let says = format!("{} {}: it was not read", unread.file, unread.is);
        self.auditor.gap(Gap { exchange: None, place, why: GapReason::Unsupported, says });
        self.unread.push(unread);
    }
}

/// Looks at a file of Candor's own evidence, in order.
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
        // Secrets of TLS lie beside the packets that they open.
        Err(_) if !source.named && keys::is_key_log(&source.path) => return ControlFlow::Continue(()),
        // What says what to look for may lie beside what it is looked for in.
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

/// A file whose digest is known at its end.
struct HashedFile<'b> {
    file: Box<dyn Read>,
    hash: Sha256,
    /// Its first bytes.
    head: Vec<u8>,
    bar: &'b ProgressBar,
}

impl HashedFile<'_> {
    /// The digest in hex, also of what nobody wanted to read.
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
