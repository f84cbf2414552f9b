//! Chromium's NetLog (`chrome://net-export`, `--log-net-log`).
//!
//! A table of constants, then events in order, each with the source that it is
//! of. A request counts once its headers were sent: what came from a cache sent
//! nothing. Bodies of requests are not logged, bodies of answers only at the
//! level that includes raw bytes.

use std::{collections::BTreeMap, ops::ControlFlow};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Body, Exchange, GapReason, Header, IngressKind, Request, Response, Time};
use serde_json::Value;

use super::{
    Format, PieceSink,
    har::scan::{BoundedBytes, JsonScan},
    json_list,
};
use crate::{
    piece::{CapturePiece, PieceItem, body_gap},
    refused::RefusedFile,
    source::CaptureSource,
};

pub(super) struct NetLog;

/// The constants of a log take some 100 kB.
const CONSTANTS: usize = 8 << 20;
/// One event; raw bytes come in parts of 32 kB.
const EVENT: usize = 4 << 20;
/// More of an answer's body is not kept.
const BODY: usize = 16 << 20;
/// Requests at one time.
const REQUESTS: usize = 1 << 14;

impl Format for NetLog {
    fn name(&self) -> &'static str {
        "netlog"
    }

    fn says(&self) -> &'static str {
        "Chromium's NetLog (`chrome://net-export`, `--log-net-log`): requests with their headers, and answers' bodies where raw \
         bytes were logged; the bodies of requests are not in it"
    }

    fn fits(&self, head: &[u8]) -> bool {
        let text = head.trim_ascii_start().strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        text.starts_with(b"\"constants\"")
    }

    fn cut(&self, source: &mut CaptureSource<'_>, each: &mut PieceSink<'_>) -> Result<u64, RefusedFile> {
        let mut log =
            EventLog { index: 0, types: BTreeMap::new(), offset: 0.0, open: BTreeMap::new(), is_stripped: false, each };
        let ended = log.file(&mut JsonScan::new(source));
        if ended.is_continue() {
            log.rest();
        }
        Ok(log.index)
    }

    fn read(&self, _: u64, _: &[u8], _: &mut dyn FnMut(PieceItem)) {}
}

/// What is known of a source of events.
#[derive(Default)]
struct OpenRequest {
    method: String,
    url: String,
    started: f64,
    ended: f64,
    sent: Option<(String, Vec<Header>)>,
    response: Option<(u16, String, Vec<Header>)>,
    body: Vec<u8>,
    left_out: u64,
}

struct EventLog<'a, 'e> {
    index: u64,
    types: BTreeMap<u64, String>,
    /// Milliseconds from the epoch to the log's zero.
    offset: f64,
    open: BTreeMap<u64, OpenRequest>,
    is_stripped: bool,
    each: &'a mut PieceSink<'e>,
}

impl EventLog<'_, '_> {
    fn file(&mut self, scan: &mut JsonScan<'_, '_>) -> ControlFlow<()> {
        scan.next();
        scan.pass();
        loop {
            match scan.next() {
                Some(b'"') => {}
                Some(b'}') => return ControlFlow::Continue(()),
                Some(_) => {
                    scan.pass();
                    continue;
                }
                None => return self.cut(),
            }
            let Some(key) = scan.key() else { return self.cut() };
            match (&key[..], scan.next()) {
                (b"constants", Some(b'{')) => {
                    let mut kept = BoundedBytes::up_to(CONSTANTS);
                    if !scan.value(Some(&mut kept)) {
                        return self.cut();
                    }
                    self.constants(&serde_json::from_slice(&kept.into_bytes()).unwrap_or_default());
                }
                (b"events", Some(b'[')) => self.events(scan)?,
                (_, Some(_)) if scan.value(None) => {}
                _ => return self.cut(),
            }
        }
    }

    /// Chromium writes the end only when it is closed in good order.
    fn cut(&mut self) -> ControlFlow<()> {
        self.rest();
        let _ = (self.each)(CapturePiece::gap(self.index, GapReason::Cut, "the log ends early: the rest is missing"));
        ControlFlow::Break(())
    }

    fn constants(&mut self, constants: &Value) {
        let types = constants["logEventTypes"].as_object().into_iter().flatten();
        self.types = types.filter_map(|(name, number)| Some((number.as_u64()?, name.clone()))).collect();
        let offset = &constants["timeTickOffset"];
        self.offset = offset.as_f64().or_else(|| offset.as_str()?.parse().ok()).unwrap_or(0.0);
        if self.types.is_empty() {
            let _ = (self.each)(CapturePiece::gap(
                0,
                GapReason::Broken,
                "the log does not say what its events are: none were read",
            ));
        }
    }

