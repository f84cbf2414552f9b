//! Files that only the user can read, and that are written completely or not at
//! all.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use crate::Error;

/// Creates a directory that no other user can read.
pub(crate) fn folder(path: &Path) -> Result<(), Error> {
    let failed = |error| Error::Folder(path.into(), error);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)
}

/// The text of a file; None if there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Read(path.into(), error)),
    }
}

/// Replaces the content of a file by this text.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error| Error::Write(path.into(), error);
    let beside = path.with_extension("new");
    // A left-over file could be a link or readable for others.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Appends a line to a file.
pub(crate) fn append(path: &Path, line: &str) -> Result<(), Error> {
    let failed = |error| Error::Write(path.into(), error);
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Err(failed(io::Error::other("it is a link")));
    }
    let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    writeln!(file, "{line}").map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_only_the_person_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("changes.log"), folder.path().join("elsewhere"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(append(&link, "a change").is_err() && !target.exists());
        write(&link, "in its place").unwrap();
        assert!(!target.exists() && !fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn nobody_else_looks_into_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("a/b");
        folder(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
