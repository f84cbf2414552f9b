//! One file for each way to recognise something.
//!
//! From sure to less sure; what a surer one says, the others need not say.

mod digest;

mod plain;

mod recipe;

mod schema;

mod split;

pub(crate) mod pattern;

mod short;

mod runs;

mod whole;

pub(crate) use digest::DigestIndex;
pub(crate) use plain::PlainTexts;
pub(crate) use recipe::RecipeIndex;
pub(crate) use schema::{SchemaIndex, SchemaQuery};
pub(crate) use short::ShortHashIndex;
pub(crate) use split::{SplitIndex, SplitMatches};
