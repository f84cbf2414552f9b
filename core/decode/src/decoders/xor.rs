//! XOR with one byte.
//!
//! All 255 keys are tried on the first bytes; random bytes come out as text
//! under one of them now and then, so what is found is weak evidence. The place
//! is the key: `xor 5a`.

use model::LayerPlace;

use super::{Decoder, DecoderFit, DecoderRank, InnerValues, PeelOutcome, PeelResult, part, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ValueView},
};

pub(super) struct Xor;

/// Fewer bytes prove nothing.
const SHORTEST: usize = 12;

impl Decoder for Xor {
    fn name(&self) -> &'static str {
        "xor"
    }

    fn about(&self) -> &'static str {
        "XOR with one byte; the place is the key in hex"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Weak
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.at_least(SHORTEST)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let may = if look.is_text() {
            // What the first two bytes of an address or of JSON differ by.
            let [first, second, ..] = look.bytes else { return DecoderFit::No };
            matches!(first ^ second, 0x1c | 0x59 | 0x20 | 0x7c) && known_start(look.bytes).is_some()
        } else {
            may_open(look.bytes) || marked(look.bytes).is_some()
        };
        if may { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let key = marked(value);
        let is_packed = key.is_some();
        let key = key.or_else(|| known_start(value)).or_else(|| likeliest(value));
        let Some(key) = key else { return PeelResult::NOTHING };
        let plain: Vec<u8> = value.iter().map(|byte| byte ^ key).collect();
        if !inner.budget().room(plain.len()) || !is_packed && !value_view::is_text(&plain) {
            return PeelResult::NOTHING;
        }
        let _ = inner.give(LayerPlace::at(format!("{key:02x}")), &plain);
        // A guess: a key from elsewhere may do better.
        PeelResult { how: PeelOutcome::Perhaps, gap: None }
    }
}

/// The key under which compressed data begin: gzip, zlib, zstd, LZ4, ZIP. Random
/// bytes do so under one key in four billion, or have to inflate.
fn marked(value: &[u8]) -> Option<u8> {
    const MARKS: [&[u8]; 4] = [b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"PK\x03\x04"];
    let first = *value.first()?;
    let under = |mark: &&[u8]| value.iter().zip(*mark).all(|(byte, plain)| byte ^ plain == first ^ mark[0]);
    let key = MARKS.iter().find(|mark| under(mark)).map(|mark| first ^ mark[0]);
    let key = key.or_else(|| {
        let key = first ^ 0x78;
        let usual = matches!(value.get(1)? ^ key, 0x01 | 0x5e | 0x9c | 0xda);
        let head: Vec<u8> = value.iter().take(256).map(|byte| byte ^ key).collect();
        (usual && sense::inflates(&head)).then_some(key)
    })?;
    (key != 0 && value.len() >= 18).then_some(key)
}

/// Whether one byte could make ASCII of it: all first bits are the same.
fn may_open(value: &[u8]) -> bool {
    value.iter().all(|byte| (byte ^ value[0]) & 0x80 == 0)
}

/// The key under which the value starts as an address does, as JSON, or as
/// base64 of JSON or gzip.
fn known_start(value: &[u8]) -> Option<u8> {
    const STARTS: [&[u8]; 5] = [b"http", b"{\"", b"[{\"", b"eyJ", b"H4sI"];
    STARTS.iter().find_map(|start| {
        let key = value.first()? ^ start[0];
        let same = value.iter().zip(*start).all(|(byte, plain)| byte ^ key == *plain);
        let has = |sign: &[u8; 2]| value.windows(2).any(|pair| pair[0] ^ key == sign[0] && pair[1] ^ key == sign[1]);
        let means = || match start[0] {
            b'h' => has(b"//"),
            b'{' | b'[' => has(b"\":"),
            _ => part::opens(&value.iter().take(64).map(|byte| byte ^ key).collect::<Vec<u8>>()) == Some(0),
        };
        (key != 0 && same && means()).then_some(key)
    })
}

/// The key under which the value is most like text. It is looked for at its start,
/// as each of 255 would be tried on all of it.
fn likeliest(value: &[u8]) -> Option<u8> {
    const START: usize = 1 << 10;
    let start = &value[..value.len().min(START)];
    (1..=255).max_by_key(|key| commonness(start, *key)).filter(|key| commonness(value, *key) > 0)
}

/// How much like text the value is under this key: 0 if it is none.
fn commonness(value: &[u8], key: u8) -> usize {
    if !value.iter().all(|byte| matches!(byte ^ key, 0x20..=0x7e)) {
        return 0;
    }
    // Text is mostly small letters, digits and a few signs.
    // base64 has capitals as often.
    if value.len() >= 24 && value.iter().all(|byte| is_base64(byte ^ key)) {
        let letters: Vec<u8> = value.iter().take(24).map(|byte| byte ^ key).collect();
        return if part::opens(&letters) == Some(0) { value.len() } else { 0 };
    }
    let common =
        |byte: &&u8| matches!(**byte ^ key, b'a'..=b'z' | b'0'..=b'9') || b" ./:\"@-_".contains(&(**byte ^ key));
    let count = value.iter().filter(common).count();
    if count * 3 >= value.len() * 2 { count } else { 0 }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn text_under_one_byte_opens() {
        let hidden: Vec<u8> = b"person@a.example".iter().map(|byte| byte ^ 0xa7).collect();
        check(
            hidden,
            expect![[r#"
                value = \xd7\xc2\xd5\xd4\xc8\xc9\xe7\xc6\x89\xc2\xdf\xc6\xca\xd7\xcb\xc2
                value ▸ xor a7 ~ person@a.example
            "#]],
        );
    }

    #[test]
    fn an_address_hidden_as_text_opens() {
        let hidden: Vec<u8> = b"https://a.example/x".iter().map(|byte| byte ^ 1).collect();
        check(
            hidden,
            expect![[r#"
                value = iuuqr;..`/dy`lqmd.y
                value ▸ xor 01 ~ https://a.example/x
                value ▸ xor 01 ▸ path 1 ~ x
                value ▸ reversed ~ y.dmql`yd/`..;rquui
            "#]],
        );
    }

    #[test]
    fn any_layer_under_one_byte_opens() {
        use crate::checks::{base64, gzip, shown_of, zlib, zstd};
        let json = b"{\"a\":\"hello\"}";
        for packed in [gzip(json), zlib(json), zstd(json), base64(&gzip(json)).into(), base64(json).into()] {
            for key in [1u8, 0x5a, 0xa7] {
                let hidden: Vec<u8> = packed.iter().map(|byte| byte ^ key).collect();
                let shown = shown_of(&hidden);
                assert!(shown.contains("json $.a ~ hello"), "{key}: {shown}");
                let shown = shown_of(base64(&hidden));
                assert!(shown.contains("json $.a ~ hello"), "base64 {key}: {shown}");
            }
        }
    }

    #[test]
    fn random_bytes_stay_closed() {
        check_closed(b"\x9d\x01\xfe\x33\x80\x5c\x11\xe2\x7f\x4b\xc6\x08\xa9\xd4\x66\x3f");
    }
}
