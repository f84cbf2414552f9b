//! What of an experiment's traffic is its pages', and what is the subject's own.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use judge::Identifier;
use knowledge::Knowledge;
use model::{
    Act, Body, Canary, Client, Exchange, Header, IngressKind, Initiator, Page, PageResource, Phase, PlantedCanary,
    Record, Request, RequestCause, Run, Seal, SealReason, Time, Trial,
};

const A: &str = "kotikotikotikoti.com";
const B: &str = "latilatilatilati.de";

/// Records of an experiment, one after the other in time.
#[derive(Default)]
struct Script {
    records: Vec<Record>,
    clock: i64,
}

impl Script {
    fn new() -> Self {
        let mut script = Self::default();
        script.records.push(Record::Run(Run { sinkhole: true, ..Run::default() }));
        script
    }

    fn now(&mut self) -> Time {
        self.clock += 1_000_000;
        Time(self.clock)
    }

    fn trial(&mut self, id: u32) {
        let at = self.now();
        self.records.push(Record::Trial(Trial { id, install: id, at, ..Trial::default() }));
    }

    fn session(&mut self, trial: u32, session: u32) {
        let at = self.now();
        let (act, name) = (Act::Start, format!("start {session}"));
        self.records.push(Record::Phase(Phase { trial, name, act, session, at, ..Phase::default() }));
    }

    fn visit(&mut self, trial: u32, session: u32, site: &str) {
        let at = self.now();
        for (what, kind, value) in [
            ("url", "visited-url", format!("https://{site}/pulipuli/secretsecretse")),
            ("host", "visited-host", site.into()),
        ] {
            let canary = Canary::new(format!("{what}-{site}"), kind, value);
            self.records.push(Record::Plant(PlantedCanary { trial: Some(trial), canary, site: Some(site.into()) }));
        }
        let name = format!("visit {site}");
        self.records.push(Record::Phase(Phase { trial, name, act: Act::Visit, session, at, ..Phase::default() }));
        let url = format!("https://{site}/pulipuli/secretsecretse");
        let resource =
            |method: &str, path: &str, cause| PageResource { method: method.into(), path: path.into(), cause };
        let resources = vec![
            resource("GET", "/picture.gif", RequestCause::Page),
            resource("POST", "/beacon", RequestCause::Page),
            resource("GET", "/favicon.ico", RequestCause::Browser),
        ];
        self.records.push(Record::Page(Page { trial, at, url, title: String::new(), forms: vec![], resources }));
    }

    fn send(&mut self, trial: u32, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) {
        let started = self.now();
        self.records.push(Record::Exchange(Box::new(Exchange {
            index: self.records.iter().filter(|record| matches!(record, Record::Exchange(_))).count() as u64,
            trial: Some(trial),
            connection: 1,
            started,
            ended: None,
            inlet: IngressKind::Transparent,
            client: Arc::new(Client::default()),
            request: Request {
                method: method.into(),
                url: url.into(),
                version: "HTTP/2".into(),
                headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
                body: Body::whole(body),
            },
            response: None,
            messages: vec![],
            seal: None,
        })));
    }

    fn audit(self) -> Audit {
        let knowledge = Knowledge::built_in();
        let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
        auditor.capture(CaptureSummary::default());
        self.records.into_iter().for_each(|record| auditor.push(record));
        auditor.finish()
    }
}

