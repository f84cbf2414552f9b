//! The files that pages load: they hold nothing of anybody.

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};

const STYLE: &str = concat!(include_str!("files/pages.css"));
const LIVE: &str = include_str!("files/live.js");
const ICON: &str = include_str!("files/icon.svg");

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/style.css", get(async || file("text/css; charset=utf-8", [report::pieces::SHEET, STYLE].concat())))
        .route("/live.js", get(async || file("text/javascript; charset=utf-8", LIVE.to_owned())))
        .route("/icon.svg", get(async || file("image/svg+xml", ICON.to_owned())))
}

fn file(kind: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}
