//! The two clocks that decisions use.

use std::{sync::OnceLock, time::Instant};

use guard::GuardTime;
pub(crate) use proxy::now as wall;

static START: OnceLock<Instant> = OnceLock::new();

pub(crate) fn now() -> GuardTime {
    let start = START.get_or_init(Instant::now);
    GuardTime::new(wall(), u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
}
