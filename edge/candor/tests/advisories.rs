//! `scripts/advisories` says what it knew: a database that cannot be had is neither
//! a failure nor a success.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// Runs it with a cargo whose `deny` does this, and with these databases, each of a day.
fn run(deny: &str, databases: &[&str]) -> (bool, String) {
    let at = tempfile::tempdir().unwrap();
    let cargo = at.path().join("cargo");
    std::fs::write(&cargo, format!("#!/bin/sh\nshift\ncase \"$*\" in\n{deny}\n*) exit 0;;\nesac\n")).unwrap();
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    for day in databases {
        let folder = at.path().join("advisory-dbs").join(day);
        std::fs::create_dir_all(&folder).unwrap();
        git(&folder, day, &["init", "--quiet"]);
        git(&folder, day, &["commit", "--quiet", "--allow-empty", "--message", "advisories"]);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/advisories");
    let Output { status, stdout, .. } =
        Command::new(script).env("CARGO", &cargo).env("CARGO_HOME", at.path()).output().expect("the script starts");
    (status.success(), String::from_utf8_lossy(&stdout).into_owned())
}

fn git(folder: &Path, day: &str, arguments: &[&str]) {
    let date = format!("{day}T12:00:00+0000");
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=x", "-c", "user.email=x@x.example"]).args(arguments);
    let status = command.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date).status();
    assert!(status.expect("git starts").success());
}

#[test]
fn the_date_of_the_advisories_is_said() {
    let (went_well, says) = run("", &["2026-08-21", "2026-11-02"]);
    assert!(went_well);
    assert_eq!(says, "advisories: checked against the database of 2026-11-02\n");
}

#[test]
fn advisories_that_could_not_be_renewed_are_said_to_be_old() {
    let (went_well, says) = run("'fetch db') exit 1;;", &["2026-08-21"]);
    assert!(went_well);
    assert_eq!(says, "advisories: checked against the database of 2026-08-21, which could not be renewed now\n");
}

#[test]
fn without_a_database_nothing_was_checked_and_that_is_said() {
    let (went_well, says) = run("'fetch db') exit 1;;", &[]);
    assert!(went_well && says.starts_with("advisories: NOT CHECKED: the database"), "{says}");
}

#[test]
fn without_the_tool_nothing_was_checked_and_that_is_said() {
    let (went_well, says) = run("--version) exit 101;;", &["2026-08-21"]);
    assert!(went_well && says.starts_with("advisories: NOT CHECKED: cargo-deny is not here"), "{says}");
}

#[test]
fn what_is_found_is_a_failure() {
    for found in ["'--offline check advisories') exit 1;;", "'--offline check licenses bans sources') exit 1;;"] {
        let (went_well, says) = run(found, &["2026-08-21"]);
        assert!(!went_well && !says.contains("checked against"), "{says}");
    }
}
