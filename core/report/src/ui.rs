//! What other pages of Candor are built from, so that all of them look and
//! speak alike: harmless text, words for numbers and kinds, a peeled value, the
//! picture of what went to whom, and the style.

pub use crate::{
    reports::pieces::{Canvas, FlowBand, FlowDiagram, FlowNode, FlowTone, SHEET, drawn, eye, staircase},
    sanitize::{inert, inert_head},
    wording::{count, country, kind, listed, thousands},
};
