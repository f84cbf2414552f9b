//! Requests and a stage for the tests of this crate.

use std::{
    io::Write,
    sync::{Arc, LazyLock},
};

use knowledge::Knowledge;
use model::{Body, Exchange, Header, IngressKind, Mode, Request, Response, Time};

use crate::{
    Choices, ClientIdentity, Decision, DeviceMemory, EnteredValues, GuardClient, GuardTime, InspectionNeed,
    RequestContext, RequestScan, client, decide,
};

static KNOWLEDGE: LazyLock<Arc<Knowledge>> = LazyLock::new(|| Arc::new(Knowledge::built_in()));

/// The built-in knowledge, read once for all tests.
pub(crate) fn knowledge() -> Arc<Knowledge> {
    Arc::clone(&KNOWLEDGE)
}

pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        index: 0,
        trial: None,
        connection: 0,
        started: Time(0),
        ended: None,
        inlet: IngressKind::Proxy,
        client: std::sync::Arc::default(),
        request: Request {
            method: method.into(),
            url: url.into(),
            version: "HTTP/2".into(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: Body::whole(body),
        },
        response: None,
        messages: Vec::new(),
        seal: None,
    }
}

pub(crate) fn post(url: &str, body: &[u8]) -> Exchange {
    request("POST", url, &[], body)
}

pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    coder.write_all(text.as_bytes()).expect("a Vec takes everything");
    coder.finish().expect("a Vec takes everything")
}

/// The same bytes on each call, from a linear congruential generator: they have
/// no visible pattern.
pub(crate) fn bytes_that_look_random(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..count).map(next).collect()
}

/// A client, and the choices of its person.
pub(crate) struct GuardStage {
    pub(crate) client: GuardClient,
    pub(crate) who: ClientIdentity,
    pub(crate) choices: Choices,
    pub(crate) now: GuardTime,
    pub(crate) waited: u64,
    knowledge: Arc<Knowledge>,
}

impl GuardStage {
    pub(crate) fn new() -> Self {
        Self::entered(&[])
    }

    pub(crate) fn entered(values: &[(&str, &str)]) -> Self {
        let knowledge = knowledge();
        let (entered, refused) = EnteredValues::new(&knowledge, values.iter().copied());
        assert_eq!(refused, []);
        Self {
            client: GuardClient::new(Arc::clone(&knowledge), DeviceMemory::new(entered), Mode::Normal),
            who: ClientIdentity::new("phone", Mode::Normal),
            choices: Choices::default(),
            now: GuardTime::default(),
            waited: 0,
            knowledge,
        }
    }

    /// A person goes to a page, which has this content.
    pub(crate) fn visit(&mut self, url: &str, html: &str) {
        let headers = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-fetch-site", "none")];
        let exchange = request("GET", url, &headers, b"");
        self.client.began(&exchange, self.now);
        self.answer(&exchange, "text/html; charset=utf-8", html.as_bytes());
    }

    /// The client is answered.
    pub(crate) fn answer(&mut self, exchange: &Exchange, kind: &str, body: &[u8]) {
        let answer = Response {
            status: 200,
            version: "HTTP/2".into(),
            headers: vec![Header::new("Content-Type", kind)],
            body: Body::default(),
            by: "upstream".into(),
        };
        if let Some(number) = self.client.answering(exchange, &answer, self.now) {
            self.client.answer(number, body);
            self.client.answered(number);
        }
    }

    pub(crate) fn decide(&mut self, exchange: &Exchange) -> Decision {
        self.client.began(exchange, self.now);
        self.decide_on(exchange, true)
    }

    pub(crate) fn decide_on(&mut self, exchange: &Exchange, whole: bool) -> Decision {
        let aim = client::destination(&self.knowledge, exchange);
        let asking = RequestContext { who: &self.who, exchange, aim: &aim, whole, waited: self.waited };
        let looked = match self.client.wanted(&asking, &self.choices, self.now) {
            InspectionNeed::Nothing => RequestScan::default(),
            InspectionNeed::Body => self.client.look(exchange),
        };
        decide(&asking, &looked, &self.client, &self.choices, self.now)
    }

    /// `absorb report-telemetry visited-url`.
    pub(crate) fn says(&mut self, exchange: &Exchange) -> String {
        said(&self.decide(exchange))
    }
}

pub(crate) fn said(decision: &Decision) -> String {
    let mut text = format!("{:?} {}", decision.verdict, decision.reason.word()).to_lowercase();
    for kind in &decision.kinds {
        text.push(' ');
        text.push_str(kind.as_str());
    }
    text
}
