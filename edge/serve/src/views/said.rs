//! The text of an event, shared by the pages and the live stream.

use gate::GuardEvent;
use guard::{DecisionReason, GuardAction};
use model::Kind;
use report::ui::{country, inert_head, kind, listed};
use serde_json::{Value, json};

use crate::{english, moment, state::AppState};

/// The longest name where space is limited, in characters.
const NAME: usize = 60;

/// The texts of a row.
pub(super) struct RowText {
    /// The CSS class: `stopped`, `cut`, `passed`, `allowed`, `unread`.
    pub look: &'static str,
    pub fate: &'static str,
    pub when: String,
    pub whom: String,
    /// The owner's country, or the host where the owner is unknown.
    pub whereabouts: String,
    pub what: String,
    pub from: String,
}

impl RowText {
    pub fn of(desk: &AppState, event: &GuardEvent) -> Self {
        let host = inert_head(&event.host, NAME);
        let seat = event.seat.as_deref().map(country);
        let (whom, whereabouts) = match &event.owner {
            Some(owner) => (inert_head(owner, NAME), [seat.unwrap_or_default(), &host].join(" · ")),
            None => (host, english::event::OWNER_UNKNOWN.to_owned()),
        };
        Self {
            look: look(event),
            fate: english::fate(event.verdict, &event.reason),
            when: moment::moment(event.at, moment::now(), &desk.zone),
            whom,
            whereabouts: whereabouts.trim_start_matches(" · ").to_owned(),
            what: what(event),
            from: from(desk, event),
        }
    }
}

/// The row for the page's script, which only sets text, never markup.
pub(crate) fn row_of(desk: &AppState, event: &GuardEvent) -> Value {
    let said = RowText::of(desk, event);
    json!({
        "id": event.id, "look": said.look, "fate": said.fate, "when": said.when, "whom": said.whom,
        "whereabouts": said.whereabouts, "what": said.what, "from": said.from,
    })
}

/// The name of a device, or its identifier.
pub(super) fn device(desk: &AppState, id: &str) -> String {
    let choices = desk.keeper().map(|keeper| keeper.choices());
    let name = choices.and_then(|choices| choices.device(id)?.name.clone());
    match name {
        Some(name) => inert_head(&name, NAME),
        None if id == gate::HERE => english::device::HERE.to_owned(),
        None => inert_head(id, NAME),
    }
}

fn look(event: &GuardEvent) -> &'static str {
    match (event.verdict, &event.reason) {
        (GuardAction::Absorb, _) => "stopped",
        (GuardAction::Cut, DecisionReason::NoHandshake) => "unread",
        (GuardAction::Cut | GuardAction::Hold, _) => "cut",
        (_, DecisionReason::Unread) => "unread",
        (_, DecisionReason::On | DecisionReason::AllowedDestination | DecisionReason::Nothing) => "allowed",
        _ => "passed",
    }
}

/// `page address and search words`.
fn what(event: &GuardEvent) -> String {
    let mut labels: Vec<String> = event.kinds.iter().map(|id| inert_head(&kind(&Kind::new(id)), NAME)).collect();
    labels.dedup();
    if !labels.is_empty() {
        return listed(&labels);
    }
    match event.reason {
        DecisionReason::Unread | DecisionReason::NoHandshake => english::event::UNREAD.to_owned(),
        _ => english::event::NOT_RECOGNISED.to_owned(),
    }
}

/// `My phone · private · chromium`.
fn from(desk: &AppState, event: &GuardEvent) -> String {
    let mut parts = vec![device(desk, &event.device), english::mode(event.mode).to_owned()];
    parts.extend(event.program.as_deref().map(|program| inert_head(program, NAME)));
    parts.join(" · ")
}
