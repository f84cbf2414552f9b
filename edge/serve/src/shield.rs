//! Checks every request before any other code handles it.
//!
//! The attacker is a web page in the same browser: it can send any request to
//! this port, by name or by IP address, but cannot read the response. Therefore
//! a request must name this server as its host (DNS rebinding is refused), come
//! from our own origin and carry the cookie of an admitted browser. If it
//! changes something, it must also carry the value from our own form.

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

/// Permits only our own files and our own origin: no frames, no inline scripts,
/// and no text that a script turns into markup (CSP Level 3; Trusted Types).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// The longest form in bytes.
const FORM: usize = 64 << 10;

/// Sets the header fields that every response has.
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

/// For all requests: the host must be this server.
pub(crate) async fn only_us(State(desk): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let named = text(request.headers(), HOST);
    if named.is_some_and(|host| desk.door.is_us(host)) {
        return next.run(request).await;
    }
    refuse(StatusCode::MISDIRECTED_REQUEST, english::refused::NOT_US)
}

/// For browsers: needs an admitted browser and, for changes, one of our forms.
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

/// For our own programs: needs the key, and no cookie.
pub(crate) async fn only_programs(State(desk): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let given = text(request.headers(), AUTHORIZATION).and_then(|field| field.strip_prefix("Bearer "));
    if given.is_some_and(|given| desk.door.key.is(given)) {
        return next.run(request).await;
    }
    StatusCode::UNAUTHORIZED.into_response()
}

/// Whether another site sent the request. `Origin` is `null` for forms on a
/// page without referrers, such as ours (Fetch, "append a request Origin
/// header"); then `Sec-Fetch-Site` and, above all, the value in the form
/// decide.
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

/// The value of a header field that occurs exactly once.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut all = headers.get_all(name).iter();
    let one = all.next()?;
    if all.next().is_some() { None } else { one.to_str().ok() }
}

fn refuse(status: StatusCode, says: &'static str) -> Response {
    (status, views::page_of_refusal(says)).into_response()
}
