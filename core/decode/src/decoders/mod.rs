//! One file for each layer, and the list of them.
//!
//! A decoder knows one layer. It says by a look whether a value could be one
//! of its kind, and gives the values inside, each with a place of its own: by
//! that place [`walk`](crate::walk) finds the value again.

use std::ops::ControlFlow;

use model::{GapReason, LayerPlace};

use crate::{budget::Budget, decryption, prefilter::Prefilter, value_view::ValueView};

mod gzip;

mod zip;

mod zlib;

mod zstd;

mod lz4;

mod snappy;

mod bplist;

mod bson;

mod client_hello;

mod quic;

mod grpc;

mod dns;

mod envelope;

mod http;

mod curl;

mod lines;

mod json;

mod jsonp;

mod multipart;

mod markup;

mod path;

mod query;

mod fragment;

mod cookie;

mod jwt;

mod quoted_printable;

mod form;

mod hex;

mod base64;

mod msgpack;

mod cbor;

mod protobuf;

mod delimited;

mod numbers;

mod hexdump;

mod utf16;

mod utf32;

mod utf7;

mod percent;

mod entities;

mod escapes;

mod latin1;

mod deflate;

mod brotli;

mod lz_string;

mod base32;

mod base58;

mod base85;

mod part;

mod caesar;

mod xor;

mod reversed;

// What several of them rest on.
mod names;
mod pairs;
mod sense;
mod tree;
mod url;

/// Every decoder, in the order in which a value is shown to them.
pub(crate) static DECODERS: &[&dyn Decoder] = &[
    // What has to be asked before its signs are taken for what they are.
    &caesar::Caesar,
    // What marks itself.
    &gzip::Gzip,
    &zip::Zip,
    &zlib::Zlib,
    &zstd::Zstd,
    &lz4::Lz4,
    &snappy::SnappyFramed,
    &snappy::Snappy,
    &bplist::Bplist,
    &bson::Bson,
    &client_hello::ClientHello,
    &quic::Quic,
    &grpc::Grpc,
    &dns::Dns,
    &envelope::Envelope,
    &curl::Curl,
    &lines::Lines,
    &json::Json,
    &jsonp::Jsonp,
    &multipart::Multipart,
    &markup::Markup,
    &path::Path,
    &query::Query,
    &fragment::Fragment,
    &http::Http,
    &cookie::Cookie,
    &jwt::Jwt,
    // What shows by its letters.
    &lz_string::BASE64,
    &lz_string::URI,
    &quoted_printable::QuotedPrintable,
    &form::Form,
    &hexdump::Hexdump,
    &numbers::Numbers,
    &hex::Hex,
    &base64::Base64,
    &base64::Base64Url,
    &utf32::Utf32,
    &utf16::Utf16,
    &msgpack::Msgpack,
    &cbor::Cbor,
    &protobuf::Protobuf,
    &delimited::Delimited,
    // Only if nothing opened so far.
    &percent::Percent,
    &entities::Entities,
    &escapes::Escapes,
    &utf7::Utf7,
    &latin1::Latin1,
    &deflate::Deflate,
    &brotli::Brotli,
    &lz_string::UTF16,
    &lz_string::BYTES,
    &base32::STANDARD,
    &base32::HEX,
    &base58::Base58,
    &base85::ASCII85,
    &base85::BASE85,
    &base85::Z85,
    &part::ExchangePart,
    // Guesses, at the very last.
    &xor::Xor,
    &reversed::Reversed,
];

/// Knows one layer.
pub(crate) trait Decoder: Sync {
    /// The layer's name, as trails write it.
    fn name(&self) -> &'static str;

    /// What it undoes, in one line, with the specification.
    fn about(&self) -> &'static str;

    /// When it is tried.
    fn rank(&self) -> DecoderRank {
        DecoderRank::Layer
    }

    /// Whether what it finds is weak: random values would open as well.
    fn is_guess(&self) -> bool {
        self.rank() == DecoderRank::Weak
    }

