//! The main job on a real Chromium, from start to verdict, through the program
//! as a person runs it. Where a browser or the right to make namespaces is
//! missing, a test says so and passes.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

mod run;

use run::{
    Run, json_of, missing,
    told::{decoys_seen, text, told, verdict, verdicts},
};

#[test]
fn chromium_with_upstream_defaults_tells_the_engine_what_is_typed_and_google_a_digest_of_the_site() {
    if missing(&["chromium", "Xvfb", "xdotool", "nft", "ip"]) {
        return;
    }
    let run = Run::audit(&["chromium@upstream-defaults", "--scenario", "brief", "--seed", "7"]);
    assert_eq!(run.status, 1, "an expectation that is not met is exit 1: {}", run.said);
    let report = run.report();

    assert_eq!(verdict(&report, "private-reports-nothing"), "not-met");
    let seen = told(&report);
    let autofill = |mode: &str| {
        seen.iter().any(|seen| {
            seen.kind == "visited-host"
                && seen.host == "content-autofill.googleapis.com"
                && seen.guise.starts_with("sha1-prefix8")
                && seen.trail.contains("protobuf 2.1")
                && seen.phase.starts_with(mode)
        })
    };
    assert!(autofill("private") && autofill("normal"), "the form's digest is sent in both modes");
    let typed = |mode: &str| {
        let is_asked = |seen: &run::told::Told| seen.kind == "typed-text" && seen.host == "duckduckgo.com";
        seen.iter().any(|seen| is_asked(seen) && seen.phase.starts_with(mode))
    };
    assert!(typed("normal"), "suggestions are asked for in normal mode");
    assert!(!typed("private"), "and not in private");
    assert_eq!(decoys_seen(&report), 0);

    let google = report["destinations"].as_array().unwrap();
    let update = google.iter().find(|d| d["host"] == "update.googleapis.com").expect("updates are asked for");
    assert_eq!((text(&update["owner"]), text(&update["purpose"])), ("Google".into(), "update".into()));

    assert_eq!(json_of(&run.evidence()), json_of(&run.evidence()), "rendered twice, the same bytes");
    let verified = Run::candor(&["verify", &run.evidence()]);
    assert_eq!(verified.status, 0, "{}", verified.said);
}

#[test]
fn a_subject_that_refuses_our_certificate_is_never_called_kept() {
    if missing(&["chromium", "nft", "ip"]) {
        return;
    }
    let run = Run::audit(&["distrustful", "--scenario", "one-visit", "--headless", "--fail-on", "critical"]);
    let log = run.log();
    assert!(
        log.contains("a client ended the TLS handshake") && log.contains("refused our certificate: alert"),
        "{log}"
    );
    assert_eq!(run.status, 3, "{}", run.said);
    let report = run.report();
    for (promise, verdict) in verdicts(&report) {
        assert!(["untested", "unclear", "for-an-authority"].contains(&verdict.as_str()), "{promise} is {verdict}");
    }
    assert!(report["coverage"]["sealed"].as_u64() > Some(0), "what was refused is counted");
}

#[test]
fn without_a_namespace_nothing_is_called_kept() {
    if missing(&["chromium"]) {
        return;
    }
    let run = Run::audit(&["chromium", "--scenario", "one-visit", "--headless", "--no-namespace"]);
    let report = run.report();
    for (promise, verdict) in verdicts(&report) {
        assert!(!["kept", "met"].contains(&verdict.as_str()), "{promise} is {verdict}");
    }
    assert!(run.said.contains("not watched"), "{}", run.said);
}

#[test]
fn a_killed_audit_leaves_evidence_that_verifies_and_nothing_else() {
    if missing(&["chromium", "nft", "ip"]) {
        return;
    }
    let killed = Run::kill_in_mid_audit(&["chromium", "--scenario", "brief", "--headless"]);
    assert!(killed.survivors.is_empty(), "left behind: {:?}", killed.survivors);
    let verified = Run::candor(&["verify", &killed.evidence]);
    assert_eq!(verified.status, 0, "{}", verified.said);
    assert!(verified.said.contains("ended early"), "{}", verified.said);
    let report = json_of(&killed.evidence);
    assert!(report.contains("\"exchanges\""), "what there is can be judged");
    assert!(!report.contains("\"verdict\": \"kept\""), "and is not enough to acquit");
}

#[test]
fn what_cannot_run_says_so_in_one_sentence() {
    for (arguments, says) in [
        (&["absent"][..], "install the Debian package no-such-package"),
        (&["nothing-of-that-name"][..], "no subject is called nothing-of-that-name; there are "),
        (&["reporting-browser@9"][..], "has no edition 9; there are"),
        (&["chromium", "--scenario", "endless"][..], "no scenario is called endless; there are "),
        (&["chromium", "--out", "/proc/no-place"][..], "choose another with --out"),
    ] {
        let run = Run::audit(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.said);
        assert!(run.said.contains(says), "{arguments:?}: {}", run.said);
        let complaint = run.said.lines().filter(|line| line.starts_with("candor: ") && !line.contains("auditing"));
        assert_eq!(complaint.count(), 1, "{}", run.said);
    }
}

#[test]
fn without_the_right_to_make_namespaces_the_way_out_is_named() {
    if missing(&["chromium", "setpriv"]) {
        return;
    }
    let run = Run::as_nobody(&["chromium", "--scenario", "one-visit", "--headless"]);
    assert_eq!(run.status, 2, "{}", run.said);
    assert!(run.said.contains("--no-namespace"), "{}", run.said);
}
