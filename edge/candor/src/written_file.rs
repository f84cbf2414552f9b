//! Writes files, where the person said or in Candor's own folder.
//!
//! In a folder that others can write to, another user could place a link and make
//! Candor change a file of their choice. So no file is created or replaced through a link.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Writes a whole file, or overwrites it, but not through a link.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    // `create_new` fails if the name exists, even as a link without a target.
    let new = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match new {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => again(path)?,
        other => other?,
    };
    file.write_all(content.as_ref())
}

/// Opens an existing file and truncates it.
fn again(path: &Path) -> io::Result<fs::File> {
    // Links below /dev are allowed: /dev/stdout leads to standard output.
    if fs::symlink_metadata(path)?.is_symlink() && !path.starts_with("/dev") {
        return Err(io::Error::other("it is a link; name the file that it leads to"));
    }
    OpenOptions::new().write(true).truncate(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_written_and_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write(&path, "a longer text").unwrap();
        write(&path, "short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn nothing_is_created_or_changed_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (nowhere, other) = (folder.path().join("nowhere"), folder.path().join("other"));
        fs::write(&other, "of somebody").unwrap();
        for (name, target) in [("dangling", &nowhere), ("link", &other)] {
            let link = folder.path().join(name);
            symlink(target, &link).unwrap();
            let error = write(&link, "ours").unwrap_err();
            assert!(error.to_string().contains("is a link"), "{error}");
        }
        assert!(!nowhere.exists());
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody");
    }

    #[test]
    fn what_the_kernel_links_is_written() {
        write(Path::new("/dev/null"), "gone").unwrap();
    }
}
