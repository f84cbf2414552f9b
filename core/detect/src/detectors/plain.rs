//! Planted values as they are, in any of their forms.

use model::{Canary, Guise, Leaf, RecognitionMethod};

use crate::{
    forms::{self, ValueForms},
    grams::{GramIndex, TextBoundary},
    matches::{ExchangeMatches, MatchKind, shown},
};

/// The texts of all canaries.
#[derive(Clone, Default)]
pub(crate) struct PlainTexts {
    grams: GramIndex,
    /// What the needles' tags stand for.
    tags: Vec<TextTag>,
    /// For each canary, whether another one stands for the telling part of its
    /// path.
    has_part: Vec<bool>,
}

#[derive(Clone, Copy)]
struct TextTag {
    canary: u32,
    cut_short: bool,
}

impl PlainTexts {
    /// Adds the last of `canaries`.
    pub(crate) fn plant(&mut self, canaries: &[Canary], forms: &ValueForms) {
        let Some((canary, before)) = canaries.split_last() else { return };
        let position = before.len() as u32;
        self.grams.next_value();
        for text in &forms.texts {
            self.grams.add(&text.text, text.before, text.after, self.tags.len() as u32);
            self.tags.push(TextTag { canary: position, cut_short: text.cut_short });
        }
        for bytes in &forms.bytes {
            self.grams.add(bytes, TextBoundary::Open, TextBoundary::Open, self.tags.len() as u32);
            self.tags.push(TextTag { canary: position, cut_short: false });
        }
        self.has_part.push(before.iter().any(|part| is_part(part, canary)));
        for (i, address) in before.iter().enumerate() {
            self.has_part[i] |= is_part(canary, address);
        }
    }

    pub(crate) fn at(&self, leaf: &Leaf<'_>, canaries: &[Canary], exchange: u64, found: &mut ExchangeMatches) {
        self.grams.find(leaf.value, |tag, begin, end| {
            let TextTag { canary: position, cut_short } = self.tags[tag as usize];
            if cut_short && self.has_part[position as usize] {
                return;
            }
            let canary = &canaries[position as usize];
            let of = MatchKind {
                canary: Some((position, &canary.id)),
                kind: &canary.kind,
                guise: Guise::Plain,
                how: RecognitionMethod::Canary,
                weak: false,
            };
            found.add(exchange, leaf, of, || excerpt(leaf.value, begin, end));
        });
    }
}

fn is_part(part: &Canary, address: &Canary) -> bool {
    part.kind.as_str() == "visited-url-part"
        && forms::AbsoluteAddress::of(&address.value).is_some_and(|address| address.path.contains(&part.value))
}

/// What stood around a find, as much as may be shown; bytes as hex.
fn excerpt(value: &[u8], begin: usize, end: usize) -> String {
    let found = value.get(begin..end).unwrap_or_default();
    if std::str::from_utf8(found).is_err() || found.iter().any(|byte| *byte < b' ') {
        // A number found in a field of its own size is shown with the field.
        const FIELD: usize = 64;
        return shown(if value.len() <= FIELD { value } else { found });
    }
    const AROUND: usize = 40;
    if value.len() <= model::Sighting::SHOWN || end <= model::Sighting::SHOWN {
        return model::Sighting::shown(value);
    }
    let is_boundary = |&at: &usize| value.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let from = (begin.saturating_sub(AROUND)..=begin).find(is_boundary).unwrap_or(begin);
    format!("…{}", model::Sighting::shown(&value[from..]))
}
