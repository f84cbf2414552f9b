//! The planted values, compiled for searching.

use std::fmt;

use knowledge::{Knowledge, schemas::Schema};
use model::{Canary, Exchange, Page};

use crate::{
    detectors::{DigestIndex, PlainTexts, RecipeIndex, SchemaIndex, ShortHashIndex, SplitIndex},
    exchange_scan::ExchangeScan,
    forms,
    refused::{self, RefusedCanary},
};

/// Recognises personal data in opened values.
#[derive(Clone)]
pub struct Detector {
    pub(crate) canaries: Vec<Canary>,
    pub(crate) plain: PlainTexts,
    pub(crate) digests: DigestIndex,
    pub(crate) shorts: ShortHashIndex,
    pub(crate) parts: SplitIndex,
    pub(crate) recipes: RecipeIndex,
    pub(crate) schemas: SchemaIndex,
    pub(crate) patterns: bool,
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detector(..)")
    }
}

impl Detector {
    /// A detector with the schemas of known programs, and no canary yet.
    pub fn new(knowledge: &Knowledge) -> Self {
        Self::knowing(&knowledge.schemas)
    }

    /// A detector without schemas, for a few values that another detector does
    /// not have.
    pub fn small() -> Self {
        Self::knowing(&[])
    }

    fn knowing(schemas: &[Schema]) -> Self {
        Self {
            canaries: Vec::new(),
            plain: PlainTexts::default(),
            digests: DigestIndex::default(),
            shorts: ShortHashIndex::default(),
            parts: SplitIndex::default(),
            recipes: RecipeIndex::of(schemas),
            schemas: SchemaIndex::of(schemas),
            patterns: false,
        }
    }

    /// Adds a value to search for, in every form and disguise.
    ///
    /// Refuses values that occur in requests by chance. Short values that are
    /// not refused count only as a separate word.
    pub fn plant(&mut self, canary: &Canary) -> Result<(), RefusedCanary> {
        refused::check(canary)?;
        let forms = forms::of(canary);
        self.canaries.push(canary.clone());
        self.plain.plant(&self.canaries, &forms);
        self.parts.plant(&self.canaries);
        let position = self.canaries.len() - 1;
        self.shorts.plant(position, canary, &forms);
        self.digests.plant(position, forms.digested);
        Ok(())
    }

    /// Also searches for digests with this salt before or behind the value, or
    /// as the key.
    pub fn salt(&mut self, salt: &[u8]) {
        self.digests.salt(salt);
    }

    /// Also searches for values that programs compute from this page.
    pub fn page(&mut self, page: &Page) {
        self.recipes.page(page);
    }

    /// Sets whether values are also reported that only have the shape of
    /// personal data.
    pub fn patterns(&mut self, on: bool) {
        self.patterns = on;
    }

    /// Begins to search one exchange.
    pub fn look<'d>(&'d self, exchange: &'d Exchange) -> ExchangeScan<'d> {
        ExchangeScan::new(self, exchange)
    }
}
