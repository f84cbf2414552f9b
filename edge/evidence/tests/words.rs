//! Words that are recognised again stand in evidence as they always did.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use evidence::{Evidence, EvidenceWriter};
use model::{
    AnsweredBy, Arm, Body, CaptureEnd, Client, Exchange, IngressKind, Note, NoteCode, Record, Request, Response, Run,
    RunCondition, RunSwitch, Seal, SealReason, SwitchSetting, Time, Trial,
};
use rusqlite::Connection;

/// The records as they are read again, and their text in the file.
fn kept(records: &[Record]) -> (Vec<Record>, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("words.candor");
    let writer = EvidenceWriter::create(&path).unwrap();
    records.iter().for_each(|record| writer.pen().write_blocking(record.clone()).unwrap());
    writer.finish(CaptureEnd { at: Time(0), early: None }).unwrap();
    let mut again = Vec::new();
    Evidence::open(&path).unwrap().records(|record| again.push(record)).unwrap();
    again.pop();
    let connection = Connection::open(&path).unwrap();
    let mut rows = connection.prepare("select content from record order by seq").unwrap();
    let text: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (again, text.join("\n"))
}

fn exchange(by: AnsweredBy, seal: Option<Seal>) -> Record {
    let (version, headers, body) = (String::new(), vec![], Body::default());
    let request = Request { method: "GET".into(), url: "https://a.example/".into(), version, headers, body };
    let (version, headers, body) = (String::new(), vec![], Body::default());
    Record::Exchange(Box::new(Exchange {
        index: 0,
        trial: Some(1),
        connection: 0,
        started: Time(0),
        ended: None,
        inlet: IngressKind::Proxy,
        client: Arc::new(Client::default()),
        request,
        response: Some(Response { status: 200, version, headers, body, by }),
        messages: vec![],
        seal,
    }))
}

fn note(code: NoteCode) -> Record {
    Record::Note(Note { trial: None, at: Time(0), code, says: String::new(), count: 1 })
}

#[test]
fn what_this_candor_knows_keeps_its_word() {
    let codes = NoteCode::KNOWN.iter().cloned().map(note);
    let answers = AnsweredBy::KNOWN.iter().cloned().map(|by| exchange(by, None));
    let records: Vec<Record> = codes.chain(answers).collect();
    let (again, text) = kept(&records);
    assert!(numbered(again) == numbered(records));
    for word in [
        r#"{"code":"not-done","#,
        r#"{"code":"default-read","#,
        r#"{"code":"quic-refused","#,
        r#"{"code":"closed-after-handshake","#,
        r#""by":"upstream""#,
        r#""by":"sinkhole""#,
        r#""by":"honey""#,
        r#""by":"guard""#,
        r#""by":"proxy""#,
        r#""by":"resolver""#,
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn words_of_a_later_candor_are_read_and_kept() {
    let switch = RunSwitch { name: "usage".into(), position: "half-on".into() };
    let conditions = vec![RunCondition::ByHand, "on the moon".into()];
    let records = vec![
        Record::Run(Run { conditions, ..Run::default() }),
        Record::Trial(Trial { id: 1, arm: Arm { switches: vec![switch], ..Arm::default() }, ..Trial::default() }),
        note("not-thought-of".into()),
        exchange("somebody".into(), None),
    ];
    let (again, text) = kept(&records);
    assert!(numbered(again) == numbered(records));
    for word in ["half-on", "on the moon", "used by hand, through the proxy set on it", "not-thought-of", "somebody"] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn positions_of_switches_keep_their_words() {
    let at = |position: &SwitchSetting| RunSwitch { name: "s".into(), position: position.clone() };
    let switches = SwitchSetting::KNOWN.iter().map(at).collect();
    let trial = Trial { id: 1, arm: Arm { switches, ..Arm::default() }, ..Trial::default() };
    let (again, text) = kept(&[Record::Trial(trial.clone())]);
    assert!(again == [Record::Trial(trial)]);
    let expected = r#""switches":[["s","default"],["s","on"],["s","off"],["s","turned-off"],["s","as-left"]]"#;
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_client_that_hung_up_is_told_from_one_that_sent_an_alert() {
    let seal = |says| Some(Seal { reason: SealReason::Refused, says, sent: 1, received: 2 });
    let hung_up = exchange(AnsweredBy::Proxy, seal(Seal::HUNG_UP.into()));
    let refused = exchange(AnsweredBy::Proxy, seal("alert unknown_ca".into()));
    let records = vec![hung_up, refused];
    let (again, text) = kept(&records);
    assert!(numbered(again) == numbered(records));
    let as_ever = r#""seal":{"reason":"refused","says":"hung up on our certificate without an alert","#;
    assert!(text.contains(as_ever), "{text}");
}

/// Exchanges are numbered where they are read.
fn numbered(mut records: Vec<Record>) -> Vec<Record> {
    let exchanges = records.iter_mut().filter_map(|record| match record {
        Record::Exchange(exchange) => Some(exchange),
        _ => None,
    });
    exchanges.enumerate().for_each(|(index, exchange)| exchange.index = index as u64);
    records
}
