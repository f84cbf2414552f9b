//! Goes a trail again.
//!
//! A report names the trail of everything it shows; whoever doubts it walks
//! the trail over the same exchange and must get the same value. Nothing is
//! guessed here: each step's decoder is known by name.

use std::ops::ControlFlow;

use model::{Exchange, LayerPlace, Trail, TrailStep};

use crate::{
    budget::{Budget, DecodeLimits},
    decoders::{InnerValues, decoder},
    decryption, parts,
};

/// The value that a trail leads to in an exchange.
pub fn walk(exchange: &Exchange, trail: &Trail) -> Option<Vec<u8>> {
    from(&trail.steps, &|first| {
        // A step read back from text has `answer` as its layer, one that was
        // just kept `answer header`: both read the same.
        let part = match &first.place {
            LayerPlace::Whole => parts::part(exchange, &first.layer),
            LayerPlace::At(name) => parts::part(exchange, &format!("{} {name}", first.layer)),
        };
        part.map(<[u8]>::to_vec)
    })
}

/// The value that a trail leads to in a value from elsewhere: `value ▸ base64`.
pub fn walk_value(value: &[u8], trail: &Trail) -> Option<Vec<u8>> {
    from(&trail.steps, &|first| (first.layer == "value").then(|| value.to_vec()))
}

fn from(steps: &[TrailStep], part: &dyn Fn(&TrailStep) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut budget = Budget::new(&DecodeLimits::default());
    let mut value = part(steps.first()?)?;
    for (i, step) in steps.iter().enumerate().skip(1) {
        let mut pick = PickVisitor { place: &step.place, found: None, budget: &mut budget };
        if let Some(decoder) = decoder(&step.layer) {
            decoder.peel(&value, &mut pick);
            value = pick.found?;
        } else {
            let find = &mut |way: &str| decryption::meant(&steps[..i], way).and_then(|trail| from(&trail.steps, part));
            value = decryption::again(&step.layer, &step.place, &value, find)?;
        }
    }
    Some(value)
}

/// Takes the value at one place and lets the others go by.
struct PickVisitor<'p> {
    place: &'p LayerPlace<'p>,
    found: Option<Vec<u8>>,
    budget: &'p mut Budget,
}

impl InnerValues for PickVisitor<'_> {
    fn give(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()> {
        if *self.place != place {
            return ControlFlow::Continue(());
        }
        self.found = Some(value.to_vec());
        ControlFlow::Break(())
    }

    fn give_beside(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()> {
        self.give(place, value)
    }

    fn show(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()> {
        self.give(place, value)
    }

    fn budget(&mut self) -> &mut Budget {
        self.budget
    }
}
