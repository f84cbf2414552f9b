//! Copies evidence that is still being written.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use evidence::Evidence;

use crate::{Error, secret::Secret};

/// A copy as an open file without a name: the system deletes it when it is
/// closed.
pub(crate) fn of(path: &Path) -> Result<File, Error> {
    let beside = path.with_extension(format!("copy-{}", &Secret::new()?.text()[..12]));
    let failed = |error| Error::Copy(beside.clone(), error);
    // The file is created first, with its permissions, so that no other user
    // can ever read it.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
    let copied = Evidence::open(path).and_then(|evidence| evidence.copy_into(&beside));
    let file = File::open(&beside).map_err(failed);
    std::fs::remove_file(&beside).map_err(failed)?;
    copied?;
    file
}
