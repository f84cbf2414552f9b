//! Points in time, as captures write them.

use model::Time;

/// RFC 3339, and what programs write instead: no offset, a space for the `T`,
/// `+0000`, a number of milliseconds or seconds since 1970.
pub(crate) fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return Some(of_number(number));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let clock = rest.strip_prefix(['T', 't', ' ']).unwrap_or("00:00:00");
    let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(end);
    let seconds = days(year, month, day) * 86_400 - offset(zone)?;
    Some(Time(seconds * 1_000_000 + of_clock(clock)?))
}

/// Seconds since the epoch, as a fraction.
pub(crate) fn of_seconds(seconds: f64) -> Time {
    Time((seconds * 1e6) as i64)
}

/// Seconds, or milliseconds if it would be after the year 5138.
fn of_number(number: f64) -> Time {
    of_seconds(if number.abs() < 1e11 { number } else { number / 1e3 })
}

/// `12:34:56.789` in microseconds.
fn of_clock(clock: &str) -> Option<i64> {
    let mut parts = clock.trim().split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
    let fits = (0..=24).contains(&hours) && (0..60).contains(&minutes) && (0.0..61.0).contains(&seconds);
    fits.then(|| (hours * 3_600 + minutes * 60) * 1_000_000 + (seconds * 1e6).round() as i64)
}

/// `+02:00`, `+0200`, `Z` or nothing, in seconds.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.bytes().next() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'-') => -1,
        Some(_) => 1,
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    Some(sign * (hours * 3_600 + minutes * 60))
}

/// Days from the epoch to a date (Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_however_it_is_written() {
        for text in [
            "2020-05-04T01:30:00.123Z",
            "2020-05-04T01:30:00.123+00:00",
            "2020-05-04T03:30:00.123+02:00",
            "2020-05-03T20:00:00.123-0530",
            "2020-05-04 01:30:00.123",
            "1588555800123",
            "1588555800.123",
        ] {
            assert_eq!(time(text).map(Time::millis), Some(1_588_555_800_123), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "yesterday", "2020-13-01T00:00:00Z", "2020-05-04Tnoon", "ü20-05-04T00:00:00Z"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
