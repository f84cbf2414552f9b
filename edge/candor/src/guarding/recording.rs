//! `--record`: everything that passes is written down, as a capture does.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use evidence::EvidenceWriter;
use model::CaptureEnd;
use proxy::ExchangeSink;

use crate::live::evidence_sink::LiveEvidenceSink;

/// A file of evidence that everything goes into.
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

    pub fn sink(&self) -> Arc<dyn ExchangeSink> {
        Arc::new(self.ledger.clone())
    }

    /// Seals it; its last words.
    pub fn finish(self, end: CaptureEnd) -> Result<String> {
        let tally = self.ledger.tally();
        drop(self.ledger);
        let head = self.writer.finish(end).with_context(|| format!("cannot seal {}", self.path.display()))?;
        Ok(format!("{}\n{tally}  head {head}\n", self.path.display()))
    }
}
