//! Records of a browser that reports every visit and search in both modes, in
//! the wire format of the case, under one name that stays; and the audit of
//! them. Names and times follow from counters: the same records every time.

use std::{
    io::Write,
    sync::{Arc, LazyLock},
};

use audit::{Audit, AuditOptions, Auditor, CaptureSummary};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use knowledge::Knowledge;
use model::{
    Act, Arm, Body, Canary, CaptureEnd, Exchange, Header, IngressKind, Mode, Note, Page, Phase, PlantedCanary, Record,
    Request, Response, Run, Seal, SealReason, Subject, Time, Trial,
};

const COLLECTOR: &str = "https://sa.api.intl.miui.com/sa?project=global_browser_mini&r=GB";
const START: i64 = 1_795_390_000_000;

/// The audit of a run with one trial without visits, two in normal and two in
/// private mode.
pub(crate) fn audit() -> &'static Audit {
    static AUDIT: LazyLock<Audit> = LazyLock::new(made);
    &AUDIT
}

/// The same, made anew.
pub(crate) fn made() -> Audit {
    let knowledge = Knowledge::built_in();
    let mut auditor = Auditor::new(&knowledge, AuditOptions::default());
    auditor.capture(CaptureSummary {
        source: "reporting-browser-3-4-0.candor".into(),
        format: "candor".into(),
        exchanges: 0,
        sha256: "3f9a".repeat(16),
    });
    records().into_iter().for_each(|record| auditor.push(record));
    auditor.finish()
}

fn records() -> Vec<Record> {
    let mut told = Teller::default();
    told.run();
    told.decoys();
    told.trial(1, Mode::Normal, true, 0);
    told.trial(2, Mode::Normal, false, 5);
    told.trial(3, Mode::Private, false, 15);
    told.trial(4, Mode::Normal, false, 5);
    told.trial(5, Mode::Private, false, 15);
    told.note("closed-after-handshake", "duckduckgo.com:443");
    told.records.push(Record::End(CaptureEnd { at: told.now(), early: None }));
    told.records
}

/// Writes the records one after the other.
#[derive(Default)]
struct Teller {
    records: Vec<Record>,
    millis: i64,
    exchanges: u64,
    names: u64,
    trial: u32,
    waiting: Vec<String>,
}

impl Teller {
    fn now(&self) -> Time {
        Time::from_millis(START + self.millis)
    }

    fn run(&mut self) {
        self.records.push(Record::Run(Run {
            subject: Subject {
                name: "reporting-browser".into(),
                edition: Some("3.4.0".into()),
                version: "156.0.8078.79".into(),
                digest: "beb6".repeat(16),
                extensions: vec!["aapocclcgogkmnckokdopfmhonfmgoek".into()],
            },
            scenario: "quick".into(),
            seed: 1_345_630_356_566_249_476,
            candor: "0.1.0".into(),
            knowledge: "20d0".repeat(16),
            host: "Debian GNU/Linux 12 (bookworm)".into(),
            started: self.now(),
            sinkhole: true,
            bypass_watched: true,
            conditions: vec![],
        }));
    }

    fn decoys(&mut self) {
        for (id, kind) in [("decoy-url", "visited-url"), ("decoy-search", "search"), ("decoy-typed", "typed-text")] {
            let value = format!("https://{}.de/{}", self.name(8), self.name(6));
            let canary = Canary { decoy: true, ..Canary::new(id, kind, value) };
            self.records.push(Record::Plant(PlantedCanary { trial: None, canary, site: None }));
        }
    }

    fn trial(&mut self, id: u32, mode: Mode, blank: bool, visits: u32) {
        self.trial = id;
        let arm = Arm { mode, blank, ..Arm::default() };
        self.records.push(Record::Trial(Trial { id, arm, install: id, at: self.now(), failed: None }));
        self.session(mode, 1, blank, visits);
        self.session(Mode::Normal, 2, blank, u32::from(!blank));
        self.phase("close", Act::Close, Mode::Normal, 2, vec![]);
        self.waiting.clear();
        self.millis += 400;
    }

