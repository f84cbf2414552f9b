//! base64 in both alphabets, RFC 4648 §4 and §5, as a whole value.
//!
//! Padded or not, in lines or not, and with `+` turned into a space by a form
//! that did not encode it. Many a word is base64 too: what opens neither to
//! text nor from a random-looking mix of letters is left alone.

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Decoder, DecoderFit, InnerValues, PeelResult, part, sense};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

/// The alphabet with `+` and `/`.
pub(super) struct Base64;

/// The alphabet with `-` and `_`.
pub(super) struct Base64Url;

impl Decoder for Base64 {
    fn name(&self) -> &'static str {
        "base64"
    }

    fn about(&self) -> &'static str {
        "base64, padded or not, a space read as plus (RFC 4648 §4)"
    }

    fn shape(&self) -> Prefilter {
        let own = ByteClasses::PLUS.and(ByteClasses::SLASH).and(ByteClasses::SPACE).and(ByteClasses::BREAK);
        Prefilter::ANY.only(ByteClasses::ALPHANUMERIC.and(ByteClasses::EQUALS).and(own)).at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let own = ByteClasses::PLUS.and(ByteClasses::SLASH).and(ByteClasses::SPACE).and(ByteClasses::BREAK);
        let undecided = !look.kinds.any(own);
        if fits(look, own) && !(undecided && is_of_urls(look)) { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        give(&STANDARD, value, inner)
    }
}

impl Decoder for Base64Url {
    fn name(&self) -> &'static str {
        "base64url"
    }

    fn about(&self) -> &'static str {
        "base64 for addresses and file names, padded or not (RFC 4648 §5)"
    }

    fn shape(&self) -> Prefilter {
        let own = ByteClasses::DASH.and(ByteClasses::UNDERSCORE).and(ByteClasses::SPACE).and(ByteClasses::BREAK);
        Prefilter::ANY.only(ByteClasses::ALPHANUMERIC.and(ByteClasses::EQUALS).and(own)).at_least(8)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let own = ByteClasses::DASH.and(ByteClasses::UNDERSCORE);
        let written = own.and(ByteClasses::BREAK).and(ByteClasses::SPACE);
        if fits(look, written) && (look.kinds.any(own) || is_of_urls(look)) {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        give(&URL_SAFE, value, inner)
    }
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
pub(super) const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
pub(super) const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A value of neither alphabet's own letters counts as the one for addresses
/// where it is a segment of one.
fn is_of_urls(look: &ValueView<'_>) -> bool {
    look.layer == "path"
}

fn fits(look: &ValueView<'_>, own: ByteClasses) -> bool {
    let hex = ByteClasses::DIGIT
        .and(ByteClasses::LOWER_HEX)
        .and(ByteClasses::UPPER_HEX)
        .and(ByteClasses::DASH)
        .and(ByteClasses::SPACE);
    look.bytes.len() >= 8
        && look.kinds.only(ByteClasses::ALPHANUMERIC.and(ByteClasses::EQUALS).and(own))
        && !look.kinds.only(hex)
        && !looks_like_words(look)
}

/// Words with spaces between them: base64 with every plus turned into a space
/// has none at its ends and few of them.
fn looks_like_words(look: &ValueView<'_>) -> bool {
    look.kinds.any(ByteClasses::SPACE) && !is_grouped(look.bytes) && {
        let spaces = look.bytes.iter().filter(|byte| **byte == b' ').count();
        spaces * 8 > look.bytes.len() || look.bytes.len() < 16
    }
}

fn give(engine: &GeneralPurpose, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
    let is_no_word = is_no_word(value);
    if !is_no_word && opens_at_start(engine, value) == Some(false) {
        return PeelResult::NOTHING;
    }
    let text = cleaned(value);
    if !inner.budget().room(text.len() / 4 * 3) {
        return PeelResult::gap(model::GapReason::Budget);
    }
    match engine.decode(text.as_ref()) {
        Ok(plain) if sense::makes(&plain) => PeelResult::whole(inner, &plain, None),
        Ok(plain) if is_no_word || sense::is_wide(&plain) => PeelResult::perhaps(inner, &plain),
        _ => PeelResult::NOTHING,
    }
}

/// Without line breaks, and with spaces as the pluses they were, unless they
/// only part groups of one length.
fn cleaned(value: &[u8]) -> Cow<'_, [u8]> {
    if is_clean(value) { Cow::Borrowed(value) } else { Cow::Owned(cleaning(value).collect()) }
}

/// Whether the value opens, as far as its start tells.
fn opens_at_start(engine: &GeneralPurpose, value: &[u8]) -> Option<bool> {
    if is_clean(value) {
        return part::opens_at(engine, value);
    }
    let (mut start, mut length) = ([0; part::TELLING], 0);
    for (to, from) in start.iter_mut().zip(cleaning(value)) {
        *to = from;
        length += 1;
    }
    part::opens_at(engine, &start[..length])
}

fn is_clean(value: &[u8]) -> bool {
    memchr::memchr3(b' ', b'\n', b'\r', value).is_none() && memchr::memchr(b'\t', value).is_none()
}

