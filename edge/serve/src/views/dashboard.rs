//! The first page: which data went to whom, and what the guard did.

use axum::{Extension, extract::State};
use gate::EventCounts;
use maud::{Markup, html};
use report::ui::{inert_head, thousands};

use super::{
    PageQuery, PageResult, devices,
    frame::{PageFrame, sealed, section},
    pictures, rows,
};
use crate::{access::BrowserSession, english::dashboard as words, moment, state::AppState};

/// How many changes are shown, and how many characters of each.
const CHANGES: usize = 12;
const CHANGE: usize = 160;

pub(crate) async fn dashboard((State(desk), Extension(session)): PageQuery) -> PageResult {
    let guards = desk.keeper().is_some();
    let today = pictures::total(&desk.board().tally_since(moment::midnight(moment::now(), &desk.zone)));
    let is_first = guards && desk.board().devices().is_empty();
    let heading = if is_first {
        words::FIRST.to_owned()
    } else if guards {
        words::heading_guard(today.stopped)
    } else {
        words::heading_capture(today.passed)
    };
    let content = html! {
        h1 { (heading) }
        p .lede { @if guards { (words::LEDE_GUARD) } @else { (words::LEDE_CAPTURE) } }
        @if is_first { (first_steps()) }
        (super::settings::trouble(&desk))
        (codes(&desk))
        (glance(&desk, &today))
        section #now aria-labelledby="now-title" {
            h2 #now-title { (words::NOW) }
            p .note { @if guards { (words::NOW_NOTE_GUARD) } @else { (words::NOW_NOTE_CAPTURE) } }
            p .live role="status" {
                span #live data-on=(words::LIVE) data-off=(words::LOST) data-missed=(words::MISSED) { (words::NOT_LIVE) }
            }
            (rows::list(&desk, &session))
        }
        (section("pictures", words::PICTURES, &pictures::both(&desk)))
        (section("devices", words::DEVICES_TITLE, &devices::cards(&desk, &session)))
        @if guards { (section("changes", words::CHANGES, &changes(&desk))) }
        section #keep aria-labelledby="keep-title" {
            h2 #keep-title { (words::KEEP) }
            p .note { @if guards { (words::KEPT_GUARD) } @else { (words::KEPT_CAPTURE) } }
            (export(&desk).await)
            (another(&session))
        }
    };
    PageFrame { title: &heading, here: "/", script: true }.around(&desk, content)
}

/// The first steps, for a user without any traffic yet.
fn first_steps() -> Markup {
    html! {
        section #first aria-labelledby="first-lede" {
            p #first-lede { (words::FIRST_LEDE) }
            ol .steps { @for (what, how) in words::FIRST_STEPS { li { b { (what) } br; (how) } } }
            p { a .button href="/install" { (crate::english::top::INSTALL) } }
        }
    }
}

/// Devices that wait for pairing; the user types the code on the device.
fn codes(desk: &AppState) -> Markup {
    html! {
        @for (device, code) in desk.board().codes() {
            div .asking role="status" {
                p { (words::wants_in(&inert_head(&device, CHANGE))) }
                p .code { (code) }
                p .fine { (words::WANTS_IN_NOTE) }
            }
        }
    }
}

fn glance(desk: &AppState, today: &EventCounts) -> Markup {
    let mut facts = vec![(today.passed, words::PASSED), (today.unread, words::UNREAD)];
    match desk.keeper() {
        Some(_) => facts.insert(0, (today.stopped, words::STOPPED)),
        None => facts[0].1 = words::CARRIED,
    }
    facts.push((desk.board().devices().len() as u64, words::DEVICES));
    html! {
        dl .glance { @for (number, what) in facts { div { dt { (what) } dd { (thousands(number)) } } } }
    }
}

fn changes(desk: &AppState) -> Markup {
    let changes = desk.board().changes();
    html! {
        @if changes.is_empty() { p { (words::NO_CHANGES) } } @else {
            ol .changes {
                @for told in changes.iter().take(CHANGES) {
                    li {
                        time datetime=(told.at) { (moment::moment(told.at, moment::now(), &desk.zone)) }
                        " " (inert_head(&told.says, CHANGE))
                    }
                }
            }
        }
        p .fine { (words::OLDER_CHANGES) }
    }
}

async fn export(desk: &AppState) -> Markup {
    html! {
        @if desk.evidence().await.is_some() {
            p { a .button href="/evidence.candor" download { (words::EXPORT) } }
            p .fine { (words::EXPORT_NOTE) }
        }
    }
}

fn another(session: &BrowserSession) -> Markup {
    html! { form method="post" action="/link" { (sealed(session)) button .quiet { (words::ANOTHER) } } }
}
