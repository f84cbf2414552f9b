//! Formats times in the user's time zone.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use model::Time;
pub(crate) use proxy::now;

fn zoned(time: Time, zone: &TimeZone) -> Zoned {
    Timestamp::from_microsecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

/// `14:03`.
pub(crate) fn clock(time: Time, zone: &TimeZone) -> String {
    zoned(time, zone).strftime("%H:%M").to_string()
}

/// `14:03` today, `22 Nov, 14:03` on other days.
pub(crate) fn moment(time: Time, now: Time, zone: &TimeZone) -> String {
    let (then, today) = (zoned(time, zone), zoned(now, zone));
    let form = match then.date() == today.date() {
        true => "%H:%M",
        false if then.year() == today.year() => "%-d %b, %H:%M",
        false => "%-d %b %Y, %H:%M",
    };
    then.strftime(form).to_string()
}

/// The starts of the last hours, the current hour last.
pub(crate) fn last_hours(now: Time, count: i64) -> Vec<Time> {
    const HOUR: i64 = 3_600_000_000;
    let current = now.0.div_euclid(HOUR) * HOUR;
    (0..count).rev().map(|ago| Time(current - ago * HOUR)).collect()
}

/// The start of the user's day.
pub(crate) fn midnight(now: Time, zone: &TimeZone) -> Time {
    let start = zoned(now, zone).start_of_day();
    start.map_or(now, |start| Time(start.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_another_day_has_its_date() {
        let now = Time::from_millis(1_790_000_000_000);
        let say = |time| moment(time, now, &TimeZone::UTC);
        assert_eq!(say(now), "14:13");
        assert_eq!(say(Time::from_millis(1_789_900_000_000)), "20 Sep, 10:26");
        assert_eq!(say(Time(0)), "1 Jan 1970, 00:00");
        assert_eq!(clock(midnight(now, &TimeZone::UTC), &TimeZone::UTC), "00:00");
        assert_eq!(
            last_hours(now, 2).iter().map(|hour| clock(*hour, &TimeZone::UTC)).collect::<Vec<_>>(),
            ["13:00", "14:00"]
        );
    }
}
