//! What a sentence can say, and what becomes of it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Outcome, SentenceClass};
use model::{Initiator, Mode, Time};
use stage::{COLLECTOR, REPORT, Sent, Stage};

const PROMISE: &str = r#"
    [[promise]]
    id = "p"
    quote = "We see nothing."
    source = "A notice"
    says = "no address of a page visited is sent"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const EXPECTATION: &str = r#"
    [[expectation]]
    id = "e"
    sentence = "No address of a page visited is sent."
    source = "A paper"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

const LAW: &str = r#"
    [[law]]
    id = "l"
    question = "Is it off by default?"
    article = "GDPR Art. 25(2)"
    source = "A regulation"
    says = "no address of a page visited is sent"
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

/// Six installs with two sessions and eight visits each, and six left alone.
fn six_installs(promise: &str) -> (Stage, Vec<usize>) {
    let mut stage = Stage::new(promise);
    let mut visits = vec![];
    for _ in 0..6 {
        stage.blank_with_restart(8);
        let trial = stage.trial(Mode::Normal);
        visits.extend(stage.twins(trial));
        stage.restart(trial, Mode::Normal);
        visits.extend(stage.visits(trial, 2));
        stage.close(trial);
    }
    (stage, visits)
}

#[test]
fn the_same_sight_breaks_a_promise_fails_an_expectation_and_is_handed_on_of_a_law() {
    for (sentence, class, told, silent) in [
        (PROMISE, SentenceClass::Promise, Outcome::Broken, Outcome::Kept),
        (EXPECTATION, SentenceClass::Expectation, Outcome::NotMet, Outcome::Met),
        (LAW, SentenceClass::Law, Outcome::ForAuthority, Outcome::ForAuthority),
    ] {
        let (mut stage, visits) = six_installs(sentence);
        let verdict = stage.verdict();
        assert_eq!((verdict.sentence.class, verdict.outcome), (class, silent), "{}", verdict.because);
        stage.tell(visits[0], visits[0], REPORT);
        let verdict = stage.verdict();
        assert_eq!((verdict.outcome, verdict.evidence.len()), (told, 1), "{}", verdict.because);
    }
}

#[test]
fn a_question_of_law_gets_what_was_seen_and_no_answer() {
    let (mut stage, visits) = six_installs(LAW);
    stage.tell(visits[0], visits[0], REPORT);
    let verdict = stage.verdict();
    assert!(verdict.because.starts_with("what was seen, and no answer: sa.api.intl.miui.com"), "{}", verdict.because);
}

/// An expectation with this claim.
fn expects(claim: &str) -> String {
    format!("[[expectation]]\nid = \"e\"\nsentence = \"It is so.\"\nsource = \"A paper\"\n{claim}\n")
}

/// What becomes of a claim where this is sent about a visit.
fn becomes(claim: &str, what: Sent<'_>, subject: &str) -> Outcome {
    let (mut stage, visits) = six_installs(&expects(claim));
    stage.run.subject.name = subject.into();
    stage.tell(visits[0], visits[0], what);
    stage.word()
}

#[test]
fn only_the_kinds_that_are_named_may_be_sent() {
    let claim = "only = { kinds = ['visited-host'] }";
    assert_eq!(becomes(claim, Sent { kind: "visited-host", ..REPORT }, "somebody"), Outcome::Met);
    assert_eq!(becomes(claim, REPORT, "somebody"), Outcome::NotMet);
    let to_the_maker = "only = { kinds = ['visited-host'], to = 'the-maker' }";
    assert_eq!(becomes(to_the_maker, REPORT, "reporting-browser"), Outcome::NotMet);
    assert_ne!(becomes(to_the_maker, Sent { to: "other.example", ..REPORT }, "reporting-browser"), Outcome::NotMet);
}

