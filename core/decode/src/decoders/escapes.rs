//! `\u00e9`, `\xe9` and `\n` in text that is no JSON: strings of programs, cut
//! out of where they stood (ECMA-262 §12.9.4).

use super::{Decoder, Fit, Inner, Peeled, Rank, json};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Escapes;

impl Decoder for Escapes {
    fn name(&self) -> &'static str {
        "escapes"
    }

    fn about(&self) -> &'static str {
        "backslash escapes of program text: \\u, \\x, \\n (ECMA-262 §12.9.4)"
    }

    fn rank(&self) -> Rank {
        Rank::Else
    }

    fn shape(&self) -> Shape {
        Shape::ANY.with(Kinds::BACKSLASH).without(Kinds::RAW)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        if has_escape(look.bytes) { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        if !has_escape(value) || !inner.budget().room(value.len()) {
            return Peeled::NOTHING;
        }
        // A text may quote another that has them.
        Peeled::perhaps(inner, &json::unescaped(value))
    }
}

/// Whether there is one that no path of Windows has: four or two hex digits
/// after `u` or `x`, or a quote.
fn has_escape(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', text).any(|at| match text[at + 1..] {
        [b'u', a, b, c, d, ..] => [a, b, c, d].iter().all(u8::is_ascii_hexdigit),
        [b'x', a, b, ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'"' | b'/', ..] => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn escapes_outside_json_open() {
        check(
            r"J\u00fcrgen \x4d\u00fcller",
            expect![[r#"
            value = J\\u00fcrgen \\x4d\\u00fcller
            value ▸ escapes = Jürgen Müller
        "#]],
        );
        check(
            r#"{\"a\":\"hello\"}"#,
            expect![[r#"
            value = {\\"a\\":\\"hello\\"}
            value ▸ escapes = {"a":"hello"}
            value ▸ escapes ▸ json $.a = hello
        "#]],
        );
    }

    #[test]
    fn a_path_stays_closed() {
        check_closed(r"C:\users\name\file");
    }
}
