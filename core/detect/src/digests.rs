//! The digests that programs disguise values with.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A digest algorithm.
pub(crate) struct Algorithm {
    /// As in the name of a guise: `sha256`.
    pub(crate) name: &'static str,
    /// Bytes that it gives.
    pub(crate) length: usize,
    pub(crate) digest: fn(&[u8], &mut [u8; LONGEST]),
}

/// Bytes of the longest digest.
pub(crate) const LONGEST: usize = 64;

/// Every algorithm that is looked for.
pub(crate) static ALGORITHMS: &[Algorithm] = &[
    Algorithm { name: "md5", length: 16, digest: with::<Md5> },
    Algorithm { name: "sha1", length: 20, digest: with::<Sha1> },
    Algorithm { name: "sha224", length: 28, digest: with::<Sha224> },
    Algorithm { name: "sha256", length: 32, digest: with::<Sha256> },
    Algorithm { name: "sha384", length: 48, digest: with::<Sha384> },
    Algorithm { name: "sha512", length: 64, digest: with::<Sha512> },
];

/// The algorithm of this name.
pub(crate) fn named(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
}

impl Algorithm {
    /// The digest of a value.
    pub(crate) fn of(&self, value: &[u8]) -> ([u8; LONGEST], usize) {
        let mut digest = [0; LONGEST];
        (self.digest)(value, &mut digest);
        (digest, self.length)
    }
}

/// Lower-case hex, as digests are mostly written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn with<D: Digest>(value: &[u8], out: &mut [u8; LONGEST]) {
    let digest = D::digest(value);
    out[..digest.len()].copy_from_slice(&digest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_gives_its_published_test_value() {
        for (name, of_abc) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "sha384",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                "sha512",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let algorithm = named(name).unwrap();
            let (digest, length) = algorithm.of(b"abc");
            assert_eq!(hex(&digest[..length]), of_abc, "{name}");
        }
    }
}
