//! The positive control of the instrument: a known number of our own requests with planted values,
//! sent from inside the cell before and after a trial.
//!
//! Candor must find these values in everything that it calls readable. Every round has every
//! transport, layer and disguise. [`ROUNDS`] rounds have every pair of two of them (a covering
//! array of strength two, as in combinatorial testing: Kuhn, Kacker, Lei, NIST SP 800-142). A
//! silent twin is the same kind of request, with a value that is not planted.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use md5::{Digest, Md5};
use model::{Canary, Kind};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::NameStream;

/// Rounds after which every pair occurred at least once; a trial has two rounds.
pub const ROUNDS: u32 = 8;

/// The kind of a beacon's canary. It does not stand for an act of a person.
pub const KIND: &str = "beacon";

/// Seeds the random names of beacons, so that they differ from those of trials.
const PURPOSE: u64 = 0xbeac_0000_0000;

/// How a beacon travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeaconTransport {
    /// A POST in clear.
    Http,
    /// A POST over TLS.
    Https,
    /// A GET whose query holds the value, over TLS.
    Query,
    /// In a header field, over TLS.
    Header,
    /// A message of a WebSocket, over TLS.
    WebSocket,
    /// A POST over HTTP/2.
    Http2,
    /// A DNS query.
    Dns,
    /// A UDP datagram that is neither QUIC nor DNS.
    Datagram,
}

/// The encoding around the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeaconLayer {
    None,
    Json,
    Form,
    Base64,
    Hex,
    Gzip,
    Zlib,
    Protobuf,
}

/// The digest that replaces the value before it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeaconDisguise {
    Plain,
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl BeaconTransport {
    pub const ALL: [Self; 8] =
        [Self::Http, Self::Https, Self::Query, Self::Header, Self::WebSocket, Self::Http2, Self::Dns, Self::Datagram];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Query => "query",
            Self::Header => "header",
            Self::WebSocket => "websocket",
            Self::Http2 => "http2",
            Self::Dns => "dns",
            Self::Datagram => "datagram",
        }
    }

    /// Whether the transport carries text only, so that bytes are sent as base64.
    const fn is_text(self) -> bool {
        matches!(self, Self::Query | Self::Header)
    }
}

impl BeaconLayer {
    pub const ALL: [Self; 8] =
        [Self::None, Self::Json, Self::Form, Self::Base64, Self::Hex, Self::Gzip, Self::Zlib, Self::Protobuf];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json => "json",
            Self::Form => "form",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Protobuf => "protobuf",
        }
    }

    fn around(self, value: &str) -> Vec<u8> {
        match self {
            Self::None => value.into(),
            Self::Json => format!("{{\"event\":\"control\",\"value\":\"{value}\"}}").into(),
            Self::Form => format!("event=control&value={value}").into(),
            Self::Base64 => STANDARD.encode(value).into(),
            Self::Hex => HEXLOWER.encode(value.as_bytes()).into(),
            Self::Gzip => packed(GzEncoder::new(vec![], Compression::default()), value, GzEncoder::finish),
            Self::Zlib => packed(ZlibEncoder::new(vec![], Compression::default()), value, ZlibEncoder::finish),
            Self::Protobuf => {
                // Field 1, a varint; field 2, length-delimited by a varint of one byte or two.
                let length = value.len();
                let length =
                    if length < 128 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] };
                [&[0x08, 0x01, 0x12], length.as_slice(), value.as_bytes()].concat()
            }
        }
    }
}

/// Writing into memory has no error.
fn packed<W: Write>(mut encoder: W, value: &str, finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    let _ = encoder.write_all(value.as_bytes());
    finish(encoder).unwrap_or_default()
}

impl BeaconDisguise {
    pub const ALL: [Self; 5] = [Self::Plain, Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn of(self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Md5 => HEXLOWER.encode(&Md5::digest(value)),
            Self::Sha1 => HEXLOWER.encode(&Sha1::digest(value)),
            Self::Sha256 => HEXLOWER.encode(&Sha256::digest(value)),
            Self::Sha512 => HEXLOWER.encode(&Sha512::digest(value)),
        }
    }
}

/// One request to send.
#[derive(Clone, Debug)]
pub struct BeaconRequest {
    /// The host of the request; it gets no other requests.
    pub host: String,
    pub transport: BeaconTransport,
    pub layer: BeaconLayer,
    pub disguise: BeaconDisguise,
    /// The canary that Candor must find; none in the silent twin.
    pub canary: Option<Canary>,
    /// The bytes to send: a body, a message, or text for a query or header field.
    pub payload: Vec<u8>,
}

/// The beacons of a round: every level of each factor, and one silent twin.
pub fn beacons(seed: u64, trial: u32, round: u32) -> Vec<BeaconRequest> {
    let mut names = NameStream::new(seed, PURPOSE + (u64::from(trial) << 1) + u64::from(round & 1));
    // The twin has a host of its own, so that every find there is a false alarm.
    let (host, twin_host) = (names.host(), names.host());
    let rounds_before = trial.wrapping_mul(2).wrapping_add(round);
    let mut beacons: Vec<BeaconRequest> = (0..BeaconLayer::ALL.len())
        .map(|n| one(&mut names, &host, levels(rounds_before, n), Some((trial, round, n))))
        .collect();
    let twin = rounds_before as usize % BeaconLayer::ALL.len();
    beacons.push(one(&mut names, &twin_host, levels(rounds_before, twin), None));
    beacons
}

