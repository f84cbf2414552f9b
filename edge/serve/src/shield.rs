//! What every request passes before anything else looks at it.
//!
//! A page in the same browser is the adversary: it can send any request it likes
//! to this port, by name or by number, and see nothing of the answer. So a request
//! must name us as its host (a name made to lead here is refused), come from no
//! other origin, carry the cookie of a browser that was let in, and, where it
//! changes something, the value that stood in our own form.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{english, state::AppState, views};

/// Our own files and ourselves; no frame, no script within a page, and no text
/// that becomes markup in one (CSP Level 3; Trusted Types).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// The longest form there is.
const FORM: usize = 64 << 10;

/// What is the same for every answer.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// For everything: it must be us who is meant.
pub(crate) async fn only_us(State(desk): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let named = text(request.headers(), HOST);
    if named.is_some_and(|host| desk.door.is_us(host)) {
        return next.run(request).await;
    }
    refuse(StatusCode::MISDIRECTED_REQUEST, english::refused::NOT_US)
}

/// For people: a browser that was let in, and a form of ours.
pub(crate) async fn only_people(State(desk): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let cookie = text(request.headers(), COOKIE).unwrap_or_default();
    let Some(session) = desk.door.session(cookie) else {
        let says = if desk.keeper().is_some() { english::refused::NOT_IN } else { english::refused::NOT_IN_CAPTURE };
        return refuse(StatusCode::FORBIDDEN, says);
    };
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if is_foreign(request.headers()) {
        return refuse(StatusCode::FORBIDDEN, english::refused::FOREIGN);
    }
    if changes {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, FORM).await else {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, english::refused::TOO_LONG);
        };
        let is_form =
            text(&head.headers, CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let ours = form_urlencoded::parse(&body).any(|(name, value)| name == "csrf" && session.csrf.is(&value));
        if !is_form || !ours {
            return refuse(StatusCode::FORBIDDEN, english::refused::NO_FORM_OF_OURS);
        }
        request = Request::from_parts(head, Body::from(body));
    }
    request.extensions_mut().insert(session);
    next.run(request).await
}

/// For programs of ours: the key, and no cookie.
pub(crate) async fn only_programs(State(desk): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let given = text(request.headers(), AUTHORIZATION).and_then(|field| field.strip_prefix("Bearer "));
    if given.is_some_and(|given| desk.door.key.is(given)) {
        return next.run(request).await;
    }
    StatusCode::UNAUTHORIZED.into_response()
}

/// Whether another site asks. `Origin` is `null` for forms of a page without
/// referrers (Fetch, "append a request Origin header"), which ours are; what
/// then tells is `Sec-Fetch-Site`, and above all the value in the form.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = text(headers, HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let host = text(headers, HOST).unwrap_or_default();
    match text(headers, ORIGIN) {
        None | Some("null") => false,
        Some(origin) => origin.strip_prefix("http://").is_none_or(|from| !from.eq_ignore_ascii_case(host)),
    }
}

/// A field that is there once.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut all = headers.get_all(name).iter();
    let one = all.next()?;
    if all.next().is_some() { None } else { one.to_str().ok() }
}

fn refuse(status: StatusCode, says: &'static str) -> Response {
    (status, views::page_of_refusal(says)).into_response()
}
