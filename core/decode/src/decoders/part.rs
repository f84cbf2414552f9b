//! A part of a longer text that is a value by itself: `part 12..40`, the bytes
//! from the twelfth up to the fortieth.
//!
//! Log lines and messages carry JSON behind words, base64 behind `Basic ` or
//! `base64,`, addresses in sentences; bodies of apps carry compressed data behind
//! a short header of lengths and versions. Tried on what nothing else opens.

use std::ops::Range;

use base64::{Engine, engine::GeneralPurpose};
use model::LayerPlace;

use super::{
    Decoder, DecoderFit, DecoderRank, InnerValues, PeelOutcome, PeelResult, base64::STANDARD, base64::URL_SAFE, sense,
};
use crate::{
    inflate::DeflateWrapper,
    prefilter::Prefilter,
    value_view::{self, ByteClasses, ValueView},
};

pub(super) struct ExchangePart;

impl Decoder for ExchangePart {
    fn name(&self) -> &'static str {
        "part"
    }

    fn about(&self) -> &'static str {
        "bytes m..n of a longer value: JSON, an address, base64 at any alignment, or compressed data behind a header"
    }

    fn rank(&self) -> DecoderRank {
        DecoderRank::Else
    }

    fn guesses_borders(&self) -> bool {
        true
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.at_least(16)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        let has = |kinds: ByteClasses| look.kinds.any(kinds);
        if has(ByteClasses::RAW) {
            return if packed(look.bytes).is_some() { DecoderFit::Maybe } else { DecoderFit::No };
        }
        let json = has(ByteClasses::BRACE);
        let address = has(ByteClasses::COLON) && has(ByteClasses::SLASH);
        let base64 = has(ByteClasses::UPPER) && has(ByteClasses::LOWER);
        if json || address || base64 { DecoderFit::Maybe } else { DecoderFit::No }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let mut peeled = PeelResult::NOTHING;
        if !value_view::is_text(value) {
            let Some(start) = packed(value) else { return peeled };
            return behind(value, start, inner);
        }
        let swallowed = swallowed(value, inner);
        let mut give = |range: Range<usize>| {
            peeled.how = PeelOutcome::Opened;
            let place = LayerPlace::at(format!("{}..{}", range.start, range.end));
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
            let range = swallowed.iter().find(|longer| longer.start == range.start).cloned().unwrap_or(range);
            if !give(range) {
                return peeled;
            }
        }
        peeled
    }
}

/// Bytes of the longest header before compressed data.
const HEADER: usize = 256;

/// Where compressed data or text in a container of its own begins behind a
/// binary header.
fn packed(value: &[u8]) -> Option<usize> {
    let head = &value[..value.len().min(HEADER)];
    (1..head.len()).find(|at| {
        let rest = &value[*at..];
        match rest {
            [0x1f, 0x8b, 8, flags, ..] => flags & 0xe0 == 0 && rest.len() >= 18,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x04, 0x22, 0x4d, 0x18, ..] => true,
            [b'P', b'K', 3, 4, ..] | [b'b', b'p', b'l', b'i', b's', b't', b'0', ..] => true,
            // Two bytes come by chance: the data must inflate.
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => rest.len() >= 10 && sense::inflates(rest),
            // JSON up to the end.
            [b'{', b'"', ..] | [b'[', b'{', ..] | [b'[', b'"', ..] => {
                let end = rest.iter().rposition(|byte| !byte.is_ascii_whitespace() && *byte != 0);
                end.is_some_and(|end| {
                    matches!(rest[end], b'}' | b']') && end >= 8 && value_view::is_text(&rest[..=end])
                })
            }
            _ => false,
        }
    })
}

/// Gives what begins at `start`, up to the end.
fn behind(value: &[u8], start: usize, inner: &mut dyn InnerValues) -> PeelResult {
    let _ = inner.give(LayerPlace::at(format!("{start}..{}", value.len())), &value[start..]);
    PeelResult { how: PeelOutcome::Perhaps, gap: None }
}

