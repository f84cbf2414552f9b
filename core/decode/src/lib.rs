//! Opens values layer by layer until nothing opens any more.
//!
//! A request hides what it carries in wrappings: a form field holds base64,
//! that holds gzip, that holds JSON, and there stands the address. [`open`]
//! peels depth first and visits every value on the way, outside in, each with
//! the [`Route`](model::Route) by which it was reached; [`walk`] goes such a
//! way again and must arrive at the same value.
//!
//! Nothing fails here. What looked for certain like a layer and did not open,
//! what was cut, and what a budget forbade is a [`Gap`](model::Gap); a guess
//! that came to nothing is silent.

#![forbid(unsafe_code)]

mod parts;

mod walk;

mod engine;

mod budget;

mod decryption;

mod quic_keys;

mod inflate;

mod memo;

mod prefilter;

mod value_view;

mod unopened;

mod decoders;

pub use budget::DecodeLimits;
pub use decoders::{DecoderInfo, decoders};
pub use engine::DecodeCoverage;
pub use parts::{ExchangeOpener, open, open_answer, open_value};
pub use unopened::{LEAST, UnopenedRange, unopened};
pub use walk::{walk, walk_value};

#[cfg(test)]
mod checks;
