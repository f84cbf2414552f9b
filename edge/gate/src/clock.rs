//! The two clocks that decisions need.

use std::{
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use guard::Now;
use model::Time;

static START: OnceLock<Instant> = OnceLock::new();

pub(crate) fn now() -> Now {
    let start = START.get_or_init(Instant::now);
    Now::new(wall(), u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
}

pub(crate) fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