/// Runs of base64 that go on behind blanks, which were pluses before a form was
/// decoded: those that only so are whole.
fn swallowed(text: &[u8], inner: &mut dyn InnerValues) -> Vec<Range<usize>> {
    const MOST: usize = 8;
    if memchr::memchr(b' ', text).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for run in runs(text).take(MOST) {
        let more = text[run.end..].iter().take_while(|byte| is_base64(**byte) || matches!(byte, b' ' | b'=')).count();
        let longer = run.start..run.end + text[run.end..run.end + more].trim_ascii_end().len();
        if longer.end == run.end || text[run.end] != b' ' || !inner.budget().room(longer.len()) {
            continue;
        }
        let joined: Vec<u8> =
            text[longer.clone()].iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect();
        let Ok(plain) = STANDARD.decode(&joined) else { continue };
        let is_whole = match plain.as_slice() {
            [0x1f, 0x8b, 8, ..] => inner.budget().inflate(&plain, DeflateWrapper::Gzip).why.is_none(),
            [0x78, ..] => inner.budget().inflate(&plain, DeflateWrapper::Zlib).why.is_none(),
            _ => value_view::is_text(&plain),
        };
        if is_whole {
            found.push(longer);
        }
    }
    found
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
            // A sign of padding may as well stand between a name and its value.
            at = end + 1;
            if end - start >= SHORTEST
                && end - start < text.len()
                && let Some(opened) = opens_within(&text[start..end])
            {
                let end = if opened.end == end - start { padded } else { start + opened.end };
                return Some(start + opened.start..end);
            }
        }
        None
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Where in a run something opens. Signs of both alphabets are none of one text:
/// some of them only part it from its neighbours.
fn opens_within(run: &[u8]) -> Option<Range<usize>> {
    let is_either = |signs: &[u8; 2]| run.iter().any(|byte| signs.contains(byte));
    if let Some(shift) = opens(run) {
        return Some(shift..run.len());
    }
    /// In noise something opens by chance, if it is looked for long enough.
    const PIECES: usize = 4;
    [b"-_", b"+/"].into_iter().filter(|signs| is_either(signs)).find_map(|signs| {
        let mut from = 0;
        run.split(|byte| signs.contains(byte)).take(PIECES).find_map(|piece| {
            let start = from;
            from += piece.len() + 1;
            let shift = (piece.len() >= 12 && piece.len() < run.len()).then(|| opens(piece)).flatten()?;
            Some(start + shift..start + piece.len())
        })
    })
}

/// At which of its first four characters a run starts to make sense.
pub(super) fn opens(run: &[u8]) -> Option<usize> {
    let kinds = ByteClasses::of(run);
    let digits_or_signs = ByteClasses::DIGIT
        .and(ByteClasses::PLUS)
        .and(ByteClasses::SLASH)
        .and(ByteClasses::DASH)
        .and(ByteClasses::UNDERSCORE);
    if !kinds.any(ByteClasses::UPPER)
        || !kinds.any(ByteClasses::LOWER)
        || !(kinds.any(digits_or_signs) || run.len() >= 20)
    {
        return None;
    }
    let url_safe = kinds.any(ByteClasses::DASH.and(ByteClasses::UNDERSCORE));
    if url_safe && kinds.any(ByteClasses::PLUS.and(ByteClasses::SLASH)) {
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
    use crate::checks::{base64, check, check_closed, gzip, shown_of, zlib};
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
                value ▸ part 6..38 ▸ caesar 20 ~ jMnrONHritTbhoHeFCLqieHnONHnF2A=
                value ▸ part 6..38 ▸ caesar 20 ▸ base64 ~ \x8c\xc9\xeb8\xd1\xeb\x8a\xd4\xdb\x86\x81\xde\x14\"\xea\x89\xe1\xe78\xd1\xe7\x17`
                value ▸ part 6..38 ▸ base64 = the person reads a page
            "#]],
        );
        check(
            format!("cut: {}", &text[1..]),
            expect![[r#"
                value = cut: GhlIHBlcnNvbiByZWFkcyBhIHBhZ2U=
                value ▸ caesar 20 ~ iaz: MnrONHritTbhoHeFCLqieHnONHnF2A=
                value ▸ part 8..36 = IHBlcnNvbiByZWFkcyBhIHBhZ2U=
                value ▸ part 8..36 ▸ base64 =  person reads a page
            "#]],
        );
    }

    #[test]
    fn base64_behind_a_long_name_opens_from_its_first_letter() {
        let text = base64(&gzip(b"{\"a\":\"hello\"}"));
        for name in ["d", "data", "payload", "dataList", "a_name_that_is_long", "x-y.z"] {
            let shown = shown_of(format!("12:00:01 D/SA(1234): flush {name}={text} ok"));
            assert!(shown.contains("▸ base64 ▸ gzip ▸ json $.a = hello"), "{name}: {shown}");
        }
    }

    #[test]
    fn base64_whose_plus_became_a_blank_opens_behind_a_prefix() {
        let packed = (0..).map(|i| base64(&gzip(format!("{{\"a\":\"hello {i}\"}}").as_bytes())));
        let text = packed.into_iter().find(|text| text[16..].contains('+')).unwrap();
        let shown = shown_of(format!("https://a.example/?-{text}&b=c"));
        assert!(shown.contains("▸ base64 ▸ gzip ▸ json $.a = hello") && !shown.contains('!'), "{shown}");
    }

    #[test]
    fn compressed_data_behind_a_header_open() {
        let json = b"{\"a\":\"hello hello hello\"}";
        for packed in [gzip(json), zlib(json), crate::checks::zstd(json), crate::checks::lz4(json), json.to_vec()] {
            for header in [&b"\0\0\0\x20"[..], b"\x01", b"\xfe\x01\x02\0\0\x01\0\0\0\xff\xff", &[0x80; 40]] {
                let shown = shown_of([header, &packed].concat());
                assert!(shown.contains("json $.a = hello hello hello") && !shown.contains(" ! "), "{shown}");
            }
        }
    }

    #[test]
    fn a_sentence_stays_closed() {
        check_closed("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0");
    }
}
