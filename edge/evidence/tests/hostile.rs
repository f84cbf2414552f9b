//! Files of evidence that somebody made to harm whoever reads them.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod stage;

use std::{fs, path::Path};

use evidence::{ChainState, Error, Evidence};
use rusqlite::Connection;

use stage::{bend, verified, written, wrong_with};

/// A file with a change that its schema does not show.
fn bent(change: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = written(&folder);
    bend(&path, change);
    // Reading it without having looked ends, too.
    let _ = Evidence::open(&path).and_then(|evidence| evidence.records(|_| {}));
    wrong_with(&path).unwrap_or_else(|| panic!("{change}: not found"))
}

#[test]
fn a_file_that_was_only_opened_and_closed_that_way_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = written(&folder);
    bend(&path, "select 1");
    assert_eq!(wrong_with(&path), None);
}

#[test]
fn no_size_of_a_body_is_believed() {
    for size in ["1 << 40", "1 << 62", "-1", "-9223372036854775808", "(64 << 20) + 1", "0", "1e300", "'much'", "null"] {
        let says = bent(&format!("update body set size = {size}"));
        assert!(says.contains("body"), "{size}: {says}");
    }
}

#[test]
fn no_content_of_a_body_is_believed() {
    for change in [
        "content = zeroblob(70000000), codec = 'plain'",
        "content = zeroblob(140000000), codec = 'zstd'",
        "content = x'28b52ffda0000000400100', codec = 'zstd', size = 1 << 26",
        "content = 'text', codec = 'plain'",
        "content = 7",
        "content = null",
        "codec = 'lzma'",
        "codec = x'00ff'",
        "digest = zeroblob(31)",
        "digest = 'x' || hex(digest)",
    ] {
        let says = bent(&format!("update body set {change} where size = 2500"));
        assert!(says.contains("body"), "{change}: {says}");
    }
}

#[test]
fn no_column_of_a_record_is_believed() {
    for change in [
        "content = '[' || hex(zeroblob(100000)) || ']'",
        "content = replace(hex(zeroblob(200000)), '00', '[')",
        "content = zeroblob(70000000)",
        "content = cast(x'ff00ff' as text)",
        "content = null",
        "content = json_set(content, '$.request.body.size', -1)",
        "content = json_set(content, '$.request.body.sha256', 'äöüäöü')",
        "content = json_set(content, '$.messages', json('{}'))",
        "kind = x'65'",
        "kind = 'unheard-of'",
        "at = 'soon'",
        "at = 1e300",
        "trial = 1 << 40",
        "trial = -1",
        "link = x''",
        "link = null",
        "link = zeroblob(140000000)",
        "seq = -9223372036854775808",
        "seq = 9223372036854775807",
        "seq = 0",
    ] {
        let says = bent(&format!("update record set {change} where seq = 7"));
        assert!(says.contains("at record") || says.contains("record "), "{change}: {says}");
    }
}

/// What was sealed can be what harms: the chain holds, and the reader has to.
#[test]
fn a_chain_that_holds_makes_no_length_true() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.candor");
    let writer = evidence::EvidenceWriter::create(&path).unwrap();
    let message = |n: i64| model::Message {
        direction: model::Direction::FromClient,
        at: model::Time(n),
        text: false,
        body: model::Body::whole(vec![7_u8; 8 << 20]),
    };
    let model::Record::Exchange(mut exchange) = stage::exchange(0, b"") else { unreachable!() };
    // Each message names the same body: a small file, and gigabytes to whoever unpacks it each time.
    exchange.messages = vec![message(0); 33];
    writer.pen().write_blocking(model::Record::Exchange(exchange)).unwrap();
    writer.finish(model::CaptureEnd { at: model::Time(0), early: None }).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    let says = wrong_with(&path).unwrap();
    assert!(says.contains("more in its bodies than Candor writes"), "{says}");
}

