//! Evidence in, an audit out.

use std::path::Path;

use anyhow::{Context, Result};
use audit::{Audit, Auditor, Capture, Options};
use evidence::{Evidence, State};
use knowledge::Knowledge;

/// Looks at a whole file of evidence.
pub fn at_evidence(path: &Path, knowledge: &Knowledge, options: Options) -> Result<Audit> {
    let evidence = Evidence::open(path)?;
    let verification = evidence.verify()?;
    if let State::Changed { record, says } = &verification.state {
        anyhow::bail!("{} was changed after it was sealed: at record {record}, {says}", path.display());
    }
    let mut auditor = Auditor::new(knowledge, options);
    auditor.capture(Capture {
        source: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        format: "candor".into(),
        exchanges: 0,
        sha256: verification.head.to_string(),
    });
    evidence.records(|record| auditor.push(record)).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(auditor.finish())
}