fn cleaning(value: &[u8]) -> impl Iterator<Item = u8> {
    let is_grouped = is_grouped(value);
    let text = value.trim_ascii().iter().filter(move |byte| match byte {
        b'\r' | b'\n' | b'\t' => false,
        b' ' => !is_grouped,
        _ => true,
    });
    text.map(|byte| if *byte == b' ' { b'+' } else { *byte })
}

/// Whether spaces part groups that are all as long as the first: a few spaces
/// that were pluses hardly stand so.
fn is_grouped(value: &[u8]) -> bool {
    let Some(first) = memchr::memchr(b' ', value).filter(|length| *length >= 4) else { return false };
    let text = value.trim_ascii();
    let mut groups =
        text.split(|byte| matches!(byte, b' ' | b'\n' | b'\r')).filter(|group| !group.is_empty()).peekable();
    let mut count = 0;
    while let Some(group) = groups.next() {
        let is_last = groups.peek().is_none();
        if group.len() != first && !(is_last && group.len() < first) {
            return false;
        }
        count += 1;
    }
    count >= 3
}

/// Whether a text is too unlike a word, a path or an identifier to be one:
/// random letters change between large, small and digits all the time.
fn is_no_word(text: &[u8]) -> bool {
    if text.len() < 16 {
        return false;
    }
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let kinds = ByteClasses::of(text);
    if !kinds.any(ByteClasses::UPPER) || !kinds.any(ByteClasses::LOWER) {
        return false;
    }
    let digits = kinds.any(ByteClasses::DIGIT.and(ByteClasses::EQUALS));
    let start = &text[..text.len().min(64)];
    let changes = start.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let slashes = start.iter().filter(|byte| **byte == b'/').count();
    // Padding that comes out right is no accident, either.
    let padded = text.len().is_multiple_of(4) && text.ends_with(b"=");
    let large = start.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let factor = match (digits, start.len()) {
        (false, ..32) => 2,
        (false, _) if large * 4 < start.len() => 2,
        (false, _) | (true, ..24) => 3,
        (true, _) => 4,
    };
    let restless = changes * factor >= start.len();
    (restless || padded) && slashes * 12 <= start.len() + 12
}

#[cfg(test)]
mod tests {
    use crate::checks::{check, check_closed};
    use expect_test::expect;

    #[test]
    fn text_opens_padded_or_not() {
        check(
            "aGVsbG8gd29ybGQ=",
            expect![[r#"
            value = aGVsbG8gd29ybGQ=
            value ▸ base64 = hello world
        "#]],
        );
        check(
            "aGVsbG8gd29ybGQ",
            expect![[r#"
            value = aGVsbG8gd29ybGQ
            value ▸ base64 = hello world
        "#]],
        );
    }

    #[test]
    fn the_alphabet_of_addresses_opens() {
        check(
            "Pz8_Pz8-Pz8_Pz8-",
            expect![[r#"
                value = Pz8_Pz8-Pz8_Pz8-
                value ▸ base64url = ?????>?????>
            "#]],
        );
    }

    #[test]
    fn a_plus_that_became_a_space_is_read_back() {
        check(
            "esOf5rC08J NjD4 PiB fn4gw6nDqcOpIMO/w78/",
            expect![[r#"
            value = esOf5rC08J NjD4 PiB fn4gw6nDqcOpIMO/w78/
            value ▸ base64 = zß水🍌>>> ~~~ ééé ÿÿ?
        "#]],
        );
    }

    #[test]
    fn lines_are_joined() {
        check(
            "aGVsbG8g\r\nd29ybGQh\r\n",
            expect![[r#"
            value = aGVsbG8g\r\nd29ybGQh\r\n
            value ▸ base64 = hello world!
        "#]],
        );
    }

    #[test]
    fn random_bytes_open_if_they_are_many() {
        check(
            "q83vEjRWeJq83vEjRWeJqw==",
            expect![[r#"
                value = q83vEjRWeJq83vEjRWeJqw==
                value ▸ base64 = \xab\xcd\xef\x124Vx\x9a\xbc\xde\xf1#Eg\x89\xab
            "#]],
        );
    }

    #[test]
    fn either_alphabet_opens_in_lines_and_groups() {
        let packed =
            crate::checks::gzip(br#"{"a":"hello","b":"a text that is long enough for some lines of letters"}"#);
        for text in [data_encoding::BASE64.encode(&packed), data_encoding::BASE64URL.encode(&packed)] {
            for (every, by) in [(76, "\n"), (64, "\r\n"), (20, "\n"), (4, " "), (16, " ")] {
                let lines: Vec<&str> =
                    text.as_bytes().chunks(every).map(|line| std::str::from_utf8(line).unwrap()).collect();
                let wrapped = lines.join(by) + by;
                let shown = crate::checks::shown_of(&wrapped);
                assert!(shown.contains("▸ gzip ▸ json $.a = hello") && !shown.contains(" ! "), "{wrapped}: {shown}");
            }
        }
    }

    #[test]
    fn words_and_identifiers_stay_closed() {
        for word in [
            "getElementById",
            "analytics_storage",
            "550e8400-e29b-41d4-a716-446655440000",
            "plain words here now",
            "/foo/Bar/baz1/quuxFooBar",
        ] {
            check_closed(word);
        }
    }
}
