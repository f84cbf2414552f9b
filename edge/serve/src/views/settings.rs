//! The settings page: the switches first, then the less frequent choices.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Query, State},
};
use gate::GuardState;
use guard::{Choices, HostAction, UnreadChoice};
use maud::{Markup, html};
use model::{Kind, Mode};
use report::ui::{inert_head, kind, listed};
use serde::Deserialize;

use super::{
    PageQuery, PageResult,
    devices::in_query,
    frame::{PageFrame, sealed, section, truth},
    said, sets, switches,
};
use crate::{access::BrowserSession, english, english::settings as words, state::AppState};

const HOST: usize = 100;

#[derive(Deserialize)]
pub(crate) struct SettingsOwner {
    #[serde(default)]
    device: String,
    /// `kind`: the table of single kinds is open.
    #[serde(default)]
    each: String,
}

pub(crate) async fn settings(
    (State(desk), Extension(session)): PageQuery,
    Query(whose): Query<SettingsOwner>,
) -> PageResult {
    let content = match desk.keeper().cloned() {
        Some(keeper) => content(&desk, &keeper, &session, &whose),
        None => html! {},
    };
    PageFrame { title: words::TITLE, here: "/settings", script: false }.around(&desk, content)
}

fn content(desk: &AppState, keeper: &Arc<GuardState>, session: &BrowserSession, asked: &SettingsOwner) -> Markup {
    let (choices, device) = (keeper.choices(), Some(asked.device.as_str()).filter(|id| !id.is_empty()));
    html! {
        h1 { (words::TITLE) }
        p .lede { (words::LEDE) }
        (trouble(desk))
        (whose(desk, &choices, device))
        @if device.is_some() { p .note { (words::OWN_NOTE) } }
        (programs(&choices))
        (sets::table(&choices, session, device))
        p .fine { (words::UNKNOWN_MODE) }
        p .fine { (words::PAGES_LIMIT) }
        p .fine { (words::SERVICES_LIMIT) }
        details .each open[asked.each == "kind"] {
            summary { (english::sets::EACH) }
            (switches::table(desk, keeper, &choices, session, device))
        }
        @if device.is_none() {
            (section("unread", words::UNREAD, &unread(&choices, session)))
            (section("strict", words::STRICT, &html! {
                p .note { (words::STRICT_NOTE) }
                (switches::alone("/strict", words::STRICT, choices.strict, session))
            }))
            (section("destinations", words::DESTINATIONS, &destinations(&choices, session)))
            (section("values", words::VALUES, &values(keeper, session)))
        }
    }
}

/// A warning that the choices file is invalid.
pub(super) fn trouble(desk: &AppState) -> Markup {
    let trouble = desk.keeper().and_then(|keeper| keeper.trouble());
    html! {
        @if let Some(says) = trouble {
            div .warning role="alert" {
                p { b { (words::TROUBLE) } }
                pre { (says) }
                p { (words::TROUBLE_NOTE) }
            }
        }
    }
}

/// The choice between the table for all devices and the table of one device.
fn whose(desk: &AppState, choices: &Choices, device: Option<&str>) -> Markup {
    let mut ids: Vec<String> = desk.board().devices().into_keys().collect();
    ids.extend(
        choices.devices.iter().map(|device| device.id.clone()).filter(|id| !ids.contains(id)).collect::<Vec<_>>(),
    );
    let current = |is: bool| is.then_some("page");
    html! {
        @if !ids.is_empty() {
            nav .whose aria-label=(words::FOR) {
                ul {
                    li { a href="/settings" aria-current=[current(device.is_none())] { (words::ALL) } }
                    @for id in &ids {
                        li {
                            a href={ "/settings?device=" (in_query(id)) } aria-current=[current(device == Some(id))] {
                                (said::device(desk, id))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The programs with switches of their own. These can only be set in the file,
/// so the page must not look complete without them.
fn programs(choices: &Choices) -> Markup {
    let own = choices.programs.iter().filter(|program| !program.table.is_empty());
    let own: Vec<String> = own.map(|program| inert_head(&program.name, HOST)).collect();
    html! {
        @if !own.is_empty() { p .note { (words::PROGRAMS) " " (listed(&own)) "." } }
    }
}

fn unread(choices: &Choices, session: &BrowserSession) -> Markup {
    let modes =
        [(Mode::Normal, words::NORMAL, choices.unread.normal), (Mode::Private, words::PRIVATE, choices.unread.private)];
    html! {
        p .note { (words::UNREAD_NOTE) }
        @for (mode, name, chosen) in modes {
            form .choices method="post" action="/unread" {
                (sealed(session))
                input type="hidden" name="mode" value=(mode.word());
                fieldset {
                    legend { (name) }
                    @for choice in UnreadChoice::ALL {
                        button name="choice" value=(choice.word()) aria-pressed=(truth(choice == chosen)) {
                            (english::unread_choice(choice))
                        }
                    }
                }
            }
        }
    }
}

fn destinations(choices: &Choices, session: &BrowserSession) -> Markup {
    let all: Vec<_> = choices.destinations.iter().filter(|destined| destined.device.is_none()).collect();
    html! {
        p .note { (words::DESTINATIONS_NOTE) }
        @if all.is_empty() { p { (words::NO_DESTINATIONS) } } @else {
            ul .destinations {
                @for destined in all {
                    li {
                        span .host { (inert_head(&destined.host, HOST)) }
                        span { (rule(destined.rule)) }
                        form method="post" action="/destination" {
                            (sealed(session))
                            input type="hidden" name="host" value=(destined.host);
                            input type="hidden" name="rule" value="";
                            button .quiet { (words::REMOVE) span .unseen { " " (inert_head(&destined.host, HOST)) } }
                        }
                    }
                }
            }
        }
        form .line method="post" action="/destination" {
            (sealed(session))
            label {
                (words::HOST)
                input name="host" required maxlength="255" autocomplete="off" spellcheck="false" autocapitalize="off";
            }
            label {
                (words::RULE)
                select name="rule" {
                    @for one in [HostAction::Allow, HostAction::Stop, HostAction::Cut] { option value=(one.word()) { (rule(one)) } }
                }
            }
            button { (words::ADD) }
        }
    }
}

const fn rule(rule: HostAction) -> &'static str {
    match rule {
        HostAction::Allow => words::ALLOW,
        HostAction::Stop => words::STOP,
        HostAction::Cut => words::CUT,
    }
}

fn values(keeper: &GuardState, session: &BrowserSession) -> Markup {
    let counts = keeper.entered();
    html! {
        p .note { (words::VALUES_NOTE) }
        @if counts.is_empty() { p { (words::NO_VALUES) } } @else {
            ul .entered { @for (id, n) in &counts { li { (kind(&Kind::new(id))) ": " (n) } } }
            form method="post" action="/forget" { (sealed(session)) button .quiet { (words::FORGET) } }
        }
        form .line method="post" action="/value" autocomplete="off" {
            (sealed(session))
            label {
                (words::KIND)
                select name="kind" {
                    @for info in keeper.knowledge().kinds.all() {
                        option value=(info.id) { (kind(&Kind::new(&info.id))) }
                    }
                }
            }
            label {
                (words::VALUE)
                input name="value" type="password" required minlength="8" maxlength="500" autocomplete="off"
                    aria-describedby="value-note";
            }
            button { (words::ADD) }
        }
        p .fine #value-note { (words::VALUE_NOTE) }
    }
}
