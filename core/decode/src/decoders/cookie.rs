//! Cookies, RFC 6265 §4.

use super::{Decoder, Fit, How, Inner, Peeled, names::Names};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Cookie;

impl Decoder for Cookie {
    fn name(&self) -> &'static str {
        "cookie"
    }

    fn about(&self) -> &'static str {
        "a cookie of a Cookie or Set-Cookie header, as it stands (RFC 6265 §4)"
    }

    fn shape(&self) -> Shape {
        Shape::ANY.with(Kinds::EQUALS)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        if !look.kinds.any(Kinds::EQUALS) || !look.layer.ends_with("header") {
            return Fit::No;
        }
        match look.place {
            // More than `Maybe`, so that no form is seen in it.
            model::LayerPlace::At(name) if name.starts_with("cookie") || name.starts_with("set-cookie") => Fit::Certain,
            _ => Fit::No,
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        let mut names = Names::default();
        let mut peeled = Peeled::NOTHING;
        for pair in value.split(|byte| *byte == b';') {
            let Some(at) = memchr::memchr(b'=', pair) else { continue };
            let (name, value) = (pair[..at].trim_ascii(), unquoted(pair[at + 1..].trim_ascii()));
            if value.is_empty() {
                continue;
            }
            peeled.how = How::Opened;
            if inner.give(names.place(name), value).is_break() {
                break;
            }
        }
        peeled
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use crate::checks::{check_exchange, request};
    use expect_test::expect;

    #[test]
    fn cookies_are_places() {
        check_exchange(
            &request(
                "GET",
                "http://a.example",
                &[("Cookie", "sid=abc; prefs=%7B%22u%22%3A%22hello%22%7D; sid=\"q\"")],
                b"",
            ),
            expect![[r#"
                url = http://a.example
                header cookie = sid=abc; prefs=%7B%22u%22%3A%22hello%22%7D; sid="q"
                header cookie ▸ cookie sid = abc
                header cookie ▸ cookie prefs = %7B%22u%22%3A%22hello%22%7D
                header cookie ▸ cookie prefs ▸ percent = {"u":"hello"}
                header cookie ▸ cookie prefs ▸ percent ▸ json $.u = hello
                header cookie ▸ cookie sid#2 = q
            "#]],
        );
    }
}
