//! Handles the forms. Each response is sent when the change is in force, and
//! redirects to the page of the form.

use std::sync::Arc;

use axum::{
    Form,
    body::Body,
    extract::State,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Redirect, Response},
};
use gate::ChoiceChange;
use guard::{HostAction, KindSet, UnreadChoice};
use model::{Kind, Mode};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use crate::{copy, english, entry::EntryPage, state::AppState, views};

type AppHandle = State<Arc<AppState>>;

/// The form of one switch in the table.
#[derive(Deserialize)]
pub(crate) struct SwitchCell {
    kind: String,
    mode: String,
    /// Empty: for all devices.
    #[serde(default)]
    device: String,
    #[serde(default)]
    on: String,
}

#[derive(Deserialize)]
pub(crate) struct HostRuleForm {
    host: String,
    /// Empty: the rule for this host is removed.
    #[serde(default)]
    rule: String,
    #[serde(default)]
    back: String,
}

#[derive(Deserialize)]
pub(crate) struct UnreadForm {
    mode: String,
    choice: String,
}

#[derive(Deserialize)]
pub(crate) struct SwitchForm {
    on: String,
}

#[derive(Deserialize)]
pub(crate) struct DeviceForm {
    device: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    maker: String,
}

#[derive(Deserialize)]
pub(crate) struct EnteredForm {
    kind: String,
    value: String,
}

pub(crate) async fn turn(State(desk): AppHandle, Form(cell): Form<SwitchCell>) -> Response {
    let Some((kind, mode)) = cell.read(&desk) else { return bad() };
    let (place, device) = (cell.place(&kind), filled(&cell.device));
    let change = ChoiceChange::Turn { device, kind, mode, on: cell.on == "on" };
    make(&desk, change, &place).await
}

/// The form of the switch for a set of kinds.
#[derive(Deserialize)]
pub(crate) struct SetForm {
    set: String,
    mode: String,
    #[serde(default)]
    device: String,
    on: String,
}

#[derive(Deserialize)]
pub(crate) struct ModeForm {
    mode: String,
    on: String,
}

pub(crate) async fn set(State(desk): AppHandle, Form(said): Form<SetForm>) -> Response {
    let (set, mode) = (KindSet::from_word(&said.set), Mode::from_word(&said.mode));
    let Some(set) = set.filter(|_| mode != Mode::Unknown) else { return bad() };
    let device = filled(&said.device);
    let of = device.as_ref().map(|device| format!("?device={}", views::in_query(device))).unwrap_or_default();
    let place = format!("/settings{of}#set-{}", set.word());
    make(&desk, ChoiceChange::TurnSet { device, set, mode, on: said.on == "on" }, &place).await
}

pub(crate) async fn suggestions(State(desk): AppHandle, Form(said): Form<ModeForm>) -> Response {
    let mode = Mode::from_word(&said.mode);
    if mode == Mode::Unknown {
        return bad();
    }
    make(&desk, ChoiceChange::Suggestions { mode, on: said.on == "on" }, "/settings#suggestions").await
}

pub(crate) async fn updates(State(desk): AppHandle, Form(switch): Form<SwitchForm>) -> Response {
    make(&desk, ChoiceChange::Updates(switch.on == "on"), "/settings#updates").await
}

pub(crate) async fn hour(State(desk): AppHandle, Form(cell): Form<SwitchCell>) -> Response {
    let Some((kind, mode)) = cell.read(&desk) else { return bad() };
    let (place, device) = (cell.place(&kind), filled(&cell.device));
    make(&desk, ChoiceChange::Hour { device, kind, mode }, &place).await
}

pub(crate) async fn destination(State(desk): AppHandle, Form(said): Form<HostRuleForm>) -> Response {
    let host = said.host.trim().to_ascii_lowercase();
    let rule = [HostAction::Allow, HostAction::Stop, HostAction::Cut].into_iter().find(|rule| rule.word() == said.rule);
    let unknown = rule.is_none() && !said.rule.is_empty();
    if unknown || !is_host(host.strip_prefix("*.").unwrap_or(&host)) {
        return bad();
    }
    let place = if said.back == "dashboard" { "/#now" } else { "/settings#destinations" };
    make(&desk, ChoiceChange::Destination { host, rule }, place).await
}

pub(crate) async fn unread(State(desk): AppHandle, Form(said): Form<UnreadForm>) -> Response {
    let (mode, choice) = (Mode::from_word(&said.mode), UnreadChoice::from_word(&said.choice));
    match choice {
        Some(choice) if mode != Mode::Unknown => {
            make(&desk, ChoiceChange::Unread { mode, choice }, "/settings#unread").await
        }
        _ => bad(),
    }
}

