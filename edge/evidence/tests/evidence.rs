//! What is written is what is read, and what was changed is found.

use std::sync::Arc;

use evidence::{ChainState, Error, Evidence, EvidenceWriter};
use model::*;
use rusqlite::Connection;

fn exchange(n: u64, body: &[u8]) -> Record {
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

fn records() -> Vec<Record> {
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

fn written(dir: &tempfile::TempDir) -> (std::path::PathBuf, String) {
    let path = dir.path().join("run.candor");
    let writer = EvidenceWriter::create(&path).expect("the folder is new");
    let pen = writer.pen();
    for record in records() {
        pen.write_blocking(record).expect("the writer runs");
    }
    let head = writer.finish(CaptureEnd { at: Time(9), early: None }).expect("the disk has room");
    (path, head.to_string())
}

#[test]
fn what_is_written_is_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (path, head) = written(&dir);
    let evidence = Evidence::open(&path).unwrap();
    let mut read = Vec::new();
    evidence.records(|record| read.push(record)).unwrap();
    let mut expected = records();
    expected.push(Record::End(CaptureEnd { at: Time(9), early: None }));
    assert!(read == expected, "a record came back changed");

    let verification = evidence.verify().unwrap();
    assert_eq!(verification.state, ChainState::Intact);
    assert_eq!(verification.head.to_string(), head);
    assert!(verification.ended);
}

#[test]
fn equal_bodies_are_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = written(&dir);
    let bodies: i64 = Connection::open(path).unwrap().query_row("select count(*) from body", [], |r| r.get(0)).unwrap();
    // Four contents, and the one ClientHello that all exchanges name.
    assert_eq!(bodies, 5);
}

#[test]
fn every_change_is_found() {
    for (what, change) in [
        ("a word", "update record set content = replace(content, 'a.example', 'b.example') where seq = 7"),
        ("a time", "update record set at = at + 1 where seq = 7"),
        ("a row taken out", "delete from record where seq = 5"),
        ("a body", "update body set content = x'00', codec = 'plain' where size = 5"),
        ("a body taken out", "delete from body where size = 2"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (path, _) = written(&dir);
        let connection = Connection::open(&path).unwrap();
        assert!(connection.execute(change, []).is_err(), "{what}: the file itself must refuse it");
        connection
            .execute_batch(
                "drop trigger record_stays; drop trigger record_stays_too; drop trigger body_stays; drop trigger body_stays_too",
            )
            .unwrap();
        assert!(connection.execute(change, []).unwrap() > 0, "{what}: nothing was changed");
        drop(connection);
        let verification = Evidence::open(&path).unwrap().verify().unwrap();
        assert!(matches!(verification.state, ChainState::Changed { .. }), "{what} was not found");
    }
}

#[test]
fn a_shortened_file_is_intact_but_has_another_head_and_no_end() {
    let dir = tempfile::tempdir().unwrap();
    let (path, head) = written(&dir);
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("drop trigger record_stays_too; delete from record where seq > 8").unwrap();
    drop(connection);
    let verification = Evidence::open(&path).unwrap().verify().unwrap();
    assert_eq!(verification.state, ChainState::Intact);
    assert_ne!(verification.head.to_string(), head);
    assert!(!verification.ended);
}

#[test]
fn another_file_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    std::fs::write(&path, "no database at all, but long enough to be read as a header").unwrap();
    assert!(matches!(Evidence::open(&path), Err(Error::NotEvidence(_))));
    assert!(matches!(Evidence::open(&dir.path().join("absent")), Err(Error::Open(..))));
}

#[test]
fn evidence_is_never_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = written(&dir);
    assert!(matches!(EvidenceWriter::create(&path), Err(Error::Create(..))));
}

#[test]
fn a_clock_that_is_set_back_between_records_breaks_no_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jump.candor");
    let writer = EvidenceWriter::create(&path).unwrap();
    for at in [2_000_000_000_000_000, 1_000_000_000_000_000, -5, i64::MAX] {
        let note = model::Note { trial: None, at: Time(at), code: "clock".into(), says: String::new(), count: 1 };
        writer.pen().write_blocking(Record::Note(note)).unwrap();
    }
    let head = writer.finish(CaptureEnd { at: Time(0), early: None }).unwrap();
    let seen = Evidence::open(&path).unwrap().verify().unwrap();
    assert_eq!((seen.state, seen.head, seen.records, seen.ended), (ChainState::Intact, head, 5, true));
}

#[test]
fn large_bodies_wait_for_room_and_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.candor");
    let writer = EvidenceWriter::create(&path).unwrap();
    // More than the room there is, from two at once; each another, so that each is kept.
    let hands: Vec<_> = (0..2_u64)
        .map(|hand| {
            let pen = writer.pen();
            std::thread::spawn(move || {
                for n in 0..20 {
                    let body = [vec![(hand * 100 + n) as u8; 8], vec![7; 4 << 20]].concat();
                    pen.write_blocking(exchange(n, &body)).unwrap();
                }
            })
        })
        .collect();
    hands.into_iter().for_each(|hand| hand.join().unwrap());
    writer.finish(CaptureEnd { at: Time(0), early: None }).unwrap();
    let mut seen = 0;
    Evidence::open(&path).unwrap().records(|_| seen += 1).unwrap();
    assert_eq!(seen, 41);
}
