//! JSON Web Tokens: signed (RFC 7515 §3.1, RFC 7519) and encrypted (RFC 7516).

use base64::Engine;
use model::{GapReason, LayerPlace};

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, base64::URL_SAFE};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Jwt;

impl Decoder for Jwt {
    fn name(&self) -> &'static str {
        "jwt"
    }

    fn about(&self) -> &'static str {
        "header, payload and signature of a JSON Web Token (RFC 7515, RFC 7519); an encrypted one is sealed (RFC 7516)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY
            .starting(|byte| byte == b'e')
            .with(ByteClasses::DOT)
            .at_least(12)
            .only(ByteClasses::ALPHANUMERIC.and(ByteClasses::DASH).and(ByteClasses::UNDERSCORE).and(ByteClasses::DOT))
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let own = ByteClasses::ALPHANUMERIC.and(ByteClasses::DASH).and(ByteClasses::UNDERSCORE).and(ByteClasses::DOT);
        // `{"` in base64.
        let may = look.starts_with(b"eyJ") && look.kinds.only(own) && look.kinds.any(ByteClasses::DOT);
        if may { DecoderFit::Certain } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let parts: Vec<&[u8]> = value.split(|byte| *byte == b'.').collect();
        let (names, gap): (&[&str], _) = match parts.len() {
            2 | 3 => (&["header", "payload", "signature"], None),
            5 => (&["header"], Some(GapReason::Sealed)),
            _ => return PeelResult::NOTHING,
        };
        let mut peeled = PeelResult { gap, ..PeelResult::NOTHING };
        for (part, name) in parts.iter().zip(names) {
            if part.is_empty() || !inner.budget().room(part.len()) {
                continue;
            }
            let Ok(plain) = URL_SAFE.decode(part) else {
                return PeelResult { gap: Some(GapReason::Broken), ..peeled };
            };
            peeled.how = PeelOutcome::Opened;
            if inner.give(LayerPlace::at(*name), &plain).is_break() {
                break;
            }
        }
        peeled
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn a_token_opens() {
        check(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwZXJzb24ifQ.c2lnbmF0dXJlIQ",
            expect![[r#"
                value = eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwZXJzb24ifQ.c2lnbmF0dXJlIQ
                value ▸ jwt header = {"alg":"HS256"}
                value ▸ jwt header ▸ json $.alg = HS256
                value ▸ jwt payload = {"sub":"person"}
                value ▸ jwt payload ▸ json $.sub = person
                value ▸ jwt signature = signature!
            "#]],
        );
    }

    #[test]
    fn an_encrypted_token_is_sealed() {
        check(
            "eyJhbGciOiJSU0EifQ.QUFB.QkJC.Q0ND.REREREQ",
            expect![[r#"
            value = eyJhbGciOiJSU0EifQ.QUFB.QkJC.Q0ND.REREREQ
            value ▸ jwt header = {"alg":"RSA"}
            value ▸ jwt header ▸ json $.alg = RSA
            value ! Sealed: the jwt layer is encrypted
        "#]],
        );
    }
}