#[test]
fn only_the_hosts_that_are_named_may_have_it() {
    let claim = "only = { hosts = ['miui.com'], of = ['visited-url'] }";
    assert_eq!(becomes(claim, REPORT, "somebody"), Outcome::Met, "below the host that is named");
    assert_eq!(becomes(claim, Sent { to: "notmiui.com", ..REPORT }, "somebody"), Outcome::NotMet);
    assert_eq!(becomes(claim, Sent { kind: "search", to: "other.example", ..REPORT }, "somebody"), Outcome::Met);
}

#[test]
fn a_disguise_is_forbidden_or_allowed_by_its_name() {
    let digest = Sent { guise: "sha256-prefix4", ..REPORT };
    let forbidden = "never = { kinds = ['visited-url'], guise = { forbidden = ['plain'] } }";
    assert_eq!(becomes(forbidden, REPORT, "somebody"), Outcome::NotMet);
    assert_eq!(becomes(forbidden, digest, "somebody"), Outcome::Met);
    let allowed = "never = { kinds = ['visited-url'], guise = { allowed = ['sha256-prefix4'] } }";
    assert_eq!(becomes(allowed, digest, "somebody"), Outcome::Met);
    assert_eq!(becomes(allowed, Sent { guise: "sha256", ..REPORT }, "somebody"), Outcome::NotMet);
}

#[test]
fn a_way_is_forbidden_or_allowed() {
    for (via, scheme, word) in [
        ("forbidden = ['http']", "http", Outcome::NotMet),
        ("forbidden = ['http']", "https", Outcome::Met),
        ("allowed = ['miui.com']", "https", Outcome::Met),
        ("allowed = ['relay.example']", "https", Outcome::NotMet),
    ] {
        let (mut stage, visits) =
            six_installs(&expects(&format!("never = {{ kinds = ['visited-url'], via = {{ {via} }} }}")));
        let exchange = stage.tell(visits[0], visits[0], REPORT) as usize;
        stage.traffic[exchange].scheme = scheme.into();
        assert_eq!(stage.word(), word, "{via} by {scheme}");
    }
}

#[test]
fn what_must_stop_within_a_time_may_go_on_until_then() {
    let claim = "when = { switch = 'turned-off' }\nnever = { kinds = ['visited-url'], within = '5s' }";
    for (later, word) in [(4, false), (6, true)] {
        let mut stage = Stage::new(&expects(claim));
        let trial = stage.trial_with(Mode::Normal, &[("reporting", "on")], false);
        let visit = stage.visit(trial);
        stage.throw(trial, "reporting", "turned-off");
        let thrown = stage.phases.last().unwrap().at;
        let idle = stage.idle(trial);
        stage.tell(visit, idle, REPORT);
        stage.seen[0].at = Time(thrown.0 + later * 1_000_000);
        assert_eq!(stage.word() == Outcome::NotMet, word, "{later} s after it was turned off");
    }
}

/// Six installs in which nothing happens but six starts each; after the first so many a request comes.
fn started(answered: u32, after: i64) -> Stage {
    let mut stage =
        Stage::new(&expects("must = { host = 'a.example', path = '/consent', after = 'start', within = '5s' }"));
    let mut starts = 0;
    for _ in 0..6 {
        let trial = stage.trial(Mode::Normal);
        for session in 0..6 {
            if session > 0 {
                stage.restart(trial, Mode::Normal);
            }
            let start = stage.phases.len() - 1;
            starts += 1;
            if starts <= answered {
                let exchange = stage.send(start, "a.example", Initiator::Native) as usize;
                stage.traffic[exchange].path = "/consent?v=1".into();
                stage.traffic[exchange].at = Time(stage.phases[start].at.0 + after * 1_000_000);
            }
            for _ in 0..8 {
                stage.idle(trial);
            }
        }
        stage.close(trial);
    }
    stage
}

