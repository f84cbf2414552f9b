//! One request and its answer as bytes, as several programs keep them.

use std::sync::Arc;

use model::{Client, GapReason, Time};

use super::pcap::{
    byte_stream::ByteStream,
    conversation::Conversation,
    exchange::{ConnectionFacts, Outcome},
    key_log::KeyLog,
};
use crate::piece::{PieceItem, PieceResult, gap};

/// Where a request went, as its file says beside its bytes.
pub(super) struct RawTarget {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
    pub(super) at: Time,
}

/// Gives the exchange of a request and its answer, each as it was sent.
pub(super) fn read(index: u64, target: RawTarget, request: &[u8], response: &[u8], each: &mut dyn FnMut(PieceItem)) {
    let stream = |bytes: &[u8]| {
        let mut stream = ByteStream::default();
        stream.push(bytes, target.at);
        stream
    };
    let facts = ConnectionFacts {
        number: index,
        client: Arc::new(Client::default()),
        host: target.host,
        port: target.port,
        name: None,
        is_tls: target.is_tls,
    };
    let (keys, mut out) = (KeyLog::default(), Outcome::default());
    Conversation { keys: &keys, depth: 0 }.read(&facts, &stream(request), &stream(response), &mut out);
    let mut all = out.exchanges.into_iter();
    let mut gaps = out.gaps;
    let first = all.next();
    if all.next().is_some() {
        gaps.push(gap(
            None,
            GapReason::Broken,
            "more than one request stands where one belongs: the others were not read",
        ));
    }
    if first.is_none() && gaps.is_empty() {
        gaps.push(gap(None, GapReason::Missing, "the entry has no request"));
    }
    let (exchange, of_exchange) = first.map_or((None, Vec::new()), |(exchange, gaps)| (Some(exchange), gaps));
    gaps.extend(of_exchange);
    gaps.iter_mut().for_each(|gap| gap.exchange = Some(index));
    PieceResult { exchange: exchange.map(|exchange| model::Exchange { index, ..exchange }), gaps }.give(each);
}
