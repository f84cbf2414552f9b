//! `application/x-www-form-urlencoded`, URL Standard §5.
//!
//! Bodies of that type, and anything else of that shape: beacons send forms as
//! `text/plain`, and fields hold forms within forms.

use super::{Decoder, DecoderFit, InnerValues, PeelResult, pairs};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Form;

impl Decoder for Form {
    fn name(&self) -> &'static str {
        "form"
    }

    fn about(&self) -> &'static str {
        "a field of a form, percent-encoding undone (URL Standard §5)"
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::EQUALS).without(ByteClasses::BINARY)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let Some(end) = memchr::memchr(b'=', look.bytes) else { return DecoderFit::No };
        let (name, value) = (&look.bytes[..end], &look.bytes[end..]);
        if value.iter().all(|byte| *byte == b'=') {
            return DecoderFit::No; // padding
        }
        let is_name =
            !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.$[]%+:~!*()@".contains(b));
        if is_name { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        pairs::give(value, inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn fields_undo_their_own_encoding() {
        check(
            "crc=-12&gzip=1&name=J%C3%BCrgen+M",
            expect![[r#"
            value = crc=-12&gzip=1&name=J%C3%BCrgen+M
            value ▸ form crc = -12
            value ▸ form gzip = 1
            value ▸ form name = Jürgen M
        "#]],
        );
    }

    #[test]
    fn repeated_names_are_counted() {
        check(
            "a=one&a=two&a%23=three&%40x=four",
            expect![[r#"
            value = a=one&a=two&a%23=three&%40x=four
            value ▸ form a = one
            value ▸ form a#2 = two
            value ▸ form @3 = a#
            value ▸ form a## = three
            value ▸ form @@x = four
        "#]],
        );
    }

    #[test]
    fn a_name_that_carries_something_is_a_value() {
        check(
            "%7B%22a%22%3A%22hello%22%7D=",
            expect![[r#"
            value = %7B%22a%22%3A%22hello%22%7D=
            value ▸ percent = {"a":"hello"}=
            value ▸ percent ▸ json $.a = hello
            value ▸ percent ▸ json after = =
        "#]],
        );
    }

    #[test]
    fn json_that_nobody_encoded_is_not_cut() {
        check(
            r#"options={"u":"https:\/\/a.example\/x&part=two","m":"hello"}&b=c"#,
            expect![[r#"
                value = options={"u":"https:\\/\\/a.example\\/x&part=two","m":"hello"}&…
                value ▸ form options = {"u":"https:\\/\\/a.example\\/x&part=two","m":"hello"}
                value ▸ form options ▸ json $.u = https://a.example/x&part=two
                value ▸ form options ▸ json $.u ▸ path 1 = x&part=two
                value ▸ form options ▸ json $.u ▸ path 1 ▸ reversed ~ owt=trap&x
                value ▸ form options ▸ json $.m = hello
                value ▸ form b = c
            "#]],
        );
    }

    #[test]
    fn padding_is_no_form() {
        check(
            "aGVsbG8gd29ybGQ=",
            expect![[r#"
            value = aGVsbG8gd29ybGQ=
            value ▸ base64 = hello world
        "#]],
        );
    }

    #[test]
    fn a_sentence_is_no_form() {
        check(
            "all of x=1 and y=2",
            expect![[r#"
            value = all of x=1 and y=2
        "#]],
        );
    }
}
