//! A request that shows what a schema finds, or does not.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Schema;

/// One request and the kinds of data that the schema finds in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaExample {
    /// What it shows, in a few words.
    #[serde(default)]
    pub says: Option<String>,
    /// `POST` if there is a body, else `GET`.
    #[serde(default)]
    pub method: Option<String>,
    /// The first endpoint, if that has no wildcard.
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Option<String>,
    /// What stands, wrapped, for `{inside}` in the address and the body.
    #[serde(default)]
    pub inside: Option<String>,
    /// How it is wrapped, from the inside out: `gzip`, `base64`, `percent` …
    #[serde(default)]
    pub wrapped: Vec<String>,
    /// A body that is not text.
    #[serde(default)]
    pub body_base64: Option<String>,
    /// The time of the request, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub at: i64,
    /// The page that was given out before: recipes are computed over it.
    #[serde(default)]
    pub page: Option<ExamplePage>,
    /// Every kind found, each once; empty for a counter-example.
    pub finds: Vec<String>,
    /// A part is recognised as encrypted.
    #[serde(default)]
    pub sealed: bool,
    /// An event is recognised as sent later than it happened.
    #[serde(default)]
    pub deferred: bool,
}

/// A page in an example.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExamplePage {
    pub url: String,
    #[serde(default)]
    pub title: String,
    /// The form's name, then its fields' names.
    #[serde(default)]
    pub forms: Vec<Vec<String>>,
}

impl SchemaExample {
    /// The address of the request: its own, or the schema's.
    pub fn url<'e>(&'e self, schema: &'e Schema) -> Option<&'e str> {
        self.url.as_deref().or_else(|| schema.endpoint.first().and_then(|endpoint| endpoint.url()))
    }

    /// The method of the request.
    pub fn method(&self) -> &str {
        let has_body = self.body.is_some() || self.body_base64.is_some();
        self.method.as_deref().unwrap_or(if has_body { "POST" } else { "GET" })
    }

    pub(super) fn check(&self, schema: &Schema) -> Result<(), String> {
        if self.url(schema).is_none() {
            return Err("an example has no `url`, and the first endpoint has wildcards".into());
        }
        let places = [self.url.as_deref(), self.body.as_deref()];
        let is_placed = places.into_iter().flatten().any(|text| text.contains("{inside}"));
        if self.inside.is_some() != is_placed {
            return Err("an example needs both `inside` and {inside} in its address or body, or neither".into());
        }
        if self.body.is_some() && self.body_base64.is_some() {
            return Err("an example has both `body` and `body_base64`".into());
        }
        Ok(())
    }
}
