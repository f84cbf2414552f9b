//! How keys are made of secrets: HKDF (RFC 5869, RFC 8446 §7.1), and the PRF
//! of TLS 1.2 (RFC 5246 §5).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::suites::{MacHash, SuiteHash};

pub(super) fn mac(hash: MacHash, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        MacHash::Sha1 => mac_with::<Hmac<Sha1>>(key, parts),
        MacHash::Sha256 => mac_with::<Hmac<Sha256>>(key, parts),
        MacHash::Sha384 => mac_with::<Hmac<Sha384>>(key, parts),
    }
}

fn mac_with<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // A key of HMAC may have any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(in crate::formats::pcap) fn extract(hash: SuiteHash, salt: &[u8], secret: &[u8]) -> Vec<u8> {
    mac(hash.into(), salt, &[secret])
}

/// HKDF-Expand-Label with an empty context.
pub(in crate::formats::pcap) fn expand_label(hash: SuiteHash, secret: &[u8], label: &str, length: usize) -> Vec<u8> {
    let mut info = (length as u16).to_be_bytes().to_vec();
    info.push((6 + label.len()) as u8);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let (mut out, mut block): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for count in 1..=u8::MAX {
        if out.len() >= length {
            break;
        }
        block = mac(hash.into(), secret, &[&block, &info, &[count]]);
        out.extend_from_slice(&block);
    }
    out.truncate(length);
    out
}

/// The PRF of TLS 1.2.
pub(super) fn prf(hash: SuiteHash, secret: &[u8], label: &[u8], seed: &[&[u8]], length: usize) -> Vec<u8> {
    let seed = [label, &seed.concat()].concat();
    let (mut out, mut a) = (Vec::new(), seed.clone());
    while out.len() < length {
        a = mac(hash.into(), secret, &[&a]);
        out.extend(mac(hash.into(), secret, &[&a, &seed]));
    }
    out.truncate(length);
    out
}

impl From<SuiteHash> for MacHash {
    fn from(hash: SuiteHash) -> Self {
        match hash {
            SuiteHash::Sha256 => Self::Sha256,
            SuiteHash::Sha384 => Self::Sha384,
        }
    }
}

impl SuiteHash {
    pub(in crate::formats::pcap) fn length(self) -> usize {
        MacHash::from(self).length()
    }
}
