//! Logs of TLS secrets (`SSLKEYLOGFILE`), which the person names or which lie
//! beside a capture.

use std::{
    fs::File,
    io::{Read, Result},
    path::Path,
};

use anyhow::{Context, bail};

/// Bytes that are read of a log; a connection takes some 700.
const LONGEST: u64 = 64 << 20;

/// Suffixes of a capture's own log: `x.pcap` has `x.pcap.keys`, `x.keys` …
const ENDINGS: [&str; 4] = ["keys", "keylog", "sslkeylog", "key.log"];
/// Usual names of a log for all captures in a folder.
const COMMON: [&str; 5] = ["sslkeylog.log", "sslkeylog.txt", "sslkeylogfile.txt", "keylog.txt", "keys.log"];

/// Reads the log that a person named.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let log = log(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !formats::is_key_log(&log) {
        bail!("{} is no log of TLS secrets (SSLKEYLOGFILE, RFC 9850)", path.display());
    }
    Ok(log)
}

/// Reads the logs beside a capture.
pub fn beside(capture: &Path) -> Vec<u8> {
    let Some(name) = capture.file_name().map(|name| name.to_string_lossy().into_owned()) else { return Vec::new() };
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
    let own = ENDINGS.iter().flat_map(|ending| [format!("{name}.{ending}"), format!("{stem}.{ending}")]);
    let all = own.chain(COMMON.map(str::to_owned)).map(|name| capture.with_file_name(name));
    all.filter(|path| is_key_log(path)).filter_map(|path| log(&path).ok()).collect::<Vec<_>>().join(&b'\n')
}

/// Whether the beginning of a file is that of a log of secrets.
pub fn is_key_log(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    read.is_ok() && formats::is_key_log(&head)
}

fn log(path: &Path) -> Result<Vec<u8>> {
    let mut log = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut log)?;
    Ok(log)
}