pub(crate) async fn security(State(desk): AppHandle, Form(switch): Form<SwitchForm>) -> Response {
    make(&desk, ChoiceChange::Security(switch.on == "on"), "/settings#security").await
}

pub(crate) async fn strict(State(desk): AppHandle, Form(switch): Form<SwitchForm>) -> Response {
    make(&desk, ChoiceChange::Strict(switch.on == "on"), "/settings#strict").await
}

pub(crate) async fn describe(State(desk): AppHandle, Form(said): Form<DeviceForm>) -> Response {
    let is_known = desk.board().devices().contains_key(&said.device)
        || desk.keeper().is_some_and(|keeper| keeper.choices().device(&said.device).is_some());
    if !is_known {
        return bad();
    }
    let change = ChoiceChange::Describe { device: said.device, name: filled(&said.name), maker: filled(&said.maker) };
    make(&desk, change, "/#devices").await
}

pub(crate) async fn value(State(desk): AppHandle, Form(given): Form<EnteredForm>) -> Response {
    let Some(keeper) = desk.keeper().cloned() else { return bad() };
    if desk.knowledge().kinds.kind(&given.kind).is_none() {
        return bad();
    }
    away(move || keeper.enter(&given.kind, &given.value)).await
}

pub(crate) async fn forget(State(desk): AppHandle) -> Response {
    let Some(keeper) = desk.keeper().cloned() else { return bad() };
    away(move || keeper.forget()).await
}

/// Creates a link for another browser.
pub(crate) async fn link(State(desk): AppHandle) -> Response {
    match desk.door.link(EntryPage::First) {
        Ok(link) => views::page_of_link(&link, desk.keeper().is_some()).into_response(),
        Err(error) => failed(&error),
    }
}

pub(crate) async fn certificate(State(desk): AppHandle) -> Response {
    let Some(certificate) = &desk.certificate else { return StatusCode::NOT_FOUND.into_response() };
    let headers =
        [(CONTENT_TYPE, "application/x-x509-ca-cert"), (CONTENT_DISPOSITION, "attachment; filename=\"candor.crt\"")];
    (headers, certificate.der.clone()).into_response()
}

pub(crate) async fn evidence(State(desk): AppHandle) -> Response {
    let Some(path) = desk.evidence().await else { return StatusCode::NOT_FOUND.into_response() };
    let copied = tokio::task::spawn_blocking(move || copy::of(&path)).await;
    let headers =
        [(CONTENT_TYPE, "application/vnd.sqlite3"), (CONTENT_DISPOSITION, "attachment; filename=\"evidence.candor\"")];
    match copied {
        Ok(Ok(file)) => {
            let stream = ReaderStream::new(tokio::fs::File::from_std(file));
            (headers, Body::from_stream(stream)).into_response()
        }
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

impl SwitchCell {
    fn read(&self, desk: &AppState) -> Option<(Kind, Mode)> {
        let kind = desk.knowledge().kinds.kind(&self.kind)?;
        let mode = Mode::from_word(&self.mode);
        (mode != Mode::Unknown).then(|| (Kind::new(&kind.id), mode))
    }

    /// The address of the switch on the page.
    fn place(&self, kind: &Kind) -> String {
        let device = filled(&self.device).map(|device| format!("&device={}", views::in_query(&device)));
        format!("/settings?each=kind{}#{kind}", device.unwrap_or_default())
    }
}

async fn make(desk: &AppState, change: ChoiceChange, place: &str) -> Response {
    let Some(keeper) = desk.keeper() else { return bad() };
    match keeper.change(&change).await {
        Ok(()) => Redirect::to(place).into_response(),
        Err(error) => failed(&error),
    }
}

/// Runs file operations on a blocking thread.
async fn away(act: impl FnOnce() -> Result<(), gate::Error> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(act).await {
        Ok(Ok(())) => Redirect::to("/settings#values").into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn bad() -> Response {
    (StatusCode::BAD_REQUEST, views::page_of_refusal(english::refused::NOT_UNDERSTOOD)).into_response()
}

fn failed(error: &dyn std::error::Error) -> Response {
    let mut says = error.to_string();
    if let Some(cause) = error.source() {
        says = format!("{says}: {cause}");
    }
    (StatusCode::CONFLICT, views::page_of_refusal(&says)).into_response()
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(200).collect())
}

/// Whether a text may be a host name: it may come from the user or from a
/// hostile page.
fn is_host(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !text.is_empty() && text.len() <= 253 && text.chars().all(fits)
}
