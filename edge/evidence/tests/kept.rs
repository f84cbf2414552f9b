//! What of a run is there in the end, whatever others do to its files.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    task::{Context, Waker},
    time::Duration,
};

use evidence::{ChainState, Error, Evidence, EvidenceWriter, RepairAct, repair};
use model::{CaptureEnd, Note, Record, Time};
use rusqlite::{Connection, OpenFlags};

use stage::{bend, exchange, verified, written, wrong_with};

fn note(n: i64) -> Record {
    Record::Note(Note { trial: None, at: Time(n), code: "n".into(), says: "x".repeat(2_000), count: 1 })
}

/// A run under way, of which so much is on the disk.
fn under_way(folder: &Path, notes: i64) -> (PathBuf, EvidenceWriter) {
    let path = folder.join("run.candor");
    let writer = EvidenceWriter::create(&path).unwrap();
    for n in 0..notes {
        writer.pen().write_blocking(note(n)).unwrap();
    }
    settled(&writer);
    (path, writer)
}

fn settled(writer: &EvidenceWriter) {
    runtime().block_on(writer.pen().settle()).unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn wal(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

const END: CaptureEnd = CaptureEnd { at: Time(9), early: None };

fn reader(path: &Path) -> Connection {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let seen: i64 = connection.query_row("select count(*) from record", [], |row| row.get(0)).unwrap();
    assert!(seen > 0);
    connection
}

#[test]
fn what_was_handed_over_comes_to_the_disk_without_an_end_or_more_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.candor");
    let writer = EvidenceWriter::create(&path).unwrap();
    for n in 0..3 {
        writer.pen().write_blocking(note(n)).unwrap();
    }
    let eyes = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = || eyes.query_row("select count(*) from record", [], |row| row.get::<_, i64>(0)).unwrap();
    while count() < 3 {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn only_a_little_may_wait_for_the_disk_whoever_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 1);
    // Nothing is committed as long as somebody else writes.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let pen = writer.pen();
    let handed_over = (0..).take_while(|n| {
        let mut write = Box::pin(pen.write(note(*n)));
        write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    });
    let waiting = handed_over.count();
    assert!((16..=512).contains(&waiting), "{waiting} records may be lost at once");
    // Bodies count by their size.
    let mut large = Box::pin(pen.write(exchange(0, &vec![1; 4 << 20])));
    assert!(large.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    other.execute_batch("commit").unwrap();
    runtime().block_on(large).unwrap();
    writer.finish(END).unwrap();
    assert_eq!(verified(&path).records, waiting as u64 + 3);
}

/// Each is done between two records; none may end with a head.
#[test]
fn evidence_that_is_taken_away_under_its_writer_ends_the_run_loudly() {
    type Attack = fn(&Path);
    let attacks: [(&str, Attack, &str); 9] = [
        ("deleted", |path| fs::remove_file(path).unwrap(), "deleted or moved"),
        ("moved", |path| fs::rename(path, path.with_extension("away")).unwrap(), "deleted or moved"),
        (
            "replaced",
            |path| {
                let other = path.with_extension("other");
                fs::copy(path, &other).unwrap();
                fs::rename(&other, path).unwrap();
            },
            "replaced",
        ),
        ("emptied", |path| drop(fs::File::create(path).unwrap()), "cut short"),
        ("cut", |path| fs::File::options().write(true).open(path).unwrap().set_len(4096).unwrap(), "cut short"),
        ("its log deleted", |path| fs::remove_file(wal(path)).unwrap(), "-wal"),
        ("its log emptied", |path| drop(fs::File::create(wal(path)).unwrap()), "damaged"),
        (
            "its log cut",
            |path| {
                let log = fs::File::options().write(true).open(wal(path)).unwrap();
                log.set_len(log.metadata().unwrap().len() / 2).unwrap();
            },
            "damaged",
        ),
        ("its folder deleted", |path| fs::remove_dir_all(path.parent().unwrap()).unwrap(), "deleted or moved"),
    ];
    for (what, attack, says) in attacks {
        for goes_on in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("place");
            fs::create_dir(&place).unwrap();
            let (path, writer) = under_way(&place, 20);
            attack(&path);
            if goes_on {
                // Whoever captures learns of it by the next commit.
                let pen = writer.pen();
                let _ = pen.write_blocking(note(100));
                runtime().block_on(pen.stopped());
                assert!(pen.write_blocking(note(101)).is_err(), "{what}");
            }
            let error = writer.finish(END).expect_err(what);
            assert!(matches!(error, Error::Lost(..)), "{what}, {goes_on}: {error}");
            assert!(error.to_string().contains(says), "{what}: {error}");
        }
    }
}

#[test]
fn a_program_that_folds_the_log_in_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 20);
    let other = Connection::open(&path).unwrap();
    other.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    assert_eq!(fs::metadata(wal(&path)).unwrap().len(), 0);
    drop(other);
    writer.pen().write_blocking(note(20)).unwrap();
    settled(&writer);
    let sealed = writer.finish(END).unwrap();
    assert_eq!((verified(&path).records, verified(&path).head), (22, sealed.head));
}

#[test]
fn an_idle_reader_costs_neither_the_head_nor_the_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 20);
    let idle = reader(&path);
    let sealed = writer.finish(END).unwrap();
    assert!(!sealed.needs_wal);
    assert_eq!(sealed.says(&path), None);
    // The main file has all of it.
    let alone = folder.path().join("alone.candor");
    fs::copy(&path, &alone).unwrap();
    for file in [&path, &alone] {
        let seen = verified(file);
        assert_eq!((seen.state, seen.head, seen.records, seen.ended), (ChainState::Intact, sealed.head, 21, true));
    }
    drop(idle);
}

