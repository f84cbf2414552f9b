//! Digests of the addresses that were visited in ordinary windows, in one file
//! that only the user can read. After a restart the guard still recognises
//! addresses that an SDK has stored. Digests of private windows are only in
//! memory.
//!
//! The key for the digests is in a file beside it. Neither file contains an
//! address, but a person who can read both files can test guesses.

use std::path::{Path, PathBuf};

use guard::MemoryKey;
use serde::{Deserialize, Serialize};

use crate::{Error, files};

/// One digest of an address.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StoredDigest {
    pub(crate) device: String,
    pub(crate) digest: String,
    pub(crate) site: String,
    /// When the digest expires, in microseconds since the epoch.
    pub(crate) until: i64,
}

/// The file with the digests.
#[derive(Debug)]
pub(crate) struct DigestsFile(PathBuf);

impl DigestsFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join("visited.digests"))
    }

    /// The stored digests. Lines that cannot be read are skipped.
    pub(crate) fn read(&self) -> Vec<StoredDigest> {
        let text = files::read(&self.0).ok().flatten().unwrap_or_default();
        let read = |line: &str| {
            let mut fields = line.split(' ');
            let mut next = || fields.next().map(str::to_owned);
            let (digest, site, until, device) = (next()?, next()?, next()?, next()?);
            Some(StoredDigest { device, digest, site, until: until.parse().ok()? })
        };
        text.lines().filter_map(read).collect()
    }

    pub(crate) fn write(&self, all: &[StoredDigest]) -> Result<(), Error> {
        let lines = all.iter().filter(|digested| !digested.device.contains(char::is_whitespace));
        let text: String =
            lines.map(|one| format!("{} {} {} {}\n", one.digest, one.site, one.until, one.device)).collect();
        files::write(&self.0, &text)
    }
}

/// The user's key; it is created once.
pub(crate) fn key(folder: &Path) -> Result<MemoryKey, Error> {
    let path = folder.join("visited.key");
    let read = files::read(&path)?.and_then(|text| bytes_of(text.trim()));
    if let Some(bytes) = read {
        return Ok(MemoryKey(bytes));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    files::write(&path, &bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())?;
    Ok(MemoryKey(bytes))
}

fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, two) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_the_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = DigestsFile::new(folder.path());
        assert!(file.read().is_empty());
        let one = StoredDigest { device: "this-machine".into(), digest: "ab".into(), site: "cd".into(), until: 7 };
        file.write(std::slice::from_ref(&one)).unwrap();
        let read = file.read();
        assert_eq!((read.len(), read[0].until, read[0].device.as_str()), (1, 7, "this-machine"));
        let made = key(folder.path()).unwrap();
        assert!(made == key(folder.path()).unwrap() && made != MemoryKey([0; 32]));
    }
}
