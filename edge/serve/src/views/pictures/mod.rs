//! Today's charts: by hour, and by recipient.

mod hours;

mod flows;

use gate::{EventCounts, HourlyCounts};
use maud::{Markup, html};

use crate::{english, moment, state::AppState};

const HOURS: i64 = 24;

/// Both charts, or a text if there is no data.
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

/// The sum of the counts over all hours.
pub(super) fn total(tally: &HourlyCounts) -> EventCounts {
    tally.hours.values().fold(EventCounts::default(), |all, counts| EventCounts {
        stopped: all.stopped + counts.stopped,
        passed: all.passed + counts.passed,
        unread: all.unread + counts.unread,
    })
}
