//! Logs of TLS secrets (`SSLKEYLOGFILE`), named or beside a capture of packets.

use std::{
    fs::File,
    io::{Read, Result},
    path::Path,
};

use anyhow::{Context, bail};

/// Longer logs are not read: a connection takes some 700 bytes.
const LONGEST: u64 = 64 << 20;

/// What a capture's own log is called beside it: `x.pcap` has `x.pcap.keys`, `x.keys` …
const ENDINGS: [&str; 4] = ["keys", "keylog", "sslkeylog", "key.log"];
/// Logs of a whole folder, as programs name them.
const COMMON: [&str; 5] = ["sslkeylog.log", "sslkeylog.txt", "sslkeylogfile.txt", "keylog.txt", "keys.log"];

/// The secrets of a file that a person named.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let log = log(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !formats::is_key_log(&log) {
        bail!("{} is no log of TLS secrets (SSLKEYLOGFILE, RFC 9850)", path.display());
    }
    Ok(log)
}

/// The secrets that lie beside a capture.
pub fn beside(capture: &Path) -> Vec<u8> {
    let Some(name) = capture.file_name().map(|name| name.to_string_lossy().into_owned()) else { return Vec::new() };
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
    let own = ENDINGS.iter().flat_map(|ending| [format!("{name}.{ending}"), format!("{stem}.{ending}")]);
    let all = own.chain(COMMON.map(str::to_owned)).map(|name| capture.with_file_name(name));
    all.filter(|path| is_key_log(path)).filter_map(|path| log(&path).ok()).collect::<Vec<_>>().join(&b'\n')
}

/// Whether a file is a log of secrets; its head says so.
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
