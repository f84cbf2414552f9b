//! The certificate stores of an Android phone, through adb.
//!
//! A phone has two stores. Apps made for Android 7 or later trust only the system's
//! store, unless they say otherwise. Chrome and browsers built on it trust their own
//! list and the user's store, not the system's (Chromium's
//! `net/cert/internal/trust_store_android.cc`); so does Firefox, if this is turned
//! on. With root access Candor installs its certificate in both stores. Without, it
//! copies the file to the phone and the person installs it: since Android 11 no app
//! may do this.

use adb::Phone;
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::NAME;

/// The file that the person installs.
const DOWNLOAD: &str = "/sdcard/Download/candor-ca.crt";
/// The files that root copies: PEM, as in the system's store, and DER, as Android
/// writes into the user's store.
const PASSING: &str = "/data/local/tmp/candor-ca.pem";
const PASSING_DER: &str = "/data/local/tmp/candor-ca.der";

/// The result of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallResult {
    /// The certificate is in both stores; a restart removes it from the system's.
    Stores,
    /// The file is on the phone; the person has to install it.
    Download(String),
}

/// Stores of a phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneStores {
    pub system: bool,
    pub user: bool,
}

impl PhoneStores {
    pub const BOTH: Self = Self { system: true, user: true };
    pub const NONE: Self = Self { system: false, user: false };
}

/// Installs the certificate, or copies its file, if the phone gives no root access.
pub fn install(phone: &Phone, certificate: &str) -> Result<InstallResult> {
    if phone.as_root("true")?.is_some() {
        install_in(phone, certificate, PhoneStores::BOTH)?;
        return Ok(InstallResult::Stores);
    }
    phone.push(certificate.as_bytes(), DOWNLOAD)?;
    // A phone without this page shows nothing; the person must then find the setting.
    let _ = phone.shell(&["am", "start", "-a", "android.settings.SECURITY_SETTINGS"])?;
    Ok(InstallResult::Download(DOWNLOAD.to_owned()))
}

/// Installs the certificate in these stores, as root.
pub fn install_in(phone: &Phone, certificate: &str, stores: PhoneStores) -> Result<()> {
    let name = system_name(certificate)?;
    let mut script = String::new();
    if stores.system {
        phone.push(certificate.as_bytes(), PASSING)?;
        script += &to_system(&name);
    }
    if stores.user {
        phone.push(&der(certificate)?, PASSING_DER)?;
        script += &to_user(&name);
    }
    match phone.as_root(&format!("set -e\n{script}rm -f {PASSING} {PASSING_DER}"))? {
        Some(said) if said.status == 0 => Ok(()),
        Some(said) => bail!("the phone's own store could not be changed: {}", said.text),
        None => bail!("this phone lets nobody be root"),
    }
}

/// The stores that have the certificate. None: without root access this is unknown.
pub fn found(phone: &Phone, certificate: &str) -> Result<Option<PhoneStores>> {
    let name = system_name(certificate)?;
    let script = format!("[ -e {SYSTEM}/{name} ] && echo system; [ -e {USER}/{name} ] && echo user; true");
    let said = phone.as_root(&script)?;
    let has = |text: &str, word: &str| text.lines().any(|line| line.trim() == word);
    Ok(said.map(|said| PhoneStores { system: has(&said.text, "system"), user: has(&said.text, "user") }))
}

/// Removes what `install` has installed; returns what the person has to do.
pub fn remove(phone: &Phone) -> Result<&'static str> {
    phone.shell(&["rm", "-f", DOWNLOAD])?;
    if remove_from(phone, PhoneStores::BOTH)? {
        return Ok("removed from its certificates");
    }
    Ok("the file is gone; if you installed it: Settings > Security > Encryption > User certificates > Candor")
}

/// Removes the certificate from these stores. False: the phone gives no root access.
pub fn remove_from(phone: &Phone, stores: PhoneStores) -> Result<bool> {
    phone.shell(&["rm", "-f", PASSING, PASSING_DER])?;
    let mut script = String::new();
    if stores.system {
        script += &out_of_system();
    }
    if stores.user {
        script += &out_of_user();
    }
    Ok(phone.as_root(&(script + "true"))?.is_some())
}

const SYSTEM: &str = "/system/etc/security/cacerts";
/// The system's store since Android 14, and on some earlier phones.
const APEX: &str = "/apex/com.android.conscrypt/cacerts";
const USER: &str = "/data/misc/user/0/cacerts-added";

/// Shell variables with the processes whose mount namespaces need the certificate:
/// init, zygote, from which apps are made, and zygote's children. A phone has one or
/// two zygotes.
const PLACES: &str = r#"Z="$(pidof zygote64) $(pidof zygote)" || true
PLACES="1 $Z $(for Q in $Z; do ps -o PID -P $Q | grep -v PID; done)"
"#;

