//! The certificate authority of a person, created once, in a file that only this
//! person can read.
//!
//! Certificate and key are in one file, so that neither can exist without the
//! other, and two programs cannot create two authorities.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use proxy::CertificateAuthority;

use super::folder;

const KEY: &str = "-----BEGIN PRIVATE KEY-----";

/// The authority's file in this folder.
pub fn file(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

/// The authority in this folder. It is created if there is none.
pub fn kept(folder: &Path) -> Result<Arc<CertificateAuthority>> {
    folder::private(folder)?;
    let file = file(folder);
    if !file.exists() {
        make(&file)?;
    }
    read(&file)
}

fn read(file: &Path) -> Result<Arc<CertificateAuthority>> {
    folder::is_ours_alone(file)?;
    let unreadable =
        || format!("{} holds no certificate authority; `candor ca remove --authority` clears it away", file.display());
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (certificate, key) = text.split_at(text.find(KEY).with_context(unreadable)?);
    Ok(Arc::new(CertificateAuthority::from_pem(certificate, key).with_context(unreadable)?))
}

/// Writes a new authority to a temporary file and links it to its name. A link
/// fails if another program was faster, and then the other's authority is used.
fn make(file: &Path) -> Result<()> {
    let mark = getrandom::u32().context("the system has no random numbers")?;
    // The name identifies no person and no machine, because clients can see it.
    let authority = CertificateAuthority::in_memory(&format!("Candor CA {mark:08x}"))?;
    let (certificate, key) = authority.to_pem();
    let failed = || format!("cannot write {}", file.display());
    let beside = file.with_extension(format!("{mark:08x}"));
    let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).with_context(failed)?;
    let written = new.write_all(certificate.as_bytes()).and_then(|()| new.write_all(key.as_bytes()));
    let linked = written.and_then(|()| new.sync_all()).and_then(|()| fs::hard_link(&beside, file));
    fs::remove_file(&beside).with_context(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error).with_context(failed),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn it_is_made_once_and_stays_the_same() {
        let at = tempfile::tempdir().unwrap();
        let home = at.path().join("candor");
        let (first, again) = (kept(&home).unwrap(), kept(&home).unwrap());
        assert_eq!(first.cert_pem(), again.cert_pem());
        assert_eq!(fs::metadata(file(&home)).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
    }

    #[test]
    fn the_key_is_no_part_of_what_is_shown() {
        let at = tempfile::tempdir().unwrap();
        let authority = kept(&at.path().join("candor")).unwrap();
        assert!(authority.cert_pem().contains("BEGIN CERTIFICATE"));
        assert!(!authority.cert_pem().contains("PRIVATE"));
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let at = tempfile::tempdir().unwrap();
        let home = at.path().join("candor");
        kept(&home).unwrap();
        fs::set_permissions(file(&home), fs::Permissions::from_mode(0o640)).unwrap();
        let says = kept(&home).unwrap_err().to_string();
        assert!(says.contains("open to others") && says.contains("chmod 600"), "{says}");
    }

    #[test]
    fn a_file_that_is_no_authority_is_said_to_be_none() {
        let at = tempfile::tempdir().unwrap();
        let home = at.path().join("candor");
        kept(&home).unwrap();
        fs::write(file(&home), "nothing").unwrap();
        assert!(kept(&home).unwrap_err().to_string().contains("candor ca remove --authority"));
    }
}
