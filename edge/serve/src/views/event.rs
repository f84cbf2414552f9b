//! One event on a page of its own.

use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::html;

use super::{
    PageQuery,
    frame::PageFrame,
    peeled::{self, HeadingLevel},
    said::RowText,
    shapes, small,
};
use crate::english;

pub(crate) async fn event((State(desk), Extension(session)): PageQuery, Path(id): Path<String>) -> Response {
    let Some(event) = id.parse().ok().and_then(|id| desk.board().event(id)) else {
        return (StatusCode::NOT_FOUND, small::page_of_refusal(english::refused::NO_SUCH_PAGE)).into_response();
    };
    let said = RowText::of(&desk, &event);
    let title = format!("{}: {} → {}", said.fate, said.what, said.whom);
    let content = html! {
        div .alone {
            p .fate.(said.look) { (shapes::fate(said.look)) (said.fate) " · " (said.when) }
            h1 { (said.what) " → " (said.whom) }
            p .lede { (said.from) " → " (said.whereabouts) }
            div .sheet { (peeled::all(&desk, &session, &event, HeadingLevel::Alone)) }
        }
    };
    PageFrame { title: &title, here: "", script: false }.around(&desk, content).into_response()
}
