//! Candor's authority in the database of one profile (NSS), and nowhere else.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

/// Trusts the authority, PEM, in the database in this folder.
pub fn add(folder: &Path, pem: &str) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let file = folder.join("candor.pem");
    if fs::read_to_string(&file).is_ok_and(|known| known == pem) {
        return Ok(());
    }
    let database = format!("sql:{}", folder.display());
    // A profile that is there already has a database, with a password or without.
    if !folder.join("cert9.db").exists() {
        certutil(&["-d", &database, "-N", "--empty-password"])?;
    }
    let beside = file.with_extension("new");
    fs::write(&beside, pem).with_context(|| format!("cannot write {}", beside.display()))?;
    // One that was trusted under this name before may be another.
    let _ = certutil(&["-d", &database, "-D", "-n", "Candor"]);
    certutil(&["-d", &database, "-A", "-t", "C,,", "-n", "Candor", "-i", &beside.display().to_string()])?;
    fs::rename(&beside, &file).with_context(|| format!("cannot write {}", file.display()))
}

fn certutil(arguments: &[&str]) -> Result<()> {
    let done = Command::new("certutil").args(arguments).output();
    let done = done.context("certutil is missing; it comes with the package libnss3-tools (nss-tools)")?;
    if !done.status.success() {
        bail!("certutil: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}
