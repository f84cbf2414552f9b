//! What tests share: opens a value and says what a person would see.

use std::{fmt::Write, sync::Arc};

use expect_test::Expect;
use model::{Exchange, Gap, Header, IngressKind, Request, Time, Trail};

use crate::{DecodeLimits, open, open_value, walk, walk_value};

/// Opens `value`: a line for each leaf, `trail = value`, and for each gap,
/// `trail ! why`. Every trail is walked again and must arrive.
pub(crate) fn check(value: impl AsRef<[u8]>, expect: Expect) {
    check_within(value, &DecodeLimits::default(), expect);
}

/// What [`check`] would see.
pub(crate) fn shown_of(value: impl AsRef<[u8]>) -> String {
    let (mut seen, mut gaps) = (VisitedValue::default(), Vec::new());
    open_value(value.as_ref(), &DecodeLimits::default(), &mut |leaf| seen.leaf(leaf), &mut gaps);
    for (trail, leaf) in &seen.leaves {
        assert_eq!(walk_value(value.as_ref(), trail).as_ref(), Some(leaf), "walking {trail}");
    }
    seen.gaps = gaps;
    seen.text()
}

pub(crate) fn check_within(value: impl AsRef<[u8]>, budgets: &DecodeLimits, expect: Expect) {
    let value = value.as_ref();
    let (mut seen, mut gaps) = (VisitedValue::default(), Vec::new());
    open_value(value, budgets, &mut |leaf| seen.leaf(leaf), &mut gaps);
    seen.gaps = gaps;
    for (trail, leaf) in &seen.leaves {
        assert_eq!(walk_value(value, trail).as_ref(), Some(leaf), "walking {trail}");
    }
    expect.assert_eq(&seen.text());
}

/// Nothing opens `value`, and nothing is missed. (Backwards it is shown.)
pub(crate) fn check_closed(value: impl AsRef<[u8]>) {
    let (mut leaves, mut gaps) = (Vec::new(), Vec::new());
    open_value(value.as_ref(), &DecodeLimits::default(), &mut |leaf| leaves.push(leaf.route.trail()), &mut gaps);
    let leaves: Vec<_> = leaves.iter().map(Trail::to_string).filter(|trail| !trail.ends_with("reversed")).collect();
    assert_eq!((leaves.as_slice(), gaps.as_slice()), (["value".to_owned()].as_slice(), [].as_slice()));
}

/// As [`check`], for a whole exchange.
pub(crate) fn check_exchange(exchange: &Exchange, expect: Expect) {
    let (mut seen, mut gaps) = (VisitedValue::default(), Vec::new());
    open(exchange, &DecodeLimits::default(), &mut |leaf| seen.leaf(leaf), &mut gaps);
    seen.gaps = gaps;
    for (trail, leaf) in &seen.leaves {
        assert_eq!(walk(exchange, trail).as_ref(), Some(leaf), "walking {trail}");
        let read_back: Trail = trail.to_string().parse().unwrap();
        assert_eq!(walk(exchange, &read_back).as_ref(), Some(leaf), "walking {trail} read back");
    }
    expect.assert_eq(&seen.text());
}

pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        index: 0,
        trial: None,
        connection: 0,
        started: Time(0),
        ended: None,
        inlet: IngressKind::Imported,
        client: Arc::default(),
        request: Request {
            method: method.into(),
            url: url.into(),
            version: "HTTP/1.1".into(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: model::Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

#[derive(Default)]
struct VisitedValue {
    leaves: Vec<(Trail, Vec<u8>)>,
    weak: Vec<bool>,
    gaps: Vec<Gap>,
}

impl VisitedValue {
    fn leaf(&mut self, leaf: &model::Leaf<'_>) {
        self.leaves.push((leaf.route.trail(), leaf.value.to_vec()));
        self.weak.push(leaf.weak);
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for ((trail, value), weak) in self.leaves.iter().zip(&self.weak) {
            let sign = if *weak { '~' } else { '=' };
            writeln!(text, "{trail} {sign} {}", shown(value)).unwrap();
        }
        for gap in &self.gaps {
            writeln!(text, "{} ! {:?}: {}", gap.place, gap.why, gap.says).unwrap();
        }
        text
    }
}

/// Text as it is, bytes escaped, both cut.
fn shown(value: &[u8]) -> String {
    let head = &value[..value.len().min(60)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"),
        Err(_) => head.escape_ascii().to_string(),
    };
    if head.len() < value.len() { format!("{text}…") } else { text }
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn zlib(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn deflate(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &brotli::enc::BrotliEncoderParams::default()).unwrap();
    packed
}

pub(crate) fn zstd(plain: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn lz4(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn snappy(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).unwrap()
}

pub(crate) fn snappy_framed(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = snap::write::FrameEncoder::new(Vec::new());
    writer.write_all(plain).unwrap();
    writer.into_inner().unwrap()
}

pub(crate) fn base64(plain: &[u8]) -> String {
    data_encoding::BASE64.encode(plain)
}

pub(crate) fn percent(plain: &str) -> String {
    percent_encoding::utf8_percent_encode(plain, percent_encoding::NON_ALPHANUMERIC).to_string()
}