#[test]
fn a_reader_in_a_transaction_costs_no_head_and_what_belongs_together_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 20);
    let busy = reader(&path);
    busy.execute_batch("begin").unwrap();
    busy.query_row("select count(*) from record", [], |_| Ok(())).unwrap();
    for n in 20..40 {
        writer.pen().write_blocking(note(n)).unwrap();
    }
    settled(&writer);
    let sealed = writer.finish(END).unwrap();
    assert!(sealed.needs_wal);
    let says = sealed.says(&path).unwrap();
    assert!(says.contains("run.candor-wal are the evidence together") && says.contains("--repair"), "{says}");
    assert_eq!(verified(&path).head, sealed.head);
    // As long as it is open nobody joins them.
    let error = repair(&path).unwrap_err();
    assert!(error.to_string().contains("another program has it open"), "{error}");
    // What it had moved from one place to another is named, where a part of it is missing.
    let alone = folder.path().join("alone.candor");
    fs::copy(&path, &alone).unwrap();
    let error = wrong_with(&alone).unwrap();
    assert!(error.contains("alone.candor-wal") && error.contains("candor verify --repair"), "{error}");
    drop(busy);
    let repaired = repair(&path).unwrap();
    assert_eq!((repaired.did, repaired.seen.head), (RepairAct::JoinedWal, sealed.head));
    assert!(!wal(&path).exists());
    assert_eq!((verified(&path).head, verified(&path).records), (sealed.head, 41));
    assert_eq!(repair(&path).unwrap().did, RepairAct::Nothing);
}

/// Copies of the files as they are, as a kill leaves them.
fn killed(path: &Path, to: &Path, with_log: bool) -> PathBuf {
    let copy = to.join("killed.candor");
    fs::copy(path, &copy).unwrap();
    if with_log {
        fs::copy(wal(path), wal(&copy)).unwrap();
    }
    copy
}

#[test]
fn after_a_kill_the_files_are_the_evidence_together_and_one_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 600);
    let (whole, part) = (folder_of("whole", &folder), folder_of("part", &folder));
    let (whole, part) = (killed(&path, whole.path(), true), killed(&path, part.path(), false));
    let seen = verified(&whole);
    assert_eq!((seen.state.clone(), seen.records, seen.ended), (ChainState::Intact, 600, false));

    let missing = Evidence::open(&part).unwrap_err();
    assert!(matches!(missing, Error::WalMissing(_)), "{missing}");
    let says = missing.to_string();
    assert!(says.contains("killed.candor-wal") && says.contains("candor verify --repair"), "{says}");

    let joined = repair(&whole).unwrap();
    assert_eq!((joined.did, joined.seen.clone()), (RepairAct::JoinedWal, seen.clone()));
    assert!(!wal(&whole).exists());
    assert_eq!(verified(&whole), seen);
    drop(writer);
}

#[test]
fn what_a_main_file_holds_is_a_file_if_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 100);
    let other = Connection::open(&path).unwrap();
    other.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).unwrap();
    drop(other);
    (100..200).for_each(|n| writer.pen().write_blocking(note(n)).unwrap());
    settled(&writer);
    let part = folder_of("part", &folder);
    let part = killed(&path, part.path(), false);
    assert!(wrong_with(&part).is_some());
    let repaired = repair(&part).unwrap();
    assert_eq!(repaired.did, RepairAct::WithoutWal);
    let seen = verified(&part);
    assert_eq!((seen.state, seen.ended), (ChainState::Intact, false));
    assert_eq!(seen.records, 100);
    drop(writer);
}

#[test]
fn a_main_file_without_a_single_record_is_named_too_also_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _writer) = under_way(folder.path(), 1);
    let part = folder_of("part", &folder);
    let part = killed(&path, part.path(), false);
    assert!(matches!(Evidence::open(&part), Err(Error::WalMissing(_))));
    // Before, the main file said nothing until the first checkpoint.
    let old = folder.path().join("old.candor");
    let connection = Connection::open(&old).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "application_id", 0x434e_4452).unwrap();
    let alone = folder.path().join("alone.candor");
    fs::copy(&old, &alone).unwrap();
    assert!(matches!(Evidence::open(&alone), Err(Error::WalMissing(_))));
}

#[test]
fn nothing_is_repaired_that_is_written_or_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, writer) = under_way(folder.path(), 20);
    let error = repair(&path).unwrap_err();
    assert!(error.to_string().contains("still writes it"), "{error}");
    writer.pen().write_blocking(note(20)).unwrap();
    let sealed = writer.finish(END).unwrap();
    assert_eq!(verified(&path).head, sealed.head);

    let changed = folder_of("changed", &folder);
    let (path, _) = written(&changed);
    bend(&path, "update record set at = at + 1 where seq = 3");
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(repair(&path).unwrap_err().to_string().contains("it was changed: at record 3"));
    assert!(before == fs::read(&path).unwrap(), "a changed file was touched");
}

fn folder_of(name: &str, inside: &tempfile::TempDir) -> tempfile::TempDir {
    tempfile::Builder::new().prefix(name).tempdir_in(inside.path()).unwrap()
}

#[test]
fn a_link_is_not_followed_to_where_nobody_wanted_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("run.candor"), folder.path().join("elsewhere"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(matches!(EvidenceWriter::create(&link), Err(Error::Create(..))));
    assert!(!target.exists());
}
