//! What our own programs ask and say (the extension in a browser): the same
//! switches as on the page, as JSON. Who holds the key may; a page that calls
//! from a browser is not even told that there is something (CORS, Fetch §3.3).

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
use gate::{Board, Change, HERE, Keeper};
use guard::{Reason, Who};
use model::{Kind, Mode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::Desk;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/api/choices", get(choices))
        .route("/api/change", post(change))
        .route("/api/listed", post(listed))
}

#[derive(Deserialize)]
struct Turn {
    kind: String,
    mode: String,
    on: bool,
}

/// What pages in a browser on this machine did.
#[derive(Deserialize)]
struct Listed {
    device: String,
    program: Option<String>,
    mode: String,
    #[serde(default)]
    pages: Vec<String>,
    #[serde(default)]
    requests: Vec<String>,
}

async fn choices(State(desk): State<Arc<Desk>>) -> Response {
    match desk.keeper() {
        Some(keeper) => Json(table(keeper)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn change(State(desk): State<Arc<Desk>>, Json(turn): Json<Turn>) -> Response {
    let Some(keeper) = desk.keeper() else { return StatusCode::NOT_FOUND.into_response() };
    let mode = Mode::from_word(&turn.mode);
    let Some(kind) = keeper.knowledge().kinds.kind(&turn.kind).filter(|_| mode != Mode::Unknown) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let kind = Kind::new(&kind.id);
    // What this machine has of its own is what is shown, so it is what is turned.
    let own = keeper.choices().device(HERE).and_then(|here| here.table.cell(&kind, mode));
    let change = Change::Turn { device: own.map(|_| HERE.into()), kind, mode, on: turn.on };
    match keeper.change(&change).await {
        Ok(()) => Json(table(keeper)).into_response(),
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

async fn listed(State(desk): State<Arc<Desk>>, Json(said): Json<Listed>) -> Response {
    let Some(keeper) = desk.keeper() else { return StatusCode::NOT_FOUND.into_response() };
    let who = Who { program: said.program, ..Who::new(said.device, Mode::from_word(&said.mode)) };
    keeper.listed(&who, &said.pages, &said.requests);
    StatusCode::NO_CONTENT.into_response()
}

/// Lets extensions read the answers; what they are asked before (`OPTIONS`)
/// comes without the key.
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

/// The table that holds for this machine: what is on now, until when if only for an hour, and how
/// often it was asked for lately although it was off.
fn table(keeper: &Keeper) -> Value {
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
            "label": report::pieces::kind(&id),
            "says": kind.says,
            "normal": normal,
            "private": private,
            "normal_until": normal_until,
            "private_until": private_until,
            "normal_asks": asks(Mode::Normal),
            "private_asks": asks(Mode::Private),
        })
    });
    json!({ "kinds": kinds.collect::<Vec<Value>>(), "trouble": keeper.trouble() })
}

/// How often each kind was stopped, or passed because somebody asked, in each mode.
fn asked_for(board: &Board) -> BTreeMap<(String, Mode), u64> {
    let mut asked = BTreeMap::new();
    for event in board.events().iter().filter(|event| event.reason != Reason::On) {
        // Where the mode is not known, both columns are meant.
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
