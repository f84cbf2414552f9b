//! Numbers, times and ids in words that a person reads.

mod countries;

mod kinds;

mod layers;

use model::{GapReason, Initiator, Time};

pub use countries::country;
pub use kinds::kind;
pub(crate) use layers::layer;

/// `1 visit`, `2 visits`, `1,200 visits`.
pub fn count(n: u64, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o']) => format!("{} {stem}ies", thousands(n)),
        _ => format!("{} {what}s", thousands(n)),
    }
}

/// `137,016`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `912 B`, `3.5 kB`, `12 MB`: powers of ten. Number and unit stay on one line.
pub(crate) fn bytes(n: u64) -> String {
    let (mut value, mut unit) = (n as f64, "B");
    for next in ["kB", "MB", "GB"] {
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    if unit == "B" || value >= 99.5 { format!("{value:.0}\u{a0}{unit}") } else { format!("{value:.1}\u{a0}{unit}") }
}

/// `6.1 %`.
pub(crate) fn percent(rate: f64) -> String {
    format!("{:.1}\u{a0}%", rate * 100.0)
}

/// `a, b and c`.
pub fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// `22 November 2026, 23:40 UTC`.
pub fn date(time: Time) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let text = time.to_string();
    let parts = (text.get(..4), text.get(5..7), text.get(8..10), text.get(11..16));
    let (Some(year), Some(month), Some(day), Some(clock)) = parts else { return text };
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    match month {
        Some(month) => format!("{} {month} {year}, {clock} UTC", day.trim_start_matches('0')),
        None => text,
    }
}

/// `47 s`, `3 min 20 s`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match (whole / 60, whole % 60) {
        (0, seconds) => format!("{seconds}\u{a0}s"),
        (minutes, 0) => format!("{minutes}\u{a0}min"),
        (minutes, seconds) => format!("{minutes}\u{a0}min {seconds}\u{a0}s"),
    }
}

/// Who sent it.
pub(crate) fn sender(side: Initiator) -> &'static str {
    match side {
        Initiator::Page => "a page",
        Initiator::Native => "the program itself",
        Initiator::Extension => "an extension",
        Initiator::Caused => "the program, because a page asked",
        Initiator::Unknown => "unknown",
    }
}

/// What a gap of this kind means.
pub(crate) fn gap(why: GapReason) -> &'static str {
    match why {
        GapReason::Sealed => "encrypted, and we were not let in",
        GapReason::Cut => "only a part was there to look at",
        GapReason::Broken => "looks like a layer we know, and did not open",
        GapReason::Unsupported => "a layer we recognise and cannot open",
        GapReason::Budget => "too large or too deep to open whole",
        GapReason::Missing => "left out of the capture",
        GapReason::Bypass => "could have gone past us unseen",
    }
}

/// With a capital at its start, unless that is a host or another name.
pub(crate) fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_word = !first.is_empty() && first.trim_end_matches([',', ':']).chars().all(|c| c.is_ascii_lowercase());
    match text.get(..1) {
        Some(start) if is_word => start.to_ascii_uppercase() + &text[1..],
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(
            [count(1, "visit"), count(2, "visit"), count(1200, "query"), count(3, "day")],
            ["1 visit", "2 visits", "1,200 queries", "3 days"]
        );
        assert_eq!(
            [bytes(0), bytes(912), bytes(3_470), bytes(165_687)],
            ["0\u{a0}B", "912\u{a0}B", "3.5\u{a0}kB", "166\u{a0}kB"]
        );
        assert_eq!([bytes(999_700), bytes(12_000_000)], ["1.0\u{a0}MB", "12.0\u{a0}MB"]);
        assert_eq!([duration(0.4), duration(61.0), duration(120.0)], ["0\u{a0}s", "1\u{a0}min 1\u{a0}s", "2\u{a0}min"]);
    }

    #[test]
    fn a_time_reads_as_a_date() {
        assert_eq!(date(Time::from_millis(1_588_555_800_000)), "4 May 2020, 01:30 UTC");
    }

    #[test]
    fn a_host_at_the_start_of_a_sentence_keeps_its_small_letter() {
        assert_eq!(sentence("nothing was seen"), "Nothing was seen");
        assert_eq!(sentence("a.example was sent it"), "a.example was sent it");
        assert_eq!(sentence("öffentlich"), "öffentlich");
    }
}
