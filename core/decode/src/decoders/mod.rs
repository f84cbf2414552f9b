//! One file for each layer, and the list of them.
//!
//! A decoder knows one layer. Its `fit` checks cheaply whether a value could be
//! of this layer. Its `peel` gives the values inside, each with a unique place,
//! by which [`walk`](crate::walk) finds the value again.

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

// Code that several decoders share.
mod names;
mod pairs;
mod sense;
mod tree;
mod url;

/// Every decoder, in the order in which they are tried on a value.
pub(crate) static DECODERS: &[&dyn Decoder] = &[
    // Must be tried before its text is taken for another layer.
    &caesar::Caesar,
    // Layers with a mark, or a syntax of their own.
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
    // Layers that are recognised by their alphabet.
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
    // Tried only if no other decoder opened the value.
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
    // Guesses come last.
    &xor::Xor,
    &reversed::Reversed,
];

/// A decoder of one layer.
pub(crate) trait Decoder: Sync {
    /// The layer's name, as trails write it.
    fn name(&self) -> &'static str;

    /// The coding that it removes, in one line, with the specification.
    fn about(&self) -> &'static str;

    /// When it is tried.
    fn rank(&self) -> DecoderRank {
        DecoderRank::Layer
    }

    /// Whether its results are weak, because random values would open too.
    fn is_guess(&self) -> bool {
        self.rank() == DecoderRank::Weak
    }

    /// Whether it guesses where its values begin and end. Such a value is no
    /// gap if it does not open.
    fn guesses_borders(&self) -> bool {
        false
    }

    /// Properties that all values of this layer have. `fit` is not called for
    /// values without them.
    fn shape(&self) -> Prefilter;

    /// Whether the value could be of this layer. Must be cheap, because it is
    /// called for every value with the right shape.
    fn fit(&self, look: &ValueView<'_>) -> DecoderFit;

    /// Gives the values inside to `inner`. It opens nothing if the value does
    /// not fit.
    fn peel(&self, value: &[u8], inner: &mut dyn InnerValues) -> PeelResult;
}

/// Receives the values inside a layer, and limits their cost.
pub(crate) trait InnerValues {
    /// Takes a value to visit and to open. Break means that no more values are
    /// wanted.
    fn give(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()>;

    /// Takes a value to visit, and to open with other decoders: this decoder
    /// has already read it as a part of the value around it.
    fn give_beside(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()>;

    /// Takes a value to visit, but not to open.
    fn show(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()>;

    fn budget(&mut self) -> &mut Budget;
}

/// Whether a value could be of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecoderFit {
    /// The value has the layer's mark: it is a gap if it does not open.
    Certain,
    /// The value could be of the layer; it is no gap if it does not open.
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
    /// As `Else`, but the results are weak, because random bytes would open
    /// too.
    Weak,
}

/// The result of peeling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeelResult {
    pub(crate) how: PeelOutcome,
    /// Why the given values are not complete.
    pub(crate) gap: Option<GapReason>,
}

/// Whether a value was of the layer, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PeelOutcome {
    Not,
    /// Values were given, but the layer may be a coincidence.
    Perhaps,
    Opened,
    /// Opened beyond doubt, so that no other decoder needs to be tried.
    Surely,
}

impl PeelResult {
    /// The value was not of this layer.
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

    /// The value could not be opened, for this reason.
    pub(crate) fn gap(why: GapReason) -> Self {
        Self { gap: Some(why), ..Self::NOTHING }
    }

    /// The layer holds one value, which is incomplete if there is a gap.
    pub(crate) fn whole(inner: &mut dyn InnerValues, plain: &[u8], gap: Option<GapReason>) -> Self {
        if plain.is_empty() && gap.is_some() {
            return Self { gap, ..Self::NOTHING };
        }
        let _ = inner.give(LayerPlace::Whole, plain);
        Self { gap, ..Self::ALL }
    }
}

/// The description of a decoder for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderInfo {
    /// The layer's name in trails.
    pub name: &'static str,
    /// The coding that it removes, with its specification.
    pub about: &'static str,
    /// Whether its results are weak evidence.
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
