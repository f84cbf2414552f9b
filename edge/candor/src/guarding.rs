//! What `candor guard` and `candor open` stand on besides the parts that every
//! live command has.

pub mod doors;

pub mod entering;

pub mod recording;

pub mod running;

pub mod profile;

pub mod extension;

pub mod chromium;

pub mod firefox;

use model::Time;

/// Now, as evidence states it.
pub fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
