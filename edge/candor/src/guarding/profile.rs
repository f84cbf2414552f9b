//! Where a browser keeps what it keeps: a folder that is gone with it, or one
//! that has a name and stays.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::live::folder;

/// The home of one browser.
pub enum Profile {
    ThrowAway(TempDir),
    Named(PathBuf),
}

impl Profile {
    pub fn open(home: &Path, browser: &str, name: Option<&str>) -> Result<Self> {
        let Some(name) = name else {
            let made = tempfile::Builder::new().prefix("candor-open-").tempdir();
            return made.map(Self::ThrowAway).context("cannot make a folder for the browser");
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
            Self::ThrowAway(folder) => folder.path(),
            Self::Named(path) => path,
        }
    }
}
