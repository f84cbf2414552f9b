//! Anonymity, makers, countries; identifiers that link; what is sent late.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{IdentifierScope, Outcome, Severity};
use model::{Initiator, Mode, RecognitionMethod};
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

/// Five installs with two sessions each and eight visits in each, five left alone as long.
fn five_installs(promise: &str) -> (Stage, Vec<Vec<usize>>) {
    let mut stage = Stage::new(promise);
    let mut visits = vec![];
    for _ in 0..5 {
        stage.blank_with_restart(7);
        let trial = stage.trial(Mode::Normal);
        let mut of_trial = stage.twins(trial);
        stage.restart(trial, Mode::Normal);
        of_trial.extend(stage.visits(trial, 2));
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
        let exchange = stage.send(*visit, COLLECTOR, Initiator::Native) as usize;
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
fn where_nothing_is_reported_anonymous_is_vacuous() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    let alike = visits.iter().map(|of| vec![stage.send(of[0], COLLECTOR, Initiator::Native)]).collect();
    stage.identifier(COLLECTOR, alike);
    stage.tell(visits[0][0], visits[0][0], Sent { side: Initiator::Page, ..REPORT });
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Vacuous);
    assert!(verdict.because.contains("nothing was reported that it could be about"), "{}", verdict.because);
}

/// Each install reports once, and sends an identifier in a request of its own.
fn beside(change: impl Fn(&mut Stage, u64, u64)) -> Stage {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    let mut alike = vec![];
    for of in &visits {
        let report = stage.tell(of[0], of[0], REPORT);
        let identifier = stage.send(of[0], "id.example", Initiator::Native);
        stage.traffic[identifier as usize].at.0 += 90_000_000;
        change(&mut stage, report, identifier);
        alike.push(vec![identifier]);
    }
    stage.identifier("id.example", alike);
    stage
}

#[test]
fn an_identifier_in_another_request_is_beside_it_where_both_can_be_joined() {
    type Change = fn(&mut Stage, u64, u64);
    let joined: [(&str, Change); 4] = [
        ("on the same connection", |stage, report, identifier| {
            let connection = stage.traffic[report as usize].connection;
            stage.traffic[identifier as usize].connection = connection;
            stage.traffic[identifier as usize].host = COLLECTOR.into();
        }),
        ("under the same cookie", |stage, report, identifier| {
            stage.traffic[report as usize].cookie = Some(7);
            stage.traffic[identifier as usize].cookie = Some(7);
            stage.traffic[identifier as usize].host = COLLECTOR.into();
        }),
        ("sent to the same owner within 60 s", |stage, _, identifier| {
            stage.traffic[identifier as usize].at.0 -= 45_000_000;
            let at = stage.destination("id.example");
            stage.destinations[at].owner = Some("Xiaomi".into());
        }),
        ("sent to the same owner within 60 s", |stage, report, identifier| {
            // Sent before the report, to another host of the same domain.
            stage.traffic[identifier as usize].at = stage.traffic[report as usize].at;
            let at = stage.destination("id.example");
            stage.destinations[at].site = COLLECTOR.into();
        }),
    ];
    for (says, change) in joined {
        let verdict = beside(change).verdict();
        assert_eq!(verdict.outcome, Outcome::Broken, "{says}: {}", verdict.because);
        assert!(verdict.because.contains(&format!("beside an identifier that stays ({says})")), "{}", verdict.because);
    }
}

#[test]
fn an_identifier_at_another_owner_or_much_later_is_not_beside_it() {
    type Change = fn(&mut Stage, u64, u64);
    let apart: [Change; 3] = [
        |_, _, _| {},
        |stage, report, identifier| stage.traffic[identifier as usize].at = stage.traffic[report as usize].at,
        |stage, _, identifier| {
            stage.traffic[identifier as usize].host = COLLECTOR.into();
            stage.traffic[identifier as usize].side = Initiator::Page;
        },
    ];
    for change in apart {
        let verdict = beside(change).verdict();
        assert_eq!(verdict.outcome, Outcome::Kept, "{}", verdict.because);
    }
}

#[test]
fn an_identifier_that_a_schema_names_is_one() {
    for (kind, outcome) in
        [("device-id", Outcome::Broken), ("advertising-id", Outcome::Broken), ("session-id", Outcome::Kept)]
    {
        let (mut stage, visits) = five_installs(ANONYMOUS);
        let report = stage.tell(visits[0][0], visits[0][0], REPORT);
        stage.tell(visits[0][0], visits[0][0], Sent { kind, ..REPORT });
        let named = stage.seen.last_mut().unwrap();
        (named.sighting.exchange, named.sighting.canary, named.sighting.how) =
            (report, None, RecognitionMethod::Schema);
        assert_eq!(stage.word(), outcome, "{kind}: {}", stage.verdict().because);
    }
}

#[test]
fn beside_what_is_a_devices_id_or_a_constant_nobody_is_acquitted() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    let alike = visits.iter().map(|of| vec![stage.tell(of[0], of[0], REPORT)]).collect();
    stage.identifier(COLLECTOR, alike);
    stage.identifiers[0].scope = IdentifierScope::DeviceOrConstant;
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear, "{}", verdict.because);
    assert!(verdict.because.contains("a device's id from a constant"), "{}", verdict.because);
    assert!(stage.found("identifier-beside").is_empty(), "and nobody is accused");
}

const IDENTIFIERS: &str = r#"
    [[promise]]
    id = "no-ids"
    quote = "…"
    source = "…"
    says = "…"
    never = { kinds = ["device-id"], to = "anyone-but-the-site" }
"#;

#[test]
fn a_promise_about_identifiers_is_broken_by_a_known_field_and_one_about_visits_is_not() {
    let (mut stage, visits) = five_installs(IDENTIFIERS);
    stage.tell(visits[0][0], visits[0][0], Sent { kind: "device-id", ..REPORT });
    let named = stage.seen.last_mut().unwrap();
    (named.sighting.canary, named.sighting.how) = (None, RecognitionMethod::Schema);
    assert_eq!(stage.word(), Outcome::Broken, "{}", stage.verdict().because);
    let (mut stage, visits) = five_installs(&ANONYMOUS.replace(", beside = \"persistent-identifier\"", ""));
    stage.tell(visits[0][0], visits[0][0], REPORT);
    let named = stage.seen.last_mut().unwrap();
    (named.sighting.canary, named.sighting.how) = (None, RecognitionMethod::Schema);
    assert_eq!(stage.word(), Outcome::Kept, "what a field is called shows no visit: {}", stage.verdict().because);
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
    assert_eq!(stage.word(), Outcome::Vacuous);
}

#[test]
fn with_fewer_than_three_installs_in_two_sessions_nobody_knows_identifiers() {
    let (mut stage, visits) = five_installs(ANONYMOUS);
    stage.tell(visits[0][0], visits[0][0], REPORT);
    stage.phases.iter_mut().filter(|phase| phase.trial > 2).for_each(|phase| phase.session = 1);
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
