//! How `candor open` finds the guard that runs: a file that only the person can
//! read, there as long as the guard.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use model::Mode;
use serde::{Deserialize, Serialize};
use serve::Way;

use crate::live::folder;

/// Where a guard is.
#[derive(Clone, Deserialize, Serialize)]
pub struct Running {
    pub normal: SocketAddr,
    pub private: SocketAddr,
    pub page: SocketAddr,
    /// What programs of ours show the page.
    pub key: String,
}

/// Dropped, the guard is said to run no longer.
pub struct Announced(PathBuf);

impl Running {
    pub fn at(ways: &[Way], page: SocketAddr, key: &str) -> Self {
        let of = |mode| ways.iter().find(|way| way.mode == mode).map_or(page, |way| way.address);
        Self { normal: of(Mode::Normal), private: of(Mode::Private), page, key: key.to_owned() }
    }

    /// Says that it runs.
    pub fn announce(&self, guard: &Path) -> Result<Announced> {
        let path = file(guard);
        let failed = || format!("cannot write {}", path.display());
        let beside = path.with_extension("new");
        let _ = fs::remove_file(&beside);
        let text = toml::to_string(self).with_context(failed)?;
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).with_context(failed)?;
        file.write_all(text.as_bytes()).with_context(failed)?;
        fs::rename(&beside, &path).with_context(failed)?;
        Ok(Announced(path))
    }

    /// The guard of this person.
    pub fn find(guard: &Path) -> Result<Self> {
        let path = file(guard);
        let none = "no guard runs: start `candor guard` first, and leave it running";
        let text = fs::read_to_string(&path).context(none)?;
        folder::is_ours_alone(&path)?;
        let running: Self = toml::from_str(&text).context(none)?;
        // One that was killed could not take its file away.
        std::net::TcpStream::connect(running.page).context(none)?;
        Ok(running)
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn file(guard: &Path) -> PathBuf {
    guard.join("running.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_found_while_it_runs() {
        let at = tempfile::tempdir().unwrap();
        let page = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = page.local_addr().unwrap();
        assert!(Running::find(at.path()).is_err());
        let running = Running { normal: address, private: address, page: address, key: "k".into() };
        let announced = running.announce(at.path()).unwrap();
        assert_eq!(Running::find(at.path()).unwrap().key, "k");
        drop(announced);
        assert!(Running::find(at.path()).is_err());
    }
}
