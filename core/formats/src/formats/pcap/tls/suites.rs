//! The cipher suites that are read (IANA, "TLS Cipher Suites").

/// What a suite encrypts records with, and which digest makes its keys.
#[derive(Clone, Copy)]
pub(in crate::formats::pcap) struct CipherSuite {
    pub(in crate::formats::pcap) cipher: RecordCipher,
    pub(in crate::formats::pcap) hash: SuiteHash,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::formats::pcap) enum RecordCipher {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    /// With a MAC of this digest.
    Aes128Cbc(MacHash),
    Aes256Cbc(MacHash),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::formats::pcap) enum SuiteHash {
    Sha256,
    Sha384,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::formats::pcap) enum MacHash {
    Sha1,
    Sha256,
    Sha384,
}

impl RecordCipher {
    pub(in crate::formats::pcap) fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc(_) => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 | Self::Aes256Cbc(_) => 32,
        }
    }
}

impl MacHash {
    pub(super) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// The suite of a number, if it is one that is read.
pub(super) fn find(number: u16) -> Option<CipherSuite> {
    use RecordCipher as Cipher;
    use SuiteHash::{Sha256, Sha384};
    let (cipher, hash) = match number {
        0x1301 => (Cipher::Aes128Gcm, Sha256),
        0x1302 => (Cipher::Aes256Gcm, Sha384),
        0x1303 => (Cipher::ChaCha20Poly1305, Sha256),
        0x009c | 0x009e | 0x00a0 | 0x00a2 | 0x00a4 | 0x00a8 | 0x00aa | 0x00ac | 0xc02b | 0xc02d | 0xc02f | 0xc031
        | 0xd001 => (Cipher::Aes128Gcm, Sha256),
        0x009d | 0x009f | 0x00a1 | 0x00a3 | 0x00a5 | 0x00a9 | 0x00ab | 0x00ad | 0xc02c | 0xc02e | 0xc030 | 0xc032
        | 0xd002 => (Cipher::Aes256Gcm, Sha384),
        0xcca8..=0xccae => (Cipher::ChaCha20Poly1305, Sha256),
        0x002f..=0x0034 | 0x008c | 0x0090 | 0x0094 | 0xc004 | 0xc009 | 0xc00e | 0xc013 | 0xc018 | 0xc035 => {
            (Cipher::Aes128Cbc(MacHash::Sha1), Sha256)
        }
        0x0035..=0x003a | 0x008d | 0x0091 | 0x0095 | 0xc005 | 0xc00a | 0xc00f | 0xc014 | 0xc019 | 0xc036 => {
            (Cipher::Aes256Cbc(MacHash::Sha1), Sha256)
        }
        0x003c | 0x003e..=0x0040 | 0x0067 | 0x00ae | 0x00b2 | 0x00b6 | 0xc023 | 0xc025 | 0xc027 | 0xc029 | 0xc037 => {
            (Cipher::Aes128Cbc(MacHash::Sha256), Sha256)
        }
        0x003d | 0x0068..=0x006b => (Cipher::Aes256Cbc(MacHash::Sha256), Sha256),
        0x00af | 0x00b3 | 0x00b7 | 0xc024 | 0xc026 | 0xc028 | 0xc02a | 0xc038 => {
            (Cipher::Aes256Cbc(MacHash::Sha384), Sha384)
        }
        _ => return None,
    };
    Some(CipherSuite { cipher, hash })
}
