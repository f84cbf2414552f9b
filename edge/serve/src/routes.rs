//! The routes of the pages, and the checks before each.

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use tokio::sync::watch;

use crate::{entry, files, forms, live, programs, shield, state::AppState, views};

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

/// The routes for viewing, for the guard and for a capture.
fn watched(stopped: watch::Receiver<bool>) -> Router<Arc<AppState>> {
    Router::new()
        .route("/", get(views::dashboard))
        .route("/event/{id}", get(views::event))
        .route("/install", get(views::install))
        .route("/certificate.crt", get(forms::certificate))
        .route("/evidence.candor", get(forms::evidence))
        .route("/link", post(forms::link))
        .route("/live", get(move |desk| live::stream(desk, stopped.clone())))
}

/// The routes for switches, which only the guard has.
fn decided() -> Router<Arc<AppState>> {
    Router::new()
        .route("/settings", get(views::settings))
        .route("/turn", post(forms::turn))
        .route("/set", post(forms::set))
        .route("/suggestions", post(forms::suggestions))
        .route("/updates", post(forms::updates))
        .route("/hour", post(forms::hour))
        .route("/destination", post(forms::destination))
        .route("/unread", post(forms::unread))
        .route("/security", post(forms::security))
        .route("/strict", post(forms::strict))
        .route("/describe", post(forms::describe))
        .route("/value", post(forms::value))
        .route("/forget", post(forms::forget))
}
