//! TlsRecord protection: what opens a record, and proves that it is whole.

use aes::{
    Aes128, Aes256,
    cipher::{Block, BlockCipherDecrypt, KeyInit},
};
use aes_gcm::{
    Aes128Gcm, Aes256Gcm,
    aead::{Aead, Payload},
};
use chacha20poly1305::ChaCha20Poly1305;

use super::{
    CipherSuite,
    hello::{ClientHello, ServerHello},
    kdf,
    records::TlsRecord,
    suites::{MacHash, RecordCipher},
};

/// Keys of one direction, and the number of the next record.
pub(super) struct RecordKey {
    suite: CipherSuite,
    /// Of TLS 1.3: from which the next keys are made.
    secret: Vec<u8>,
    key: Vec<u8>,
    iv: Vec<u8>,
    mac: Vec<u8>,
    mac_is_last: bool,
    sequence: u64,
}

impl RecordKey {
    /// RFC 8446 §7.3.
    pub(super) fn tls13(suite: &CipherSuite, secret: &[u8]) -> Option<Self> {
        if secret.len() != suite.hash.length()
            || matches!(suite.cipher, RecordCipher::Aes128Cbc(_) | RecordCipher::Aes256Cbc(_))
        {
            return None;
        }
        let key = kdf::expand_label(suite.hash, secret, "key", suite.cipher.key_length());
        let iv = kdf::expand_label(suite.hash, secret, "iv", 12);
        let secret = secret.to_vec();
        Some(Self { suite: *suite, secret, key, iv, mac: Vec::new(), mac_is_last: false, sequence: 0 })
    }

    /// The keys of client and server (RFC 5246 §6.3).
    pub(super) fn tls12(
        suite: &CipherSuite,
        master: &[u8],
        hello: &ClientHello,
        answer: &ServerHello,
    ) -> Option<(Self, Self)> {
        let (mac, iv) = match suite.cipher {
            RecordCipher::Aes128Gcm | RecordCipher::Aes256Gcm => (0, 4),
            RecordCipher::ChaCha20Poly1305 => (0, 12),
            RecordCipher::Aes128Cbc(hash) | RecordCipher::Aes256Cbc(hash) => (hash.length(), 0),
        };
        let key = suite.cipher.key_length();
        let seed: [&[u8]; 2] = [&answer.random, &hello.random];
        let block = kdf::prf(suite.hash, master, b"key expansion", &seed, 2 * (mac + key + iv));
        let part = |at: usize, length: usize| block.get(at..at + length).map(<[u8]>::to_vec);
        let of = |side: usize| {
            Some(Self {
                suite: *suite,
                secret: Vec::new(),
                mac: part(side * mac, mac)?,
                key: part(2 * mac + side * key, key)?,
                iv: part(2 * (mac + key) + side * iv, iv)?,
                mac_is_last: answer.mac_is_last,
                sequence: 0,
            })
        };
        Some((of(0)?, of(1)?))
    }

    /// The keys after a key update (RFC 8446 §7.2).
    pub(super) fn update(&mut self) {
        let next = kdf::expand_label(self.suite.hash, &self.secret, "traffic upd", self.suite.hash.length());
        if let Some(key) = Self::tls13(&self.suite, &next) {
            *self = key;
        }
    }

    /// The content of a record of TLS 1.3, and its real kind.
    pub(super) fn open13(&mut self, record: &TlsRecord<'_>) -> Option<(u8, Vec<u8>)> {
        let nonce = self.nonce()?;
        let mut plain = open_aead(self.suite.cipher, &self.key, &nonce, record.body, &super::additional13(record))?;
        self.sequence += 1;
        let end = plain.iter().rposition(|byte| *byte != 0)?;
        let content = plain[end];
        plain.truncate(end);
        Some((content, plain))
    }

