//! The digests that programs disguise values with.

mod short;

pub(crate) use short::{java_hash, of as short};

use blake2::{Blake2b, Blake2b512, Blake2s256, digest::consts::U32};
use md2::Md2;
use md4::Md4;
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};
use sha3::{Keccak256, Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use whirlpool::Whirlpool;

/// A digest algorithm.
pub(crate) struct DigestAlgorithm {
    /// As in the name of a guise: `sha256`.
    pub(crate) name: &'static str,
    /// Bytes that it gives.
    pub(crate) length: usize,
    /// How often it is met.
    pub(crate) rank: AlgorithmRank,
    digest: fn(&[u8], &mut [u8; LONGEST]),
}

/// How often an algorithm is met: how much trouble is taken over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlgorithmRank {
    /// Of every form; with a salt, too. Its block has so many bytes (RFC 2104).
    Common { block: usize },
    /// Of every form.
    Known,
    /// Of the value itself, and in small letters.
    Rare,
}

/// Bytes of the longest digest.
pub(crate) const LONGEST: usize = 64;

/// Every algorithm that is looked for.
pub(crate) static ALGORITHMS: &[DigestAlgorithm] = &[
    common("md5", 16, 64, with::<Md5>),
    common("sha1", 20, 64, with::<Sha1>),
    common("sha256", 32, 64, with::<Sha256>),
    common("sha512", 64, 128, with::<Sha512>),
    known("sha224", 28, with::<Sha224>),
    known("sha384", 48, with::<Sha384>),
    known("sha3-256", 32, with::<Sha3_256>),
    known("sha3-512", 64, with::<Sha3_512>),
    known("blake2b", 64, with::<Blake2b512>),
    known("blake3", 32, with_blake3),
    rare("md2", 16, with::<Md2>),
    rare("md4", 16, with::<Md4>),
    rare("ripemd160", 20, with::<Ripemd160>),
    rare("sha512-256", 32, with::<Sha512_256>),
    rare("sha3-224", 28, with::<Sha3_224>),
    rare("sha3-384", 48, with::<Sha3_384>),
    rare("keccak256", 32, with::<Keccak256>),
    rare("blake2s", 32, with::<Blake2s256>),
    rare("blake2b-256", 32, with::<Blake2b<U32>>),
    rare("whirlpool", 64, with::<Whirlpool>),
];

type DigestFunction = fn(&[u8], &mut [u8; LONGEST]);

const fn common(name: &'static str, length: usize, block: usize, digest: DigestFunction) -> DigestAlgorithm {
    DigestAlgorithm { name, length, rank: AlgorithmRank::Common { block }, digest }
}

const fn known(name: &'static str, length: usize, digest: DigestFunction) -> DigestAlgorithm {
    DigestAlgorithm { name, length, rank: AlgorithmRank::Known, digest }
}

const fn rare(name: &'static str, length: usize, digest: DigestFunction) -> DigestAlgorithm {
    DigestAlgorithm { name, length, rank: AlgorithmRank::Rare, digest }
}

/// The algorithm of this name.
pub(crate) fn named(name: &str) -> Option<&'static DigestAlgorithm> {
    ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
}

impl DigestAlgorithm {
    /// The digest of a value, and how many bytes of it count.
    pub(crate) fn of(&self, value: &[u8]) -> ([u8; LONGEST], usize) {
        let mut digest = [0; LONGEST];
        (self.digest)(value, &mut digest);
        (digest, self.length)
    }

    /// The keyed digest HMAC (RFC 2104 §2); of rare algorithms the digest of
    /// key and value.
    pub(crate) fn keyed(&self, key: &[u8], value: &[u8]) -> [u8; LONGEST] {
        let AlgorithmRank::Common { block } = self.rank else { return self.of(&[key, value].concat()).0 };
        let mut padded = vec![0; block];
        let short = self.of(key).0;
        let key = if key.len() > block { &short[..self.length] } else { key };
        padded[..key.len()].copy_from_slice(key);
        let pad = |byte: u8| padded.iter().map(move |key| key ^ byte).collect::<Vec<u8>>();
        let (inner, length) = self.of(&[pad(0x36).as_slice(), value].concat());
        self.of(&[pad(0x5c).as_slice(), &inner[..length]].concat()).0
    }
}

/// SHA-256, which some formats are defined by.
pub(crate) fn sha256(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

/// Lower-case hex, as digests are mostly written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn with<D: Digest>(value: &[u8], out: &mut [u8; LONGEST]) {
    let digest = D::digest(value);
    out[..digest.len()].copy_from_slice(&digest);
}

fn with_blake3(value: &[u8], out: &mut [u8; LONGEST]) {
    out[..blake3::OUT_LEN].copy_from_slice(blake3::hash(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_gives_its_published_test_value() {
        let of_abc = [
            ("md2", "da853b0d3f88d99b30283a69e6ded6bb"),
            ("md4", "a448017aaf21d8525fc10ae87aa6729d"),
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("ripemd160", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
            ("sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "sha384",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                 8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                "sha512",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            ("sha512-256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
            ("sha3-224", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
            ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
            (
                "sha3-384",
                "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2\
                 98d88cea927ac7f539f1edf228376d25",
            ),
            (
                "sha3-512",
                "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e\
                 10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
            ),
            ("keccak256", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
            ("blake2s", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"),
            (
                "blake2b",
                "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                 7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            ),
            ("blake2b-256", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
            ("blake3", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
            (
                "whirlpool",
                "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c\
                 7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
            ),
        ];
        for (name, of_abc) in of_abc {
            let algorithm = named(name).unwrap();
            let (digest, length) = algorithm.of(b"abc");
            assert_eq!(hex(&digest[..length]), of_abc, "{name}");
        }
        assert_eq!(of_abc.len(), ALGORITHMS.len());
    }

    #[test]
    fn a_keyed_digest_gives_the_test_value_of_rfc_4231() {
        let sha256 = named("sha256").unwrap();
        let keyed = |key: &[u8], value: &[u8]| hex(&sha256.keyed(key, value)[..32]);
        assert_eq!(
            keyed(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            keyed(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
