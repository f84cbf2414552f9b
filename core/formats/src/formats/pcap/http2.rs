//! HTTP/2 out of two streams (RFC 9113).

use std::collections::BTreeMap;

use model::{Body, GapReason, Header, Request, Time};

use super::{
    byte_stream::ByteStream,
    conversation::Conversation,
    exchange::{self, ConnectionFacts, Outcome},
    fields::{self, FieldSection},
    hpack::{FieldLine, HpackDecoder},
    reader::ByteReader,
    websocket::{self, Agreement},
};

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One direction of one stream.
#[derive(Default)]
struct StreamHalf {
    fields: Vec<FieldLine>,
    trailers: Vec<FieldLine>,
    body: ByteStream,
    /// Bytes of the body that were not kept.
    left_out: u64,
    started: Option<Time>,
    ended: Option<Time>,
    is_whole: bool,
}

/// One direction of a connection.
#[derive(Default)]
struct HalfRead {
    streams: BTreeMap<u32, StreamHalf>,
    /// Requests that a server made up itself.
    promised: BTreeMap<u32, Vec<FieldLine>>,
    /// Bytes that are no frames, or whose fields cannot be told any more.
    unread: u64,
}

/// Streams of one connection.
const STREAMS: usize = 1 << 17;
/// More of a body is not kept.
const BODY: usize = 16 << 20;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const PUSH: u8 = 5;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

pub(super) fn read(
    conversation: &Conversation<'_>,
    facts: &ConnectionFacts,
    client: &ByteStream,
    server: &ByteStream,
    out: &mut Outcome,
) {
    let skip = if client.bytes.starts_with(PREFACE) { PREFACE.len() } else { 0 };
    let (asked, mut answered) = (half(client, skip), half(server, 0));
    let (unread, untold) = (asked.unread + client.missing, answered.unread + server.missing);
    let mut streams: Vec<_> = asked.streams.into_iter().filter(|(_, half)| !half.fields.is_empty()).collect();
    streams.sort_by_key(|(id, half)| (half.started, *id));
    for (id, asked) in streams {
        let answer = answered.streams.remove(&id);
        one(conversation, facts, asked, answer, out);
    }
    for (id, fields) in std::mem::take(&mut answered.promised) {
        let answer = answered.streams.remove(&id);
        let started = answer.as_ref().and_then(|answer| answer.started);
        one(conversation, facts, StreamHalf { fields, started, is_whole: true, ..StreamHalf::default() }, answer, out);
    }
    if unread > 0 {
        let says =
            format!("{unread} bytes of its connection are missing or broken: which requests they held is not known");
        out.gap_of_last("entry", GapReason::Missing, says);
    }
    if untold > 0 {
        let says = format!("{untold} bytes of what its server said are missing or broken");
        out.gap_of_last("entry", GapReason::Missing, says);
    }
}

fn half(stream: &ByteStream, skip: usize) -> HalfRead {
    let mut read = HalfRead::default();
    let mut decoder = HpackDecoder::default();
    // A block of fields may go on in further frames: of a stream, what it is, its bytes.
    let mut open: Option<(u32, u32, bool, Vec<u8>, Time)> = None;
    let mut reader = ByteReader::new(stream.bytes.get(skip..).unwrap_or_default());
    while !reader.is_empty() {
        let at = stream.time_at(stream.bytes.len() - reader.rest().len());
        let rest = reader.rest().len() as u64;
        let Some((kind, flags, id, payload)) = frame(&mut reader) else {
            read.unread += rest;
            return read;
        };
        match kind {
            HEADERS | PUSH => {
                let Some((promised, fragment)) = fragment(kind, flags, payload) else {
                    read.unread += payload.len() as u64;
                    continue;
                };
                open = Some((id, promised, flags & END_STREAM != 0 && kind == HEADERS, fragment.to_vec(), at));
            }
            CONTINUATION => {
                if let Some((_, _, _, block, _)) = &mut open {
                    block.extend_from_slice(payload);
                }
            }
            DATA => read.data(id, flags, payload, at),
            RESET => {
                if let Some(half) = read.streams.get_mut(&id) {
                    half.ended = Some(at);
                }
            }
            _ => {}
        }
        if matches!(kind, HEADERS | PUSH | CONTINUATION) && flags & END_HEADERS != 0 {
            let Some((id, promised, ends, block, at)) = open.take() else { continue };
            let Some(fields) = decoder.decode(&block) else {
                read.unread += rest;
                return read;
            };
            read.fields(id, promised, ends, fields, at);
        }
    }
    read
}

impl HalfRead {
    fn fields(&mut self, id: u32, promised: u32, ends: bool, fields: Vec<FieldLine>, at: Time) {
        if promised != 0 {
            self.promised.insert(promised, fields);
            return;
        }
        if self.streams.len() >= STREAMS && !self.streams.contains_key(&id) {
            self.unread += 1;
            return;
        }
        let half = self.streams.entry(id).or_default();
        half.started.get_or_insert(at);
        half.ended = Some(at);
        half.is_whole |= ends;
        let is_interim = fields.iter().any(|(name, value)| name == b":status" && value.first() == Some(&b'1'));
        if half.fields.is_empty() && !is_interim {
            half.fields = fields;
        } else if !is_interim {
            half.trailers.extend(fields);
        }
    }

