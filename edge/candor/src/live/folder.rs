//! The folder for a person's data: `~/.local/share/candor`.

use std::{
    env, fs,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// The folder of this person (`CANDOR_HOME`, else as XDG says). It may not exist.
pub fn of_the_person() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = || set("XDG_DATA_HOME").filter(|path| path.is_absolute()).map(|path| path.join("candor"));
    let home = || set("HOME").map(|path| path.join(".local/share/candor"));
    set("CANDOR_HOME")
        .or_else(data)
        .or_else(home)
        .context("no HOME is set, so there is no place to keep the certificate authority: set CANDOR_HOME")
}

/// Creates a folder that only this user can open; refuses one that others can open.
pub fn private(path: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make the folder {}", path.display()))?;
    is_ours_alone(path)
}

/// Refuses a link, and a file or folder that another user owns or may access.
pub fn is_ours_alone(path: &Path) -> Result<()> {
    let found = fs::symlink_metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    let (shown, me) = (path.display(), rustix::process::geteuid().as_raw());
    if found.is_symlink() {
        bail!("{shown} is a link; it has to be the thing itself");
    }
    if found.uid() != me {
        bail!("{shown} belongs to somebody else (user {}); Candor runs as user {me}", found.uid());
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        let right = if found.is_dir() { "700" } else { "600" };
        bail!("{shown} is open to others on this machine (mode {mode:03o}): chmod {right} {shown}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_can_read_is_refused() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("candor");
        private(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        let says = private(&path).unwrap_err().to_string();
        assert!(says.contains("mode 750") && says.contains("chmod 700"), "{says}");
    }

    #[test]
    fn a_link_to_another_place_is_refused() {
        let at = tempfile::tempdir().unwrap();
        symlink(at.path(), at.path().join("link")).unwrap();
        assert!(is_ours_alone(&at.path().join("link")).unwrap_err().to_string().contains("is a link"));
    }
}
