//! The query of an address, RFC 3986 §3.4, read as fields.

use super::{Decoder, DecoderFit, InnerValues, PeelResult, pairs, url};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Query;

impl Decoder for Query {
    fn name(&self) -> &'static str {
        "query"
    }

    fn about(&self) -> &'static str {
        "a field of an address's query, percent-encoding undone (RFC 3986 §3.4, URL Standard §5)"
    }

    fn shape(&self) -> Prefilter {
        // A question mark is among the others.
        url::SHAPE.with(ByteClasses::OTHER)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if url::is_url(look) || is_relative(look) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match url::parts(value).query {
            Some(query) => pairs::give(query, inner),
            None => PeelResult::NOTHING,
        }
    }
}

/// `page?name=value`: the end of an address, without a slash.
fn is_relative(look: &ValueView<'_>) -> bool {
    let Some(mark) = memchr::memchr(b'?', look.bytes).filter(|mark| (1..=64).contains(mark)) else { return false };
    let (page, query) = look.bytes.split_at(mark);
    !look.kinds.any(ByteClasses::SPACE.and(ByteClasses::BREAK).and(ByteClasses::BINARY))
        && page.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
        && memchr::memchr(b'=', query).is_some()
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn a_field_is_reached_by_its_name() {
        check(
            "https://a.example/p?q=two+words&u=https%3A%2F%2Fb.example%2Fx%3Fa%3Db%26c%3Dd",
            expect![[r#"
            value = https://a.example/p?q=two+words&u=https%3A%2F%2Fb.example%2F…
            value ▸ path 1 = p
            value ▸ query q = two words
            value ▸ query u = https://b.example/x?a=b&c=d
            value ▸ query u ▸ path 1 = x
            value ▸ query u ▸ query a = b
            value ▸ query u ▸ query c = d
        "#]],
        );
    }

    #[test]
    fn a_field_without_a_value_is_a_place() {
        check(
            "https://a.example/p?plain&eyJhIjoiaGVsbG8ifQ",
            expect![[r#"
            value = https://a.example/p?plain&eyJhIjoiaGVsbG8ifQ
            value ▸ path 1 = p
            value ▸ query @1 = plain
            value ▸ query @2 = eyJhIjoiaGVsbG8ifQ
            value ▸ query @2 ▸ base64 = {"a":"hello"}
            value ▸ query @2 ▸ base64 ▸ json $.a = hello
        "#]],
        );
    }

    #[test]
    fn the_end_of_an_address_has_fields_too() {
        check(
            "page_view.html?u=a%20b&v=1",
            expect![[r#"
                value = page_view.html?u=a%20b&v=1
                value ▸ query u = a b
                value ▸ query v = 1
            "#]],
        );
    }

    #[test]
    fn an_address_without_scheme_has_fields_too() {
        check(
            "/search?q=words",
            expect![[r#"
            value = /search?q=words
            value ▸ path 1 = search
            value ▸ query q = words
        "#]],
        );
    }
}
