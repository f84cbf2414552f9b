//! Anonymity, makers, countries; identifiers that link; what is sent late.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Outcome, Severity};
use model::Mode;
use stage::{COLLECTOR, REPORT, Sent, Stage};

const ANONYMOUS: &str = r#"
    [[promise]]
    id = "anonymous"
    quote = "…"
    source = "…"
    says = "…"
    never = { kinds = ["visited-url"], beside = "persistent-identifier", to = "anyone-but-the-site" }
"#;

const MAKER: &str = r#"
    [[promise]]
    id = "maker"
    quote = "…"
    source = "…"
    says = "…"
    never = { kinds = ["visited-url"], to = "anyone-but-the-maker" }
"#;

const COUNTRIES: &str = r#"
    [[promise]]
    id = "countries"
    quote = "…"
    source = "…"
    says = "…"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site", outside = ["EEA"] }
"#;

/// Five installs with two sessions each and seven visits in each, a blank one.
fn five_installs(promise: &str) -> (Stage, Vec<Vec<usize>>) {
    let mut stage = Stage::new(promise);
    stage.blank(20);
    let mut visits = vec![];
    for _ in 0..5 {
        let trial = stage.trial(Mode::Normal);
        let mut of_trial = stage.visits(trial, 4);
        stage.restart(trial, Mode::Normal);
        of_trial.extend(stage.visits(trial, 3));
        stage.close(trial);
        visits.push(of_trial);
    }
    (stage, visits)
}

#[test]
fn requests_under_the_name_of_another_host_are_a_finding_at_the_host_that_got_them() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    assert!(judge::findings(&stage.case()).iter().all(|finding| finding.code != "domain-fronting"));
    for visit in &visits[0][..2] {
        let exchange = stage.send(*visit, COLLECTOR, model::Side::Native) as usize;
        stage.traffic[exchange].foreign_name = Some("visited.example".into());
    }
    let found: Vec<_> =
        judge::findings(&stage.case()).into_iter().filter(|finding| finding.code == "domain-fronting").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].says, format!("2 requests went to {COLLECTOR} under the name of visited.example"));
    assert_eq!(stage.destinations[found[0].destination.unwrap()].host, COLLECTOR);
}

#[test]
fn a_report_without_an_identifier_is_anonymous() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    stage.tell(visits[0][0], visits[0][0], REPORT);
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn a_report_beside_an_identifier_is_not() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    let alike = visits.iter().map(|of| vec![stage.tell(of[0], of[0], REPORT)]).collect();
    stage.identifier(COLLECTOR, alike);
    let verdict = stage.verdict();
    assert_eq!((verdict.outcome, verdict.evidence.len()), (Outcome::Broken, 5));
    assert!(verdict.because.contains("beside an identifier that stays"), "{}", verdict.because);
    assert_eq!(stage.found("identifier-beside").len(), 1);
}

#[test]
fn an_identifier_stands_beside_whatever_is_none() {
    for (kind, stands) in [("patient-id", true), ("email", true), ("user-id", false), ("account_id", false)] {
        let (mut stage, visits) = five_installs(ANONYMOUS);
        let alike = visits.iter().map(|of| vec![stage.tell(of[0], of[0], Sent { kind, ..REPORT })]).collect();
        stage.identifier(COLLECTOR, alike);
        assert_eq!(stage.found("identifier-beside").len(), usize::from(stands), "{kind}");
    }
}

#[test]
fn what_another_capture_holds_at_the_same_place_is_not_beside_it() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    let alike = visits.iter().map(|of| vec![stage.tell(of[0], of[0], REPORT)]).collect();
    stage.identifier(COLLECTOR, alike);
    // Looked into with the experiment: its exchanges count from the start, and belong to no trial.
    stage.seen.iter_mut().for_each(|seen| (seen.trial, seen.phase, seen.replayed) = (None, None, false));
    assert!(stage.found("identifier-beside").is_empty());
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn with_fewer_than_five_installs_in_two_sessions_nobody_knows_identifiers() {
    let (mut stage, _) = five_installs(ANONYMOUS);
    stage.phases.iter_mut().filter(|phase| phase.trial > 3).for_each(|phase| phase.session = 1);
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear);
    assert!(verdict.because.contains("3 installs with two sessions each, and there were 2"), "{}", verdict.because);
}

