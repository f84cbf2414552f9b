//! Every capture format: nothing panics, and a trail can be made of any gap.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let mut items = 0_u32;
    let _ = formats::read(&mut rest, &mut |_| items += 1);
});
