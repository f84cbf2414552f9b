//! Time stamps for the capture.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Time;

/// A start time from which later time stamps are calculated. The steady clock
/// measures the distance, so an exchange cannot end before it began, even if
/// somebody sets the wall clock in between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockMoment {
    wall: Time,
    steady: Instant,
}

/// Both clocks of the machine at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    /// Time since 1970. The user or NTP may set this clock forward or backward.
    pub(crate) wall: Duration,
    pub(crate) steady: Instant,
}

impl ClockReading {
    pub(crate) fn now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall, steady: Instant::now() }
    }

    /// How far the wall clock was set since `before`, forward or backward.
    ///
    /// The steady clock stands still while the machine sleeps, so a sleep
    /// counts as a jump.
    pub(crate) fn wall_jump(self, before: Self) -> Duration {
        let passed = self.steady.saturating_duration_since(before.steady);
        self.wall.abs_diff(before.wall + passed)
    }
}

#[cfg(test)]
impl ClockReading {
    /// Both clocks after `passed` more time.
    pub(crate) fn later(self, passed: Duration) -> Self {
        Self { wall: self.wall + passed, steady: self.steady + passed }
    }

    /// Both clocks after the wall clock was set by this many seconds.
    pub(crate) fn set_by(self, seconds: i64) -> Self {
        let by = Duration::from_secs(seconds.unsigned_abs());
        Self { wall: if seconds < 0 { self.wall.saturating_sub(by) } else { self.wall + by }, ..self }
    }
}

/// The current time, in the form that captures use.
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

    /// The current time, measured by the steady clock from the start time.
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
            // The wall clock showed this time when the exchange began.
            let moment = ClockMoment { wall: Time(now().0 - jumped), ..ClockMoment::now() };
            let passed = moment.ended().0 - moment.began().0;
            assert!((0..day / 24).contains(&passed), "{jumped}: {passed}");
        }
    }
}
