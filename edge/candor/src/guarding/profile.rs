//! Profile folders of browsers: temporary ones, which are deleted with the browser,
//! and named ones, which stay.
//!
//! A temporary folder is locked as long as its `candor open` runs. A killed one
//! cannot delete its folder, so the next one does: it deletes folders with a lock
//! file that no process locks.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::live::folder;

/// The profile folder of one browser.
pub enum BrowserProfile {
    ThrowAway { folder: TempDir, _lock: File },
    Named(PathBuf),
}

/// Prefix of the names of temporary folders.
const PREFIX: &str = "candor-open-";
const LOCK: &str = "in-use";

impl BrowserProfile {
    pub fn open(home: &Path, browser: &str, name: Option<&str>) -> Result<Self> {
        let Some(name) = name else {
            clear_away(&std::env::temp_dir());
            let failed = "cannot make a folder for the browser";
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().context(failed)?;
            let lock = locked(folder.path()).context(failed)?;
            return Ok(Self::ThrowAway { folder, _lock: lock });
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(plain) {
            bail!("a profile's name is letters, digits, - and _, not {name:?}");
        }
        let path = home.join("browsers").join(format!("{browser}-{name}"));
        folder::private(&path)?;
        Ok(Self::Named(path))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::ThrowAway { folder, .. } => folder.path(),
            Self::Named(path) => path,
        }
    }
}

/// Locks a folder until the returned file is closed or its process ends.
fn locked(folder: &Path) -> std::io::Result<File> {
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

/// Deletes this user's temporary folders that no process locks.
fn clear_away(within: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(within).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir() && about.uid() == me);
        // A folder that is just being created has no lock file yet, and is empty.
        if is_ours && path.join(LOCK).exists() && locked(&path).is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_a_killed_one_left_is_cleared_away_and_no_other() {
        let within = tempfile::tempdir().unwrap();
        let made = |name: &str| {
            let folder = within.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("places.sqlite"), "what was visited").unwrap();
            folder
        };
        let (left, used, unlocked) = (made("candor-open-left"), made("candor-open-used"), made("candor-open-new"));
        let mine = made("mine");
        drop(locked(&left).unwrap());
        let held = locked(&used).unwrap();
        clear_away(within.path());
        assert!(!left.exists() && used.exists() && unlocked.exists() && mine.exists());
        drop(held);
        clear_away(within.path());
        assert!(!used.exists() && mine.exists());
    }
}
