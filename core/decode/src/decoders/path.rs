//! The segments of an address's path, RFC 3986 §3.3.
//!
//! Chromium asks for autofill hints with base64 in the third segment. Counted
//! from 1; each with its percent-encoding undone.

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, percent, url};
use crate::{prefilter::Prefilter, value_view::ValueView};

pub(super) struct Path;

impl Decoder for Path {
    fn name(&self) -> &'static str {
        "path"
    }

    fn about(&self) -> &'static str {
        "the n-th segment of an address's or request line's path, percent-encoding undone (RFC 3986 §3.3)"
    }

    fn shape(&self) -> Prefilter {
        url::SHAPE
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if url::is_url(look) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(path) = url::parts(value).path else { return PeelResult::NOTHING };
        let mut number = itoa::Buffer::new();
        let mut peeled = PeelResult::NOTHING;
        for (i, segment) in path.split(|byte| *byte == b'/').enumerate() {
            if segment.is_empty() {
                continue;
            }
            peeled.how = PeelOutcome::Opened;
            let segment = percent::undo(segment, false);
            if inner.give(LayerPlace::at(number.format(i + 1)), &segment).is_break() {
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
    fn a_request_line_and_a_path_alone_are_addresses_too() {
        check(
            "GET /v1/x%20y?a=b HTTP/1.1",
            expect![[r#"
            value = GET /v1/x%20y?a=b HTTP/1.1
            value ▸ path 1 = v1
            value ▸ path 2 = x y
            value ▸ query a = b
        "#]],
        );
        check(
            "/v1/e/aGVsbG8gd29ybGQgYW5kIG1vcmU",
            expect![[r#"
            value = /v1/e/aGVsbG8gd29ybGQgYW5kIG1vcmU
            value ▸ path 1 = v1
            value ▸ path 2 = e
            value ▸ path 3 = aGVsbG8gd29ybGQgYW5kIG1vcmU
            value ▸ path 3 ▸ base64url = hello world and more
        "#]],
        );
    }

    #[test]
    fn segments_are_counted_from_one() {
        check(
            "https://a.example/v1//x%20y/",
            expect![[r#"
            value = https://a.example/v1//x%20y/
            value ▸ path 1 = v1
            value ▸ path 3 = x y
        "#]],
        );
    }
}
