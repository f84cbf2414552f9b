//! The query of an address, RFC 3986 §3.4, read as fields.

use super::{Decoder, Fit, Inner, Peeled, pairs, url};
use crate::{look::Look, shape::Shape};

pub(super) struct Query;

impl Decoder for Query {
    fn name(&self) -> &'static str {
        "query"
    }

    fn about(&self) -> &'static str {
        "a field of an address's query, percent-encoding undone (RFC 3986 §3.4, URL Standard §5)"
    }

    fn shape(&self) -> Shape {
        url::SHAPE
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        if url::is_url(look) { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        match url::parts(value).query {
            Some(query) => pairs::give(query, inner),
            None => Peeled::NOTHING,
        }
    }
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
