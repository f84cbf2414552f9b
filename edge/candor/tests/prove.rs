//! What an audit must say of a browser whose behaviour is known, and of a phone:
//! each promise that the browser of the case broke, each that an honest one
//! keeps, and each lie that must turn the verdict. On a real Chromium.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

mod run;

use run::{
    Run, missing,
    told::{decoys_seen, judged, text, told, verdict},
};
use serde_json::Value;

const COLLECTOR: &str = "sa.api.intl.miui.com";

const BROWSER: [&str; 3] = ["chromium", "nft", "ip"];

/// An audit without a window: nothing here is typed into an address bar.
fn audit(subjects: &[&str], scenario: &str) -> Run {
    let arguments: Vec<&str> = subjects.iter().copied().chain(["--scenario", scenario, "--headless"]).collect();
    let run = Run::audit(&arguments);
    assert!(run.status != 2, "{}", run.said);
    run
}

#[test]
fn the_browser_of_the_case_breaks_its_promises_and_the_layers_show_it() {
    if missing(&BROWSER) {
        return;
    }
    let report = audit(&["reporting-browser@3.4.0"], "brief").report();
    assert_eq!(report["simulation"], true, "and the report says whose program it is");
    assert_eq!(verdict(&report, "xiaomi-incognito-records-nothing"), "broken");
    for expectation in ["private-reports-nothing", "anonymous", "default-is-off"] {
        assert_eq!(verdict(&report, expectation), "not-met", "{expectation}");
    }
    let told = told(&report);
    for mode in ["private", "normal"] {
        let layers = told.iter().any(|told| {
            told.kind == "visited-url"
                && told.host == COLLECTOR
                && told.guise == "plain"
                && told.trail.starts_with("body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[")
                && told.trail.ends_with("].properties.url")
                && told.phase.starts_with(mode)
        });
        assert!(layers, "the address is reported in {mode} mode");
    }
    let beside = text(&judged(&report, "anonymous")["because"]);
    assert!(beside.contains("beside an identifier that stays"), "{beside}");
    assert_eq!(decoys_seen(&report), 0);
}

/// What each setting told: the positions of its switches, whether it is as installed, and whether
/// any act was told.
fn table(said: &str, subject: usize) -> Vec<[String; 4]> {
    let mut sections = said.split("WHAT EACH SETTING TOLD\n").skip(1);
    let section = sections.nth(subject).expect("there is a section for each subject");
    let lines: Vec<&str> = section.lines().take_while(|line| !line.is_empty()).collect();
    let (settings, rest) = lines.as_chunks::<2>();
    assert!(rest.is_empty(), "a setting and what it told are two lines: {section}");
    let row = |[setting, counts]: &[&str; 2]| {
        let counts = counts.trim();
        let told = !counts.trim_start_matches("as installed; ").starts_with("0 of ");
        assert_eq!(setting.starts_with("  ✗ told "), told, "{setting}: {counts}");
        let mut switches = setting.split(", ").skip(1).map(|switch| switch.split_once(' ').expect("a position").1);
        let installed = if counts.starts_with("as installed; ") { "yes" } else { "no" };
        let mut cell = || switches.next().expect("two switches").to_owned();
        [cell(), cell(), installed.to_owned(), if told { "told" } else { "silent" }.to_owned()]
    };
    settings.iter().map(row).collect()
}

#[test]
fn after_the_fix_one_of_four_combinations_is_silent_and_each_default_is_read() {
    if missing(&BROWSER) {
        return;
    }
    let run = audit(&["reporting-browser@3.4.3+default-on", "reporting-browser@3.4.3+default-off"], "table");
    let row = |cells: [&str; 4]| cells.map(str::to_owned);
    for (subject, enhanced) in ["on", "off"].into_iter().enumerate() {
        let installed = |position| if position == enhanced { "yes" } else { "no" };
        let expected = [
            row(["off", "off", installed("off"), "told"]),
            row(["off", "on", installed("on"), "told"]),
            row(["on", "off", "no", "silent"]),
            row(["on", "on", "no", "told"]),
        ];
        assert_eq!(table(&run.said, subject), expected, "{}", run.said);
    }
    assert!(run.said.contains("SIDE BY SIDE"), "two subjects in one run are a matrix: {}", run.said);
}

