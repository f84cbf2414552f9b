//! Audits that do not go to their end: a person's Ctrl-C, a browser that dies, a
//! Candor that is killed. What there is must be judged as what it is, and
//! nothing may be left behind.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

mod run;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use run::{
    Run,
    cut::{Begun, browser_of, left_behind, named, signal},
    data, json_of, missing,
    told::{told, verdict, verdicts},
};

const BROWSER: [&str; 3] = ["chromium", "nft", "ip"];

const REPORTING: [&str; 4] = ["reporting-browser@3.4.0", "--scenario", "brief", "--headless"];

#[test]
fn ctrl_c_ends_it_cleanly_and_what_there_is_is_judged() {
    if missing(&BROWSER) {
        return;
    }
    let mut begun = Begun::audit(&REPORTING);
    begun.until_recorded();
    // A report is sent five seconds after the visit.
    std::thread::sleep(Duration::from_secs(7));
    let family = begun.family();
    begun.interrupt();
    let run = begun.ended();
    assert!(run.said.contains("ended early (stopped by hand); judging what there is"), "{}", run.said);
    assert!([1, 3].contains(&run.status), "{}: {}", run.status, run.said);
    assert!(run.log().contains("the run ends early why=\"stopped by hand\""), "{}", run.log());
    let report = run.report();
    assert!(!told(&report).is_empty(), "what was seen by then is in the report");
    assert!(verdicts(&report).iter().all(|(_, word)| word != "kept" && word != "met"), "and is too little to acquit");
    // That the extension is the subject's own was known by then.
    assert_eq!(verdict(&report, "default-is-off"), "not-met");
    assert_eq!(Run::candor(&["verify", &run.evidence()]).status, 0);
    assert_eq!(left_behind(family), Vec::<u32>::new());
}

#[test]
fn a_browser_that_dies_fails_its_trial_which_is_said_and_tried_once_more() {
    if missing(&BROWSER) {
        return;
    }
    let mut begun = Begun::audit(&["chromium", "--scenario", "one-visit", "--headless"]);
    begun.until_a_browser_runs();
    let family = begun.family();
    signal("KILL", browser_of(&family).expect("a browser was running"));
    let run = begun.ended();
    assert!(run.said.contains(") failed: "), "{}", run.said);
    let log = run.log();
    for story in ["the subject was started", "the trial failed", "attempt=Again", "its evidence is closed"] {
        assert!(log.contains(story), "{story}: {log}");
    }
    assert_ne!(run.status, 2, "{}", run.said);
    let done = run.said.lines().filter(|line| line.trim_start().starts_with("trial ") && line.ends_with(" done"));
    assert_eq!(done.count(), 2, "both trials went to their end, one at the second try: {}", run.said);
    assert_eq!(left_behind(family), Vec::<u32>::new());
}

/// A Chromium whose driver is connected by way of two programs that can be ended
/// without it.
fn by_relay(folder: &Path) -> String {
    let program = folder.join("chromium");
    let script = r#"#!/bin/bash
case " $* " in *" --version "*) exec chromium "$@" ;; esac
exec 5<&3 6>&4
exec chromium "$@" 3< <(exec cat <&5) 4> >(exec cat >&6) 5<&- 6>&-
"#;
    fs::write(&program, script).expect("the folder is ours");
    for path in [folder, &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("they are ours");
    }
    program.display().to_string()
}

#[test]
fn a_connection_that_is_cut_fails_its_trial_which_is_said_and_tried_once_more() {
    if missing(&BROWSER) || missing(&["bash"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut begun = Begun::audit(&[&by_relay(folder.path()), "--scenario", "one-visit", "--headless"]);
    begun.until_a_browser_runs();
    let family = begun.family();
    let relays = named(&family, "cat");
    assert!(!relays.is_empty(), "the browser is driven by way of them");
    relays.into_iter().for_each(|relay| signal("KILL", relay));
    let run = begun.ended();
    assert!(run.said.contains(") failed: "), "{}", run.said);
    assert!(run.log().contains("the trial failed"), "{}", run.log());
    assert_ne!(run.status, 2, "{}", run.said);
    let done = run.said.lines().filter(|line| line.trim_start().starts_with("trial ") && line.ends_with(" done"));
    assert_eq!(done.count(), 2, "both trials went to their end at the second try: {}", run.said);
    assert_eq!(left_behind(family), Vec::<u32>::new());
}

#[test]
fn a_full_disk_ends_the_audit_and_its_log_says_so() {
    if missing(&BROWSER) || missing(&["unshare", "mount"]) {
        return;
    }
    // A file system of its own, in a mount namespace of its own.
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=600k none \"$1\" && shift && \"$@\"; status=$?; cp \"$0\"/*.log \"$0.log\"; exit $status";
    let small = folder.path().join("small");
    fs::create_dir(&small).expect("the folder is ours");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(&small).arg(&small).arg(env!("CARGO_BIN_EXE_candor"));
    command.args(["audit", "chromium", "--scenario", "one-visit", "--headless", "--data"]).arg(data());
    command.arg("--out").arg(&small).stdin(Stdio::null());
    let output = command.output().expect("unshare(1) starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let log = fs::read_to_string(folder.path().join("small.log")).expect("there was room for the log");
    assert!(log.contains("the evidence cannot be written any more") && log.contains("full"), "{log}");
}

#[test]
fn killed_at_any_moment_it_leaves_evidence_that_verifies_or_none_and_nothing_else() {
    if missing(&BROWSER) {
        return;
    }
    for milliseconds in [300, 1_700, 4_100, 6_500] {
        let mut begun = Begun::audit(&["chromium", "--scenario", "brief", "--headless"]);
        std::thread::sleep(Duration::from_millis(milliseconds));
        let family = begun.family();
        begun.kill();
        assert_eq!(left_behind(family), Vec::<u32>::new(), "after {milliseconds} ms");
        let Some(evidence) = begun.evidence() else { continue };
        let verified = Run::candor(&["verify", &evidence]);
        assert_eq!(verified.status, 0, "after {milliseconds} ms: {}", verified.said);
        assert!(verified.said.contains("ended early"), "{}", verified.said);
        assert!(!json_of(&evidence).contains("\"verdict\": \"kept\""), "after {milliseconds} ms");
    }
}

/// Homes on the host, by the process in their name.
fn homes_of(process: u32) -> Vec<PathBuf> {
    let begins = format!("candor-home-{process}-");
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&begins));
    ours.map(|entry| entry.path()).collect()
}

#[test]
fn without_a_namespace_the_next_audit_removes_what_a_killed_one_left() {
    if missing(&BROWSER) {
        return;
    }
    let arguments = ["chromium", "--scenario", "one-visit", "--headless", "--no-namespace"];
    let mut begun = Begun::audit(&arguments);
    begun.until_a_browser_runs();
    let (candor, family) = (begun.id(), begun.family());
    begun.kill();
    assert_eq!(left_behind(family), Vec::<u32>::new());
    assert!(!homes_of(candor).is_empty(), "a killed process cannot clean up");
    Run::audit(&arguments);
    assert_eq!(homes_of(candor), Vec::<PathBuf>::new());
}
