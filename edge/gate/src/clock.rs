//! The two clocks that decisions need.

use std::{sync::OnceLock, time::Instant};

use guard::Now;
pub(crate) use proxy::now as wall;

static START: OnceLock<Instant> = OnceLock::new();

pub(crate) fn now() -> Now {
    let start = START.get_or_init(Instant::now);
    Now::new(wall(), u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
}
