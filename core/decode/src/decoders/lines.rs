//! JSON texts one after another, a line each (jsonlines.org, ndjson-spec), or
//! with a record separator before each (RFC 7464).

use model::Place;

use super::{Decoder, Fit, How, Inner, Peeled};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Lines;

impl Decoder for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn about(&self) -> &'static str {
        "the n-th of several JSON texts, a line each (JSON lines; RFC 7464)"
    }

    fn shape(&self) -> Shape {
        Shape::ANY.starting(|byte| b"{[\"\x1e".contains(&byte)).with(Kinds::BREAK)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        if look.kinds.any(Kinds::BREAK) && (look.starts_with(b"\x1e") || next_text(look.bytes).is_some()) {
            Fit::Certain
        } else {
            Fit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        let mut peeled = Peeled::NOTHING;
        let mut rest = value;
        let mut number = 0;
        while !rest.is_empty() {
            let (line, after) = rest.split_at(next_text(rest).unwrap_or(rest.len()));
            rest = after;
            number += 1;
            let line = line.strip_prefix(b"\x1e").unwrap_or(line).trim_ascii();
            if line.is_empty() {
                continue;
            }
            peeled.how = How::Opened;
            if inner.give(Place::at(itoa::Buffer::new().format(number)), line).is_break() {
                break;
            }
        }
        peeled
    }
}

/// Where the next text starts: after a line end between the end of one and the
/// start of another, where no single text could have it.
fn next_text(bytes: &[u8]) -> Option<usize> {
    if !matches!(bytes.first(), Some(b'{' | b'[' | b'"' | 0x1e)) {
        return None;
    }
    memchr::memchr_iter(b'\n', bytes).find_map(|at| {
        let before = bytes[..at].trim_ascii_end().last()?;
        let after = bytes[at..].trim_ascii_start();
        let between = match after.first()? {
            b'{' => *before == b'}',
            b'[' => *before == b']',
            0x1e => true,
            _ => false,
        };
        between.then(|| bytes.len() - after.len())
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn each_line_is_a_value() {
        check(
            "{\"a\":\"one\"}\n{\"a\":\"two\"}\r\n",
            expect![[r#"
            value = {"a":"one"}\n{"a":"two"}\r\n
            value ▸ lines 1 = {"a":"one"}
            value ▸ lines 1 ▸ json $.a = one
            value ▸ lines 2 = {"a":"two"}
            value ▸ lines 2 ▸ json $.a = two
        "#]],
        );
    }

    #[test]
    fn a_pretty_text_is_one_text() {
        check(
            "[\n  {\n    \"a\": \"one\"\n  },\n  {\n    \"a\": \"two\"\n  }\n]\n",
            expect![[r#"
            value = [\n  {\n    "a": "one"\n  },\n  {\n    "a": "two"\n  }\n]\n
            value ▸ json $[0].a = one
            value ▸ json $[1].a = two
        "#]],
        );
    }
}
