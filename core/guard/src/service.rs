//! Services that a browser asks by itself while a person types: suggestions for
//! the address bar, and the meaning of form fields for autofill.
//!
//! Such a service may have the same host as an open page, for example that of a
//! search engine. So the host does not tell whether the page or the browser
//! made a request.

use knowledge::Knowledge;
use model::{Destination, Exchange, Purpose};

/// The service that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrowserService {
    /// Suggestions for what is typed.
    Suggestions,
    /// The meaning of the fields of a form on a page.
    Autofill,
}

/// The service at an address, if there is one.
pub(crate) fn at(knowledge: &Knowledge, aim: &Destination, url: &str) -> Option<BrowserService> {
    match aim.purpose {
        Purpose::Suggest => Some(BrowserService::Suggestions),
        Purpose::Autofill => Some(BrowserService::Autofill),
        _ => is_suggesting(knowledge, url).then_some(BrowserService::Suggestions),
    }
}

/// Whether a schema for this address has typed text as its only kind of data.
fn is_suggesting(knowledge: &Knowledge, url: &str) -> bool {
    let typed = |kinds: &[knowledge::schemas::SchemaField]| {
        !kinds.is_empty() && kinds.iter().all(|field| field.kind == "typed-text")
    };
    let suggesting = knowledge.schemas.iter().filter(|schema| typed(&schema.field));
    suggesting.flat_map(|schema| &schema.endpoint).any(|endpoint| endpoint.matches(url))
}

/// Whether the request's Fetch Metadata headers (§2) say that no page made it:
/// the headers are missing, or `Sec-Fetch-Site` is `none` and the request is no
/// navigation.
pub(crate) fn is_native(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    match (request.header("sec-fetch-site"), request.header("sec-fetch-mode")) {
        (None, None) => true,
        (Some(b"none"), mode) => mode != Some(b"navigate"),
        _ => false,
    }
}
