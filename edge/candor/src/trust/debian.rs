//! The store of this machine, as Debian has it: what curl, Python and most
//! programs without a store of their own go by.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::written_file;

/// The certificate's file in the folder of local ones.
const FILE: &str = "usr/local/share/ca-certificates/candor.crt";

/// Where the store's program finds what belongs to it.
const PLACES: [(&str, &str); 5] = [
    ("--certsconf", "etc/ca-certificates.conf"),
    ("--certsdir", "usr/share/ca-certificates"),
    ("--localcertsdir", "usr/local/share/ca-certificates"),
    ("--etccertsdir", "etc/ssl/certs"),
    ("--hooksdir", "etc/ca-certificates/update.d"),
];

/// The store below this folder; `/` for the machine's own.
#[derive(Clone, Debug)]
pub struct DebianStore(pub PathBuf);

impl DebianStore {
    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    pub fn install(&self, certificate: &str) -> Result<PathBuf> {
        let file = self.file();
        let failed = || {
            let file = file.display();
            format!(
                "cannot write {file}; the machine's store needs root: \
                 candor ca show --pem | sudo tee {file} && sudo update-ca-certificates"
            )
        };
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        written_file::write(&file, certificate).with_context(failed)?;
        readable(&file)?;
        self.update()?;
        Ok(file)
    }

    /// False: it was not there.
    pub fn remove(&self) -> Result<bool> {
        let file = self.file();
        if !file.exists() {
            return Ok(false);
        }
        let failed = || format!("cannot remove {}; the machine's store needs root", file.display());
        fs::remove_file(&file).with_context(failed)?;
        self.update()?;
        Ok(true)
    }

    fn update(&self) -> Result<()> {
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let mut command = Command::new("update-ca-certificates");
        for (option, place) in PLACES {
            command.arg(option).arg(self.0.join(place));
        }
        // Without this the link to a certificate that was removed stays.
        command.arg("--fresh").env("PATH", path).stdout(Stdio::null()).stderr(Stdio::piped());
        let output =
            command.output().context("cannot start update-ca-certificates; Debian has it in ca-certificates")?;
        if !output.status.success() {
            bail!("update-ca-certificates: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

/// Every program reads it, whatever our own mask is.
fn readable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(file, mode).with_context(|| format!("cannot open {} to readers", file.display()))
}
