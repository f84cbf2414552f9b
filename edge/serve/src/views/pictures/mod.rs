//! Today in pictures: hour by hour, and what was for whom.

mod hours;

mod flows;

use gate::{EventCounts, HourlyCounts};
use maud::{Markup, html};

use crate::{english, moment, state::AppState};

const HOURS: i64 = 24;

/// Both pictures, or that there is nothing to draw yet.
pub(super) fn both(desk: &AppState) -> Markup {
    let now = moment::now();
    let hours = moment::last_hours(now, HOURS);
    let day = desk.board().tally_since(hours.first().copied().unwrap_or(now));
    let today = desk.board().tally_since(moment::midnight(now, &desk.zone));
    html! {
        @if day.hours.is_empty() { p { (english::dashboard::NOTHING_YET) } } @else { (hours::figure(desk, &hours, &day)) }
        @if let Some(figure) = flows::figure(&today, desk.keeper().is_some()) { (figure) }
    }
}

/// What became of everything.
pub(super) fn total(tally: &HourlyCounts) -> EventCounts {
    tally.hours.values().fold(EventCounts::default(), |all, counts| EventCounts {
        stopped: all.stopped + counts.stopped,
        passed: all.passed + counts.passed,
        unread: all.unread + counts.unread,
    })
}
