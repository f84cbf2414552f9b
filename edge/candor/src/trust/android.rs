//! Android, by cable.
//!
//! Since Android 7 apps trust only what the system does; browsers go by the
//! person's own certificates too. So a phone of which we may be root gets it
//! among the system's, until it is restarted; any other gets the file, and the
//! person installs it in the settings.

use adb::Phone;
use anyhow::{Context, Result, bail};
use md5::{Digest, Md5};

/// Where the file lies for the person to choose it.
const DOWNLOAD: &str = "/sdcard/Download/candor-ca.crt";
/// Where it lies for root to take it.
const PASSING: &str = "/data/local/tmp/candor-ca.pem";

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// Among the system's certificates, until the phone is restarted.
    System,
    /// The file is on the phone; the person has to install it.
    Download(String),
}

/// Puts the certificate where this phone lets us.
pub fn install(phone: &Phone, certificate: &str) -> Result<Installed> {
    phone.push(certificate.as_bytes(), PASSING)?;
    let name = system_name(certificate).context("the certificate could not be read")?;
    if let Some(said) = phone.as_root(&system_script(&name))? {
        if said.status != 0 {
            bail!("the phone's own store could not be changed: {}", said.text);
        }
        return Ok(Installed::System);
    }
    phone.push(certificate.as_bytes(), DOWNLOAD)?;
    // A phone without such a page shows nothing; the person finds it by hand.
    let _ = phone.shell(&["am", "start", "-a", "android.settings.SECURITY_SETTINGS"])?;
    Ok(Installed::Download(DOWNLOAD.to_owned()))
}

/// Whether it is among the system's already.
pub fn is_among_the_systems(phone: &Phone, certificate: &str) -> Result<bool> {
    let name = system_name(certificate).context("the certificate could not be read")?;
    Ok(phone.shell(&["ls", &format!("/system/etc/security/cacerts/{name}")])?.status == 0)
}

/// Takes away what `install` put there; says what the person has to do.
pub fn remove(phone: &Phone) -> Result<&'static str> {
    phone.shell(&["rm", "-f", DOWNLOAD, PASSING])?;
    match phone.as_root(UNDO)? {
        Some(_) => Ok("removed from the system's certificates"),
        None => {
            Ok("the file is gone; if you installed it: Settings > Security > Encryption > User certificates > Candor")
        }
    }
}

/// Lays a copy of the system's certificates, with ours among them, over the
/// real ones: the phone's own files stay as they are. Since Android 14 programs
/// see another folder, each in a place of its own, made from zygote's.
fn system_script(name: &str) -> String {
    format!(
        "set -e
D=/system/etc/security/cacerts
A=/apex/com.android.conscrypt/cacerts
T=/data/local/tmp/candor-cacerts
rm -rf $T && mkdir -m 755 $T
cp $D/* $T/
if [ -d $A ]; then cp $A/* $T/; fi
mount | grep -q \"tmpfs on $D \" || mount -t tmpfs tmpfs $D
cp $T/* $D/
cp {PASSING} $D/{name}
chown root:root $D/* && chmod 644 $D/*
chcon u:object_r:system_file:s0 $D/* || true
rm -rf $T
if [ -d $A ]; then
  for P in 1 $(pidof zygote64) $(pidof zygote); do nsenter --mount=/proc/$P/ns/mnt -- mount --bind $D $A || true; done
fi"
    )
}

const UNDO: &str = "for P in 1 $(pidof zygote64) $(pidof zygote); do nsenter --mount=/proc/$P/ns/mnt -- umount /apex/com.android.conscrypt/cacerts 2>/dev/null; done
umount /system/etc/security/cacerts 2>/dev/null; true";

/// The name under which Android looks for an authority: OpenSSL's old hash of
/// its subject, the first four bytes of the MD5 from the last.
fn system_name(certificate: &str) -> Option<String> {
    use base64::Engine as _;
    let lines: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(lines).ok()?;
    let digest = Md5::digest(subject(&der)?);
    Some(format!("{:08x}.0", u32::from_le_bytes(*digest.first_chunk()?)))
}

/// The subject of a certificate, with its tag and length (RFC 5280 §4.1).
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let inner = Tlv::read(certificate)?.content;
    let mut rest = Tlv::read(inner)?.content;
    let version = Tlv::read(rest)?;
    if version.tag == 0xa0 {
        rest = version.after;
    }
    // Serial number, signature algorithm, issuer, validity; then the subject.
    for _ in 0..4 {
        rest = Tlv::read(rest)?.after;
    }
    Some(Tlv::read(rest)?.whole)
}

/// A value of DER.
struct Tlv<'d> {
    tag: u8,
    whole: &'d [u8],
    content: &'d [u8],
    after: &'d [u8],
}

impl<'d> Tlv<'d> {
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
        let authority = proxy::Authority::in_memory("Candor CA 1").unwrap();
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("ca.pem");
        std::fs::write(&file, authority.cert_pem()).unwrap();
        let mut openssl = std::process::Command::new("openssl");
        let Ok(said) = openssl.args(["x509", "-noout", "-subject_hash_old", "-in"]).arg(&file).output() else {
            println!("skipped: no openssl to compare with");
            return;
        };
        let hash = String::from_utf8(said.stdout).unwrap();
        assert_eq!(system_name(authority.cert_pem()), Some(format!("{}.0", hash.trim())));
    }

    #[test]
    fn what_is_no_certificate_has_no_name() {
        assert_eq!(system_name("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"), None);
        assert_eq!(system_name(""), None);
    }
}
