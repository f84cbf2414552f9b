//! One event in detail: the reason, the layers of each value, and the choices
//! of the user.

use gate::{FoundValue, GuardEvent};
use guard::{DecisionReason, GuardAction, HostAction};
use maud::{Markup, html};
use model::{Destination, Kind, Mode, Trail};
use report::ui::{inert, inert_head, kind, staircase};

use super::{frame::sealed, said};
use crate::{access::BrowserSession, english, state::AppState};

/// How many values of one event are shown, and how many characters of an
/// address.
const SHOWN: usize = 8;
const ADDRESS: usize = 300;

/// Where the details are shown, which decides the level of their headings: on
/// the event's own page or in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadingLevel {
    Alone,
    Listed,
}

pub(super) fn all(desk: &AppState, session: &BrowserSession, event: &GuardEvent, level: HeadingLevel) -> Markup {
    html! {
        p .because { (inert(&english::because(&event.reason, event.verdict, desk.keeper().is_some()))) }
        @for found in event.found.iter().take(SHOWN) { (value(found, level)) }
        @if event.found.is_empty() && !event.reason.is_unread() { p .fine { (english::event::NOTHING_FOUND) } }
        dl .meaning {
            dt { (english::event::REQUEST) } dd { code { (inert(&event.method)) " " (inert_head(&event.address, ADDRESS)) } }
            dt { (english::event::TO) }
            dd {
                (inert_head(&event.host, ADDRESS))
                @if let Some(owner) = &event.owner { ", " (inert_head(owner, ADDRESS)) } @else { ", " (english::event::OWNER_UNKNOWN) }
                ", " (english::purpose(event.purpose))
            }
            dt { (english::event::FROM) } dd { (said::RowText::of(desk, event).from) }
        }
        @if desk.keeper().is_some() { (decide(desk, session, event)) }
    }
}

fn value(found: &FoundValue, level: HeadingLevel) -> Markup {
    let trail: Trail = found.trail.parse().unwrap_or_default();
    let shown = found.value.as_deref().unwrap_or(english::event::ENTERED);
    html! {
        @match level {
            HeadingLevel::Alone => h2 { (kind(&Kind::new(&found.kind))) },
            HeadingLevel::Listed => h3 { (kind(&Kind::new(&found.kind))) },
        }
        (staircase(&trail, shown))
        @if found.guise != "plain" { p .fine { (english::event::DISGUISED) " " code { (inert_head(&found.guise, ADDRESS)) } } }
    }
}

/// The forms for this event: a rule for the destination, or an hour for its
/// kinds.
fn decide(desk: &AppState, session: &BrowserSession, event: &GuardEvent) -> Markup {
    let Some(keeper) = desk.keeper() else { return html! {} };
    let choices = keeper.choices();
    let aim = Destination {
        host: event.host.clone(),
        site: String::new(),
        owner: None,
        seat: None,
        hosted: None,
        purpose: event.purpose,
        because: String::new(),
    };
    let said = choices.destined(&aim, &guard::ClientIdentity::new(&event.device, event.mode));
    let rules: &[(&str, &str)] = match said {
        Some(_) => &[("", english::event::AS_OTHERS)],
        // If the handshake failed, a rule that allows the destination would not
        // help.
        None if event.verdict == GuardAction::Pass || event.reason == DecisionReason::NoHandshake => {
            &[(HostAction::Stop.word(), english::event::STOP)]
        }
        None => &[(HostAction::Allow.word(), english::event::ALLOW)],
    };
    let kinds = if may_switch(event) { &event.kinds[..] } else { &[] };
    let mode = if event.mode == Mode::Unknown { Mode::Normal } else { event.mode };
    html! {
        div .decide role="group" aria-label=(english::event::DECIDE) {
            @for (rule, name) in rules {
                form method="post" action="/destination" {
                    (sealed(session))
                    input type="hidden" name="host" value=(event.host);
                    input type="hidden" name="rule" value=(rule);
                    input type="hidden" name="back" value="dashboard";
                    button { (name) }
                }
            }
            @for id in kinds.iter().take(SHOWN) {
                @if keeper.knowledge().kinds.kind(id).is_some() {
                    form method="post" action="/hour" {
                        (sealed(session))
                        input type="hidden" name="kind" value=(id);
                        input type="hidden" name="mode" value=(mode.word());
                        button .quiet { (english::settings::hour_named(&kind(&Kind::new(id)), english::mode(mode))) }
                    }
                }
            }
            a href="/settings" { (english::event::TO_THE_SWITCH) }
        }
    }
}

/// Whether turning on its kinds would have let the request pass.
fn may_switch(event: &GuardEvent) -> bool {
    event.verdict != GuardAction::Pass && !event.reason.has_own_switch()
}