    /// Whether it guesses where its values begin and end: what does not open
    /// there is no gap.
    fn guesses_borders(&self) -> bool {
        false
    }

    /// What all values of this layer have in common: others are not even shown
    /// to `fit`.
    fn shape(&self) -> Prefilter;

    /// Whether the value could be of this layer. Must be cheap: it is asked of
    /// every value there is.
    fn fit(&self, look: &ValueView<'_>) -> DecoderFit;

    /// Gives what is inside to `inner`. Asked of a value that does not fit it
    /// opens nothing.
    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult;
}

/// Where the values inside a layer go, and what they may cost.
pub(crate) trait InnerValues {
    /// A value to visit and to open. Break: nothing more is wanted.
    fn give(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()>;

    /// A value to visit, and to open if it is something else than what this
    /// decoder reads it as.
    fn give_beside(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()>;

    /// A value to visit and to leave closed.
    fn show(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()>;

    fn budget(&mut self) -> &mut Budget;
}

/// Whether a value is of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecoderFit {
    /// It says so itself: if it does not open, that is a gap.
    Certain,
    /// It could be; nothing is missed if it does not open.
    Maybe,
    No,
}

/// When a decoder is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecoderRank {
    /// Whenever it fits.
    Layer,
    /// Only if nothing opened the value so far.
    Else,
    /// As `Else`, and what it finds is weak: random bytes would open as well.
    Weak,
}

/// What came of peeling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeelResult {
    pub(crate) how: PeelOutcome,
    /// Why what was given is not all.
    pub(crate) gap: Option<GapReason>,
}

/// Whether a value was of the layer, seen from the inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PeelOutcome {
    Not,
    /// Something was given that may be meant, or not.
    Perhaps,
    Opened,
    /// Beyond doubt, so that no other decoder need be tried.
    Surely,
}

impl PeelResult {
    /// It was not of this layer after all.
    pub(crate) const NOTHING: Self = Self { how: PeelOutcome::Not, gap: None };
    pub(crate) const ALL: Self = Self { how: PeelOutcome::Opened, gap: None };

    /// It may be this layer: `plain` is visited and opened, and others are tried
    /// on the value as well.
    pub(crate) fn perhaps(inner: &mut dyn InnerValues, plain: &[u8]) -> Self {
        let _ = inner.give(LayerPlace::Whole, plain);
        Self { how: PeelOutcome::Perhaps, gap: None }
    }

    /// The value was this layer and nothing else.
    pub(crate) fn surely(self) -> Self {
        if self.how == PeelOutcome::Opened { Self { how: PeelOutcome::Surely, ..self } } else { self }
    }

    /// What was looked for is not all there.
    pub(crate) fn gap(why: GapReason) -> Self {
        Self { gap: Some(why), ..Self::NOTHING }
    }

    /// One value, read as far as `gap` allows, is what is inside.
    pub(crate) fn whole(inner: &mut dyn InnerValues, plain: &[u8], gap: Option<GapReason>) -> Self {
        if plain.is_empty() && gap.is_some() {
            return Self { gap, ..Self::NOTHING };
        }
        let _ = inner.give(LayerPlace::Whole, plain);
        Self { gap, ..Self::ALL }
    }
}

/// A decoder, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderInfo {
    /// The layer's name in trails.
    pub name: &'static str,
    /// What it undoes, and where that is specified.
    pub about: &'static str,
    /// What it finds is weak evidence.
    pub weak: bool,
}

/// Every decoder there is, in the order in which they are tried.
pub fn decoders() -> impl Iterator<Item = DecoderInfo> {
    let named = DECODERS.iter().map(|decoder| DecoderInfo {
        name: decoder.name(),
        about: decoder.about(),
        weak: decoder.is_guess(),
    });
    named.chain(decryption::LAYERS.map(|(name, about)| DecoderInfo { name, about, weak: name.starts_with("xor") }))
}

pub(crate) use sense::makes as makes_sense;

pub(crate) fn decoder(name: &str) -> Option<&'static dyn Decoder> {
    DECODERS.iter().copied().find(|decoder| decoder.name() == name)
}
