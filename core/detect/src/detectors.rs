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

pub(crate) use digest::Digests;
pub(crate) use plain::Plain;
pub(crate) use recipe::Recipes;
pub(crate) use schema::{Asked, Schemas};
pub(crate) use short::Shorts;
pub(crate) use split::{Parts, Pieces};
