//! The one-time link: a token goes in, a cookie comes out.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{desk::Desk, english, views};

#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    token: String,
}

pub(crate) async fn enter(State(desk): State<Arc<Desk>>, headers: HeaderMap, Query(given): Query<Token>) -> Response {
    let cookies = headers.get(COOKIE).and_then(|field| field.to_str().ok()).unwrap_or_default();
    match desk.door.enter(&given.token) {
        Ok(Some(secret)) => {
            let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", desk.door.cookie, secret.text());
            ([(SET_COOKIE, cookie)], views::page_of_entry()).into_response()
        }
        // The link was opened twice in the same browser.
        Ok(None) if desk.door.session(cookies).is_some() => Redirect::to("/").into_response(),
        Ok(None) => (StatusCode::FORBIDDEN, views::page_of_refusal(english::refused::USED)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, views::page_of_refusal(&error.to_string())).into_response(),
    }
}