/// Transport, layer and disguise of the `n`th beacon of a round.
fn levels(round: u32, n: usize) -> (BeaconTransport, BeaconLayer, BeaconDisguise) {
    let round = round as usize;
    let transport = BeaconTransport::ALL[(n + round) % BeaconTransport::ALL.len()];
    // The disguise advances by two in each round, so that any eight consecutive rounds have every
    // pair.
    let disguise = BeaconDisguise::ALL[(n + 2 * round) % BeaconDisguise::ALL.len()];
    (transport, BeaconLayer::ALL[n], disguise)
}

fn one(
    names: &mut NameStream,
    host: &str,
    (transport, layer, disguise): (BeaconTransport, BeaconLayer, BeaconDisguise),
    planted: Option<(u32, u32, usize)>,
) -> BeaconRequest {
    let value = names.word(12);
    let payload = layer.around(&disguise.of(&value));
    let payload = match transport.is_text() && payload.iter().any(|byte| !byte.is_ascii_graphic()) {
        true => STANDARD.encode(payload).into(),
        false => payload,
    };
    let canary = planted.map(|(trial, round, n)| Canary {
        id: format!("beacon-{trial}.{round}.{n}"),
        kind: Kind::new(KIND),
        value,
        decoy: false,
    });
    BeaconRequest { host: host.to_owned(), transport, layer, disguise, canary, payload }
}

impl BeaconRequest {
    /// The beacon as a DNS query (RFC 1035 §4). The payload becomes labels before the host, as DNS
    /// tunnels do it. If it is too long for a name, it is in an EDNS option (RFC 6891).
    pub fn question(&self) -> Vec<u8> {
        const LABEL: usize = 63;
        const NAME: usize = 253;
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
        let text = match self.payload.iter().all(is_plain) {
            true => self.payload.clone(),
            false => BASE32_NOPAD.encode(&self.payload).to_ascii_lowercase().into_bytes(),
        };
        let fits = text.len() + text.len().div_ceil(LABEL) + self.host.len() <= NAME;
        let before = if fits { text.as_slice() } else { &[] };
        let labels = before.chunks(LABEL).chain(self.host.split('.').map(str::as_bytes));
        let name: Vec<u8> = labels.flat_map(|label| [&[label.len() as u8], label].concat()).collect();
        // A question for an address, recursion desired.
        let head = [0x5a, 0x17, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(!fits)];
        let asked = [&head[..], &name, &[0, 0, 1, 0, 1]].concat();
        if fits {
            return asked;
        }
        let length = |more: usize| ((self.payload.len() + more) as u16).to_be_bytes();
        // An option code from the range for local use.
        let option = [&65_001_u16.to_be_bytes()[..], &length(0), &self.payload].concat();
        [&asked[..], &[0, 0, 41, 4, 0xd0, 0, 0, 0, 0], &length(4), &option].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_round_has_every_level_and_one_silent_twin() {
        for round in 0..ROUNDS {
            let beacons = beacons(7, round / 2, round % 2);
            let spoken: Vec<&BeaconRequest> = beacons.iter().filter(|beacon| beacon.canary.is_some()).collect();
            assert_eq!(beacons.len() - spoken.len(), 1);
            let transports: BTreeSet<_> = spoken.iter().map(|beacon| beacon.transport).collect();
            let layers: BTreeSet<_> = spoken.iter().map(|beacon| beacon.layer).collect();
            let disguises: BTreeSet<_> = spoken.iter().map(|beacon| beacon.disguise).collect();
            assert_eq!(
                (transports.len(), layers.len(), disguises.len()),
                (BeaconTransport::ALL.len(), BeaconLayer::ALL.len(), BeaconDisguise::ALL.len())
            );
        }
    }

    #[test]
    fn rounds_on_end_have_every_pair_wherever_they_begin() {
        let names = |(transport, layer, disguise): (BeaconTransport, BeaconLayer, BeaconDisguise)| {
            [("transport", transport.as_str()), ("layer", layer.as_str()), ("disguise", disguise.as_str())]
        };
        let (transports, layers, disguises) =
            (BeaconTransport::ALL.len(), BeaconLayer::ALL.len(), BeaconDisguise::ALL.len());
        for first in 0..100 {
            let mut pairs = BTreeSet::new();
            for round in first..first + ROUNDS {
                for [t, l, d] in (0..layers).map(|n| names(levels(round, n))) {
                    pairs.extend([(t, l), (t, d), (l, d)]);
                }
            }
            assert_eq!(pairs.len(), transports * layers + transports * disguises + layers * disguises, "{first}");
        }
    }

    #[test]
    fn a_question_has_its_value_in_the_name_or_where_that_is_too_short_in_an_option() {
        let (mut in_names, mut in_options) = (0, 0);
        for round in 0..40 {
            for beacon in beacons(7, round / 2, round % 2) {
                let question = beacon.question();
                let is_optional = question[11] == 1;
                let longest = if is_optional { beacon.host.len() } else { 253 };
                assert!(question[12..].iter().position(|byte| *byte == 0).is_some_and(|end| end <= longest + 1));
                assert_eq!(is_optional, question.ends_with(&beacon.payload) && !beacon.payload.is_empty());
                in_names += u32::from(!is_optional);
                in_options += u32::from(is_optional);
            }
        }
        assert!(in_names > 250 && in_options > 0, "{in_names} {in_options}");
    }

    #[test]
    fn values_are_used_once() {
        let mut values = BTreeSet::new();
        for (trial, round) in [(1, 0), (1, 1), (2, 0)] {
            for beacon in beacons(7, trial, round) {
                assert!(values.insert(beacon.payload.clone()), "{trial} {round}");
            }
        }
    }

    #[test]
    fn what_goes_into_an_address_or_a_field_is_text() {
        for round in 0..ROUNDS {
            for beacon in beacons(7, 1, round).into_iter().filter(|beacon| beacon.transport.is_text()) {
                assert!(beacon.payload.iter().all(u8::is_ascii_graphic));
            }
        }
    }
}