#[test]
fn the_maker_may_have_it_where_only_others_must_not() {
    let (stage, visits) = five_installs(MAKER);
    let mut stage = stage.of_subject("reporting-browser", Some("honest"));
    stage.tell(visits[0][0], visits[0][0], REPORT);
    assert_eq!(stage.word(), Outcome::Kept);
    stage.tell(visits[0][1], visits[0][1], Sent { to: "third.example", ..REPORT });
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn a_server_in_another_country_breaks_it_and_one_at_home_does_not() {
    let (mut stage, visits) = five_installs(COUNTRIES);
    stage.stands_in("home.example", "DE");
    stage.tell(visits[0][0], visits[0][0], Sent { to: "home.example", ..REPORT });
    assert_eq!(stage.word(), Outcome::Kept);
    stage.stands_in(COLLECTOR, "SG");
    stage.tell(visits[0][1], visits[0][1], REPORT);
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Broken);
    assert!(verdict.because.contains("server in SG"), "{}", verdict.because);
}

#[test]
fn a_server_of_which_nobody_knows_where_it_stands_leaves_it_untested() {
    let (mut stage, visits) = five_installs(COUNTRIES);
    stage.tell(visits[0][0], visits[0][0], REPORT);
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Untested);
    assert!(verdict.because.contains("where that server stands is not known"), "{}", verdict.because);
}

/// One install: a visit in private mode, then one in normal mode. Gives both.
fn both_modes(stage: &mut Stage) -> (usize, usize) {
    let trial = stage.trial(Mode::Private);
    let private = stage.visit(trial);
    stage.restart(trial, Mode::Normal);
    let normal = stage.visit(trial);
    stage.close(trial);
    (private, normal)
}

#[test]
fn the_same_identifier_in_both_modes_is_a_finding() {
    let mut stage = Stage::new(ANONYMOUS);
    let alike = (0..3)
        .map(|_| {
            let (private, normal) = both_modes(&mut stage);
            vec![stage.tell(private, private, REPORT), stage.tell(normal, normal, REPORT)]
        })
        .collect();
    stage.identifier(COLLECTOR, alike);
    let found = stage.found("identifier-links-modes");
    assert_eq!((found.len(), found[0].severity), (1, Severity::High));
    assert!(found[0].says.contains("3 of 3 installs"), "{}", found[0].says);
}

#[test]
fn an_identifier_of_its_own_for_each_mode_links_nothing() {
    let mut stage = Stage::new(ANONYMOUS);
    let mut alike = vec![];
    for _ in 0..3 {
        let (private, normal) = both_modes(&mut stage);
        alike.push(vec![stage.tell(private, private, REPORT)]);
        alike.push(vec![stage.tell(normal, normal, REPORT)]);
    }
    stage.identifier(COLLECTOR, alike);
    assert!(stage.found("identifier-links-modes").is_empty());
}

#[test]
fn a_private_visit_that_is_sent_in_a_later_normal_session_is_a_finding() {
    let mut stage = Stage::new(ANONYMOUS);
    let (private, normal) = both_modes(&mut stage);
    stage.tell(private, normal, REPORT);
    let found = stage.found("sent-later");
    assert_eq!((found.len(), found[0].severity), (1, Severity::High));
    assert!(found[0].says.contains("in private mode was sent in a later normal session"), "{}", found[0].says);
}

#[test]
fn what_is_sent_in_its_own_session_is_not_late() {
    let mut stage = Stage::new(ANONYMOUS);
    let (private, normal) = both_modes(&mut stage);
    stage.tell(private, private, REPORT);
    stage.tell(normal, normal, REPORT);
    assert!(stage.found("sent-later").is_empty());
}

#[test]
fn a_normal_visit_that_is_sent_after_a_restart_is_less_grave() {
    let mut stage = Stage::new(ANONYMOUS);
    let trial = stage.trial(Mode::Normal);
    let visit = stage.visit(trial);
    stage.restart(trial, Mode::Normal);
    let idle = stage.idle(trial);
    stage.tell(visit, idle, REPORT);
    assert_eq!(stage.found("sent-later")[0].severity, Severity::Medium);
}
