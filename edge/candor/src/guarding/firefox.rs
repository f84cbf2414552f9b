//! Starts Firefox with the guard as its proxy.
//!
//! The extension is in the profile, like a signed one. A preference allows it to be
//! unsigned; Firefox ESR, Developer Edition and unbranded builds obey this
//! preference. All traffic uses the private port, except what the extension sends to
//! the normal one. So private windows use the private port even if the extension
//! may not see them.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result};
use experiment::cell::find;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{chromium::OpenRequest, extension, profile::BrowserProfile, running::RunningGuard};
use crate::{trust::nss, written_file};

/// Starts the browser and opens these pages.
pub fn start(
    program: &Path,
    profile: &BrowserProfile,
    running: &RunningGuard,
    pem: &str,
    open: &OpenRequest,
) -> Result<Child> {
    let data = profile.path().join("profile");
    nss::ensure(&data, pem)?;
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = profile.path().join("candor-extension");
    extension::lay_out(&folder, running, &name)?;
    let failed = || format!("cannot write {}", data.display());
    fs::create_dir_all(data.join("extensions")).with_context(failed)?;
    let packed = pack(&folder).with_context(failed)?;
    written_file::write(&data.join("extensions").join(format!("{}.xpi", extension::ID)), packed)
        .with_context(failed)?;
    written_file::write(&data.join("user.js"), user_js(running)).with_context(failed)?;
    let allowed = data.join("extension-preferences.json");
    if !allowed.exists() {
        written_file::write(&allowed, in_private_windows().to_string()).with_context(failed)?;
    }
    ending_with_us(program)
        .args(["--no-remote", "--profile"])
        .arg(&data)
        .args(&open.arguments)
        .args(&open.urls)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// A command for the program. With setpriv(1) the kernel kills the program when
/// `candor open` is killed: it must not run on with a profile that will be deleted.
fn ending_with_us(program: &Path) -> Command {
    match find("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// The `user.js` file: Firefox reads it at every start, and it overrides the profile.
fn user_js(running: &RunningGuard) -> String {
    let (host, port) = (running.private.ip().to_string(), running.private.port());
    let preferences = json!({
        // The private port, for requests that the extension does not see: before it
        // runs, and in windows that it may not see.
        "network.proxy.type": 1,
        "network.proxy.http": host,
        "network.proxy.http_port": port,
        "network.proxy.ssl": host,
        "network.proxy.ssl_port": port,
        "network.proxy.no_proxies_on": "",
        // The guard resolves names; Firefox must not do so itself.
        "network.trr.mode": 5,
        "network.dns.disablePrefetch": true,
        "network.http.http3.enable": false,
        "extensions.autoDisableScopes": 0,
        "extensions.enabledScopes": 15,
        "xpinstall.signatures.required": false,
        "browser.shell.checkDefaultBrowser": false,
    });
    let lines = preferences.as_object().into_iter().flatten();
    lines.map(|(name, value)| format!("user_pref({}, {value});\n", Value::from(name.as_str()))).collect()
}

fn in_private_windows() -> Value {
    json!({extension::ID: {"permissions": ["internal:privateBrowsingAllowed"], "origins": ["<all_urls>"]}})
}

/// Packs the folder into a ZIP file without compression (APPNOTE.TXT §4.3).
fn pack(folder: &Path) -> std::io::Result<Vec<u8>> {
    let mut names: Vec<_> = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    let (mut all, mut index) = (Cursor::new(Vec::new()), Vec::new());
    for entry in &names {
        let (name, bytes) = (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        let (sum, size, offset) = (crc32fast::hash(&bytes), bytes.len() as u32, all.position() as u32);
        // Version, flags, method, time, date; 33 is the first day of 1980.
        let fields: Vec<u8> = [20_u16, 0, 0, 0, 33].iter().flat_map(|field| field.to_le_bytes()).collect();
        let sizes: Vec<u8> = [sum, size, size].iter().flat_map(|field| field.to_le_bytes()).collect();
        let length = (name.len() as u16).to_le_bytes();
        all.write_all(&[b"PK\x03\x04", &fields[..], &sizes, &length, &[0, 0], name.as_bytes(), &bytes].concat())?;
        index.extend([b"PK\x01\x02\x14\x00", &fields[..], &sizes, &length, &[0; 12], &offset.to_le_bytes()].concat());
        index.extend(name.as_bytes());
    }
    let (count, at) = (names.len() as u16, all.position() as u32);
    all.write_all(&index)?;
    let counts = [0, 0, count, count].iter().flat_map(|field| field.to_le_bytes()).collect::<Vec<u8>>();
    all.write_all(
        &[b"PK\x05\x06", &counts[..], &(index.len() as u32).to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    )?;
    Ok(all.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_extension_is_a_zip_file_that_others_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.js"), "one").unwrap();
        fs::write(folder.path().join("b.json"), "{}").unwrap();
        let outer = tempfile::tempdir().unwrap();
        let file = outer.path().join("packed.zip");
        fs::write(&file, pack(folder.path()).unwrap()).unwrap();
        let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(*[n + '=' + z.read(n).decode() for n in z.namelist()])";
        let Ok(out) = std::process::Command::new("python3").args(["-c", script]).arg(&file).output() else { return };
        assert_eq!(
            String::from_utf8_lossy(&out.stdout),
            "a.js=one b.json={}\n",
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
}
