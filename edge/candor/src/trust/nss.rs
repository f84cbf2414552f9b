//! NSS, the store of Chromium and Firefox on Linux: one database for all
//! Chromiums of a person, one in each Firefox profile.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::NAME;

/// Whose databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Chromium,
    Firefox,
}

/// The folders with databases of this person; Chromium's is made if there is none.
pub fn databases(whose: Whose) -> Result<Vec<PathBuf>> {
    let home = env::var_os("HOME").map(PathBuf::from).context("no HOME is set")?;
    match whose {
        Whose::Chromium => chromium(&home),
        Whose::Firefox => Ok(firefox(&home)),
    }
}

fn chromium(home: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = [".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb"]
        .map(|place| home.join(place))
        .into_iter()
        .filter(|folder| folder.join("cert9.db").exists())
        .collect();
    if found.is_empty() {
        let folder = home.join(".pki/nssdb");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        certutil(&folder, &["-N", "--empty-password"], "")?;
        found.push(folder);
    }
    Ok(found)
}

/// Profiles, as the system, Flatpak and Snap have them.
fn firefox(home: &Path) -> Vec<PathBuf> {
    let places = [
        ".mozilla/firefox",
        ".config/mozilla/firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
        "snap/firefox/common/.mozilla/firefox",
    ];
    let mut found: Vec<PathBuf> = places
        .iter()
        .filter_map(|place| fs::read_dir(home.join(place)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|profile| profile.join("cert9.db").exists())
        .collect();
    found.sort();
    found
}

/// Trusts the certificate for web servers, and for nothing else.
pub fn install(folder: &Path, certificate: &str) -> Result<()> {
    remove(folder)?;
    certutil(folder, &["-A", "-n", NAME, "-t", "C,,"], certificate)
}

/// Takes out every authority of ours. False: there was none.
pub fn remove(folder: &Path) -> Result<bool> {
    let mut any = false;
    while is_there(folder) {
        certutil(folder, &["-D", "-n", NAME], "")?;
        any = true;
    }
    Ok(any)
}

fn is_there(folder: &Path) -> bool {
    certutil(folder, &["-L", "-n", NAME], "").is_ok()
}

fn certutil(folder: &Path, arguments: &[&str], input: &str) -> Result<()> {
    let mut command = Command::new("certutil");
    command.arg("-d").arg(format!("sql:{}", folder.display())).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start certutil; Debian has it in the package libnss3-tools")?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends before it has read everything says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().context("certutil did not end")?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(&output.stderr);
        bail!("certutil on {}: {}", folder.display(), says.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_those_with_a_database() {
        let home = tempfile::tempdir().unwrap();
        let profile = home.path().join(".mozilla/firefox/abc.default-esr");
        fs::create_dir_all(home.path().join(".mozilla/firefox/Crash Reports")).unwrap();
        fs::create_dir_all(&profile).unwrap();
        fs::write(profile.join("cert9.db"), "").unwrap();
        assert_eq!(firefox(home.path()), [profile]);
    }
}
