//! Services that a browser asks of itself while a person types: suggestions for
//! the address bar, and what the fields of a form are.
//!
//! They may stand on the host of a page that somebody is at, a search engine's
//! above all. So the host does not tell whose request it is.

use knowledge::Knowledge;
use model::{Destination, Exchange, Purpose};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrowserService {
    /// Suggestions for what is typed.
    Suggestions,
    /// What the fields of a form on a page are.
    Autofill,
}

/// The service that stands at an address, if one does.
pub(crate) fn at(knowledge: &Knowledge, aim: &Destination, url: &str) -> Option<BrowserService> {
    match aim.purpose {
        Purpose::Suggest => Some(BrowserService::Suggestions),
        Purpose::Autofill => Some(BrowserService::Autofill),
        _ => is_suggesting(knowledge, url).then_some(BrowserService::Suggestions),
    }
}

/// Whether a known program sends nothing here but what is typed.
fn is_suggesting(knowledge: &Knowledge, url: &str) -> bool {
    let typed = |kinds: &[knowledge::schemas::SchemaField]| {
        !kinds.is_empty() && kinds.iter().all(|field| field.kind == "typed-text")
    };
    let suggesting = knowledge.schemas.iter().filter(|schema| typed(&schema.field));
    suggesting.flat_map(|schema| &schema.endpoint).any(|endpoint| endpoint.matches(url))
}

/// Whether a request says itself that no page made it (Fetch Metadata §2): a
/// browser says of each request who made it, and of its own that nobody did.
pub(crate) fn is_native(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    match (request.header("sec-fetch-site"), request.header("sec-fetch-mode")) {
        (None, None) => true,
        (Some(b"none"), mode) => mode != Some(b"navigate"),
        _ => false,
    }
}
