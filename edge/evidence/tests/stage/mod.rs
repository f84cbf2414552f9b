//! A file of evidence with a record of each kind.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use evidence::{ChainState, Evidence, EvidenceWriter, Verification};
use model::*;
use rusqlite::Connection;

pub fn exchange(n: u64, body: &[u8]) -> Record {
    Record::Exchange(Box::new(Exchange {
        index: n,
        trial: Some(1),
        connection: 7,
        started: Time(1_000 + n as i64),
        ended: Some(Time(2_000)),
        inlet: IngressKind::Transparent,
        client: Arc::new(Client {
            address: Some("127.0.0.1:4242".into()),
            process: Some(Process { pid: 9, name: "chromium".into(), path: "/usr/bin/chromium".into() }),
            hello: Some(ClientHello {
                raw: vec![3, 3, 0xff].into(),
                ja4: "t13d".into(),
                sni: Some("a.example".into()),
                alpn: vec!["h2".into()],
            }),
            http2: Some("1:65536|0|0|m,a,s,p".into()),
        }),
        request: Request {
            method: "POST".into(),
            url: "https://a.example/sa?x=\"ü\"".into(),
            version: "HTTP/2".into(),
            headers: vec![Header::new("Content-Type", "text/plain"), Header::new("X-Raw", vec![0xff, 0x00])],
            body: Body::whole(body),
        },
        response: Some(Response {
            status: 200,
            version: "HTTP/2".into(),
            headers: vec![],
            body: Body { bytes: b"ok"[..].into(), cut_from: Some(100) },
            by: "sinkhole".into(),
        }),
        messages: vec![Message {
            direction: Direction::FromClient,
            at: Time(5),
            text: true,
            body: Body::whole(&b"hello"[..]),
        }],
        seal: Some(Seal { reason: SealReason::Refused, says: "unknown_ca".into(), sent: 1, received: 2 }),
    }))
}

pub fn records() -> Vec<Record> {
    vec![
        Record::Run(Run {
            subject: Subject { name: "chromium".into(), version: "156".into(), ..Subject::default() },
            seed: u64::MAX,
            started: Time(1),
            sinkhole: true,
            conditions: vec!["headless".into()],
            ..Run::default()
        }),
        Record::Trial(Trial {
            id: 1,
            arm: Arm {
                mode: Mode::Private,
                switches: vec![RunSwitch { name: "incognito".into(), position: "on".into() }],
                blank: false,
                role: model::ArmRole::Reference,
                device: 1,
            },
            install: 3,
            at: Time(2),
            failed: None,
        }),
        Record::Plant(PlantedCanary {
            trial: Some(1),
            canary: Canary::new("url-1", "visited_url", "https://x.com/p?q=ü"),
            site: Some("x.com".into()),
        }),
        Record::Phase(Phase {
            trial: 1,
            name: "visit 1".into(),
            act: Act::Visit,
            mode: Mode::Private,
            session: 1,
            at: Time(3),
            canaries: vec!["url-1".into()],
            switches: vec![],
        }),
        Record::Page(Page {
            trial: 1,
            at: Time(4),
            url: "https://x.com/".into(),
            title: "t".into(),
            forms: vec![PageForm { name: "login".into(), fields: vec!["user".into(), "pass".into()] }],
            resources: vec![
                PageResource { method: "GET".into(), path: "/style.css".into(), cause: RequestCause::Page },
                PageResource { method: "GET".into(), path: "/favicon.ico".into(), cause: RequestCause::Browser },
            ],
        }),
        Record::Listed(ListedRequest {
            trial: 1,
            at: Time(4),
            method: "GET".into(),
            url: "https://x.com/".into(),
            by: "cdp".into(),
        }),
        exchange(0, b"first"),
        exchange(1, "long ".repeat(500).as_bytes()),
        exchange(2, b"first"),
        Record::Note(Note { trial: None, at: Time(6), code: "dns".into(), says: "x.com".into(), count: 2 }),
    ]
}

pub fn written(dir: &tempfile::TempDir) -> (PathBuf, String) {
    let path = dir.path().join("run.candor");
    let writer = EvidenceWriter::create(&path).expect("the folder is new");
    let pen = writer.pen();
    for record in records() {
        pen.write_blocking(record).expect("the writer runs");
    }
    let head = writer.finish(CaptureEnd { at: Time(9), early: None }).expect("the disk has room");
    (path, head.head.to_string())
}

pub fn verified(path: &Path) -> Verification {
    Evidence::open(path).unwrap().verify().unwrap()
}

/// Why it does not verify, or cannot be opened: one sentence.
pub fn wrong_with(path: &Path) -> Option<String> {
    let seen = match Evidence::open(path).and_then(|evidence| evidence.verify()) {
        Err(error) => return Some(error.to_string()),
        Ok(seen) => seen,
    };
    assert_eq!(seen.state == ChainState::Intact, seen.state.change().is_none());
    seen.state.change()
}

/// Changes a file as somebody does who knows SQLite: without the triggers, past the types of the columns, and
/// with the schema put back as it was.
pub fn bend(path: &Path, change: &str) {
    let connection = Connection::open(path).unwrap();
    let schema: Vec<(String, String)> = connection
        .prepare("select name, sql from sqlite_schema where sql is not null")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let loose = "pragma writable_schema = on;
        delete from sqlite_schema where type = 'trigger';
        update sqlite_schema set sql = replace(replace(sql, ' not null', ''), 'strict', '') where type = 'table';
        update sqlite_schema set sql = replace(sql, ', without rowid', 'without rowid');";
    let sql = loose.replace("'strict', '')", "') strict', ') ')");
    connection.execute_batch(&sql).unwrap();
    drop(connection);
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(change).unwrap_or_else(|error| panic!("{change}: {error}"));
    connection.execute_batch("pragma writable_schema = on").unwrap();
    for (name, sql) in schema {
        let known = connection.execute("update sqlite_schema set sql = ?2 where name = ?1", [&name, &sql]).unwrap();
        if known == 0 {
            connection.execute_batch(&sql).unwrap();
        }
    }
}
