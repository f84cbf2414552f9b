//! A trail as a staircase: the layers from outside in, the value at the end.

use maud::{Markup, html};
use model::{Place, Trail};

use crate::{
    inert::{inert, inert_head},
    words::layer,
};

/// Characters of a field's name that are shown.
const NAME: usize = 120;

/// The layers of a trail, each a step, and the value behind them.
pub(super) fn staircase(trail: &Trail, value: &str) -> Markup {
    html! {
        ol .stairs {
            @for (n, step) in trail.steps.iter().enumerate() {
                li style={ "--n:" (n) } {
                    span .layer { (inert(&step.layer)) }
                    @if let Place::At(name) = &step.place { " " code .place { (inert_head(name, NAME)) } }
                    @if let Some(says) = layer(&step.layer) { " " span .says { (says) } }
                }
            }
            li .core style={ "--n:" (trail.steps.len()) } {
                span .says { "there stood" }
                code .value { (inert(value)) }
            }
        }
    }
}
