//! Audits a file of evidence, and reads the files of a knowledge folder.

use std::path::Path;

use anyhow::{Context, Result};
use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use evidence::Evidence;
use knowledge::Knowledge;

/// Audits a whole file of evidence.
pub fn at_evidence(path: &Path, knowledge: &Knowledge, options: AuditOptions) -> Result<Audit> {
    let evidence = Evidence::open(path)?;
    let verification = evidence.verify()?;
    if let Some(change) = verification.state.change() {
        anyhow::bail!("{} was changed after it was sealed: {change}", path.display());
    }
    let mut auditor = Auditor::new(knowledge, options);
    auditor.capture(CaptureSummary {
        source: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        format: "candor".into(),
        exchanges: 0,
        sha256: verification.head.to_string(),
    });
    evidence.records(|record| auditor.push(record)).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(auditor.finish())
}

/// Reads every file below a folder, with its path relative to `root`.
pub fn files_below(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        if path.is_dir() {
            files_below(root, &path, files)?;
        } else {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push((name, bytes));
        }
    }
    Ok(())
}