/// Mounts a copy of the system's certificates, with Candor's added, over the real
/// ones: the phone's own files do not change.
fn to_system(name: &str) -> String {
    format!(
        r#"D={SYSTEM}
A={APEX}
T=/data/local/tmp/candor-cacerts
rm -rf $T && mkdir -m 755 $T
cp $D/* $T/
if [ -d $A ]; then cp $A/* $T/; fi
mount | grep -q "tmpfs on $D " || mount -t tmpfs tmpfs $D
cp $T/* $D/
cp {PASSING} $D/{name}
chown 0:0 $D/* && chmod 644 $D/*
# A phone without SELinux has no labels to give.
chcon u:object_r:system_file:s0 $D/* || true
rm -rf $T
if [ -d $A ]; then
  {PLACES}
  for P in $PLACES; do
    IN="nsenter --mount=/proc/$P/ns/mnt --"
    # Not over itself, and not where $D is still the phone's own. An app that this
    # does not reach, or that ends now, gets what zygote has when it is started again.
    $IN ls $A/{name} > /dev/null 2>&1 || ($IN ls $D/{name} > /dev/null 2>&1 && $IN mount --bind $D $A) || true
  done
  for P in $Z; do nsenter --mount=/proc/$P/ns/mnt -- ls $A/{name} > /dev/null; done
fi
"#
    )
}

/// Writes the file as Android does for the user's store; 1000 is the user `system`.
fn to_user(name: &str) -> String {
    format!(
        "mkdir -p {USER}
cp {PASSING_DER} {USER}/{name}
chown 1000:1000 {USER} {USER}/{name}
chmod 755 {USER} && chmod 644 {USER}/{name}
# A phone without SELinux has no labels to restore.
restorecon -R {USER} || true
"
    )
}

/// Removes the mounts from the system's store. A command that fails is ignored:
/// there was nothing to remove.
fn out_of_system() -> String {
    format!(
        "{PLACES}for P in $PLACES; do nsenter --mount=/proc/$P/ns/mnt -- umount {APEX} 2>/dev/null; done
umount {SYSTEM} 2>/dev/null
"
    )
}

/// Removes files that contain Candor's name, which is plain text in a certificate.
fn out_of_user() -> String {
    format!("for F in {USER}/*; do grep -q '{NAME}' \"$F\" 2>/dev/null && rm -f \"$F\"; done\n")
}

/// The file name by which Android finds an authority: OpenSSL's old hash of its
/// subject, which is the first four bytes of the MD5, in reverse order.
fn system_name(certificate: &str) -> Result<String> {
    let der = der(certificate)?;
    let digest = Md5::digest(subject(&der).context("the certificate has no subject")?);
    let first = digest.first_chunk().context("MD5 has 16 bytes")?;
    Ok(format!("{:08x}.0", u32::from_le_bytes(*first)))
}

fn der(certificate: &str) -> Result<Vec<u8>> {
    let lines: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(lines).context("the certificate could not be read")
}

/// The subject of a certificate, with its tag and length (RFC 5280 §4.1).
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let inner = DerValue::read(certificate)?.content;
    let mut rest = DerValue::read(inner)?.content;
    let version = DerValue::read(rest)?;
    if version.tag == 0xa0 {
        rest = version.after;
    }
    // Serial number, signature algorithm, issuer, validity; then the subject.
    for _ in 0..4 {
        rest = DerValue::read(rest)?.after;
    }
    Some(DerValue::read(rest)?.whole)
}

/// A value of DER.
struct DerValue<'d> {
    tag: u8,
    whole: &'d [u8],
    content: &'d [u8],
    after: &'d [u8],
}

impl<'d> DerValue<'d> {
    fn read(bytes: &'d [u8]) -> Option<Self> {
        let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
        let (length, head) = if first < 0x80 {
            (usize::from(first), 2)
        } else {
            let digits = usize::from(first & 0x7f);
            let number = bytes.get(2..2 + digits).filter(|_| digits <= 3)?;
            (number.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 2 + digits)
        };
        let (whole, after) = bytes.split_at_checked(head + length)?;
        Some(Self { tag, whole, content: &whole[head..], after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_that_openssl_gives() {
        let authority = proxy::CertificateAuthority::in_memory("Candor CA 1").unwrap();
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("ca.pem");
        std::fs::write(&file, authority.cert_pem()).unwrap();
        let mut openssl = std::process::Command::new("openssl");
        let Ok(said) = openssl.args(["x509", "-noout", "-subject_hash_old", "-in"]).arg(&file).output() else {
            println!("skipped: no openssl to compare with");
            return;
        };
        let hash = String::from_utf8(said.stdout).unwrap();
        assert_eq!(system_name(authority.cert_pem()).unwrap(), format!("{}.0", hash.trim()));
    }

    /// Stands for a phone: files in a folder, a zygote and an app with mounts of
    /// their own, which get what is mounted on /system but not what is on /apex, as
    /// on Android 14; and a process that nothing reaches.
    const PHONE: &str = r#"set -e
mount --make-rshared /
mkdir -p $R/system/etc/security/cacerts $R/apex/com.android.conscrypt/cacerts $R/data/misc/user/0/cacerts-added
mkdir -p $R/data/local/tmp $R/bin
cd $R
echo old > system/etc/security/cacerts/old.0
echo new > apex/com.android.conscrypt/cacerts/new.0
echo other > data/misc/user/0/cacerts-added/other.0
cp ca.pem data/local/tmp/candor-ca.pem
cp ca.der data/local/tmp/candor-ca.der
mount --bind apex apex
mount --make-rprivate apex
started() { until [ "$(cat /proc/$1/comm)" = sleep ]; do sleep 0.05; done; }
unshare --mount --propagation unchanged sh -c 'mount --make-rslave /; exec sleep 60' & Z=$!
unshare --mount --propagation unchanged sh -c 'mount --make-rslave /; exec sleep 60' & APP=$!
unshare --mount --propagation private sleep 60 & FAR=$!
started $Z; started $APP; started $FAR
printf '#!/bin/sh\n[ $1 = zygote64 ] && echo %s\n' $Z > bin/pidof
printf '#!/bin/sh\necho PID; echo %s; echo %s\n' $APP $FAR > bin/ps
printf '#!/bin/sh\nexit 1\n' > bin/restorecon
chmod +x bin/*
PATH=$R/bin:$PATH
look() {
  for P in 1 $Z $APP $FAR; do
    echo "$1 $(nsenter --mount=/proc/$P/ns/mnt -- ls $R/apex/com.android.conscrypt/cacerts | tr '\n' ' ')"
  done
  echo "$1 system $(ls system/etc/security/cacerts | tr '\n' ' ')"
  echo "$1 user $(ls data/misc/user/0/cacerts-added | tr '\n' ' ')"
}
sh $R/install
look installed
sh $R/install
look again
sh $R/remove
sh $R/remove
look removed
kill $Z $APP $FAR
"#;

    #[test]
    fn every_process_of_a_phone_sees_it_and_then_sees_it_no_more() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root can make the namespaces that stand for a phone");
            return;
        }
        let authority = proxy::CertificateAuthority::in_memory("Candor CA 1").unwrap();
        let (at, name) = (tempfile::tempdir().unwrap(), system_name(authority.cert_pem()).unwrap());
        let root = at.path().display().to_string();
        let there = |script: String| {
            let roots = ["/system/etc", "/apex/", "/data/"];
            roots.iter().fold(script, |script, at| script.replace(at, &format!("{root}{at}")))
        };
        // Installing twice has the same result as once.
        let install = there(format!("set -e\n{}{}", to_system(&name), to_user(&name)));
        let remove = there(format!("{}{}true", out_of_system(), out_of_user()));
        for (file, text) in [("install", &install), ("remove", &remove), ("ca.pem", &authority.cert_pem().to_owned())] {
            std::fs::write(at.path().join(file), text).unwrap();
        }
        std::fs::write(at.path().join("ca.der"), der(authority.cert_pem()).unwrap()).unwrap();
        let mut phone = std::process::Command::new("unshare");
        phone.args(["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", PHONE]).env("R", &root);
        let said = phone.output().unwrap();
        let told = String::from_utf8(said.stdout).unwrap();
        let listed = |names: &[&str]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names.join(" ") + " \n"
        };
        let (laid, own) = (listed(&[&name, "new.0", "old.0"]), listed(&[&name, "other.0"]));
        let lay = |when: &str| {
            format!("{when} {laid}").repeat(3) + &format!("{when} new.0 \n{when} system {laid}{when} user {own}")
        };
        let removed = "removed new.0 \n".repeat(4) + "removed system old.0 \nremoved user other.0 \n";
        let expected = lay("installed") + &lay("again") + &removed;
        assert_eq!(told, expected, "{}", String::from_utf8_lossy(&said.stderr));
    }

    #[test]
    fn what_is_no_certificate_has_no_name() {
        assert!(system_name("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n").is_err());
        assert!(system_name("").is_err() && system_name("%").is_err());
    }
}
