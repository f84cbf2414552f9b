//! The time, as it is written down.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Time;

/// A point in time from which others follow: a clock that is set while an
/// exchange runs does not make it end before it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockMoment {
    wall: Time,
    steady: Instant,
}

/// Both clocks of the machine at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    /// Since 1970. This one may be set, forward and backward.
    pub(crate) wall: Duration,
    pub(crate) steady: Instant,
}

impl ClockReading {
    pub(crate) fn now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall, steady: Instant::now() }
    }

    /// By how much the wall clock was set since `before`, in whichever direction.
    ///
    /// The steady clock stands still while the machine sleeps, so a sleep counts
    /// as a jump.
    pub(crate) fn wall_jump(self, before: Self) -> Duration {
        let passed = self.steady.saturating_duration_since(before.steady);
        self.wall.abs_diff(before.wall + passed)
    }
}

#[cfg(test)]
impl ClockReading {
    /// Both clocks after so much time.
    pub(crate) fn later(self, passed: Duration) -> Self {
        Self { wall: self.wall + passed, steady: self.steady + passed }
    }

    /// The wall clock set by so many seconds.
    pub(crate) fn set_by(self, seconds: i64) -> Self {
        let by = Duration::from_secs(seconds.unsigned_abs());
        Self { wall: if seconds < 0 { self.wall.saturating_sub(by) } else { self.wall + by }, ..self }
    }
}

/// Now, as captures state it.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl ClockMoment {
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
            let moment = ClockMoment { wall: Time(now().0 - jumped), ..ClockMoment::now() };
            let passed = moment.ended().0 - moment.began().0;
            assert!((0..day / 24).contains(&passed), "{jumped}: {passed}");
        }
    }
}
