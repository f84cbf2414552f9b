//! Quoted-printable, RFC 2045 §6.7.
//!
//! In parts of mail-like bodies and in what mail programs report. Forms look
//! alike, so it counts only where every `=` is one of its own, and something
//! comes out that a form would not encode so.

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct QuotedPrintable;

impl Decoder for QuotedPrintable {
    fn name(&self) -> &'static str {
        "quoted-printable"
    }

    fn about(&self) -> &'static str {
        "quoted-printable (RFC 2045 §6.7)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::EQUALS).without(ByteClasses::RAW.and(ByteClasses::AMPERSAND))
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let all_own = memchr::memchr_iter(b'=', look.bytes).all(|at| match look.bytes[at + 1..] {
            [a, b, ..] => is_digit(a) && is_digit(b) || a == b'\n' || a == b'\r' && b == b'\n',
            [b'\n'] => true,
            _ => false,
        });
        if all_own { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut plain = Vec::with_capacity(value.len());
        let mut rest = value;
        let mut telling = false;
        while let Some(at) = memchr::memchr(b'=', rest) {
            plain.extend_from_slice(&rest[..at]);
            rest = match rest[at + 1..] {
                [a, b, ref after @ ..] if is_digit(a) && is_digit(b) => {
                    let byte = nibble(a) << 4 | nibble(b);
                    telling |= byte >= 0x80 || matches!(byte, b'=' | b'\r' | b'\n' | b' ');
                    plain.push(byte);
                    after
                }
                // At the very end it may be padding and a line end.
                [b'\r', b'\n', ref after @ ..] | [b'\n', ref after @ ..] => {
                    telling |= !after.trim_ascii().is_empty();
                    after
                }
                _ => return PeelResult::NOTHING,
            };
        }
        plain.extend_from_slice(rest);
        if telling && value_view::is_text(&plain) && inner.budget().room(plain.len()) {
            return PeelResult::whole(inner, &plain, None).surely();
        }
        PeelResult::NOTHING
    }
}

/// Upper case only, as the specification asks.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

fn nibble(digit: u8) -> u8 {
    if digit <= b'9' { digit - b'0' } else { digit - b'A' + 10 }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn text_opens() {
        check(
            "J=C3=BCrgen M=C3=BCller said=\r\n =3D",
            expect![[r#"
                value = J=C3=BCrgen M=C3=BCller said=\r\n =3D
                value ▸ quoted-printable = Jürgen Müller said =
            "#]],
        );
    }

    #[test]
    fn a_form_is_a_form() {
        check(
            "id=10&x=20",
            expect![[r#"
            value = id=10&x=20
            value ▸ form id = 10
            value ▸ form x = 20
        "#]],
        );
    }
}