#[test]
fn the_schema_is_sealed() {
    let recursive = "with recursive r(n) as (select 1 union all select n + 1 from r) select n";
    let columns = "seq, n as kind, n as at, n as trial, n as content, n as link";
    for (change, names) in [
        (
            "drop view exchange; create view exchange as select seq, 'https://kind.example/' as url from record",
            "exchange",
        ),
        ("drop view phase", "phase"),
        ("create table notes (text)", "notes"),
        ("create view everything as select * from record", "everything"),
        ("create index by_kind on record (kind)", "by_kind"),
        ("create trigger added after insert on record begin select 1; end", "added"),
        ("drop trigger record_stays", "record_stays"),
        (
            "drop trigger record_stays; create trigger record_stays before update on record begin select 1; end",
            "record_stays",
        ),
        ("alter table record add column more text", "record"),
        ("alter table body add column twice integer generated always as (size * 2) virtual", "body"),
        ("analyze", "sqlite_stat1"),
        ("create virtual table words using fts5(text)", "words"),
        (
            &format!(
                "alter table record rename to record2; create view record as {recursive} as seq, {columns} from r"
            ),
            "record",
        ),
        (
            &format!("alter table body rename to body2; create view body as {recursive} as digest, n as size from r"),
            "body",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, head) = written(&folder);
        Connection::open(&path).unwrap().execute_batch(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        let evidence = Evidence::open(&path).unwrap();
        let ChainState::Changed { record: 0, says } = evidence.verify().unwrap().state else {
            panic!("{change}: not found")
        };
        assert!(says.contains(names) || says.contains("record") || says.contains("body"), "{change}: {says}");
        assert!(!says.contains(&head));
        assert!(matches!(evidence.records(|_| panic!("{change}: it was read")), Err(Error::Foreign(..))), "{change}");
        let copy = folder.path().join("copy");
        assert!(matches!(evidence.copy_into(&copy), Err(Error::Foreign(..))), "{change}");
        assert!(matches!(evidence::repair(&path), Err(Error::Repair(..))), "{change}");
    }
}

#[test]
fn a_name_in_a_hostile_schema_cannot_write_to_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = written(&folder);
    Connection::open(&path).unwrap().execute_batch("create table \"\u{1b}[2J\nintact\" (a)").unwrap();
    let says = wrong_with(&path).unwrap();
    assert!(!says.contains(['\u{1b}', '\n']), "{says:?}");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Evidence::open(folder.path()), Err(Error::NotEvidence(_))));
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(matches!(Evidence::open(&pipe), Err(Error::NotEvidence(_))));
}

/// xorshift64*: the same every time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }
}

fn mutated(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=dice.throw(12) {
        let at = dice.throw(bytes.len());
        match dice.throw(7) {
            0 => bytes[at] ^= 1 << dice.throw(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][dice.throw(5)],
            // Heads of pages hold counts and offsets.
            2 => bytes[at & !0xfff | dice.throw(64)] = dice.throw(256) as u8,
            3 => {
                let (from, length) = (dice.throw(bytes.len()), dice.throw(64));
                let part = bytes[from..(from + length).min(bytes.len())].to_vec();
                let room = (bytes.len() - at).min(part.len());
                bytes[at..at + room].copy_from_slice(&part[..room]);
            }
            4 => {
                let (a, b) = (at & !0xfff, dice.throw(bytes.len()) & !0xfff);
                let page = bytes[b..(b + 4096).min(bytes.len())].to_vec();
                let room = (bytes.len() - a).min(page.len());
                bytes[a..a + room].copy_from_slice(&page[..room]);
            }
            5 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            _ if dice.throw(8) == 0 => bytes.truncate(at.max(200)),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

/// Whatever was done to the bytes: it ends, without a panic; and who is told that it is the file of this head
/// reads the records of this head.
#[test]
fn a_bent_file_is_refused_or_is_what_was_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = written(&folder);
    let whole = fs::read(&path).unwrap();
    let (sealed, records) = (verified(&path), read(&path).unwrap());
    let mut dice = Dice(0x00c0_ffee);
    let bent = folder.path().join("bent.candor");
    let (mut refused, mut same) = (0, 0);
    for round in 0..1_000 {
        fs::write(&bent, mutated(&whole, &mut dice)).unwrap();
        let outcome = Evidence::open(&bent).and_then(|evidence| evidence.verify());
        let again = read(&bent);
        match outcome {
            Ok(seen) if seen.state == ChainState::Intact && seen.head == sealed.head => {
                assert!(again.unwrap() == records, "round {round}: another record under the same head");
                same += 1;
            }
            _ => refused += 1,
        }
    }
    assert!(refused > 300 && same > 3, "{refused} refused, {same} the same: nothing was shown");
}

fn read(path: &Path) -> Result<Vec<model::Record>, Error> {
    let mut all = Vec::new();
    Evidence::open(path)?.records(|record| all.push(record))?;
    Ok(all)
}