    fn session(&mut self, mode: Mode, session: u32, blank: bool, visits: u32) {
        let (name, act) = if session == 1 { ("start", Act::Start) } else { ("restart 1", Act::Restart) };
        self.phase(name, act, mode, session, vec![]);
        self.start_up();
        for n in 1..=visits {
            let act = if n == 4 { Act::Form } else { Act::Visit };
            let name = if n == 4 {
                "form 1".to_owned()
            } else {
                format!("visit {}", n - u32::from(n > 4) + 100 * (session - 1))
            };
            self.visit(&name, act, mode, session);
        }
        if !blank && session == 1 {
            self.search(mode, session);
        }
        self.phase(&format!("idle {session}"), Act::Idle, mode, session, vec![]);
        self.millis += 3_000;
        self.flush();
        self.millis += 2_000;
    }

    /// What Chromium sends when it starts, whatever anybody does.
    fn start_up(&mut self) {
        self.millis += 600;
        let update = br#"{"request":{"@os":"linux","protocol":"4.0"}}"#;
        self.sends("POST", "https://update.googleapis.com/service/update2/json", vec![], update);
        self.millis += 150;
        self.sends("GET", "http://clients2.google.com/time/1/current?cup2key=9", vec![], b"");
        self.sealed("accounts.google.com");
        self.millis += 1_800;
        self.sends("POST", "https://optimizationguide-pa.googleapis.com/v1:GetModels", vec![], b"\x08\x01\x12\x02en");
        self.event("$AppStart", "");
        self.millis += 500;
    }