#[test]
fn what_must_be_seen_is_met_if_it_comes_each_time_and_not_if_it_misses_once() {
    let stage = started(36, 2);
    let verdict = stage.verdict();
    assert_eq!((verdict.outcome, verdict.visits, verdict.told), (Outcome::Met, 36, 0), "{}", verdict.because);
    assert!(verdict.bound.is_some_and(|bound| bound < 0.1));
    let verdict = started(35, 2).verdict();
    assert_eq!((verdict.outcome, verdict.visits, verdict.told), (Outcome::NotMet, 36, 1), "{}", verdict.because);
    assert_eq!(started(36, 6).word(), Outcome::NotMet, "six seconds are too late");
}

#[test]
fn that_nothing_came_is_said_only_where_everything_was_watched() {
    let mut stage = started(0, 2);
    stage.run.bypass_watched = false;
    assert_eq!(stage.word(), Outcome::Unclear, "{}", stage.verdict().because);
    let mut stage = started(35, 2);
    stage.send_sealed(0, "a.example", 900);
    assert_eq!(stage.word(), Outcome::Unclear, "it could have been in what was not read");
}

#[test]
fn what_was_not_waited_for_is_untested_and_another_path_or_a_page_is_no_answer() {
    let claim = expects("must = { host = 'a.example', path = '/consent', after = 'start', within = '60s' }");
    let mut stage = Stage::new(&claim);
    let trial = stage.trial(Mode::Normal);
    stage.close(trial);
    assert_eq!(stage.word(), Outcome::Untested);
    let mut stage = started(36, 2);
    stage.traffic[7].path = "/other".into();
    assert_eq!(stage.word(), Outcome::NotMet);
    let mut stage = started(36, 2);
    stage.traffic[7].side = Initiator::Page;
    assert_eq!(stage.word(), Outcome::NotMet);
}

#[test]
fn outside_its_versions_and_days_a_sentence_is_untested_with_the_reason() {
    let claim = "never = { kinds = ['visited-url'] }\nvalid = { from = '2020-05-04', versions = { until = '83' } }";
    let word = |version: &str, edition: Option<&str>, day: i64| {
        let (mut stage, visits) = six_installs(&expects(claim));
        stage.tell(visits[0], visits[0], REPORT);
        stage.run.subject.version = version.into();
        stage.run.subject.edition = edition.map(str::to_owned);
        stage.run.started = Time::from_millis(day * 86_400_000);
        let verdict = stage.verdict();
        assert_eq!(
            verdict.outcome == Outcome::Untested,
            verdict.because.starts_with("it is said of"),
            "{}",
            verdict.because
        );
        verdict.outcome
    };
    const IN_2020: i64 = 18_400;
    assert_eq!(word("83.0.4103.6", None, IN_2020), Outcome::NotMet);
    assert_eq!(word("156.0", None, IN_2020), Outcome::Untested);
    assert_eq!(word("156.0", Some("3.4.3+default-on"), IN_2020), Outcome::NotMet, "the edition is the version");
    assert_eq!(word("156.0", Some("honest"), IN_2020), Outcome::Untested);
    assert_eq!(word("83.0.4103.6", None, 10_000), Outcome::Untested);
}

#[test]
fn a_state_that_was_not_so_or_is_not_known_leaves_it_untested() {
    let of = |state: &str| expects(&format!("never = {{ kinds = ['visited-url'] }}\nstate = '{state}'"));
    let (mut stage, visits) = six_installs(&of("signed-out"));
    stage.tell(visits[0], visits[0], REPORT);
    assert_eq!(stage.word(), Outcome::NotMet, "nobody signed in to a fresh install");
    stage.run.conditions.push(model::Run::BY_HAND.into());
    assert_eq!(stage.word(), Outcome::Untested, "what somebody has in use may be signed in");
    let (mut stage, visits) = six_installs(&of("signed-in"));
    stage.tell(visits[0], visits[0], REPORT);
    assert_eq!(stage.word(), Outcome::Untested, "Candor signs in nowhere");
}

