//! One file for each layer, and the list of them.
//!
//! A decoder knows one layer. It says by a look whether a value could be one
//! of its kind, and gives the values inside, each with a place of its own: by
//! that place [`walk`](crate::walk) finds the value again.

use std::ops::ControlFlow;

use model::{Place, Why};

use crate::{budget::Budget, look::Look};

mod gzip;

mod zlib;

mod json;

mod path;

mod query;

mod fragment;

mod cookie;

mod form;

mod percent;

mod base64;

mod protobuf;

// What several of them rest on.
mod names;
mod pairs;
mod url;

/// Every decoder, in the order in which a value is shown to them.
pub(crate) static DECODERS: &[&dyn Decoder] = &[
    &gzip::Gzip,
    &zlib::Zlib,
    &json::Json,
    &path::Path,
    &query::Query,
    &fragment::Fragment,
    &cookie::Cookie,
    &form::Form,
    &base64::Base64,
    &base64::Base64Url,
    &protobuf::Protobuf,
    &percent::Percent,
];

/// Knows one layer.
pub(crate) trait Decoder: Sync {
    /// The layer's name, as trails write it.
    fn name(&self) -> &'static str;

    /// What it undoes, in one line, with the specification.
    fn about(&self) -> &'static str;

    /// When it is tried.
    fn rank(&self) -> Rank {
        Rank::Layer
    }

    /// Whether the value could be of this layer. Must be cheap: it is asked of
    /// every value there is.
    fn fit(&self, look: &Look<'_>) -> Fit;

    /// Gives what is inside to `inner`. Asked of a value that does not fit it
    /// opens nothing.
    fn peel(&self, value: &[u8], inner: &mut dyn Inner) -> Peeled;
}

/// Where the values inside a layer go, and what they may cost.
pub(crate) trait Inner {
    /// A value to visit and to open. Break: nothing more is wanted.
    fn give(&mut self, place: Place<'_>, value: &[u8]) -> ControlFlow<()>;

    /// A value to visit and to leave closed.
    fn show(&mut self, place: Place<'_>, value: &[u8]) -> ControlFlow<()>;

    fn budget(&mut self) -> &mut Budget;
}

/// Whether a value is of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It says so itself: if it does not open, that is a gap.
    Certain,
    /// It could be; nothing is missed if it does not open.
    Maybe,
    No,
}

/// When a decoder is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Whenever it fits.
    Layer,
    /// Only if nothing opened the value so far.
    Else,
    /// As `Else`, and what it finds is weak: random bytes would open as well.
    #[allow(dead_code, reason = "the weak decoders come next")]
    Weak,
}

/// What came of peeling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peeled {
    /// Whether anything was given.
    pub(crate) opened: bool,
    /// Why that is not all.
    pub(crate) gap: Option<Why>,
}

impl Peeled {
    /// It was not of this layer after all.
    pub(crate) const NOTHING: Self = Self { opened: false, gap: None };
    pub(crate) const ALL: Self = Self { opened: true, gap: None };

    /// One value, read as far as `gap` allows, is what is inside.
    pub(crate) fn whole(inner: &mut dyn Inner, plain: &[u8], gap: Option<Why>) -> Self {
        if plain.is_empty() && gap.is_some() {
            return Self { opened: false, gap };
        }
        let _ = inner.give(Place::Whole, plain);
        Self { opened: true, gap }
    }
}

/// A decoder, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// The layer's name in trails.
    pub name: &'static str,
    /// What it undoes, and where that is specified.
    pub about: &'static str,
    /// What it finds is weak evidence.
    pub weak: bool,
}

/// Every decoder there is, in the order in which they are tried.
pub fn decoders() -> impl Iterator<Item = Described> {
    DECODERS.iter().map(|decoder| Described {
        name: decoder.name(),
        about: decoder.about(),
        weak: decoder.rank() == Rank::Weak,
    })
}

pub(crate) fn decoder(name: &str) -> Option<&'static dyn Decoder> {
    DECODERS.iter().copied().find(|decoder| decoder.name() == name)
}
