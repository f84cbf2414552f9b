//! Every decoder by a selector byte, then all of them together.
//!
//! What must hold: nothing panics, and every value that was visited is found
//! again by walking its trail.
#![no_main]

use decode::{DecodeLimits, decoders, open_value, walk_value};
use libfuzzer_sys::fuzz_target;
use model::{LayerPlace, Trail};

fuzz_target!(|data: &[u8]| {
    let Some((selector, value)) = data.split_first() else { return };
    let names: Vec<_> = decoders().map(|decoder| decoder.name).collect();
    let name = names[usize::from(*selector) % names.len()];
    let alone = Trail::default().then("value", LayerPlace::Whole).then(name, LayerPlace::Whole);
    let _ = walk_value(value, &alone);

    let mut visited = Vec::new();
    let mut gaps = Vec::new();
    let keep = &mut |leaf: &model::Leaf<'_>| {
        if visited.len() < 64 {
            visited.push((leaf.route.trail(), leaf.value.to_vec()));
        }
    };
    open_value(value, &DecodeLimits::default(), keep, &mut gaps);
    for (trail, found) in visited {
        assert!(walk_value(value, &trail) == Some(found), "a trail leads elsewhere: {trail:?}");
    }
});
