//! Collects the files to read, and shows the progress.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::exit::talk;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    pub path: PathBuf,
    /// The person named this file. A file that was found in a folder may be no capture.
    pub named: bool,
    pub bytes: u64,
}

/// The files of these paths. A folder means all files below it, in the order of
/// their names, without hidden files and links to folders.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<InputFile>> {
    let mut sources = Vec::new();
    for path in paths {
        if is_standard_input(path) {
            sources.push(InputFile { path: path.clone(), named: true, bytes: 0 });
            continue;
        }
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

/// Whether a path means standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The files without duplicates: a capture that is there twice was sent once.
pub(super) fn once(sources: &[InputFile]) -> Vec<&InputFile> {
    let mut of_size: BTreeMap<u64, Vec<&InputFile>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.bytes > 0) {
        of_size.entry(source.bytes).or_default().push(source);
    }
    let mut again = BTreeSet::new();
    for same_size in of_size.into_values().filter(|files| files.len() > 1) {
        let mut known: BTreeMap<Vec<u8>, &InputFile> = BTreeMap::new();
        for source in same_size {
            let Some(digest) = digest(&source.path) else { continue };
            match known.get(&digest) {
                Some(first) => {
                    talk(&format!(
                        "candor: {} is the same as {}: counted once",
                        source.path.display(),
                        first.path.display()
                    ));
                    again.insert(std::ptr::from_ref(source));
                }
                None => {
                    known.insert(digest, source);
                }
            }
        }
    }
    sources.iter().filter(|source| !again.contains(&std::ptr::from_ref(*source))).collect()
}

/// None if the file cannot be read, which is reported when it is read as a capture.
fn digest(path: &Path) -> Option<Vec<u8>> {
    let (mut file, mut hash, mut part) = (fs::File::open(path).ok()?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut part).ok()? {
            0 => return Some(hash.finalize().to_vec()),
            count => hash.update(&part[..count]),
        }
    }
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

/// A progress bar on a terminal; hidden elsewhere.
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
