//! The last day as columns: stopped requests at the bottom, then passed ones,
//! then those that could not be read.

use gate::{EventCounts, HourlyCounts};
use maud::{Markup, html};
use model::Time;

use super::total;
use crate::{english, moment, state::AppState};

/// The size of the drawing in its own units.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 150.0;
const BASE: f64 = 122.0;
const LOOKS: [&str; 3] = ["stopped", "passed", "unread"];

pub(super) fn figure(desk: &AppState, hours: &[Time], day: &HourlyCounts) -> Markup {
    html! {
        figure .hours {
            h3 { (english::dashboard::HOURS) }
            (columns(desk, hours, day))
            (legend(desk))
            figcaption { details { summary { (english::dashboard::AS_TABLE) } (table(desk, hours, day)) } }
        }
    }
}

/// One column for each hour: stopped requests at the bottom, then passed ones,
/// then unread ones.
fn columns(desk: &AppState, hours: &[Time], day: &HourlyCounts) -> Markup {
    let most = day.hours.values().map(sum).max().unwrap_or(0).max(4);
    let step = WIDTH / hours.len().max(1) as f64;
    let scale = (BASE - 16.0) / most as f64;
    html! {
        svg .chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby="hours-desc" {
            title #hours-desc { (english::pictures::hours(&total(day), desk.keeper().is_some())) }
            path .axis d={ "M0 " (BASE + 0.5) "H" (WIDTH) } {}
            text .most x="0" y="12" { (most) }
            @for (n, hour) in hours.iter().enumerate() {
                @let counts = day.hours.get(hour).copied().unwrap_or_default();
                @let clock = moment::clock(*hour, &desk.zone);
                @for (look, from, n_of) in stacked(&counts) {
                    @let (x, y) = (r(n as f64 * step + 4.0), r(BASE - (from + n_of) as f64 * scale));
                    rect .(look) x=(x) y=(y) width=(r(step - 8.0)) height=(r(n_of as f64 * scale)) rx="1.5" {
                        title { (clock) ": " (english::pictures::part(look, n_of)) }
                    }
                }
                @if n % 6 == 5 {
                    text .clock x=(r((n as f64 + 0.5) * step)) y=(HEIGHT - 8.0) text-anchor="middle" { (clock) }
                }
            }
        }
    }
}

fn stacked(counts: &EventCounts) -> Vec<(&'static str, u64, u64)> {
    let parts = [
        ("stopped", 0, counts.stopped),
        ("passed", counts.stopped, counts.passed),
        ("unread", counts.stopped + counts.passed, counts.unread),
    ];
    parts.into_iter().filter(|(_, _, n)| *n > 0).collect()
}

fn legend(desk: &AppState) -> Markup {
    let looks = if desk.keeper().is_some() { &LOOKS[..] } else { &LOOKS[1..] };
    html! {
        ul .legend {
            @for look in looks {
                li {
                    svg .key viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" {
                        rect .(look) width="14" height="14" rx="3" {}
                    }
                    (english::pictures::look(look))
                }
            }
        }
    }
}

fn table(desk: &AppState, hours: &[Time], day: &HourlyCounts) -> Markup {
    html! {
        table .plain {
            thead {
                tr {
                    th scope="col" { (english::pictures::HOUR) }
                    @for look in LOOKS { th scope="col" .n { (english::pictures::look(look)) } }
                }
            }
            tbody {
                @for hour in hours {
                    @if let Some(counts) = day.hours.get(hour) {
                        tr {
                            th scope="row" { (moment::clock(*hour, &desk.zone)) }
                            @for n in [counts.stopped, counts.passed, counts.unread] { td .n { (n) } }
                        }
                    }
                }
            }
        }
    }
}

fn sum(counts: &EventCounts) -> u64 {
    counts.stopped + counts.passed + counts.unread
}

fn r(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
