//! What was planted, prepared for looking.

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
    /// One that knows how programs pack their data, and no canary yet.
    pub fn new(knowledge: &Knowledge) -> Self {
        Self::knowing(&knowledge.schemas)
    }

    /// One that knows no program: for a few values beside those of another.
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

    /// Looks for this value from now on, in every form and disguise.
    ///
    /// Refuses values that requests hold by chance. Short ones that are not
    /// refused count only where they stand as a word of their own.
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

    /// Looks for digests with this salt before or behind the value, and with
    /// it as the key, too.
    pub fn salt(&mut self, salt: &[u8]) {
        self.digests.salt(salt);
    }

    /// Looks from now on for what programs compute over this page.
    pub fn page(&mut self, page: &Page) {
        self.recipes.page(page);
    }

    /// Whether personal data is looked for by its shape, too.
    pub fn patterns(&mut self, on: bool) {
        self.patterns = on;
    }

    /// Looks at one exchange.
    pub fn look<'d>(&'d self, exchange: &'d Exchange) -> ExchangeScan<'d> {
        ExchangeScan::new(self, exchange)
    }
}
