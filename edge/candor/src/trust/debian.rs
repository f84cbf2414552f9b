//! Debian's certificate store on this machine, which curl, Python and most programs
//! without a store of their own use.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::written_file;

/// The file of Candor's certificate among the local certificates.
const FILE: &str = "usr/local/share/ca-certificates/candor.crt";

/// Options of `update-ca-certificates` for the files and folders of a store.
const PLACES: [(&str, &str); 5] = [
    ("--certsconf", "etc/ca-certificates.conf"),
    ("--certsdir", "usr/share/ca-certificates"),
    ("--localcertsdir", "usr/local/share/ca-certificates"),
    ("--etccertsdir", "etc/ssl/certs"),
    ("--hooksdir", "etc/ca-certificates/update.d"),
];

/// The store below this folder. `/` is the machine's own.
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

    /// Removes the certificate. False: the store does not have it.
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
        // Without `--fresh` the link to a removed certificate stays.
        command.arg("--fresh").env("PATH", path).stdout(Stdio::null()).stderr(Stdio::piped());
        let output =
            command.output().context("cannot start update-ca-certificates; Debian has it in ca-certificates")?;
        if !output.status.success() {
            bail!("update-ca-certificates: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

/// Lets every user read the file, because our umask does not.
fn readable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(file, mode).with_context(|| format!("cannot open {} to readers", file.display()))
}
