//! The list of events; equal events in a row share one row.

use std::sync::Arc;

use gate::GuardEvent;
use maud::{Markup, html};

use super::{
    peeled::{self, HeadingLevel},
    said::RowText,
};
use crate::{access::BrowserSession, english, state::AppState};

/// How many rows are shown.
const ROWS: usize = 40;

/// Several equal events in a row.
struct RepeatedRow {
    newest: Arc<GuardEvent>,
    times: usize,
}

pub(super) fn list(desk: &AppState, session: &BrowserSession) -> Markup {
    let rows = grouped(&desk.board().events());
    html! {
        ol .events #events {
            @for row in rows.iter().take(ROWS) { (one(desk, session, row)) }
        }
        @if rows.is_empty() {
            div .empty #empty {
                p { (english::dashboard::NOTHING_YET) }
                p .note { (english::dashboard::NOTHING_YET_NOTE) }
            }
        }
        template #event { li { a .event { (cells(&EMPTY, 1)) } } }
    }
}

const EMPTY: RowText = RowText {
    look: "passed",
    fate: "",
    when: String::new(),
    whom: String::new(),
    whereabouts: String::new(),
    what: String::new(),
    from: String::new(),
};

fn grouped(events: &[Arc<GuardEvent>]) -> Vec<RepeatedRow> {
    let mut rows: Vec<RepeatedRow> = Vec::new();
    for event in events {
        match rows.last_mut() {
            Some(last) if alike(&last.newest, event) => last.times += 1,
            _ => rows.push(RepeatedRow { newest: Arc::clone(event), times: 1 }),
        }
    }
    rows
}

fn alike(one: &GuardEvent, other: &GuardEvent) -> bool {
    let what = |event: &GuardEvent| (event.verdict, event.reason.clone(), event.kinds.clone(), event.mode);
    let who = |event: &GuardEvent| (event.host.clone(), event.device.clone(), event.program.clone());
    what(one) == what(other) && who(one) == who(other)
}

fn one(desk: &AppState, session: &BrowserSession, row: &RepeatedRow) -> Markup {
    let said = RowText::of(desk, &row.newest);
    html! {
        li {
            details .(said.look) {
                summary .event { (cells(&said, row.times)) }
                div .inside {
                    (peeled::all(desk, session, &row.newest, HeadingLevel::Listed))
                    p .fine { a href={ "/event/" (row.newest.id) } { (english::event::ALONE) } }
                }
            }
        }
    }
}

/// The cells of a row; the script fills the same cells by their names.
fn cells(said: &RowText, times: usize) -> Markup {
    html! {
        (super::shapes::fate(said.look))
        span .fate data-say="fate" { (said.fate) }
        span .whom { b data-say="whom" { (said.whom) } " " span .whereabouts data-say="whereabouts" { (said.whereabouts) } }
        span .what data-say="what" { (said.what) }
        span .from data-say="from" { (said.from) }
        span .when { span data-say="when" { (said.when) } @if times > 1 { " " b .times { "× " (times) } } }
    }
}
