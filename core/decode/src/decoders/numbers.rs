//! Bytes as a list of decimal numbers: `104,101,108`, `[104, 101, 108]`.

use super::{Decoder, Fit, Inner, Peeled, sense};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Numbers;

impl Decoder for Numbers {
    fn name(&self) -> &'static str {
        "numbers"
    }

    fn about(&self) -> &'static str {
        "bytes as decimal numbers with commas or spaces between them"
    }

    fn shape(&self) -> Shape {
        Shape::ANY
            .starting(|byte| byte == b'[' || byte.is_ascii_digit())
            .with(Kinds::COMMA.and(Kinds::SPACE))
            .at_least(8)
            .only(Kinds::DIGIT.and(Kinds::COMMA).and(Kinds::BRACE).and(Kinds::SPACE).and(Kinds::BREAK))
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        let marks = Kinds::DIGIT.and(Kinds::OTHER).and(Kinds::SPACE).and(Kinds::BREAK);
        let may = look.kinds.only(marks) && look.kinds.any(Kinds::DIGIT) && look.bytes.len() >= 8;
        if may && matches!(look.bytes[0], b'[' | b'0'..=b'9') { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        let list = value.strip_prefix(b"[").and_then(|rest| rest.trim_ascii_end().strip_suffix(b"]")).unwrap_or(value);
        let separator = if memchr::memchr(b',', list).is_some() { b',' } else { b' ' };
        let mut plain = Vec::new();
        for number in list.split(|byte| *byte == separator) {
            match std::str::from_utf8(number.trim_ascii()).ok().and_then(|number| number.parse::<u8>().ok()) {
                Some(byte) => plain.push(byte),
                None => return Peeled::NOTHING,
            }
        }
        if sense::makes(&plain) && inner.budget().room(plain.len()) {
            return Peeled::whole(inner, &plain, None);
        }
        Peeled::NOTHING
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn a_list_of_bytes_opens() {
        check(
            "104,101,108,108,111",
            expect![[r#"
                value = 104,101,108,108,111
            "#]],
        );
        check(
            "104 101 108 108 111",
            expect![[r#"
            value = 104 101 108 108 111
            value ▸ numbers = hello
        "#]],
        );
    }

    #[test]
    fn other_numbers_stay_closed() {
        check_closed("1280,800,24,1");
    }
}
