//! Captures made to cost, and files that are none: a gap or one sentence, and
//! memory that stays bounded.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::candor;

/// Kilobytes of address space that the program gets: far less than copies of
/// what the captures below unpack to.
const ROOM: usize = 1 << 20;

/// Status, report and talk of a run on one core within [`ROOM`].
fn within(capture: &Path) -> (Option<i32>, Value, String) {
    let script = format!("ulimit -v {ROOM}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_candor"), "analyze", "--jobs", "1", "--format", "json"])
        .arg(capture)
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.code(), report, said)
}

fn har(folder: &Path, body: &str) -> std::path::PathBuf {
    let entry = format!(r#"{{"request":{{"method":"POST","url":"https://a.example/","postData":{body}}}}}"#);
    let path = folder.join("a.har");
    std::fs::write(&path, format!(r#"{{"log":{{"entries":[{entry},{entry}]}}}}"#)).expect("a file");
    path
}

fn is_over_budget(report: &Value) -> bool {
    report["gaps"].as_array().expect("gaps").iter().any(|gap| gap["why"] == "budget")
}

#[test]
fn a_body_of_64_mib_costs_a_gap_and_bounded_memory() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let capture = har(folder.path(), &format!(r#"{{"text":"{}"}}"#, "word=and+word&".repeat((64 << 20) / 14)));
    let (status, report, said) = within(&capture);
    assert_eq!(status, Some(3), "{said}");
    assert!(is_over_budget(&report), "{}", report["gaps"]);
    assert_eq!(report["coverage"]["exchanges"], 2);
}

#[test]
fn a_body_that_unpacks_to_a_gigabyte_costs_a_gap_and_bounded_memory() {
    let mut packed = Vec::new();
    let mut writer = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::best());
    let megabyte = vec![b'a'; 1 << 20];
    (0..1_024).try_for_each(|_| writer.write_all(&megabyte)).expect("writing to memory");
    writer.finish().expect("writing to memory");
    let folder = tempfile::tempdir().expect("a scratch folder");
    let body = format!(r#"{{"encoding":"base64","text":"{}"}}"#, STANDARD.encode(&packed));
    let (status, report, said) = within(&har(folder.path(), &body));
    assert_eq!(status, Some(3), "{said}");
    assert!(is_over_budget(&report), "{}", report["gaps"]);
}

#[test]
fn brackets_without_end_end() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("deep.har");
    for deep in
        ["[".repeat(1 << 20), "{\"log\":".repeat(1 << 18), format!("{{\"log\":{{\"entries\":{}", "[".repeat(1 << 20))]
    {
        std::fs::write(&path, deep).expect("a file");
        let ran = candor(&["analyze", path.to_str().expect("a plain path")], b"");
        assert!(matches!(ran.status, Some(2 | 3)), "{:?}: {}", ran.status, ran.said);
    }
}

#[test]
fn a_capture_broken_anywhere_ends_in_a_sentence_or_in_gaps() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for name in ["capture.har", "capture.mitm"] {
        let whole = std::fs::read(crate::corpus("sa-python.batch").join(name)).expect("it is in the corpus");
        let broken = folder.path().join(name);
        for part in 1..8 {
            let at = whole.len() * part / 8;
            let mut other = whole.clone();
            other[at..at + 8].copy_from_slice(b"\0\xff{[\"}]\\");
            for bytes in [&whole[..at], &other] {
                std::fs::write(&broken, bytes).expect("a file");
                let ran = candor(&["analyze", broken.to_str().expect("a plain path")], b"");
                let fits = match ran.status {
                    Some(2) => ran.said.trim().lines().count() == 1 && ran.out.is_empty(),
                    Some(0 | 1 | 3) => !ran.out.is_empty(),
                    _ => false,
                };
                assert!(fits, "{name} at {at}: {:?} {}", ran.status, ran.said);
            }
        }
    }
}