    fn data(&mut self, id: u32, flags: u8, payload: &[u8], at: Time) {
        let payload = unpadded(flags, payload).unwrap_or_default();
        let Some(half) = self.streams.get_mut(&id) else {
            self.unread += payload.len() as u64;
            return;
        };
        let kept = payload.len().min(BODY.saturating_sub(half.body.bytes.len()));
        half.body.push(&payload[..kept], at);
        half.left_out += (payload.len() - kept) as u64;
        half.ended = Some(at);
        half.is_whole |= flags & END_STREAM != 0;
    }
}

impl StreamHalf {
    fn body(&self) -> Body {
        let length = self.body.bytes.len() as u64 + self.left_out;
        let stated = fields::value(&self.fields, b"content-length")
            .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let cut_from = match stated {
            _ if self.left_out > 0 => Some(length),
            Some(stated) if !self.is_whole && stated > length => Some(stated),
            _ => None,
        };
        Body { cut_from, ..Body::whole(&self.body.bytes[..]) }
    }
}

/// Kind, flags, stream and payload (§4.1).
fn frame<'s>(reader: &mut ByteReader<'s>) -> Option<(u8, u8, u32, &'s [u8])> {
    let length = reader.number(3)?;
    let (kind, flags, id) = (reader.u8()?, reader.u8()?, reader.u32()? & 0x7fff_ffff);
    Some((kind, flags, id, reader.take(length)?))
}

fn unpadded(flags: u8, payload: &[u8]) -> Option<&[u8]> {
    if flags & PADDED == 0 {
        return Some(payload);
    }
    let (padding, rest) = payload.split_first()?;
    rest.get(..rest.len().checked_sub(usize::from(*padding))?)
}

/// The stream that is promised, if any, and the first part of the fields.
fn fragment(kind: u8, flags: u8, payload: &[u8]) -> Option<(u32, &[u8])> {
    let mut reader = ByteReader::new(unpadded(flags, payload)?);
    let promised = if kind == PUSH { reader.u32()? & 0x7fff_ffff } else { 0 };
    if kind == HEADERS && flags & PRIORITY != 0 {
        reader.take(5)?;
    }
    Some((promised, reader.rest()))
}

fn one(
    conversation: &Conversation<'_>,
    facts: &ConnectionFacts,
    asked: StreamHalf,
    answer: Option<StreamHalf>,
    out: &mut Outcome,
) {
    let section = FieldSection::of(&asked.fields);
    let is_tunnel = section.method == "CONNECT";
    let protocol = section.protocol.clone();
    let body = if is_tunnel { Body::default() } else { asked.body() };
    let is_cut = !asked.is_whole && !is_tunnel && body.cut_from.is_none() && !asked.body.bytes.is_empty();
    let mut request: Request = section.request(facts, "HTTP/2", body);
    request.headers.extend(asked.trailers.iter().map(fields::header));
    let mut exchange = facts.exchange(asked.started.unwrap_or_default(), request);
    let mut status = 0;
    let answered = answer.as_ref().filter(|answer| !answer.fields.is_empty());
    if let Some(answer) = answered {
        let mut headers: Vec<Header> = fields::headers(&answer.fields);
        headers.extend(answer.trailers.iter().map(fields::header));
        status = fields::status(&answer.fields);
        let body = if is_tunnel && (200..300).contains(&status) { Body::default() } else { answer.body() };
        exchange.response = Some(exchange::answer(status, "HTTP/2".into(), headers, body));
        exchange.ended = answer.ended;
    }
    if !is_tunnel || !(200..300).contains(&status) {
        out.push(exchange);
        if is_cut {
            out.gap_of_last("body", GapReason::Cut, "the capture does not have the end of the request's body");
        }
        return;
    }
    let server = answer.map(|answer| answer.body).unwrap_or_default();
    if protocol.as_deref() == Some("websocket") {
        let extensions = exchange.response.as_ref().and_then(|response| response.header("sec-websocket-extensions"));
        let (messages, is_whole) =
            websocket::messages(&asked.body, &server, Agreement::of(extensions.unwrap_or_default()));
        exchange.messages = messages;
        out.push(exchange);
        if !is_whole {
            out.gap_of_last("entry", GapReason::Cut, "not all messages of the WebSocket are in the capture");
        }
        return;
    }
    let host = exchange.host().to_owned();
    let port = exchange.request.url.rsplit_once(':').and_then(|(_, port)| port.trim_end_matches('/').parse().ok());
    out.push(exchange);
    let through = ConnectionFacts { host, port: port.unwrap_or(443), name: None, is_tls: false, ..facts.clone() };
    conversation.read(&through, &asked.body, &server, out);
}
