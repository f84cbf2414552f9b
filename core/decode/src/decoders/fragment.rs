//! The fragment of an address, RFC 3986 §3.5.
//!
//! Browsers keep it to themselves; scripts that report `location.href` do not.

use super::{Decoder, DecoderFit, InnerValues, PeelResult, percent, url};
use crate::{prefilter::Prefilter, value_view::ValueView};

pub(super) struct Fragment;

impl Decoder for Fragment {
    fn name(&self) -> &'static str {
        "fragment"
    }

    fn about(&self) -> &'static str {
        "the fragment of an address, percent-encoding undone (RFC 3986 §3.5)"
    }

    fn shape(&self) -> Prefilter {
        url::SHAPE
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if url::is_url(look) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match url::parts(value).fragment {
            // Fields stay encoded: the form layer that follows undoes them.
            Some(fragment) if memchr::memchr(b'=', fragment).is_some() => PeelResult::whole(inner, fragment, None),
            Some(fragment) if !fragment.is_empty() => PeelResult::whole(inner, &percent::undo(fragment, false), None),
            _ => PeelResult::NOTHING,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn a_fragment_is_a_value() {
        check(
            "https://a.example/#two%20words",
            expect![[r#"
            value = https://a.example/#two%20words
            value ▸ fragment = two words
        "#]],
        );
    }

    #[test]
    fn fields_in_it_are_a_form() {
        check(
            "https://a.example/#token=a%3Db&x=1",
            expect![[r#"
            value = https://a.example/#token=a%3Db&x=1
            value ▸ fragment = token=a%3Db&x=1
            value ▸ fragment ▸ form token = a=b
            value ▸ fragment ▸ form x = 1
        "#]],
        );
    }
}