    /// The content of a record of TLS 1.2.
    pub(super) fn open12(&mut self, record: &TlsRecord<'_>) -> Option<Vec<u8>> {
        let plain = match self.suite.cipher {
            RecordCipher::Aes128Gcm | RecordCipher::Aes256Gcm => {
                let (explicit, body) = record.body.split_at_checked(8)?;
                let nonce = [&self.iv[..], explicit].concat().try_into().ok()?;
                let head = self.head(record, body.len().checked_sub(16)?);
                open_aead(self.suite.cipher, &self.key, &nonce, body, &head)
            }
            RecordCipher::ChaCha20Poly1305 => {
                let head = self.head(record, record.body.len().checked_sub(16)?);
                open_aead(self.suite.cipher, &self.key, &self.nonce()?, record.body, &head)
            }
            RecordCipher::Aes128Cbc(hash) | RecordCipher::Aes256Cbc(hash) => self.open_cbc(record, hash),
        }?;
        self.sequence += 1;
        Some(plain)
    }

    fn nonce(&self) -> Option<[u8; 12]> {
        let mut nonce: [u8; 12] = self.iv[..].try_into().ok()?;
        nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        Some(nonce)
    }

    /// What is authenticated besides (RFC 5246 §6.2.3.3).
    fn head(&self, record: &TlsRecord<'_>, length: usize) -> Vec<u8> {
        let mut head = self.sequence.to_be_bytes().to_vec();
        head.extend([record.content, record.version.0, record.version.1]);
        head.extend((length as u16).to_be_bytes());
        head
    }

    /// RFC 5246 §6.2.3.2; RFC 7366 if the MAC is the last step.
    fn open_cbc(&self, record: &TlsRecord<'_>, hash: MacHash) -> Option<Vec<u8>> {
        let mut body = record.body;
        if self.mac_is_last {
            let (sealed, tag) = body.split_at_checked(body.len().checked_sub(hash.length())?)?;
            let head = self.head(record, sealed.len());
            if kdf::mac(hash, &self.mac, &[&head, sealed]) != tag {
                return None;
            }
            body = sealed;
        }
        let mut plain = self.undo_cbc(body)?;
        let padding = usize::from(*plain.last()?) + 1;
        plain.truncate(plain.len().checked_sub(padding)?);
        if self.mac_is_last {
            return Some(plain);
        }
        let tag = plain.split_off(plain.len().checked_sub(hash.length())?);
        let head = self.head(record, plain.len());
        (kdf::mac(hash, &self.mac, &[&head, &plain]) == tag).then_some(plain)
    }

    fn undo_cbc(&self, body: &[u8]) -> Option<Vec<u8>> {
        fn blocks<C: BlockCipherDecrypt<BlockSize = aes::cipher::consts::U16> + KeyInit>(
            key: &[u8],
            body: &[u8],
        ) -> Option<Vec<u8>> {
            let cipher = C::new_from_slice(key).ok()?;
            let mut plain = Vec::with_capacity(body.len());
            for (before, sealed) in body.chunks_exact(16).zip(body.chunks_exact(16).skip(1)) {
                let mut block = Block::<C>::try_from(sealed).ok()?;
                cipher.decrypt_block(&mut block);
                plain.extend(block.iter().zip(before).map(|(byte, mask)| byte ^ mask));
            }
            Some(plain)
        }
        if body.len() < 32 || !body.len().is_multiple_of(16) {
            return None;
        }
        match self.suite.cipher.key_length() {
            16 => blocks::<Aes128>(&self.key, body),
            _ => blocks::<Aes256>(&self.key, body),
        }
    }
}

pub(in crate::formats::pcap) fn open_aead(
    cipher: RecordCipher,
    key: &[u8],
    nonce: &[u8; 12],
    sealed: &[u8],
    additional: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload { msg: sealed, aad: additional };
    match cipher {
        RecordCipher::Aes128Gcm => Aes128Gcm::new_from_slice(key).ok()?.decrypt(nonce.into(), payload),
        RecordCipher::Aes256Gcm => Aes256Gcm::new_from_slice(key).ok()?.decrypt(nonce.into(), payload),
        RecordCipher::ChaCha20Poly1305 => ChaCha20Poly1305::new_from_slice(key).ok()?.decrypt(nonce.into(), payload),
        RecordCipher::Aes128Cbc(_) | RecordCipher::Aes256Cbc(_) => return None,
    }
    .ok()
}
