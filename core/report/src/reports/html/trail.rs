//! A trail as a staircase: the layers from outside in, the value at the end.

use maud::{Markup, html};
use model::{LayerPlace, Trail};

use crate::{
    sanitize::{inert, inert_head},
    wording::layer,
};

/// Characters of a field's name that are shown.
const NAME: usize = 120;
/// Steps from here on stand below each other; the style knows no deeper ones.
const DEEPEST: usize = 12;

/// The layers of a trail, each a step, and the value behind them.
pub fn staircase(trail: &Trail, value: &str) -> Markup {
    html! {
        ol .stairs {
            @for (n, step) in trail.steps.iter().enumerate() {
                li .{ "n" (n.min(DEEPEST)) } {
                    span .layer { (inert(&step.layer)) }
                    @if let LayerPlace::At(name) = &step.place { " " code .place { (inert_head(name, NAME)) } }
                    @if let Some(says) = layer(&step.layer) { " " span .says { (says) } }
                }
            }
            li .core.{ "n" (trail.steps.len().min(DEEPEST)) } {
                span .says { "there stood" }
                code .value { (inert(value)) }
            }
        }
    }
}
