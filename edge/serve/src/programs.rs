//! The JSON interface for our own programs (the extension in a browser): the
//! same switches as on the page. It needs the key. A web page that calls it
//! cannot read any response (CORS, Fetch §3.3).

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gate::{ActivityFeed, ChoiceChange, GuardState, HERE};
use guard::{Choices, ClientIdentity, DecisionReason, KindSet, SetStand};
use model::{Kind, Mode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{english::sets as words, entry::EntryPage, state::AppState};

pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/api/choices", get(choices))
        .route("/api/change", post(change))
        .route("/api/listed", post(listed))
        .route("/api/link", post(link))
}

/// A change of one switch: for a kind of data, or for a set.
#[derive(Deserialize)]
struct SwitchTurn {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    set: String,
    mode: String,
    on: bool,
}

/// A report of what pages in a browser on this machine did.
#[derive(Deserialize)]
struct ListedPages {
    device: String,
    program: Option<String>,
    mode: String,
    #[serde(default)]
    pages: Vec<String>,
    #[serde(default)]
    requests: Vec<String>,
}

async fn choices(State(desk): State<Arc<AppState>>) -> Response {
    match desk.keeper() {
        Some(keeper) => Json(table(keeper)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn change(State(desk): State<Arc<AppState>>, Json(turn): Json<SwitchTurn>) -> Response {
    let Some(keeper) = desk.keeper() else { return StatusCode::NOT_FOUND.into_response() };
    let mode = Mode::from_word(&turn.mode);
    let changes = if mode == Mode::Unknown { None } else { changes(keeper, &turn, mode) };
    let Some(change) = changes else { return StatusCode::BAD_REQUEST.into_response() };
    match keeper.change(&change).await {
        Ok(()) => Json(table(keeper)).into_response(),
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

/// The page that a link opens.
#[derive(Deserialize)]
struct LinkTarget {
    #[serde(default)]
    to: String,
}

/// A link that admits a browser, once: for the button in the extension, and for
/// `candor guard link`.
async fn link(State(desk): State<Arc<AppState>>, Json(wanted): Json<LinkTarget>) -> Response {
    match desk.door.link(EntryPage::from_path(&wanted.to)) {
        Ok(link) => Json(json!({ "link": link })).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The interface shows this machine's own switch if there is one, so the change
/// applies to that switch.
fn changes(keeper: &GuardState, turn: &SwitchTurn, mode: Mode) -> Option<ChoiceChange> {
    let on = turn.on;
    let own =
        |kind: &Kind| keeper.choices().device(HERE).and_then(|here| here.table.cell(kind, mode)).map(|_| HERE.into());
    match turn.set.as_str() {
        "" => {
            let kind = Kind::new(&keeper.knowledge().kinds.kind(&turn.kind)?.id);
            Some(ChoiceChange::Turn { device: own(&kind), kind, mode, on })
        }
        "suggestions" => Some(ChoiceChange::Suggestions { mode, on }),
        "updates" => Some(ChoiceChange::Updates(on)),
        "security" => Some(ChoiceChange::Security(on)),
        word => {
            let set = KindSet::from_word(word)?;
            let device = set.kinds().iter().find_map(|kind| own(&Kind::new(kind)));
            Some(ChoiceChange::TurnSet { device, set, mode, on })
        }
    }
}

async fn listed(State(desk): State<Arc<AppState>>, Json(said): Json<ListedPages>) -> Response {
    let Some(keeper) = desk.keeper() else { return StatusCode::NOT_FOUND.into_response() };
    let who = ClientIdentity { program: said.program, ..ClientIdentity::new(said.device, Mode::from_word(&said.mode)) };
    keeper.listed(&who, &said.pages, &said.requests);
    StatusCode::NO_CONTENT.into_response()
}

/// Lets extensions read the responses. The CORS preflight (`OPTIONS`) comes
/// without the key.
pub(crate) async fn with_extensions(request: Request, next: Next) -> Response {
    let from = request.headers().get(ORIGIN).cloned();
    let extension = from.filter(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        origin.starts_with("chrome-extension://") || origin.starts_with("moz-extension://")
    });
    let Some(extension) = extension else { return next.run(request).await };
    let mut answer = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, extension);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(VARY, HeaderValue::from_static("origin"));
    answer
}

/// The switches for this machine: whether each is on, until when if only for an
/// hour, and how often its kind was recently requested while it was off.
fn table(keeper: &GuardState) -> Value {
    let (choices, now) = (keeper.choices(), crate::moment::now());
    let asked = asked_for(keeper.board());
    let kinds = keeper.knowledge().kinds.all().iter().map(|kind| {
        let id = Kind::new(&kind.id);
        let cell = |mode| {
            let stand = choices.stand(&id, mode, Some(HERE), now);
            (stand.is_on(), stand.until().map(|to| to.to_string()))
        };
        let asks = |mode| asked.get(&(kind.id.clone(), mode)).copied().unwrap_or_default();
        let ((normal, normal_until), (private, private_until)) = (cell(Mode::Normal), cell(Mode::Private));
        json!({
            "id": kind.id,
            "label": report::ui::kind(&id),
            "says": kind.says,
            "normal": normal,
            "private": private,
            "normal_until": normal_until,
            "private_until": private_until,
            "normal_asks": asks(Mode::Normal),
            "private_asks": asks(Mode::Private),
        })
    });
    let kinds: Vec<Value> = kinds.collect();
    json!({ "sets": sets(&choices, &asked), "kinds": kinds, "trouble": keeper.trouble() })
}

/// The sets, in the same order as on the settings page.
fn sets(choices: &Choices, asked: &BTreeMap<(String, Mode), u64>) -> Vec<Value> {
    let now = crate::moment::now();
    let of_service = |id: &str, (label, says, stops): words::Set, on: bool| json!({ "id": id, "label": label, "says": says, "stops": stops, "modes": "both", "normal": on, "private": on });
    let of_kinds = |set: KindSet, (label, says, stops): words::Set| {
        let stand = |mode| choices.set_stand(set, mode, Some(HERE), now);
        let (normal, private) = (stand(Mode::Normal), stand(Mode::Private));
        let asks = |mode| -> u64 {
            let of = |kind: &&str| asked.get(&((*kind).to_owned(), mode)).copied().unwrap_or_default();
            set.kinds().iter().map(of).sum()
        };
        json!({
            "id": set.word(), "label": label, "says": says, "stops": stops,
            "normal": normal == SetStand::On, "private": private == SetStand::On,
            "normal_some": normal == SetStand::Mixed, "private_some": private == SetStand::Mixed,
            "normal_asks": asks(Mode::Normal), "private_asks": asks(Mode::Private),
        })
    };
    let (label, says, stops) = words::SUGGESTIONS;
    let suggestions = json!({
        "id": "suggestions", "label": label, "says": says, "stops": stops,
        "normal": choices.suggestions.normal, "private": choices.suggestions.private,
    });
    vec![
        suggestions,
        of_kinds(KindSet::Statistics, words::STATISTICS),
        of_service("updates", words::UPDATES, choices.updates),
        of_service("security", words::SAFETY, choices.security),
        of_kinds(KindSet::Visited, words::VISITED),
        of_kinds(KindSet::Entered, words::ENTERED),
    ]
}

/// How often each kind was stopped or shown in each mode, in events where its
/// switch would have changed the decision.
fn asked_for(board: &ActivityFeed) -> BTreeMap<(String, Mode), u64> {
    let mut asked = BTreeMap::new();
    let is_asking =
        |event: &&Arc<gate::GuardEvent>| event.reason != DecisionReason::On && !event.reason.has_own_switch();
    for event in board.events().iter().filter(is_asking) {
        // An event of unknown mode counts in both columns.
        let modes: &[Mode] = match event.mode {
            Mode::Normal => &[Mode::Normal],
            Mode::Private => &[Mode::Private],
            Mode::Unknown => &[Mode::Normal, Mode::Private],
        };
        for (kind, mode) in event.kinds.iter().flat_map(|kind| modes.iter().map(move |mode| (kind.clone(), *mode))) {
            *asked.entry((kind, mode)).or_default() += 1;
        }
    }
    asked
}
