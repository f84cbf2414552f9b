//! Types for the arguments and results of drivers.

use std::fmt;

use model::Time;

/// The result of going to a page.
#[derive(Clone)]
pub struct VisitedPage {
    pub began: Time,
    pub ended: Time,
    /// The address of the page, after redirects.
    pub url: String,
    pub title: String,
    /// Why there is no page, in the browser's words; none if there is one.
    pub failed: Option<String>,
}

impl fmt::Debug for VisitedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visited({})", if self.failed.is_some() { "failed" } else { "loaded" })
    }
}

/// A field of a form and what to type into it.
#[derive(Clone)]
pub struct FormField {
    /// The field's `name` attribute.
    pub name: String,
    pub text: String,
}

impl fmt::Debug for FormField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

/// A request that a page made, as the driver saw it.
#[derive(Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub at: Time,
    pub method: String,
    pub url: String,
}

impl fmt::Debug for PageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageRequest(..)")
    }
}
