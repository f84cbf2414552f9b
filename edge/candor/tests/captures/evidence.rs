//! Evidence of Candor's own among the captures.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use evidence::EvidenceWriter;
use model::{Body, CaptureEnd, Exchange, IngressKind, Record, Request, Run, Time};
use serde_json::Value;

use crate::candor;

fn exchange(index: u64, url: &str) -> Record {
    Record::Exchange(Box::new(Exchange {
        index,
        trial: None,
        connection: index,
        started: Time(1_000 + index as i64),
        ended: None,
        inlet: IngressKind::Proxy,
        client: Arc::default(),
        request: Request {
            method: "GET".into(),
            url: url.into(),
            version: "HTTP/2".into(),
            headers: vec![],
            body: Body::default(),
        },
        response: None,
        messages: vec![],
        seal: None,
    }))
}

fn written(folder: &Path, name: &str, records: Vec<Record>) -> PathBuf {
    let path = folder.join(name);
    let writer = EvidenceWriter::create(&path).expect("the folder is new");
    let pen = writer.pen();
    for record in records {
        pen.write_blocking(record).expect("there is room");
    }
    drop(pen);
    writer.finish(CaptureEnd { at: Time(9_000), early: None }).expect("it is sealed");
    path
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

const CANARIES: &str = r#"{"canaries": [{"id": "word", "kind": "search", "value": "qvwzk7rtplmxn"}]}"#;

#[test]
fn two_files_of_evidence_and_a_har_are_looked_at_in_one_run() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let one = written(folder.path(), "one.candor", vec![exchange(0, "https://a.example/?q=qvwzk7rtplmxn")]);
    let urls = ["https://b.example/", "https://b.example/?q=nxmlptr7kzwvq"];
    let two = written(folder.path(), "two.candor", vec![exchange(0, urls[0]), exchange(1, urls[1])]);
    let (har, canaries) = (folder.path().join("three.har"), folder.path().join("canaries.json"));
    let entry = r#"{"request":{"method":"GET","url":"https://c.example/?q=cXZ3ems3cnRwbG14bg"}}"#;
    std::fs::write(&har, format!(r#"{{"log":{{"entries":[{entry}]}}}}"#)).expect("a file");
    std::fs::write(&canaries, CANARIES).expect("a file");
    let ran = candor(
        &["analyze", path(&one), path(&two), path(&har), "--canaries", path(&canaries), "--format", "json"],
        b"",
    );
    let report: Value = serde_json::from_slice(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.said));
    let list = |name: &str, key: &str| -> Vec<String> {
        report[name].as_array().expect("a list").iter().map(|one| one[key].to_string()).collect()
    };
    assert_eq!(list("captures", "format"), ["\"candor\"", "\"candor\"", "\"har\""]);
    assert_eq!(list("captures", "exchanges"), ["1", "2", "1"]);
    assert_eq!(list("sightings", "capture"), ["0", "1", "2"]);
    assert_eq!(report["coverage"]["exchanges"], 4);
}

#[test]
fn two_experiments_are_not_judged_as_one() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = |at| vec![Record::Run(Run { started: Time(at), ..Run::default() })];
    let (one, two) = (written(folder.path(), "one.candor", run(1)), written(folder.path(), "two.candor", run(2)));
    let ran = candor(&["analyze", path(&one), path(&two)], b"");
    assert_eq!(ran.status, Some(2), "{}", ran.said);
    assert!(ran.said.contains("two.candor holds a second experiment"), "{}", ran.said);
}

#[test]
fn evidence_that_was_cut_ends_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let whole = written(folder.path(), "whole.candor", vec![exchange(0, "https://a.example/")]);
    let bytes = std::fs::read(&whole).expect("it was written");
    let cut = folder.path().join("cut.candor");
    for length in [16, 100, 4_000, bytes.len() / 2] {
        std::fs::write(&cut, &bytes[..length]).expect("a file");
        let ran = candor(&["analyze", path(&cut)], b"");
        assert_eq!(ran.status, Some(2), "{length}: {}", ran.said);
        assert!(ran.said.contains("cut.candor") && ran.said.trim().lines().count() == 1, "{length}: {}", ran.said);
    }
}

/// Made to harm, each in another way; none may take the others with it.
#[test]
fn hostile_files_in_a_folder_are_a_sentence_each_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let bends = [
        ("size", "update body set size = 1 << 40"),
        ("negative", "update body set size = -1"),
        ("empty", "update body set content = zeroblob(9)"),
        ("deep", "update record set content = replace(hex(zeroblob(100000)), '00', '[')"),
        ("view", "drop view exchange; create view exchange as select 1 as seq, 'https://kind.example/' as url"),
        ("more", "create table more (a)"),
    ];
    for (name, bend) in bends {
        let file = body_written(folder.path(), &format!("{name}.candor"));
        let database = rusqlite::Connection::open(&file).expect("it was written");
        let triggers = "select group_concat(sql, ';') from sqlite_schema where type = 'trigger'";
        let triggers: String = database.query_row(triggers, [], |row| row.get(0)).expect("they are listed");
        let drop = "drop trigger record_stays; drop trigger record_stays_too; drop trigger body_stays; drop trigger body_stays_too";
        database
            .execute_batch(&format!("{drop}; {bend}; {triggers};"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for command in ["verify", "report", "analyze"] {
            let ran = candor(&[command, path(&file)], b"");
            let expected = if command == "verify" { 1 } else { 2 };
            assert_eq!(
                ran.status,
                Some(expected),
                "{command} {name}: {} {}",
                String::from_utf8_lossy(&ran.out),
                ran.said
            );
            let says = if command == "verify" { String::from_utf8_lossy(&ran.out).into_owned() } else { ran.said };
            assert!(says.contains("changed") && says.trim().lines().count() == 1, "{command} {name}: {says}");
        }
    }
    let canaries = folder.path().join("canaries.json");
    std::fs::write(&canaries, CANARIES).expect("a file");
    written(folder.path(), "sound.candor", vec![exchange(0, "https://a.example/?q=qvwzk7rtplmxn")]);
    let ran = candor(&["analyze", path(folder.path()), "--canaries", path(&canaries), "--format", "json"], b"");
    let report: Value = serde_json::from_slice(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.said));
    assert_eq!(report["sightings"].as_array().expect("a list").len(), 1, "the sound file was not read");
    assert_eq!(report["gaps"].as_array().expect("a list").len(), bends.len());
    assert_eq!(ran.status, Some(2), "{}", ran.said);
    assert!(bends.iter().all(|(name, _)| ran.said.contains(&format!("{name}.candor was changed"))), "{}", ran.said);
}

fn body_written(folder: &Path, name: &str) -> PathBuf {
    let Record::Exchange(mut with_body) = exchange(0, "https://a.example/") else { unreachable!("it is one") };
    with_body.request.body = Body::whole(vec![b'a'; 5_000]);
    written(folder, name, vec![Record::Exchange(with_body)])
}
