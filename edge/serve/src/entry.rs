//! The one-time link: exchanges its token for a cookie.

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

use crate::{access::MONTH, english, state::AppState, views};

/// A page that a link can open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryPage {
    First,
    Settings,
    Install,
}

impl EntryPage {
    const ALL: [Self; 3] = [Self::First, Self::Settings, Self::Install];

    /// The path of this page.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::First => "/",
            Self::Settings => "/settings",
            Self::Install => "/install",
        }
    }

    /// The page with this path; the first page for any unknown path.
    pub(crate) fn from_path(path: &str) -> Self {
        Self::ALL.into_iter().find(|way| way.path() == path).unwrap_or(Self::First)
    }

    pub(crate) fn in_query(self) -> String {
        if self == Self::First { String::new() } else { format!("&to={}", self.path()) }
    }
}

#[derive(Deserialize)]
pub(crate) struct EntryToken {
    #[serde(default)]
    token: String,
    #[serde(default)]
    to: String,
}

pub(crate) async fn enter(
    State(desk): State<Arc<AppState>>,
    headers: HeaderMap,
    Query(given): Query<EntryToken>,
) -> Response {
    let cookies = headers.get(COOKIE).and_then(|field| field.to_str().ok()).unwrap_or_default();
    let to = EntryPage::from_path(&given.to).path();
    match desk.door.enter(&given.token) {
        Ok(Some(secret)) => {
            let (name, value) = (&desk.door.cookie, secret.text());
            let cookie = format!("{name}={value}; Path=/; Max-Age={MONTH}; HttpOnly; SameSite=Strict");
            ([(SET_COOKIE, cookie)], views::page_of_entry(to)).into_response()
        }
        // The user opened the link twice in the same browser.
        Ok(None) if desk.door.session(cookies).is_some() => Redirect::to(to).into_response(),
        Ok(None) => {
            let says = if desk.keeper().is_some() { english::refused::USED } else { english::refused::USED_CAPTURE };
            (StatusCode::FORBIDDEN, views::page_of_refusal(says)).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, views::page_of_refusal(&error.to_string())).into_response(),
    }
}
