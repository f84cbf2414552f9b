//! A part of a longer text that is a value by itself: `part 12..40`, the bytes
//! from the twelfth up to the fortieth.
//!
//! Log lines and messages carry JSON behind words, base64 behind `Basic ` or
//! `base64,`, addresses in sentences. Tried on text that nothing else opens.

use std::ops::Range;

use base64::{Engine, engine::GeneralPurpose};
use model::Place;

use super::{Decoder, Fit, How, Inner, Peeled, Rank, base64::STANDARD, base64::URL_SAFE, sense};
use crate::{
    look::{Kinds, Look},
    shape::Shape,
};

pub(super) struct Part;

impl Decoder for Part {
    fn name(&self) -> &'static str {
        "part"
    }

    fn about(&self) -> &'static str {
        "bytes m..n of a longer text: JSON, an address, or base64 at any alignment within it"
    }

    fn rank(&self) -> Rank {
        Rank::Else
    }

    fn guesses_borders(&self) -> bool {
        true
    }

    fn shape(&self) -> Shape {
        Shape::ANY.without(Kinds::RAW).at_least(16)
    }

    fn fit(&self, look: &Look<'_>) -> Fit {
        let has = |kinds: Kinds| look.kinds.any(kinds);
        let json = has(Kinds::BRACE);
        let address = has(Kinds::COLON) && has(Kinds::SLASH);
        let base64 = has(Kinds::UPPER) && has(Kinds::LOWER);
        if json || address || base64 { Fit::Maybe } else { Fit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled {
        let mut peeled = Peeled::NOTHING;
        let mut give = |range: Range<usize>| {
            peeled.how = How::Opened;
            let place = Place::at(format!("{}..{}", range.start, range.end));
            inner.give(place, &value[range]).is_continue()
        };
        if let Some(range) = json(value)
            && !give(range)
        {
            return peeled;
        }
        for range in addresses(value) {
            if !give(range) {
                return peeled;
            }
        }
        for range in runs(value) {
            if !give(range) {
                return peeled;
            }
        }
        peeled
    }
}

/// From the first bracket that starts JSON to the last that could end it.
fn json(text: &[u8]) -> Option<Range<usize>> {
    let start = memchr::memchr2_iter(b'{', b'[', text)
        .find(|at| matches!(text[*at..], [b'{', b'"', ..] | [b'[', b'{' | b'"', ..] | [b'{', b'\\', b'"', ..]))?;
    let close = if text[start] == b'{' { b'}' } else { b']' };
    let end = memchr::memrchr(close, text).filter(|end| *end > start)? + 1;
    (start > 0 || end < text.len()).then_some(start..end)
}

/// `http://…` and `https://…`, up to what no address has.
fn addresses(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memchr::memchr_iter(b':', text).filter(|colon| text[*colon..].starts_with(b"://")).filter_map(|colon| {
        let start = colon - text[..colon].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let known = matches!(&text[start..colon], b"http" | b"https" | b"ws" | b"wss");
        let length = text[start..].iter().take_while(|b| !b.is_ascii_whitespace() && !b"\"'<>`\\".contains(b)).count();
        let end = text[start..start + length].iter().rposition(|byte| !b",.;:!?)]}".contains(byte))?;
        (known && length < text.len()).then_some(start..start + end + 1)
    })
}

/// Runs of base64 that open to something that makes sense, from where they do.
fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    const SHORTEST: usize = 12;
    let mut at = 0;
    std::iter::from_fn(move || {
        // A run of that length cannot hide between two looks so far apart.
        while let Some(middle) = text.get(at + SHORTEST - 1) {
            if !is_base64(*middle) {
                at += SHORTEST;
                continue;
            }
            let before = text[at..at + SHORTEST].iter().rev().take_while(|byte| is_base64(**byte)).count();
            let start = at + SHORTEST - before;
            let end = start + text[start..].iter().take_while(|byte| is_base64(**byte)).count();
            let padded = end + text[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
            at = padded + 1;
            if end - start >= SHORTEST
                && end - start < text.len()
                && let Some(shift) = opens(&text[start..end])
            {
                return Some(start + shift..padded);
            }
        }
        None
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// At which of its first four characters a run starts to make sense.
pub(super) fn opens(run: &[u8]) -> Option<usize> {
    let kinds = Kinds::of(run);
    let digits_or_signs = Kinds::DIGIT.and(Kinds::PLUS).and(Kinds::SLASH).and(Kinds::DASH).and(Kinds::UNDERSCORE);
    if !kinds.any(Kinds::UPPER) || !kinds.any(Kinds::LOWER) || !(kinds.any(digits_or_signs) || run.len() >= 20) {
        return None;
    }
    let url_safe = kinds.any(Kinds::DASH.and(Kinds::UNDERSCORE));
    if url_safe && kinds.any(Kinds::PLUS.and(Kinds::SLASH)) {
        return None;
    }
    let engine = if url_safe { &URL_SAFE } else { &STANDARD };
    (0..4).find(|shift| {
        // The start tells: four bytes of text by chance are rare, eight rarer.
        opens_at(engine, &run[*shift..]) == Some(true)
    })
}

/// So many characters tell whether a text opens.
pub(super) const TELLING: usize = 16;

/// Whether the first characters open to something that makes sense so far; none
/// if they are too few to say.
pub(super) fn opens_at(engine: &GeneralPurpose, text: &[u8]) -> Option<bool> {
    let mut plain = [0; TELLING / 4 * 3];
    let text = &text[..text.len().min(TELLING) / 4 * 4];
    let length = match sextets(text, &mut plain) {
        Some(length) => length,
        None => engine.decode_slice(text, &mut plain).ok()?,
    };
    let plain = &plain[..length];
    (length >= 6).then(|| sense::may_be_first(plain))
}

/// Decodes letters of either alphabet; none if there are others, padding too.
/// A text that has letters of both is asked about by nobody.
fn sextets(text: &[u8], plain: &mut [u8; TELLING / 4 * 3]) -> Option<usize> {
    let mut bad = 0;
    for (four, three) in text.as_chunks::<4>().0.iter().zip(plain.as_chunks_mut::<3>().0) {
        let [a, b, c, d] = four.map(|letter| SEXTETS[usize::from(letter)]);
        bad |= a | b | c | d;
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    (bad < 0x40).then_some(text.len() / 4 * 3)
}

/// What a letter stands for; 0xff for what is none.
const SEXTETS: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            letter @ b'A'..=b'Z' => letter - b'A',
            letter @ b'a'..=b'z' => letter - b'a' + 26,
            digit @ b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => 0xff,
        };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use crate::checks::{base64, check, check_closed};
    use expect_test::expect;

    #[test]
    fn json_behind_words_opens() {
        check(
            r#"42["event",{"a":"hello"}] sent"#,
            expect![[r#"
            value = 42["event",{"a":"hello"}] sent
            value ▸ part 2..25 = ["event",{"a":"hello"}]
            value ▸ part 2..25 ▸ json $[0] = event
            value ▸ part 2..25 ▸ json $[1].a = hello
        "#]],
        );
    }

    #[test]
    fn an_address_in_a_sentence_opens() {
        check(
            "see https://a.example/x?q=1, please",
            expect![[r#"
                value = see https://a.example/x?q=1, please
                value ▸ part 4..27 = https://a.example/x?q=1
                value ▸ part 4..27 ▸ path 1 = x
                value ▸ part 4..27 ▸ query q = 1
            "#]],
        );
    }

    #[test]
    fn base64_behind_a_word_opens() {
        check(
            "Basic cGVyc29uOnNlY3JldA==",
            expect![[r#"
                value = Basic cGVyc29uOnNlY3JldA==
                value ▸ part 6..26 = cGVyc29uOnNlY3JldA==
                value ▸ part 6..26 ▸ base64 = person:secret
            "#]],
        );
    }

    #[test]
    fn base64_out_of_step_opens() {
        let text = base64(b"the person reads a page");
        check(
            format!("id: xX{text}"),
            expect![[r#"
            value = id: xXdGhlIHBlcnNvbiByZWFkcyBhIHBhZ2U=
            value ▸ part 6..38 = dGhlIHBlcnNvbiByZWFkcyBhIHBhZ2U=
            value ▸ part 6..38 ▸ base64 = the person reads a page
        "#]],
        );
        check(
            format!("cut: {}", &text[1..]),
            expect![[r#"
            value = cut: GhlIHBlcnNvbiByZWFkcyBhIHBhZ2U=
            value ▸ part 8..36 = IHBlcnNvbiByZWFkcyBhIHBhZ2U=
            value ▸ part 8..36 ▸ base64 =  person reads a page
        "#]],
        );
    }

    #[test]
    fn a_sentence_stays_closed() {
        check_closed("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0");
    }
}
