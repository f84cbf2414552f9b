//! The files that pages load: they hold nothing of anybody.

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

/// The report's style, and what pages add to it.
pub(crate) fn style() -> String {
    [report::ui::SHEET, STYLE].concat()
}

fn file(kind: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}
