//! NSS, the certificate store of Chromium and Firefox on Linux: a person has one
//! database for all Chromium browsers, and one in each Firefox profile.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::NAME;

/// The browser family whose databases are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NssOwner {
    Chromium,
    Firefox,
}

/// The folders with databases of this person.
pub fn databases(whose: NssOwner) -> Result<Vec<PathBuf>> {
    let home = home()?;
    Ok(match whose {
        NssOwner::Chromium => chromium(&home),
        NssOwner::Firefox => firefox(&home),
    })
}

/// Like [`databases`], but creates one for Chromium if there is none.
pub fn databases_or_new(whose: NssOwner) -> Result<Vec<PathBuf>> {
    let mut found = databases(whose)?;
    if found.is_empty() && whose == NssOwner::Chromium {
        let folder = home()?.join(".pki/nssdb");
        make(&folder)?;
        found.push(folder);
    }
    Ok(found)
}

/// Creates a database in this folder if there is none.
pub fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    if is_database(folder) {
        return Ok(());
    }
    certutil(folder, &["-N", "--empty-password"], "").map(drop)
}

fn home() -> Result<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).context("no HOME is set")
}

fn is_database(folder: &Path) -> bool {
    folder.join("cert9.db").exists()
}

fn chromium(home: &Path) -> Vec<PathBuf> {
    let places = [".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb"];
    places.map(|place| home.join(place)).into_iter().filter(|folder| is_database(folder)).collect()
}

/// Profile folders with a database, in the places of Debian, Flatpak and Snap.
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
        .filter(|profile| is_database(profile))
        .collect();
    found.sort();
    found
}

/// Trusts the certificate for web servers, and for nothing else.
pub fn install(folder: &Path, certificate: &str) -> Result<()> {
    remove(folder)?;
    certutil(folder, &["-A", "-n", NAME, "-t", "C,,"], certificate).map(drop)
}

/// Trusts the certificate in a browser's own profile, and creates the database if
/// there is none. If the certificate is there the database stays unchanged, because
/// a change may need its password.
pub fn ensure(folder: &Path, certificate: &str) -> Result<()> {
    make(folder)?;
    if is_there(folder)? && is_same(&certutil(folder, &["-L", "-n", NAME, "-a"], "")?, certificate) {
        return Ok(());
    }
    install(folder, certificate)
}

/// Whether two PEM texts are equal except for their line ends.
fn is_same(one: &str, other: &str) -> bool {
    one.lines().map(str::trim).eq(other.trim().lines().map(str::trim))
}

/// Removes all of Candor's authorities. False: there was none.
pub fn remove(folder: &Path) -> Result<bool> {
    let mut any = false;
    while is_there(folder)? {
        certutil(folder, &["-D", "-n", NAME], "")?;
        any = true;
    }
    Ok(any)
}

/// Whether the database has Candor's authority. Reads the whole list: asked for a
/// name, certutil fails in the same way if the name is missing and if the database
/// cannot be read.
fn is_there(folder: &Path) -> Result<bool> {
    let list = certutil(folder, &["-L"], "")?;
    let name = |line: &str| line.trim_end().rsplit_once(' ').is_some_and(|(name, _trust)| name.trim_end() == NAME);
    Ok(list.lines().any(name))
}

fn certutil(folder: &Path, arguments: &[&str], input: &str) -> Result<String> {
    let mut command = Command::new("certutil");
    command.arg("-d").arg(format!("sql:{}", folder.display())).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start certutil; Debian has it in the package libnss3-tools")?;
    if let Some(mut stdin) = child.stdin.take() {
        // If certutil ends before it has read everything, its error message says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().context("certutil did not end")?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(&output.stderr);
        bail!("certutil on {}: {}", folder.display(), says.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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

    #[test]
    fn a_profile_trusts_one_authority_and_is_left_alone_when_it_does() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("profile");
        let authorities = ["one", "two"].map(|name| proxy::CertificateAuthority::in_memory(name).unwrap());
        if Command::new("certutil").arg("-H").output().is_err() {
            println!("skipped: no certutil here");
            return;
        }
        let touched = || fs::metadata(folder.join("cert9.db")).unwrap().modified().unwrap();
        for authority in &authorities {
            ensure(&folder, authority.cert_pem()).unwrap();
            let (before, kept) = (touched(), certutil(&folder, &["-L", "-n", NAME, "-a"], "").unwrap());
            assert!(is_same(&kept, authority.cert_pem()), "{kept}");
            ensure(&folder, authority.cert_pem()).unwrap();
            assert_eq!(touched(), before);
        }
    }
}
