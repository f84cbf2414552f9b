//! QUIC, as far as its first packets say in clear (RFC 9000, RFC 9001 §5).
//!
//! The Initial packets are encrypted with keys that follow from the connection
//! id in them: everybody on the path reads the ClientHello, and so the name of
//! the server. What follows is sealed.

use std::collections::BTreeMap;

use aes::{
    Aes128,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};

use super::{
    reader::ByteReader,
    tls::{
        cipher, hello, kdf,
        suites::{RecordCipher, SuiteHash},
    },
};

/// What a version does differently.
struct QuicVersion {
    salt: [u8; 20],
    /// The bits of an Initial packet's type.
    initial: u8,
    labels: [&'static str; 3],
}

const LABELS: [&str; 3] = ["quic key", "quic iv", "quic hp"];

/// Versions 1 (RFC 9001) and 2 (RFC 9369), and the last drafts.
fn version(number: u32) -> Option<QuicVersion> {
    let (salt, initial, labels) = match number {
        1 => (b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a", 0, LABELS),
        0x6b33_43cf => (
            b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
            1,
            ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        ),
        0xff00_001d..=0xff00_0020 => {
            (b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99", 0, LABELS)
        }
        _ => return None,
    };
    Some(QuicVersion { salt: *salt, initial, labels })
}

/// Keys of the client's Initial packets.
struct InitialKeys {
    key: Vec<u8>,
    iv: Vec<u8>,
    hp: Vec<u8>,
}

impl InitialKeys {
    fn of(version: &QuicVersion, id: &[u8]) -> Self {
        let secret = kdf::extract(SuiteHash::Sha256, &version.salt, id);
        let client = kdf::expand_label(SuiteHash::Sha256, &secret, "client in", 32);
        let expand = |label, length| kdf::expand_label(SuiteHash::Sha256, &client, label, length);
        let [key, iv, hp] = version.labels;
        Self { key: expand(key, 16), iv: expand(iv, 12), hp: expand(hp, 16) }
    }

    /// The frames of a packet that begins with `packet` and whose number lies at `at`.
    fn open(&self, packet: &[u8], at: usize) -> Option<Vec<u8>> {
        let sample: [u8; 16] = packet.get(at + 4..at + 20)?.try_into().ok()?;
        let mut mask = Array::from(sample);
        Aes128::new_from_slice(&self.hp).ok()?.encrypt_block(&mut mask);
        let mut head = packet.get(..at + 4)?.to_vec();
        head[0] ^= mask[0] & 15;
        let length = usize::from(head[0] & 3) + 1;
        head.truncate(at + length);
        head[at..].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
        let mut nonce: [u8; 12] = self.iv[..].try_into().ok()?;
        nonce[12 - length..].iter_mut().zip(&head[at..]).for_each(|(byte, number)| *byte ^= number);
        cipher::open_aead(RecordCipher::Aes128Gcm, &self.key, &nonce, &packet[at + length..], &head)
    }
}

/// Whether a datagram begins as one of QUIC with a long head of a known version.
pub(super) fn is_quic(datagram: &[u8]) -> bool {
    let mut reader = ByteReader::new(datagram);
    reader.u8().is_some_and(|first| first & 0xc0 == 0xc0)
        && reader.u32().is_some_and(|number| version(number).is_some())
}

/// The server's name, out of the client's datagrams.
pub(super) fn name<'d>(datagrams: impl Iterator<Item = &'d [u8]>) -> Option<String> {
    /// A ClientHello with keys for after quantum computers takes two or three.
    const MOST: usize = 16;
    let (mut crypto, mut first) = (BTreeMap::new(), None);
    for datagram in datagrams.take(MOST) {
        packets(datagram, &mut first, &mut crypto);
        if let Some(hello) = joined(&crypto) {
            return hello.name;
        }
    }
    None
}

/// Takes what Initial packets of a datagram say of the handshake, by its offset.
fn packets(datagram: &[u8], first: &mut Option<InitialKeys>, crypto: &mut BTreeMap<u64, Vec<u8>>) -> Option<()> {
    let mut rest = datagram;
    while rest.first().is_some_and(|first| first & 0x80 != 0) {
        let mut reader = ByteReader::new(rest);
        let kind = reader.u8()?;
        let version = version(reader.u32()?)?;
        let id = reader.prefixed(1)?;
        reader.prefixed(1)?;
        let is_initial = kind >> 4 & 3 == version.initial;
        if is_initial {
            let token = number(&mut reader)?;
            reader.take(usize::try_from(token).ok()?)?;
        }
        let length = usize::try_from(number(&mut reader)?).ok()?;
        let at = rest.len() - reader.rest().len();
        reader.take(length)?;
        let packet = &rest[..at + length];
        if is_initial {
            // Later packets name the id that the server chose; the keys stay, but for a Retry.
            let own = InitialKeys::of(&version, id);
            let keys = first.get_or_insert(own);
            let frames = keys.open(packet, at).or_else(|| InitialKeys::of(&version, id).open(packet, at));
            frames.and_then(|frames| handshake(&frames, crypto));
        }
        rest = reader.rest();
    }
    Some(())
}

/// The CRYPTO frames (RFC 9000 §19.6) of a packet.
fn handshake(frames: &[u8], crypto: &mut BTreeMap<u64, Vec<u8>>) -> Option<()> {
    let mut reader = ByteReader::new(frames);
    while !reader.is_empty() {
        match number(&mut reader)? {
            0 | 1 => {}
            kind @ (2 | 3) => {
                for _ in 0..2 {
                    number(&mut reader)?;
                }
                let ranges = number(&mut reader)?;
                for _ in 0..ranges.checked_mul(2)? + 1 + if kind == 3 { 3 } else { 0 } {
                    number(&mut reader)?;
                }
            }
            6 => {
                let (offset, length) = (number(&mut reader)?, number(&mut reader)?);
                let bytes = reader.take(usize::try_from(length).ok()?)?;
                crypto.entry(offset).or_insert_with(|| bytes.to_vec());
            }
            _ => return None,
        }
    }
    Some(())
}

/// The ClientHello, once all of it is there.
fn joined(crypto: &BTreeMap<u64, Vec<u8>>) -> Option<hello::ClientHello> {
    let mut bytes = Vec::new();
    for (offset, part) in crypto {
        let skip = (bytes.len() as u64).checked_sub(*offset)?;
        bytes.extend_from_slice(part.get(usize::try_from(skip).ok()?..).unwrap_or_default());
    }
    let mut reader = ByteReader::new(&bytes);
    if reader.u8()? != 1 {
        return None;
    }
    hello::client_hello(reader.prefixed(3)?)
}

/// A number whose first two bits say how long it is (RFC 9000 §16).
fn number(reader: &mut ByteReader<'_>) -> Option<u64> {
    let first = *reader.rest().first()?;
    let bytes = reader.take(1 << (first >> 6))?;
    Some(
        bytes
            .iter()
            .enumerate()
            .fold(0, |all, (at, byte)| all << 8 | u64::from(if at == 0 { byte & 0x3f } else { *byte })),
    )
}

/// An Initial packet of version 1, as a client seals it.
#[cfg(test)]
pub(super) fn sealed_initial(number: u8, frames: &[u8]) -> Vec<u8> {
    use aes_gcm::{
        Aes128Gcm,
        aead::{Aead, Payload},
    };
    let id = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";
    let keys = InitialKeys::of(&version(1).unwrap(), id);
    let mut head = [&[0xc0, 0, 0, 0, 1, 8][..], id, &[0, 0]].concat();
    head.extend((0x4000 | (frames.len() as u16 + 17)).to_be_bytes());
    head.push(number);
    let mut nonce: [u8; 12] = keys.iv[..].try_into().unwrap();
    nonce[11] ^= number;
    let payload = Payload { msg: frames, aad: &head };
    let sealed = Aes128Gcm::new_from_slice(&keys.key).unwrap().encrypt((&nonce).into(), payload).unwrap();
    let mut mask = Array::from(<[u8; 16]>::try_from(&sealed[3..19]).unwrap());
    Aes128::new_from_slice(&keys.hp).unwrap().encrypt_block(&mut mask);
    let last = head.len() - 1;
    head[0] ^= mask[0] & 15;
    head[last] ^= mask[1];
    [head, sealed].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_standard_s_example_come_out() {
        // RFC 9001 §A.1 and, for version 2, RFC 9369 §A.1.
        let id = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let keys = InitialKeys::of(&version(1).unwrap(), id);
        assert_eq!(hex(&keys.key), "1f369613dd76d5467730efcbe3b1a22d");
        assert_eq!(hex(&keys.iv), "fa044b2f42a3fd3b46fb255c");
        assert_eq!(hex(&keys.hp), "9f50449e04a0e810283a1e9933adedd2");
        let keys = InitialKeys::of(&version(0x6b33_43cf).unwrap(), id);
        assert_eq!(hex(&keys.key), "8b1a0bc121284290a29e0971b5cd045d");
    }

    #[test]
    fn the_name_is_read_out_of_datagrams_in_any_order_and_of_no_others() {
        let (one, two) = super::super::wire::initial_datagrams("a.example");
        assert_eq!(name([&one[..], &two].into_iter()).as_deref(), Some("a.example"));
        assert_eq!(name([&two[..], &one].into_iter()).as_deref(), Some("a.example"));
        assert_eq!(name([&one[..]].into_iter()), None);
        for end in 0..one.len() {
            assert_eq!(name([&one[..end], &two[..]].into_iter()), None);
        }
        let mut forged = one.clone();
        forged[40] ^= 1;
        assert_eq!(name([&forged[..], &two].into_iter()), None);
    }
}
