//! The static files that the pages load; they contain no user data.

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};

const STYLE: &str = include_str!("files/pages.css");
const LIVE: &str = include_str!("files/live.js");
pub(crate) const GUIDE: &str = include_str!("files/guide.js");
const ICON: &str = include_str!("files/icon.svg");

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/style.css", get(async || file("text/css; charset=utf-8", style())))
        .route("/live.js", get(async || file("text/javascript; charset=utf-8", LIVE.to_owned())))
        .route("/icon.svg", get(async || file("image/svg+xml", ICON.to_owned())))
}

/// The report's style sheet, and the rules that the pages add.
pub(crate) fn style() -> String {
    [report::ui::SHEET, STYLE].concat()
}

fn file(kind: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}
