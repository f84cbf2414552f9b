//! The time, as it is written down.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use model::Time;

/// A point in time from which others follow: a clock that is set while an
/// exchange runs does not make it end before it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    wall: Time,
    steady: Instant,
}

/// Now, as captures state it.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { wall: now(), steady: Instant::now() }
    }

    pub(crate) fn began(self) -> Time {
        self.wall
    }

    /// The time now, by the clock as it stood at the beginning.
    pub(crate) fn ended(self) -> Time {
        let passed = i64::try_from(self.steady.elapsed().as_micros()).unwrap_or(i64::MAX);
        Time(self.wall.0.saturating_add(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_while_an_exchange_runs_does_not_turn_it_around() {
        let day = 24 * 60 * 60 * 1_000_000;
        for jumped in [-day, 0, day] {
            // As if the wall clock had stood there when it began.
            let moment = Moment { wall: Time(now().0 - jumped), ..Moment::now() };
            let passed = moment.ended().0 - moment.began().0;
            assert!((0..day / 24).contains(&passed), "{jumped}: {passed}");
        }
    }
}