    fn events(&mut self, scan: &mut JsonScan<'_, '_>) -> ControlFlow<()> {
        scan.pass();
        loop {
            match scan.next() {
                Some(b']') => {
                    scan.pass();
                    return ControlFlow::Continue(());
                }
                Some(b'{') => {
                    let mut kept = BoundedBytes::up_to(EVENT);
                    let is_whole = scan.value(Some(&mut kept));
                    let is_large = kept.elided() || kept.lost();
                    match serde_json::from_slice(&kept.into_bytes()) {
                        Ok(event) => self.event(&event)?,
                        Err(_) if !is_whole => return self.cut(),
                        Err(_) => {
                            let (why, says) = match is_large {
                                true => (GapReason::Budget, "an event of the log is larger than the budget allows"),
                                false => (GapReason::Broken, "an event of the log is broken"),
                            };
                            (self.each)(CapturePiece::gap(self.index, why, says))?;
                        }
                    }
                }
                Some(_) => scan.pass(),
                None => return self.cut(),
            }
        }
    }

    fn event(&mut self, event: &Value) -> ControlFlow<()> {
        let Some(id) = event["source"]["id"].as_u64() else { return ControlFlow::Continue(()) };
        let Some(kind) = event["type"].as_u64().and_then(|kind| self.types.get(&kind)).map(String::as_str) else {
            return ControlFlow::Continue(());
        };
        let time = &event["time"];
        let time = self.offset + time.as_f64().or_else(|| time.as_str()?.parse().ok()).unwrap_or(0.0);
        let params = &event["params"];
        match kind {
            "URL_REQUEST_START_JOB" if params["url"].is_string() => {
                // After a redirect the same source is another request.
                let before = self.open.remove(&id);
                if let Some(before) = before {
                    self.give(before)?;
                }
                if self.open.len() >= REQUESTS {
                    let says = "more requests are open at one time than the budget allows: some were not read";
                    return (self.each)(CapturePiece::gap(self.index, GapReason::Budget, says));
                }
                let (method, url) = (json_list::text(&params["method"]), json_list::text(&params["url"]));
                self.open.insert(id, OpenRequest { method, url, started: time, ended: time, ..OpenRequest::default() });
            }
            "REQUEST_ALIVE" if event["phase"] == 2 => {
                if let Some(request) = self.open.remove(&id) {
                    self.give(request)?;
                }
            }
            _ => {
                if let Some(request) = self.open.get_mut(&id) {
                    request.ended = time;
                    self.is_stripped |= request.take(kind, params);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn rest(&mut self) {
        for request in std::mem::take(&mut self.open).into_values() {
            if self.give(request).is_break() {
                return;
            }
        }
        if self.is_stripped {
            let says =
                "the log was saved without cookies and credentials: whether identifiers stood in them is not known";
            let _ = (self.each)(CapturePiece::gap(self.index, GapReason::Missing, says));
        }
    }

    fn give(&mut self, request: OpenRequest) -> ControlFlow<()> {
        let index = self.index;
        let Some((exchange, has_body)) = request.exchange(index) else { return ControlFlow::Continue(()) };
        self.index += 1;
        let says = "the request had a body, and a NetLog never has it";
        let gaps = if has_body { vec![body_gap(index, GapReason::Missing, says)] } else { Vec::new() };
        (self.each)(CapturePiece::made(index, exchange, gaps))
    }
}

impl OpenRequest {
    /// Takes what an event says; whether something was left out of it.
    fn take(&mut self, kind: &str, params: &Value) -> bool {
        let headers = &params["headers"];
        match kind {
            "HTTP_TRANSACTION_SEND_REQUEST_HEADERS"
            | "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS"
            | "HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS" => {
                let version = match kind {
                    "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS" => "HTTP/2".into(),
                    "HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS" => "HTTP/3".into(),
                    _ => json_list::text(&params["line"]).trim_end().rsplit(' ').next().unwrap_or_default().to_owned(),
                };
                let headers = lines(headers);
                let is_stripped = headers.iter().any(|header| is_stripped(&header.value));
                self.sent = Some((version, headers));
                return is_stripped;
            }
            "HTTP_TRANSACTION_READ_RESPONSE_HEADERS" => {
                let first = headers.as_array().and_then(|all| all.first()).map(json_list::text).unwrap_or_default();
                let mut parts = first.split(' ');
                let version = parts.next().unwrap_or_default().to_owned();
                let status = parts.next().and_then(|status| status.parse().ok()).unwrap_or(0);
                self.response = Some((status, version, lines(headers)));
            }
            "URL_REQUEST_JOB_FILTERED_BYTES_READ" => {
                let bytes = params["bytes"].as_str().and_then(|bytes| STANDARD.decode(bytes).ok());
                let length = params["byte_count"].as_u64().unwrap_or(0);
                let bytes = bytes.filter(|bytes| self.body.len() + bytes.len() <= BODY).unwrap_or_default();
                self.left_out += length.saturating_sub(bytes.len() as u64);
                self.body.extend(bytes);
            }
            _ => {}
        }
        false
    }

    /// The request, if one was sent, and whether it had a body.
    fn exchange(self, index: u64) -> Option<(Exchange, bool)> {
        let (version, headers) = self.sent?;
        let length = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let has_body = length.is_some_and(|length| length.value != b"0")
            || length.is_none() && matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        let micros = |millis: f64| Time((millis * 1e3) as i64);
        let response = self.response.map(|(status, version, headers)| {
            let cut_from = (self.left_out > 0).then_some(self.body.len() as u64 + self.left_out);
            let body = Body { cut_from, ..Body::whole(self.body) };
            Response { status, version, headers, body, by: "capture".into() }
        });
        let url = self.url.split('#').next().unwrap_or_default().to_owned();
        let exchange = Exchange {
            index,
            trial: None,
            connection: index,
            started: micros(self.started),
            ended: Some(micros(self.ended)),
            inlet: IngressKind::Imported,
            client: std::sync::Arc::default(),
            request: Request { method: self.method, url, version, headers, body: Body::default() },
            response,
            messages: Vec::new(),
            seal: None,
        };
        Some((exchange, has_body))
    }
}

/// `name: value`, one a text; pseudo-header fields and the status are left out.
fn lines(headers: &Value) -> Vec<Header> {
    let all = headers.as_array().into_iter().flatten().filter_map(Value::as_str);
    all.filter(|line| !line.starts_with(':'))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| Header::new(name, value.trim()))
        .collect()
}

/// What Chromium puts in the place of cookies and credentials.
fn is_stripped(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"bytes were stripped]").is_some()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::checks::{check, shown};

    const LOG: &str = r#"{"constants":{"logEventTypes":{"REQUEST_ALIVE":1,"URL_REQUEST_START_JOB":2,"HTTP_TRANSACTION_SEND_REQUEST_HEADERS":3,
"HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS":4,"HTTP_TRANSACTION_READ_RESPONSE_HEADERS":5,"URL_REQUEST_JOB_FILTERED_BYTES_READ":6},"timeTickOffset":1588555800000},
"events": [
{"params":{"method":"POST","url":"https://a.example/x#y"},"phase":1,"source":{"id":7,"type":1},"time":"100","type":2},
{"params":{"method":"GET","url":"https://cached.example/"},"phase":1,"source":{"id":8,"type":1},"time":"100","type":2},
{"params":{"headers":[":method: POST","user-agent: U","content-length: 5","cookie: [32 bytes were stripped]"]},"phase":0,"source":{"id":7,"type":1},"time":"101","type":4},
{"params":{"headers":["HTTP/1.1 302","location: /z"]},"phase":0,"source":{"id":7,"type":1},"time":"102","type":5},
{"params":{"method":"GET","url":"https://a.example/z"},"phase":1,"source":{"id":7,"type":1},"time":"103","type":2},
{"params":{"headers":["Host: a.example"],"line":"GET /z HTTP/1.1\r\n"},"phase":0,"source":{"id":7,"type":1},"time":"104","type":3},
{"params":{"headers":["HTTP/1.1 200 OK","X: y"]},"phase":0,"source":{"id":7,"type":1},"time":"105","type":5},
{"params":{"byte_count":2,"bytes":"b2s="},"phase":0,"source":{"id":7,"type":1},"time":"106","type":6},
{"phase":2,"source":{"id":7,"type":1},"time":"107","type":1},
{"phase":2,"source":{"id":8,"type":1},"time":"107","type":1}],
"polledData":{}}"#;

    #[test]
    fn a_request_counts_once_its_headers_were_sent() {
        check(
            LOG,
            expect![[r#"
                0 POST https://a.example/x HTTP/2
                  user-agent: U
                  content-length: 5
                  cookie: [32 bytes were stripped]
                  302 < 
                0 body ! Missing: the request had a body, and a NetLog never has it
                1 GET https://a.example/z HTTP/1.1
                  Host: a.example
                  200 < ok
                capture ! Missing: the log was saved without cookies and credentials: whether identifiers stood in them is not known
            "#]],
        );
    }

    #[test]
    fn a_log_that_is_cut_or_broken_says_so() {
        let cut = shown(&LOG.as_bytes()[..LOG.len() - 90]);
        assert!(cut.contains("1 GET https://a.example/z") && cut.contains("! Cut: the log ends early"), "{cut}");
        let broken = shown(LOG.replace("\"byte_count\":2", "\"byte_count\":").as_bytes());
        assert!(broken.contains("! Broken: an event of the log is broken") && broken.contains("1 GET"), "{broken}");
        for end in 0..LOG.len() {
            shown(&LOG.as_bytes()[..end]);
        }
    }
}
