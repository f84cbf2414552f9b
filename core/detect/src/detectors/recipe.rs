//! Digests that a program computes over a page: recipes of `data/schemas/`.
//!
//! They are computed for every page that was given out, and looked for at the
//! places that the recipe names. A page's address is not in them, and they
//! give it away all the same.

use std::sync::Arc;

use knowledge::schemas::{DigestRecipe, Endpoint, RecipeInput, Schema};
use model::{Canary, Exchange, Guise, Kind, Leaf, Page, PageForm, RecognitionMethod};

use crate::{
    digests::{self, hex},
    fixed::FixedMap,
    forms::{AbsoluteAddress, host_of},
    matches::{ExchangeMatches, MatchKind},
};

/// Every recipe, and what it gives for the pages that were given out.
#[derive(Clone, Default)]
pub(crate) struct RecipeIndex {
    recipes: Arc<[KnownRecipe]>,
    /// What a recipe gave, and the host of the page that it was computed over.
    given: FixedMap<Box<[u8]>, Vec<RecipeResult>>,
    /// A bit for each length in bytes that occurs.
    lengths: u128,
}

struct KnownRecipe {
    recipe: DigestRecipe,
    kind: Kind,
    endpoints: Vec<Endpoint>,
}

#[derive(Clone, PartialEq, Eq)]
struct RecipeResult {
    recipe: usize,
    host: String,
}

impl RecipeIndex {
    pub(crate) fn of(schemas: &[Schema]) -> Self {
        let known = schemas.iter().flat_map(|schema| {
            schema.recipe.iter().map(|recipe| KnownRecipe {
                recipe: recipe.clone(),
                kind: Kind::new(&recipe.kind),
                endpoints: schema.endpoint.clone(),
            })
        });
        Self { recipes: known.collect(), ..Self::default() }
    }

    /// Computes all recipes over a page.
    pub(crate) fn page(&mut self, page: &Page) {
        let Some(host) = host_of(&page.url) else { return };
        for (i, known) in Arc::clone(&self.recipes).iter().enumerate() {
            let recipe = &known.recipe;
            let texts: Vec<String> = match recipe.over {
                RecipeInput::Page => filled(recipe, page, None).into_iter().collect(),
                RecipeInput::Form => page.forms.iter().filter_map(|form| filled(recipe, page, Some(form))).collect(),
            };
            for text in texts {
                self.give(recipe, &text, RecipeResult { recipe: i, host: host.clone() });
            }
        }
    }

    pub(crate) fn at(&self, leaf: &Leaf<'_>, canaries: &[Canary], exchange: &Exchange, found: &mut ExchangeMatches) {
        let length = leaf.value.len();
        if length > digests::LONGEST || self.lengths >> length & 1 == 0 {
            return;
        }
        for given in self.given.get(leaf.value).into_iter().flatten() {
            let KnownRecipe { recipe, kind, endpoints } = &self.recipes[given.recipe];
            let is_there = endpoints.iter().any(|endpoint| endpoint.matches(&exchange.request.url))
                && recipe.at.0.iter().any(|at| at.matches(leaf.route));
            if !is_there {
                continue;
            }
            let of = MatchKind {
                canary: of_host(canaries, &given.host),
                kind,
                guise: Guise::Digest(guise(recipe)),
                how: RecognitionMethod::Canary,
                weak: false,
            };
            found.add(exchange.index, leaf, of, || hex(leaf.value));
        }
    }

    fn give(&mut self, recipe: &DigestRecipe, text: &str, given: RecipeResult) {
        // Which digests there are was checked when the recipe was read.
        let Some(algorithm) = digests::named(&recipe.digest) else { return };
        let (digest, length) = algorithm.of(text.as_bytes());
        let kept = &digest[..recipe.keep.unwrap_or(length).min(length)];
        self.lengths |= 1 << kept.len();
        let all = self.given.entry(kept.into()).or_default();
        if !all.contains(&given) {
            all.push(given);
        }
    }
}

/// `sha1-prefix8(autofill form signature)`.
fn guise(recipe: &DigestRecipe) -> String {
    match recipe.keep {
        Some(keep) => format!("{}-prefix{keep}({})", recipe.digest, recipe.name),
        None => format!("{}({})", recipe.digest, recipe.name),
    }
}

/// The canary that stands for a host: one of its own, or an address on it.
fn of_host<'c>(canaries: &'c [Canary], host: &str) -> Option<(u32, &'c str)> {
    let is_host = |canary: &Canary| canary.value.trim().eq_ignore_ascii_case(host);
    let is_on_it = |canary: &Canary| host_of(canary.value.trim()).as_deref() == Some(host);
    let position = canaries.iter().position(is_host).or_else(|| canaries.iter().position(is_on_it))?;
    Some((position as u32, &canaries[position].id))
}

/// The text that is hashed; none if the page has no address.
fn filled(recipe: &DigestRecipe, page: &Page, form: Option<&PageForm>) -> Option<String> {
    let address = AbsoluteAddress::of(&page.url)?;
    let name = |name: &str| match recipe.without_digit_runs {
        Some(length) => without_digit_runs(name, length),
        None => name.to_owned(),
    };
    let fields: String = form.iter().flat_map(|form| &form.fields).map(|field| format!("&{}", name(field))).collect();
    let form_name = form.map(|form| name(&form.name)).unwrap_or_default();
    let mut text = String::new();
    for (i, piece) in recipe.of.split('{').enumerate() {
        let (placeholder, rest) = if i == 0 { ("", piece) } else { piece.split_once('}').unwrap_or(("", piece)) };
        text.push_str(match placeholder {
            "scheme" => address.scheme,
            "host" => address.authority,
            "path" => address.path,
            "query" => address.query.unwrap_or_default(),
            "url" => &page.url,
            "title" => &page.title,
            "form" => &form_name,
            "&fields" => &fields,
            _ => "",
        });
        text.push_str(rest);
    }
    Some(text)
}

/// A name without its runs of `length` digits and more.
fn without_digit_runs(name: &str, length: usize) -> String {
    let mut kept = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (taken, after) = rest.split_at(digits.max(first.len_utf8() * usize::from(digits == 0)));
        if digits < length {
            kept.push_str(taken);
        }
        rest = after;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_of_digits_are_left_out_of_names() {
        for (name, without) in [
            ("phone12345", "phone"),
            ("phone1234", "phone1234"),
            ("a123456b7ö890123c", "ab7öc"),
            ("", ""),
            ("123456", ""),
        ] {
            assert_eq!(without_digit_runs(name, 5), without, "{name}");
        }
    }
}
