//! Caesar ciphers such as ROT13: each letter is shifted by the same number in
//! the alphabet. The place is that number: `caesar 13`.
//!
//! The shift is found by letter frequency: in a text of words some letters are
//! frequent. The cipher leaves punctuation unchanged, so shifted JSON, forms and
//! markup still have their syntax. This decoder must be tried before theirs. It
//! guesses, so its results are weak evidence.

use model::LayerPlace;

use super::{Decoder, DecoderFit, InnerValues, PeelOutcome, PeelResult, part};
use crate::{
    prefilter::Prefilter,
    value_view::{ByteClasses, ValueView},
};

pub(super) struct Caesar;

impl Decoder for Caesar {
    fn name(&self) -> &'static str {
        "caesar"
    }

    fn about(&self) -> &'static str {
        "each letter replaced by the one so many further in the alphabet, as in ROT13; the place is how many"
    }

    fn is_guess(&self) -> bool {
        true
    }

    fn shape(&self) -> Prefilter {
        Prefilter::ANY.with(ByteClasses::LOWER.and(ByteClasses::UPPER)).without(ByteClasses::RAW).at_least(16)
    }

    fn fit(&self, look: &ValueView<'_>) -> DecoderFit {
        if packed(look.bytes).is_some() || look.bytes.len() >= SHORTEST && shifted(look.bytes).is_some() {
            DecoderFit::Maybe
        } else {
            DecoderFit::No
        }
    }

    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult {
        let Some(by) = packed(value).or_else(|| shifted(value)) else { return PeelResult::NOTHING };
        if inner.budget().room(value.len()) {
            let _ = inner.give(LayerPlace::at(by.to_string()), &back(value, by));
        }
        PeelResult { how: PeelOutcome::Perhaps, gap: None }
    }
}

/// Fewer letters tell nothing of how frequent each is.
const SHORTEST: usize = 32;

fn back(text: &[u8], by: u8) -> Vec<u8> {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' => (byte - b'a' + 26 - by) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 26 - by) % 26 + b'A',
        other => other,
    };
    text.iter().map(|byte| letter(*byte)).collect()
}

/// The shift under which the text starts as base64 of gzip, zlib or JSON does,
/// or as an address.
fn packed(text: &[u8]) -> Option<u8> {
    const STARTS: [&[u8]; 6] = [b"H4sI", b"eyJ", b"eJ", b"W3si", b"https://", b"http://"];
    let distance = |from: u8, to: u8| match (from, to) {
        (b'a'..=b'z', b'a'..=b'z') | (b'A'..=b'Z', b'A'..=b'Z') => Some((to + 26 - from) % 26),
        _ => None,
    };
    STARTS.iter().find_map(|start| {
        let by = distance(start[0], *text.first()?)?;
        let same = text.iter().zip(*start).all(|(byte, plain)| {
            if plain.is_ascii_alphabetic() { distance(*plain, *byte) == Some(by) } else { byte == plain }
        });
        let opens = || start[0] == b'h' || part::opens(&back(&text[..text.len().min(64)], by)) == Some(0);
        (by != 0 && same && opens()).then_some(by)
    })
}

/// How often each letter stands in English text, in parts of a thousand.
const FREQUENT: [f32; 26] = [
    82., 15., 28., 43., 127., 22., 20., 61., 70., 1.5, 7.7, 40., 24., 67., 75., 19., 1., 60., 63., 91., 28., 9.8, 24.,
    1.5, 20., 0.7,
];

/// The shift that turns the letters into those of words; none if they are.
fn shifted(text: &[u8]) -> Option<u8> {
    const LETTERS: u32 = 24;
    let mut counts = [0u32; 26];
    let mut all = 0;
    for byte in text.iter().take(512).filter(|byte| byte.is_ascii_alphabetic()) {
        counts[usize::from(byte.to_ascii_lowercase() - b'a')] += 1;
        all += 1;
    }
    // Escapes have more of some letters than words have.
    let escaped = || memchr::memmem::find(text, b"\\x").is_some() || memchr::memmem::find(text, b"\\u").is_some();
    if all < LETTERS || escaped() {
        return None;
    }
    let score = |by: usize| -> f32 {
        counts.iter().enumerate().map(|(i, count)| *count as f32 * FREQUENT[(i + 26 - by) % 26].ln()).sum::<f32>()
            / all as f32
    };
    let own = score(0);
    let (by, best) = (1..26).map(|by| (by, score(by))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    // Words score about 4 a letter, shifted ones about 3, noise 3.1.
    (best - own > 0.45 && best > 3.75).then_some(by as u8)
}

#[cfg(test)]
mod tests {
    use super::back;
    use crate::checks::{base64, check_closed, gzip, shown_of};

    fn turned(text: &str, by: u8) -> String {
        String::from_utf8(back(text.as_bytes(), 26 - by)).unwrap()
    }

    #[test]
    fn any_layer_under_any_shift_opens() {
        let json =
            r#"{"event":"page opened","user":"person.of.interest@a.example","title":"the weather in the mountains"}"#;
        for text in [json.to_owned(), base64(json.as_bytes()), base64(&gzip(json.as_bytes()))] {
            for by in 1..26 {
                let shown = shown_of(turned(&text, by));
                assert!(shown.contains("json $.user ~ person.of.interest@a.example"), "{by} {text}: {shown}");
            }
        }
    }

    #[test]
    fn words_of_other_languages_are_not_turned() {
        for text in [
            "le temps dans les montagnes est beau et les gens sont heureux",
            "das Wetter in den Bergen ist heute besonders freundlich und warm",
            "jintian tianqi hen hao women qu gongyuan wan ba zhende hen kaixin",
            "la previsione del tempo per domani mattina nelle montagne italiane",
        ] {
            check_closed(text);
        }
    }
}
