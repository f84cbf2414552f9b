//! Which address is which page, and what each passes first.

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use tokio::sync::watch;

use crate::{acts, desk::AppState, entry, files, live, programs, shield, views};

pub(crate) fn all(desk: Arc<AppState>, stopped: watch::Receiver<bool>) -> Router {
    let open = files::routes().route("/enter", get(entry::enter));
    let shield =
        |routes: Router<Arc<AppState>>| routes.layer(from_fn_with_state(Arc::clone(&desk), shield::only_people));
    let mut people = shield(watched(stopped));
    let mut programs_of_ours = Router::new();
    if desk.keeper().is_some() {
        people = people.merge(shield(decided()));
        let key = from_fn_with_state(Arc::clone(&desk), shield::only_programs);
        programs_of_ours = programs::routes().layer(key).layer(from_fn(programs::with_extensions));
    }
    open.merge(people)
        .merge(programs_of_ours)
        .fallback(views::no_such_page)
        .layer(from_fn_with_state(Arc::clone(&desk), shield::only_us))
        .layer(from_fn(shield::harden))
        .with_state(desk)
}

/// What there is to see, whoever decides.
fn watched(stopped: watch::Receiver<bool>) -> Router<Arc<AppState>> {
    Router::new()
        .route("/", get(views::dashboard))
        .route("/event/{id}", get(views::event))
        .route("/install", get(views::install))
        .route("/certificate.crt", get(acts::certificate))
        .route("/evidence.candor", get(acts::evidence))
        .route("/link", post(acts::link))
        .route("/live", get(move |desk| live::stream(desk, stopped.clone())))
}

/// What there is to switch, where the guard decides.
fn decided() -> Router<Arc<AppState>> {
    Router::new()
        .route("/settings", get(views::settings))
        .route("/turn", post(acts::turn))
        .route("/set", post(acts::set))
        .route("/suggestions", post(acts::suggestions))
        .route("/updates", post(acts::updates))
        .route("/hour", post(acts::hour))
        .route("/destination", post(acts::destination))
        .route("/unread", post(acts::unread))
        .route("/security", post(acts::security))
        .route("/strict", post(acts::strict))
        .route("/describe", post(acts::describe))
        .route("/value", post(acts::value))
        .route("/forget", post(acts::forget))
}
