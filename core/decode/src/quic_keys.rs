//! The keys of QUIC's Initial packets, RFC 9001 §5: they follow from the id that the
//! client chose for the server, and keep nobody out.

use aes::{
    Aes128,
    cipher::{Array, BlockCipherEncrypt, KeyInit, consts::U12},
};
use aes_gcm::{
    AesGcm,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};

/// What a version of QUIC derives its keys with.
struct Version {
    number: [u8; 4],
    salt: [u8; 20],
    labels: [&'static str; 3],
    /// The first half of the first byte of an Initial packet.
    first: u8,
}

/// RFC 9001 §5.2 and RFC 9369 §3.
const VERSIONS: [Version; 2] = [
    Version {
        number: [0, 0, 0, 1],
        salt: [
            0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb,
            0x7f, 0x0a,
        ],
        labels: ["quic key", "quic iv", "quic hp"],
        first: 0xc0,
    },
    Version {
        number: [0x6b, 0x33, 0x43, 0xcf],
        salt: [
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd,
            0x2e, 0xd9,
        ],
        labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        first: 0xd0,
    },
];

/// What a client protects its Initial packets with.
pub(crate) struct InitialKeys {
    key: [u8; 16],
    nonce: [u8; 12],
    header: [u8; 16],
}

impl InitialKeys {
    /// By which half byte an Initial packet of this version begins.
    pub(crate) fn first_byte(version: [u8; 4]) -> Option<u8> {
        VERSIONS.iter().find(|known| known.number == version).map(|known| known.first)
    }

    /// The client's keys; `destination` is the id that its first packet is sent to.
    pub(crate) fn of_client(version: [u8; 4], destination: &[u8]) -> Option<Self> {
        let Version { salt, labels, .. } = VERSIONS.iter().find(|known| known.number == version)?;
        let initial = hmac(salt, &[destination]);
        let client: [u8; 32] = expanded(&initial, "client in");
        let [key, nonce, header] = labels;
        Some(Self { key: expanded(&client, key), nonce: expanded(&client, nonce), header: expanded(&client, header) })
    }

    /// The frames of a packet whose number stands at `at`. None: it is not protected with these keys.
    pub(crate) fn open(&self, packet: &[u8], at: usize) -> Option<Vec<u8>> {
        let sample = packet.get(at + 4..at + 20)?;
        let mask = self.mask(sample)?;
        let mut head = packet.get(..at)?.to_vec();
        head[0] ^= mask[0] & 0x0f;
        let width = usize::from(head[0] & 3) + 1;
        let (number, sealed) = packet.get(at..)?.split_at_checked(width)?;
        head.extend(number.iter().zip(&mask[1..]).map(|(byte, mask)| byte ^ mask));
        let mut nonce = self.nonce;
        for (byte, number) in nonce[12 - width..].iter_mut().zip(&head[at..]) {
            *byte ^= number;
        }
        let cipher = AesGcm::<Aes128, U12>::new_from_slice(&self.key).ok()?;
        cipher.decrypt(&Array::from(nonce), Payload { msg: sealed, aad: &head }).ok()
    }

    /// What hides the first byte and the number (RFC 9001 §5.4.3).
    fn mask(&self, sample: &[u8]) -> Option<[u8; 16]> {
        let mut block = Array::try_from(sample).ok()?;
        Aes128::new_from_slice(&self.header).ok()?.encrypt_block(&mut block);
        Some(block.into())
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 §7.1), for at most one digest.
fn expanded<const LENGTH: usize>(secret: &[u8; 32], label: &str) -> [u8; LENGTH] {
    let (length, label) = ((LENGTH as u16).to_be_bytes(), format!("tls13 {label}"));
    let whole = hmac(secret, &[&length, &[label.len() as u8], label.as_bytes(), &[0, 1]]);
    std::array::from_fn(|i| whole[i])
}

/// HMAC-SHA256 (RFC 2104) of several pieces, with a key of at most one block.
fn hmac(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    let pad = |with: u8| -> [u8; 64] { std::array::from_fn(|i| key.get(i).copied().unwrap_or(0) ^ with) };
    let mut inner = Sha256::new();
    inner.update(pad(0x36));
    pieces.iter().for_each(|piece| inner.update(piece));
    let mut outer = Sha256::new();
    outer.update(pad(0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
impl InitialKeys {
    /// A packet with these frames; the number is the last four bytes of `head`.
    pub(crate) fn protect(&self, head: &[u8], frames: &[u8]) -> Vec<u8> {
        let at = head.len() - 4;
        let mut nonce = self.nonce;
        nonce[8..].iter_mut().zip(&head[at..]).for_each(|(byte, number)| *byte ^= number);
        let cipher = AesGcm::<Aes128, U12>::new_from_slice(&self.key).expect("it is long enough");
        let sealed = cipher.encrypt(&Array::from(nonce), Payload { msg: frames, aad: head }).expect("it is short");
        let mut packet = [head, &sealed].concat();
        let mask = self.mask(&packet[at + 4..at + 20]).expect("it is long enough");
        packet[0] ^= mask[0] & 0x0f;
        packet[at..at + 4].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_specification() {
        let destination = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let keys = InitialKeys::of_client([0, 0, 0, 1], &destination).unwrap();
        assert_eq!(hex(&keys.key), "1f369613dd76d5467730efcbe3b1a22d");
        assert_eq!(hex(&keys.nonce), "fa044b2f42a3fd3b46fb255c");
        assert_eq!(hex(&keys.header), "9f50449e04a0e810283a1e9933adedd2");
        let second = InitialKeys::of_client([0x6b, 0x33, 0x43, 0xcf], &destination).unwrap();
        assert_eq!(hex(&second.key), "8b1a0bc121284290a29e0971b5cd045d");
        assert!(InitialKeys::of_client([0, 0, 0, 2], &destination).is_none());
    }
}
