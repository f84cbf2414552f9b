//! JSON as the argument of a call, `callback({…});`, and behind the guards
//! that keep it from being one (`)]}'`, `for(;;);`).

use super::{Decoder, DecoderFit, InnerValues, PeelResult};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Jsonp;

impl Decoder for Jsonp {
    fn name(&self) -> &'static str {
        "jsonp"
    }

    fn about(&self) -> &'static str {
        "JSON as the argument of a call, or behind a guard against that"
    }

    fn guesses_borders(&self) -> bool {
        true
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY
            .starting(|byte| byte.is_ascii_alphanumeric() || b"_$/)".contains(&byte))
            .with(ByteClasses::BRACE)
            .without(ByteClasses::RAW)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if argument(look.bytes).is_some() { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        match argument(value) {
            Some(json) => PeelResult::whole(inner, json, None),
            None => PeelResult::NOTHING,
        }
    }
}

fn argument(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"/**/").unwrap_or(text);
    let guarded = text.strip_prefix(b")]}'").or_else(|| text.strip_prefix(b"for(;;);"));
    if let Some(rest) = guarded {
        let json = rest.strip_prefix(b",").unwrap_or(rest);
        return is_json(json).then_some(json);
    }
    let name = text.iter().take(128).take_while(|b| b.is_ascii_alphanumeric() || b"_$.[]'".contains(b)).count();
    let call = text.get(name..)?.strip_prefix(b"(").filter(|_| name > 0)?;
    let argument = call.trim_ascii_end();
    let argument = argument.strip_suffix(b";").unwrap_or(argument).strip_suffix(b")")?;
    is_json(argument).then_some(argument)
}

fn is_json(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use expect_test::expect;

    #[test]
    fn a_call_opens() {
        check(
            r#"window.cb_12({"a":"hello"});"#,
            expect![[r#"
            value = window.cb_12({"a":"hello"});
            value ▸ jsonp = {"a":"hello"}
            value ▸ jsonp ▸ json $.a = hello
        "#]],
        );
    }

    #[test]
    fn a_guard_opens() {
        check(
            ")]}'\n[\"hello\"]",
            expect![[r#"
            value = )]}'\n["hello"]
            value ▸ jsonp = \n["hello"]
            value ▸ jsonp ▸ json $[0] = hello
        "#]],
        );
    }
}