#[test]
fn the_honest_browser_keeps_its_promises_with_their_bounds() {
    if missing(&BROWSER) {
        return;
    }
    let report = audit(&["reporting-browser@honest"], "promise").report();
    for (promise, word, acts) in [
        ("private-reports-nothing", "met", 30),
        ("xiaomi-incognito-records-nothing", "kept", 30),
        ("off-means-off", "met", 30),
    ] {
        let judged = judged(&report, promise);
        assert_eq!(judged["verdict"], word, "{judged}");
        assert!(judged["visits"].as_u64() >= Some(acts) && judged["installs"].as_u64() >= Some(2), "{judged}");
        let visits = judged["visits"].as_f64().expect("a number");
        let bound = judged["bound"].as_f64().expect("what is kept has a bound");
        assert!((bound - (1.0 - 0.05_f64.powf(1.0 / visits))).abs() < 1e-9, "{judged}");
    }
    let while_on = told(&report).into_iter().filter(|told| told.host == COLLECTOR).count();
    assert!(while_on > 0, "turned on it reports, so the instrument is not blind");
}

/// What a lie told: one sighting that breaks the promise about private mode.
fn caught(run: &Run, edition: &str) -> (Value, Vec<run::told::Told>) {
    let report = run.report_on(&format!("lying-browser@{edition}"));
    let judged = judged(&report, "private-reports-nothing").clone();
    assert_eq!(judged["verdict"], "not-met", "{edition}: {judged}");
    assert!(!judged["evidence"].as_array().expect("a list").is_empty(), "{edition}: {judged}");
    let told = told(&report).into_iter().filter(|told| told.kind == "visited-url").collect();
    (judged, told)
}

#[test]
fn each_lie_in_private_mode_is_caught() {
    if missing(&BROWSER) {
        return;
    }
    let editions = ["rare", "patient", "hashing", "elsewhere"].map(|edition| format!("lying-browser@{edition}"));
    let run = audit(&editions.each_ref().map(String::as_str), "lie");

    let (judged, _) = caught(&run, "rare");
    assert!(text(&judged["because"]).contains("in 1 of 11 acts"), "{judged}");

    let (judged, _) = caught(&run, "patient");
    assert!(text(&judged["because"]).contains("in 2 of 11 acts"), "{judged}");

    let (judged, told) = caught(&run, "hashing");
    assert!(text(&judged["because"]).contains("sha256"), "{judged}");
    assert!(told.iter().all(|told| told.guise.starts_with("sha256")));

    let (judged, told) = caught(&run, "elsewhere");
    assert!(text(&judged["because"]).starts_with("data.mistat.intl.xiaomi.com"), "{judged}");
    assert!(told.iter().all(|told| told.host == "data.mistat.intl.xiaomi.com"));
}

#[test]
fn a_lie_that_nobody_can_read_leaves_the_promise_unclear() {
    if missing(&BROWSER) {
        return;
    }
    let report = audit(&["lying-browser@sealing"], "sealed-lie").report();
    let judged = judged(&report, "private-reports-nothing");
    assert_eq!(judged["verdict"], "unclear", "{judged}");
    let because = text(&judged["because"]);
    assert!(because.contains("sealed-depends") && because.starts_with(COLLECTOR), "{because}");
    let findings = report["findings"].as_array().expect("a list");
    assert!(findings.iter().any(|finding| finding["code"] == "sealed-depends"), "{findings:?}");
}

#[test]
fn a_phone_that_reports_folders_and_screens_is_caught_and_its_sealed_twin_is_not_acquitted() {
    if missing(&["python3", "nft", "ip"]) {
        return;
    }
    let run = Run::audit(&["reporting-phone@sensors", "reporting-phone@onetrack"]);
    let open = run.report_on("reporting-phone@sensors");
    assert_eq!(verdict(&open, "phone-use-stays"), "not-met");
    assert_eq!(verdict(&open, "xiaomi-non-identifiable"), "broken");
    for (kind, end) in [("folder", "].properties.$element_content"), ("screen-name", "].properties.$screen_name")] {
        let trail = told(&open).into_iter().any(|told| {
            told.kind == kind
                && told.trail.starts_with("body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[")
                && told.trail.ends_with(end)
        });
        assert!(trail, "{kind} is seen, layer by layer");
    }
    let sealed = run.report_on("reporting-phone@onetrack");
    let judged = judged(&sealed, "phone-use-stays");
    assert_eq!(judged["verdict"], "unclear", "{judged}");
    assert!(text(&judged["because"]).contains("sealed-depends"), "{judged}");
    assert!(told(&sealed).is_empty(), "nobody looked in");
}
