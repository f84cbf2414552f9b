//! XOR with one byte.
//!
//! All 255 keys are tried on the first bytes; random bytes come out as text
//! under one of them now and then, so what is found is weak evidence. The place
//! is the key: `xor 5a`.

use model::Place;

use super::{Decoder, Fit, How, Inner, Peeled, Rank};
use crate::{
    look::{self, Look},
    shape::Shape,
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

    fn rank(&self) -> Rank {
        Rank::Weak
    }

    fn shape(&self) -> Shape {
        Shape::ANY.at_least(SHORTEST)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        let may = if look.is_text() {
            // What the first two bytes of an address or of JSON differ by.
            let [first, second, ..] = look.bytes else { return Fit::No };
            matches!(first ^ second, 0x1c | 0x59 | 0x20) && known_start(look.bytes).is_some()
        } else {
            may_open(look.bytes)
        };
        if may { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        let key = known_start(value)
            .or_else(|| (1..=255).max_by_key(|key| commonness(value, *key)).filter(|key| commonness(value, *key) > 0));
        let Some(key) = key else { return Peeled::NOTHING };
        let plain: Vec<u8> = value.iter().map(|byte| byte ^ key).collect();
        if !inner.budget().room(plain.len()) || !look::is_text(&plain) {
            return Peeled::NOTHING;
        }
        let _ = inner.give(Place::at(format!("{key:02x}")), &plain);
        // A guess: a key from elsewhere may do better.
        Peeled { how: How::Perhaps, gap: None }
    }
}

/// Whether one byte could make ASCII of it: all first bits are the same.
fn may_open(value: &[u8]) -> bool {
    value.iter().all(|byte| (byte ^ value[0]) & 0x80 == 0)
}

/// The key under which the value starts as an address or as JSON does.
fn known_start(value: &[u8]) -> Option<u8> {
    [&b"http"[..], b"{\"", b"[{\""].iter().find_map(|start| {
        let key = value.first()? ^ start[0];
        let same = value.iter().zip(*start).all(|(byte, plain)| byte ^ key == *plain);
        let has = |sign: &[u8; 2]| value.windows(2).any(|pair| pair[0] ^ key == sign[0] && pair[1] ^ key == sign[1]);
        (key != 0 && same && has(if start[0] == b'h' { b"//" } else { b"\":" })).then_some(key)
    })
}

/// How much like text the value is under this key: 0 if it is none.
fn commonness(value: &[u8], key: u8) -> usize {
    if !value.iter().all(|byte| matches!(byte ^ key, 0x20..=0x7e)) {
        return 0;
    }
    // Text is mostly small letters, digits and a few signs.
    let common =
        |byte: &&u8| matches!(**byte ^ key, b'a'..=b'z' | b'0'..=b'9') || b" ./:\"@-_".contains(&(**byte ^ key));
    let count = value.iter().filter(common).count();
    if count * 3 >= value.len() * 2 { count } else { 0 }
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
    fn random_bytes_stay_closed() {
        check_closed(b"\x9d\x01\xfe\x33\x80\x5c\x11\xe2\x7f\x4b\xc6\x08\xa9\xd4\x66\x3f");
    }
}