#[test]
fn what_no_run_could_show_is_untestable_whatever_was_seen() {
    let (mut stage, visits) = six_installs(&expects("untestable = 'what a server keeps is not seen from here'"));
    stage.tell(visits[0], visits[0], REPORT);
    let verdict = stage.verdict();
    assert_eq!(
        (verdict.outcome, verdict.because.as_str()),
        (Outcome::Untestable, "what a server keeps is not seen from here.")
    );
}

#[test]
fn an_identifier_that_stays_is_against_a_sentence_about_identifiers_beside_nothing() {
    let claim = expects("when = { switch = 'default' }\nnever = { identifiers = true }");
    let sent = |side: Initiator| {
        let (mut stage, _) = six_installs(&claim);
        let starts: Vec<usize> =
            (0..stage.phases.len()).filter(|at| stage.phases[*at].name.contains("start")).collect();
        let alike = starts.iter().map(|start| vec![stage.send(*start, COLLECTOR, side)]).collect();
        stage.identifier(COLLECTOR, alike);
        stage.verdict()
    };
    let verdict = sent(Initiator::Native);
    assert_eq!((verdict.outcome, verdict.requests.is_empty()), (Outcome::NotMet, false), "{}", verdict.because);
    assert!(verdict.because.contains("an identifier that stays, at body ▸ json $.id"), "{}", verdict.because);
    assert!(verdict.told <= verdict.visits, "{} of {}", verdict.told, verdict.visits);
    assert_eq!(sent(Initiator::Unknown).outcome, Outcome::Unclear);
    assert!(!sent(Initiator::Page).outcome.accuses());
}

#[test]
fn a_digest_is_not_called_by_the_name_of_what_it_is_a_digest_of() {
    let (mut stage, visits) = six_installs(PROMISE);
    stage.tell(visits[0], visits[0], Sent { guise: "sha1-prefix8(form signature)", ..REPORT });
    let says =
        "a digest (sha1-prefix8(form signature)) from which a guess at the address of a page visited can be confirmed";
    assert!(stage.verdict().because.contains(says), "{}", stage.verdict().because);
    assert!(stage.found("visited-url-sent")[0].says.contains(says));
    stage.tell(visits[1], visits[1], REPORT);
    assert!(stage.verdict().because.contains("was sent the address of a page visited"), "one of them was plain");
}

#[test]
fn a_query_to_the_engine_of_the_address_bar_is_called_that() {
    for (host, is_the_engine) in [("duckduckgo.com", true), ("other.example", false)] {
        let (mut stage, visits) = six_installs(PROMISE);
        stage.run.subject.name = "chromium".into();
        stage.tell(visits[0], visits[0], Sent { to: host, ..REPORT });
        let (verdict, finding) = (stage.verdict(), stage.found("visited-url-sent").remove(0));
        for says in [verdict.because, finding.says] {
            assert_eq!(says.contains("the search engine that its address bar is set to"), is_the_engine, "{says}");
        }
    }
}

#[test]
fn what_a_maker_discloses_is_found_by_subject_kind_and_host() {
    let said = |subject: &str, kind: &str, to: &str| {
        let (mut stage, visits) = six_installs(PROMISE);
        stage.run.subject.name = subject.into();
        stage.tell(visits[0], visits[0], Sent { kind, to, ..REPORT });
        let finding = stage.found(&format!("{kind}-sent")).remove(0);
        judge::disclosed(&stage.case(), &finding)
    };
    let autofill = "content-autofill.googleapis.com";
    assert!(said("chromium", "visited-host", autofill).is_some_and(|line| line.contains("https://support.google.com")));
    assert_eq!(said("chromium", "visited-url", autofill), None, "it is not said of whole addresses");
    assert_eq!(said("somebody", "visited-host", autofill), None);
    assert!(said("chromium", "typed-text", "duckduckgo.com").is_some(), "the engine that the address bar is set to");
    assert_eq!(said("chromium", "typed-text", "other.example"), None);
}