    fn visit(&mut self, name: &str, act: Act, mode: Mode, session: u32) {
        let host = format!("{}.{}", self.name(8), ["com", "de", "fr", "org"][self.names as usize % 4]);
        let path = self.name(7);
        let title = format!("{} {}", self.name(4), self.name(5));
        let url = format!("https://{host}/{}/{path}?ref={}", self.name(3), self.name(6));
        let id = self.names;
        let plants = [
            ("url", "visited-url", url.clone()),
            ("path", "visited-url-part", path),
            ("host", "visited-host", host.clone()),
            ("title", "page-title", title.clone()),
        ];
        let ids = plants.iter().map(|(what, ..)| format!("{what}-{}.{id}", self.trial)).collect();
        for (what, kind, value) in plants {
            self.plant(&format!("{what}-{}.{id}", self.trial), kind, value, Some(host.clone()));
        }
        let page = Page {
            trial: self.trial,
            at: self.now(),
            url: url.clone(),
            title: title.clone(),
            forms: vec![],
            resources: vec![],
        };
        self.records.push(Record::Page(page));
        self.phase(name, act, mode, session, ids);
        self.millis += 60;
        self.sends("GET", &url, vec![], b"");
        self.sends("GET", &format!("https://{host}/style.css"), vec![Header::new("Referer", url.as_str())], b"");
        self.event("page_load_event_start", &format!(r#","url":"{url}""#));
        self.millis += 350;
        self.event("page_load_event_finish", &format!(r#","url":"{url}","title":"{title}""#));
        self.millis += 250;
        if self.names.is_multiple_of(3) {
            self.flush();
        }
    }

    fn search(&mut self, mode: Mode, session: u32) {
        let words = format!("{} {} {}", self.name(3), self.name(4), self.name(3));
        let id = format!("search-{}.{}", self.trial, self.names);
        self.plant(&id, "search", words.clone(), Some("duckduckgo.com".into()));
        self.phase("search 1", Act::Search, mode, session, vec![id]);
        self.millis += 80;
        let url = format!("https://duckduckgo.com/?q={}", words.replace(' ', "+"));
        self.records.push(Record::Listed(model::ListedRequest {
            trial: self.trial,
            at: self.now(),
            method: "GET".into(),
            url: url.clone(),
            by: "cdp".into(),
        }));
        self.sends("GET", &url, vec![], b"");
        self.event("search", &format!(r#","search_word":"{words}","search_engine":"duckduckgo""#));
        self.millis += 500;
    }

    /// One event of the SDK, kept until the queue is sent.
    fn event(&mut self, event: &str, properties: &str) {
        let id = self.install_id();
        let at = START + self.millis;
        self.waiting.push(format!(
            r#"{{"type":"track","event":"{event}","time":{at},"distinct_id":"{id}","lib":{{"$lib":"Android","$lib_version":"3.2.10"}},"properties":{{"$os":"Android","$model":"Redmi Note 8","miui_region":"GB"{properties}}}}}"#
        ));
    }

    /// Sends the queue: JSON, gzip, base64, percent-encoded, in a form.
    fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let json = format!("[{}]", std::mem::take(&mut self.waiting).join(","));
        let mut gzip = GzEncoder::new(vec![], Compression::default());
        gzip.write_all(json.as_bytes()).unwrap();
        let data = BASE64_STANDARD.encode(gzip.finish().unwrap());
        let crc = data.chars().fold(0i32, |hash, c| hash.wrapping_mul(31).wrapping_add(c as i32));
        let data = data.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let body = format!("crc={crc}&gzip=1&data_list={data}");
        let headers = vec![
            Header::new("Content-Type", "application/x-www-form-urlencoded"),
            Header::new("Origin", "chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek"),
        ];
        self.sends("POST", COLLECTOR, headers, body.as_bytes());
        self.millis += 40;
    }

    /// The same in every session of an install, another in each install.
    fn install_id(&self) -> String {
        let seed = u64::from(self.trial).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hex = format!("{seed:016x}{:016x}", seed.rotate_left(29) ^ 0x00ba_dcaf_e123_4567);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    fn sends(&mut self, method: &str, url: &str, headers: Vec<Header>, body: &[u8]) {
        let request = Request {
            method: method.into(),
            url: url.into(),
            version: "HTTP/2".into(),
            headers,
            body: Body::whole(body),
        };
        let response = Response {
            status: 200,
            version: "HTTP/2".into(),
            headers: vec![],
            body: Body::default(),
            by: "sinkhole".into(),
        };
        self.exchange(request, Some(response), None);
    }

    fn sealed(&mut self, host: &str) {
        let seal = Seal { reason: SealReason::Refused, says: Seal::HUNG_UP.into(), sent: 1_980, received: 1_204 };
        let request = Request {
            method: "CONNECT".into(),
            url: format!("https://{host}/"),
            version: String::new(),
            headers: vec![],
            body: Body::default(),
        };
        self.exchange(request, None, Some(seal));
    }

    fn exchange(&mut self, request: Request, response: Option<Response>, seal: Option<Seal>) {
        self.millis += 7;
        self.records.push(Record::Exchange(Box::new(Exchange {
            index: self.exchanges,
            trial: Some(self.trial),
            connection: self.exchanges,
            started: self.now(),
            ended: None,
            inlet: IngressKind::Proxy,
            client: Arc::default(),
            request,
            response,
            messages: vec![],
            seal,
        })));
        self.exchanges += 1;
    }

    fn phase(&mut self, name: &str, act: Act, mode: Mode, session: u32, canaries: Vec<String>) {
        let (trial, name, at) = (self.trial, name.to_owned(), self.now());
        self.records.push(Record::Phase(Phase { trial, name, act, mode, session, at, canaries, switches: vec![] }));
        self.millis += 5;
    }

    fn plant(&mut self, id: &str, kind: &str, value: String, site: Option<String>) {
        self.records.push(Record::Plant(PlantedCanary {
            trial: Some(self.trial),
            canary: Canary::new(id, kind, value),
            site,
        }));
    }

    fn note(&mut self, code: &str, says: &str) {
        let (trial, at) = (Some(self.trial), self.now());
        self.records.push(Record::Note(Note { trial, at, code: code.into(), says: says.into(), count: 1 }));
    }

    /// A pronounceable word of so many syllables that is nobody's.
    fn name(&mut self, syllables: u32) -> String {
        self.names += 1;
        let mut state = self.names.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x51_7c_c1_b7_27_22_0a_95;
        let mut word = String::new();
        for _ in 0..syllables {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.push(b"bdfghjklmnprstvz"[(state >> 8) as usize % 16] as char);
            word.push(b"aeiou"[(state >> 20) as usize % 5] as char);
        }
        word
    }
}
