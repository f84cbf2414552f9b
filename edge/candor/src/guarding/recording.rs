//! `--record`: records all traffic, as a capture does.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use evidence::EvidenceWriter;
use model::CaptureEnd;
use proxy::ExchangeSink;
use tokio::task::JoinHandle;

use crate::{exit::talk, live::evidence_sink::LiveEvidenceSink};

/// A file of evidence for all traffic of the guard.
pub struct EvidenceRecording {
    path: PathBuf,
    writer: EvidenceWriter,
    ledger: LiveEvidenceSink,
}

impl EvidenceRecording {
    pub fn begin(path: &Path) -> Result<Self> {
        let writer = EvidenceWriter::create(path)
            .with_context(|| format!("cannot record in {}; evidence is never added to", path.display()))?;
        Ok(Self { path: path.into(), ledger: LiveEvidenceSink::new(writer.pen()), writer })
    }

    /// Reports at once when recording fails. The guard goes on, so that its users keep
    /// their connections.
    pub fn lost(&self) -> JoinHandle<()> {
        let (ledger, name) = (self.ledger.clone(), self.path.display().to_string());
        tokio::spawn(async move {
            ledger.failed().await;
            talk(&format!("candor: NOTHING MORE IS RECORDED in {name}; why is said at the end. The guard goes on"));
        })
    }

    pub fn sink(&self) -> Arc<dyn ExchangeSink> {
        Arc::new(self.ledger.clone())
    }

    /// Seals the evidence and returns the summary.
    pub fn finish(self, end: CaptureEnd) -> Result<String> {
        let tally = self.ledger.tally();
        drop(self.ledger);
        let sealed = self.writer.finish(end).with_context(|| format!("cannot seal {}", self.path.display()))?;
        let apart = sealed.says(&self.path).map(|says| format!("  {says}\n")).unwrap_or_default();
        Ok(format!("{}\n{tally}  head {}\n{apart}", self.path.display(), sealed.head))
    }
}