/// Whether anything planted is seen, in the request that was sent, as the subject's own.
fn is_told(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> bool {
    let mut script = Script::new();
    script.trial(1);
    script.session(1, 1);
    script.visit(1, 1, A);
    script.visit(1, 1, B);
    script.send(1, method, url, headers, body);
    let audit = script.audit();
    let to_itself = |host: &str, id: &str| id.ends_with(host);
    audit.spotted.iter().any(|one| {
        let host = &audit.destinations[one.seen.destination].host;
        one.seen.side.side == Initiator::Native
            && !to_itself(host, one.seen.sighting.canary.as_deref().unwrap_or_default())
    })
}

/// A question for the address of a name, over HTTPS (RFC 8484).
fn question(name: &str) -> Vec<u8> {
    let labels: Vec<u8> = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    [&[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &labels, &[0, 0, 1, 0, 1]].concat()
}

#[test]
fn what_was_said_in_a_protocol_that_nobody_knows_is_looked_into() {
    let mut script = Script::new();
    script.trial(1);
    script.session(1, 1);
    script.visit(1, 1, A);
    let said = format!("\0\x01TELL https://{A}/pulipuli/secretsecretse\n");
    script.send(1, "CONNECT", "https://collector.example:99/", &[], said.as_bytes());
    if let Some(Record::Exchange(exchange)) = script.records.last_mut() {
        let (reason, says) = (SealReason::UnknownProtocol, "neither TLS nor HTTP".to_owned());
        exchange.seal = Some(Seal { reason, says, sent: said.len() as u64, received: 0 });
    }
    let audit = script.audit();
    assert!(audit.spotted.iter().any(|one| one.seen.side.side == Initiator::Native && one.seen.replayed));
    assert_eq!((audit.coverage.sealed, audit.gaps.len()), (1, 1), "and it is counted unread all the same");
}

fn asked(name: &str) -> String {
    format!("dns://{name}/?type=A")
}

/// A value in hex, as the labels below a collector's name.
fn labels(value: &str) -> String {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let labels: Vec<&str> = hex.as_bytes().chunks(60).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
    format!("{}.collector.com", labels.join("."))
}

#[test]
fn what_a_page_does_not_cause_is_told_whoever_lists_it() {
    let a = format!("https://{A}/pulipuli/secretsecretse");
    let encoded = a.replace(':', "%3A").replace('/', "%2F");
    let referer = [("referer", a.as_str()), ("sec-fetch-dest", "image")];
    let (asks, below) = ([("content-type", "application/dns-message")], format!("{A}.collector.com"));
    for (what, told) in [
        ("a picture injected into a page", is_told("GET", "https://img.example/picture.gif", &referer, b"")),
        ("one site told to another", is_told("GET", &format!("https://{B}/picture.gif"), &[("x-last", &a)], b"")),
        ("one site told to another in Referer", is_told("GET", &format!("https://{B}/picture.gif"), &referer, b"")),
        ("in a query that no page has", is_told("GET", &format!("https://{B}/picture.gif?u={encoded}"), &[], b"")),
        ("in a beacon of another page", is_told("POST", &format!("https://{B}/beacon"), &[], a.as_bytes())),
        (
            "below the name of a collector, over HTTPS",
            is_told(
                "POST",
                "https://dns.example/dns-query",
                &[("content-type", "application/dns-message")],
                &[&question("collector.example")[..], a.as_bytes()].concat(),
            ),
        ),
        ("in the names that are asked for", is_told("DNS", &asked(&labels(&a)), &asks, &question(&labels(&a)))),
        ("as a name below a collector's", is_told("DNS", &asked(&below), &asks, &question(&below))),
        ("in a datagram", is_told("UDP", "udp://203.0.113.7:5000/", &[], a.as_bytes())),
        ("in an echo", is_told("ICMP", "icmp://203.0.113.7/", &[], a.as_bytes())),
    ] {
        assert!(told, "{what}");
    }
}

#[test]
fn what_a_page_causes_is_not() {
    let a = format!("https://{A}/pulipuli/secretsecretse");
    let referer = [("referer", a.as_str()), ("cookie", "seen=1"), ("origin", &format!("https://{A}"))];
    let asks = [("content-type", "application/dns-message")];
    for (what, told) in [
        ("the page", is_told("GET", &a, &[], b"")),
        ("its picture, with Referer", is_told("GET", &format!("https://{A}/picture.gif"), &referer, b"")),
        ("its beacon", is_told("POST", &format!("https://{A}/beacon"), &referer, b"here")),
        ("its icon", is_told("GET", &format!("https://{A}/favicon.ico"), &referer, b"")),
        ("its address, asked", is_told("DNS", &asked(A), &asks, &question(A))),
        ("its address, asked over HTTPS", is_told("POST", "https://dns.example/dns-query", &asks, &question(A))),
    ] {
        assert!(!told, "{what}");
    }
}

#[test]
fn questions_go_to_those_who_answer_for_the_zone() {
    let mut script = Script::new();
    script.trial(1);
    script.session(1, 1);
    script.visit(1, 1, A);
    for part in [&labels(&format!("https://{A}/pulipuli/secretsecretse")), "www.collector.com"] {
        script.send(1, "DNS", &asked(part), &[("content-type", "application/dns-message")], &question(part));
    }
    let audit = script.audit();
    let hosts: Vec<&str> = audit.destinations.iter().map(|destination| &*destination.host).collect();
    assert_eq!(hosts, ["collector.com"]);
    assert_eq!(audit.traffic.len(), 2, "a question in which nothing is told counts all the same");
}

#[test]
fn an_identifier_in_a_header_to_each_site_is_found() {
    let mut script = Script::new();
    for (trial, id) in [(1, "k3vz81qmx0"), (2, "w9trb25yhc"), (3, "p6njd47fse")] {
        script.trial(trial);
        for session in [1, 2] {
            script.session(trial, session);
            let site = format!("site{trial}{session}kotikotikoti.com");
            script.visit(trial, session, &site);
            let headers = [("x-client-data", id), ("accept-language", "en-US,en;q=0.9")];
            script.send(trial, "GET", &format!("https://{site}/picture.gif"), &headers, b"");
        }
    }
    let audit = script.audit();
    let found: Vec<(&str, &str)> = audit.identifiers.iter().map(|one| (&*one.host, &*one.place)).collect();
    assert_eq!(found, [(Identifier::VISITED_SITES, "header x-client-data")]);
    assert!(audit.findings.iter().any(|finding| finding.code == "identifier-to-sites"));
}

#[test]
fn what_the_guard_answered_was_stopped_and_not_sent() {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary::default());
    auditor.canary(&Canary::new("url-1", "visited-url", "https://a-visited-site.example/with/a/path")).unwrap();
    let mut script = Script::new();
    script.send(1, "GET", "https://told.example/?u=https://a-visited-site.example/with/a/path", &[], b"");
    let Some(Record::Exchange(mut exchange)) = script.records.pop() else { panic!("an exchange was sent") };
    exchange.trial = None;
    exchange.response = Some(model::Response {
        status: 200,
        version: String::new(),
        headers: vec![],
        body: Body::default(),
        by: model::AnsweredBy::Guard,
    });
    auditor.push(Record::Exchange(exchange));
    let audit = auditor.finish();
    assert!(audit.spotted.iter().all(|spotted| spotted.seen.stopped) && !audit.spotted.is_empty());
    assert!(audit.findings.iter().any(|finding| finding.code == "visited-url-stopped"));
    assert!(!audit.findings.iter().any(|finding| finding.code == "visited-url-sent"));
}
