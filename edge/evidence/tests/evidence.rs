//! What is written is what is read, and what was changed is found.

mod stage;

use evidence::{ChainState, Error, Evidence, EvidenceWriter};
use model::*;
use rusqlite::Connection;

use stage::{bend, exchange, records, written};

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
        drop(connection);
        bend(&path, change);
        let verification = Evidence::open(&path).unwrap().verify().unwrap();
        assert!(matches!(verification.state, ChainState::Changed { record: 1.., .. }), "{what} was not found");
    }
}

#[test]
fn a_shortened_file_is_intact_but_has_another_head_and_no_end() {
    let dir = tempfile::tempdir().unwrap();
    let (path, head) = written(&dir);
    bend(&path, "delete from record where seq > 8");
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
    let head = writer.finish(CaptureEnd { at: Time(0), early: None }).unwrap().head;
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
