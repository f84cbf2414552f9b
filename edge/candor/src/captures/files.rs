//! Which files to look at, and how far that has come.

use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    pub path: PathBuf,
    /// A person named it. Files that only lie in a folder need not be captures.
    pub named: bool,
    pub bytes: u64,
}

/// The files that these paths mean: folders stand for all that is below them,
/// by name. Hidden files and links to folders are left out.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<InputFile>> {
    let mut sources = Vec::new();
    for path in paths {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("there is no file {}", path.display()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        if !meta.is_dir() {
            sources.push(InputFile { path: path.clone(), named: true, bytes: meta.len() });
            continue;
        }
        let before = sources.len();
        below(path, &mut sources)?;
        if sources.len() == before {
            bail!("there is no file in {}", path.display());
        }
    }
    Ok(sources)
}

fn below(folder: &Path, sources: &mut Vec<InputFile>) -> Result<()> {
    let cannot = || format!("cannot read the folder {}", folder.display());
    let mut entries = fs::read_dir(folder).with_context(cannot)?.collect::<Result<Vec<_>, _>>().with_context(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().with_context(cannot)?.is_dir() {
            below(&path, sources)?;
        } else if let Ok(meta) = fs::metadata(&path)
            && meta.is_file()
        {
            sources.push(InputFile { path, named: false, bytes: meta.len() });
        }
    }
    Ok(())
}

/// A bar on a terminal, nothing elsewhere.
pub(super) fn bar(sources: &[InputFile]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(sources.iter().map(|source| source.bytes).sum());
    let style = ProgressStyle::with_template("  {bar:32} {bytes}/{total_bytes}  {msg}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
