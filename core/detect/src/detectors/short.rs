//! Hashes and beginnings of digests, of four and eight bytes.
//!
//! Two sorts. Short hashes of planted values (CRC-32, MurmurHash3, xxHash) are
//! reported as weak. Beginnings of SHA-256 over the expressions of an address
//! (Safe Browsing) are sure at eight bytes; at four bytes one alone is held
//! back until a second, of another expression, confirms it.

use model::{Canary, Exchange, Guise, Kind, Leaf, RecognitionMethod};

use super::whole::{self, FieldNumber};
use crate::{
    digests,
    fixed::FixedMap,
    forms::{self, ValueForms, expressions},
    matches::{ExchangeMatches, MatchKind, shown},
};

/// Short hashes and digest beginnings of all canaries.
#[derive(Clone, Default)]
pub(crate) struct ShortHashIndex {
    four: FixedMap<[u8; 4], Vec<HashMeaning>>,
    eight: FixedMap<[u8; 8], Vec<HashMeaning>>,
    expressions: Vec<HashExpression>,
}

#[derive(Clone)]
struct HashExpression {
    canary: u32,
    text: Box<str>,
    /// It names a host and no page.
    is_host: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum HashMeaning {
    Hash { canary: u32, guise: Box<str> },
    Expression(u32),
}

impl ShortHashIndex {
    /// Adds the canary at `position`.
    pub(crate) fn plant(&mut self, position: usize, canary: &Canary, forms: &ValueForms) {
        let canary_number = position as u32;
        for form in forms.digested.iter().filter(|form| form.is_usual()) {
            for short in digests::short(form.text.as_bytes()) {
                let guise = match form.name.as_str() {
                    "" => short.name.into(),
                    name => format!("{}({name})", short.name).into(),
                };
                let meaning = HashMeaning::Hash { canary: canary_number, guise };
                let number = short.number.to_be_bytes();
                match short.bytes {
                    4 => add(&mut self.four, [number[4], number[5], number[6], number[7]], meaning),
                    _ => add(&mut self.eight, number, meaning),
                }
            }
        }
        let address = match canary.kind.as_str() {
            "visited-host" => format!("https://{}/", canary.value.trim()),
            _ => canary.value.trim().to_owned(),
        };
        for text in expressions(&address) {
            let digest = digests::sha256(text.as_bytes());
            let is_host = text.find('/') == Some(text.len() - 1);
            let meaning = HashMeaning::Expression(self.expressions.len() as u32);
            let first = |i: usize| digest[i];
            add(&mut self.four, std::array::from_fn(first), meaning.clone());
            add(&mut self.eight, std::array::from_fn(first), meaning);
            self.expressions.push(HashExpression { canary: canary_number, text: text.into(), is_host });
        }
    }

    pub(crate) fn at(&self, leaf: &Leaf<'_>, canaries: &[Canary], exchange: &Exchange, found: &mut ExchangeMatches) {
        if self.four.is_empty() {
            return;
        }
        whole::each(leaf.value, |number| {
            let (meanings, bytes) = match number {
                FieldNumber::Four(bytes) => (self.four.get(&bytes), 4),
                FieldNumber::Eight(bytes) => (self.eight.get(&bytes), 8),
            };
            for meaning in meanings.into_iter().flatten() {
                self.tell(meaning, bytes, leaf, canaries, exchange, found);
            }
        });
    }

    #[cold]
    fn tell(
        &self,
        meaning: &HashMeaning,
        bytes: usize,
        leaf: &Leaf<'_>,
        canaries: &[Canary],
        exchange: &Exchange,
        found: &mut ExchangeMatches,
    ) {
        let host = Kind::new("visited-host");
        let canary = match meaning {
            HashMeaning::Hash { canary, .. } => *canary,
            HashMeaning::Expression(id) => self.expressions[*id as usize].canary,
        };
        let planted = &canaries[canary as usize];
        let mut of = MatchKind {
            canary: Some((canary, &planted.id)),
            kind: &planted.kind,
            guise: Guise::Plain,
            how: RecognitionMethod::Canary,
            weak: false,
        };
        match meaning {
            HashMeaning::Hash { guise, .. } => {
                of.guise = Guise::Digest(guise.to_string());
                of.weak = true;
                found.add(exchange.index, leaf, of, || shown(leaf.value));
            }
            HashMeaning::Expression(id) => {
                let expression = &self.expressions[*id as usize];
                of.guise = Guise::Digest(format!("sha256-prefix{bytes}"));
                if expression.is_host {
                    let is_planted =
                        planted.kind != host && forms::is_host_planted(canaries, expression.text.trim_end_matches('/'));
                    if is_planted {
                        return;
                    }
                    of.kind = &host;
                }
                if bytes == 4 {
                    found.hold(exchange, leaf, of, &expression.text, || shown(leaf.value));
                } else {
                    found.add(exchange.index, leaf, of, || shown(leaf.value));
                }
            }
        }
    }
}

fn add<const N: usize>(map: &mut FixedMap<[u8; N], Vec<HashMeaning>>, number: [u8; N], meaning: HashMeaning) {
    let all = map.entry(number).or_default();
    if !all.contains(&meaning) {
        all.push(meaning);
    }
}
