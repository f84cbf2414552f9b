//! Every verdict, and every reason for one, as facts.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stage;

use judge::{Outcome, Severity};
use model::{Initiator, Mode};
use stage::{COLLECTOR, REPORT, Sent, Stage};

const PRIVATE: &str = r#"
    [[promise]]
    id = "private"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private" }
    never = { kinds = ["visited-url", "typed-text"], to = "anyone-but-the-site" }
"#;

/// Five private installs with six visits each to three sites, five left alone, a
/// normal one, a blank one: all that it takes to say "kept". Gives the private visits.
fn enough(stage: &mut Stage) -> Vec<usize> {
    stage.blank(8);
    let normal = stage.trial(Mode::Normal);
    stage.visits(normal, 2);
    stage.close(normal);
    let mut visits = vec![];
    for _ in 0..5 {
        let private = stage.trial(Mode::Private);
        visits.extend(stage.twins(private));
        stage.close(private);
    }
    for _ in 0..5 {
        stage.blank_in(Mode::Private, 6);
    }
    visits
}

fn private() -> (Stage, Vec<usize>) {
    let mut stage = Stage::new(PRIVATE);
    let visits = enough(&mut stage);
    (stage, visits)
}

#[track_caller]
fn unclear(stage: &Stage, why: &str) {
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Unclear, "{}", verdict.because);
    assert!(verdict.because.contains(why), "{}", verdict.because);
    assert_eq!(verdict.bound, None);
}

#[track_caller]
fn unclear_with(stage: &Stage, why: &str, evidence: &[usize]) {
    unclear(stage, why);
    assert_eq!(stage.verdict().evidence, evidence);
}

#[track_caller]
fn untested(stage: &Stage, why: &str) {
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Untested, "{}", verdict.because);
    assert!(verdict.because.contains(why), "{}", verdict.because);
}

#[test]
fn thirty_visits_over_five_installs_without_a_leak_are_kept_with_both_bounds() {
    let verdict = private().0.verdict();
    assert_eq!((verdict.outcome, verdict.visits, verdict.installs), (Outcome::Kept, 30, 5));
    assert!((verdict.bound.unwrap() - 0.095).abs() < 0.001);
    assert!((verdict.bound_of_installs.unwrap() - 0.451).abs() < 0.001);
    let says = "a leak at more than 9.5 % of them, and one in more than 45.1 % of installs";
    assert!(verdict.because.contains(says), "{}", verdict.because);
    assert!(verdict.because.contains("without the maker's remote configuration"), "{}", verdict.because);
    assert!(verdict.because.contains("of these installs only"));
}

#[test]
fn one_report_breaks_it_and_is_named() {
    let (mut stage, visits) = private();
    stage.tell(visits[3], visits[3], REPORT);
    let verdict = stage.verdict();
    assert_eq!((verdict.outcome, verdict.evidence.as_slice(), verdict.bound), (Outcome::Broken, [0].as_slice(), None));
    assert!(verdict.because.contains("sa.api.intl.miui.com (Xiaomi, CN)"), "{}", verdict.because);
    assert!(verdict.because.contains("1 of 30 acts"), "{}", verdict.because);
}

#[test]
fn a_digest_breaks_it_as_much_and_is_called_one() {
    let (mut stage, visits) = private();
    stage.tell(visits[3], visits[3], Sent { guise: "sha256", ..REPORT });
    let verdict = stage.verdict();
    assert_eq!(verdict.outcome, Outcome::Broken);
    assert!(verdict.because.contains("a digest (sha256) from which a guess at"), "{}", verdict.because);
}

#[test]
fn a_report_of_a_private_visit_breaks_it_whenever_it_is_sent() {
    let mut stage = Stage::new(PRIVATE);
    enough(&mut stage);
    let private = stage.trial(Mode::Private);
    let visit = stage.visit(private);
    stage.restart(private, Mode::Normal);
    let later = stage.idle(private);
    stage.close(private);
    stage.tell(visit, later, REPORT);
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn a_report_of_a_normal_visit_does_not() {
    let (mut stage, _) = private();
    let normal = stage.phases.iter().position(|phase| phase.act == model::Act::Visit).unwrap();
    stage.tell(normal, normal, REPORT);
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn what_a_page_sends_and_what_its_site_gets_does_not() {
    let (mut stage, visits) = private();
    stage.tell(visits[0], visits[0], Sent { side: Initiator::Page, ..REPORT });
    stage.tell(visits[1], visits[1], Sent { side: Initiator::Caused, ..REPORT });
    let site = format!("site{}.example", visits[2]);
    stage.tell(visits[2], visits[2], Sent { to: &site, ..REPORT });
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn what_cannot_be_replayed_or_was_guessed_accuses_nobody_and_acquits_nobody() {
    let (mut stage, visits) = private();
    stage.tell(visits[0], visits[0], Sent { weak: true, ..REPORT });
    unclear_with(&stage, "the evidence is weak", &[0]);
    stage.seen.clear();
    stage.tell(visits[1], visits[1], Sent { replayed: false, ..REPORT });
    unclear_with(&stage, "the evidence is weak", &[0]);
}

#[test]
fn an_extension_breaks_it_only_if_it_is_part_of_the_subject() {
    let (mut stage, visits) = private();
    stage.tell(visits[0], visits[0], Sent { side: Initiator::Extension, ..REPORT });
    unclear(&stage, "who sent that is unknown");
    stage.run.subject.extensions = vec!["abc".into()];
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn an_unknown_sender_leaves_it_unclear() {
    let (mut stage, visits) = private();
    stage.tell(visits[0], visits[0], Sent { side: Initiator::Unknown, ..REPORT });
    unclear(&stage, "sa.api.intl.miui.com was sent it, and who sent that is unknown");
}

#[test]
fn traffic_that_could_go_past_leaves_it_unclear() {
    let (mut stage, _) = private();
    stage.run.bypass_watched = false;
    unclear(&stage, "bypass not watched");
}

#[test]
fn a_subject_known_to_report_of_which_nothing_is_seen_makes_us_blind() {
    let (stage, _) = private();
    let mut stage = stage.of_subject("reporting-browser", Some("3.4.0"));
    unclear(&stage, "the instrument is blind");
    let normal = stage.phases.iter().position(|phase| phase.act == model::Act::Visit).unwrap();
    stage.tell(normal, normal, REPORT);
    assert_eq!(stage.word(), Outcome::Kept, "it is seen in normal mode, so it would be seen in private");
}

#[test]
fn an_edition_that_is_not_known_to_report_may_be_silent() {
    let (stage, _) = private();
    assert_eq!(stage.of_subject("reporting-browser", Some("honest")).word(), Outcome::Kept);
}

#[test]
fn a_subject_that_lets_us_in_nowhere_makes_us_blind() {
    let (mut stage, _) = private();
    stage.send_sealed(0, "own.example", 300);
    unclear(&stage, "into none of its own connections");
}

#[test]
fn without_a_blank_trial_the_control_is_missing() {
    let (mut stage, _) = private();
    stage.trials.iter_mut().filter(|trial| trial.arm.blank).for_each(|trial| trial.failed = Some("it crashed".into()));
    unclear(&stage, "no trial without visits");
}

#[test]
fn a_private_claim_needs_a_normal_trial() {
    let (mut stage, _) = private();
    stage.trials[1].failed = Some("it crashed".into());
    unclear(&stage, "no trial in normal mode");
}

#[test]
fn a_decoy_that_is_seen_voids_an_acquittal_and_is_a_finding() {
    let (mut stage, visits) = private();
    let decoy = stage.decoy();
    stage.tell_canary(&decoy, visits[0], REPORT);
    unclear(&stage, "false alarm");
    assert_eq!(stage.found("decoy-seen")[0].severity, Severity::Critical);
}

#[test]
fn twenty_nine_visits_are_too_few() {
    let (mut stage, visits) = private();
    let first = stage.phases[visits[0]].canaries[0].clone();
    let site = stage.plants.iter().find(|plant| plant.canary.id == first).unwrap().site.clone().unwrap();
    let last = stage.traffic.iter().rposition(|one| one.host == site).unwrap();
    stage.traffic.remove(last);
    unclear(&stage, "too few: nothing was seen in 29 visits over 5 fresh installs");
}

#[test]
fn four_installs_are_too_few_however_many_visits() {
    let mut stage = Stage::new(PRIVATE);
    stage.blank(2);
    let normal = stage.trial(Mode::Normal);
    stage.visit(normal);
    stage.close(normal);
    for _ in 0..4 {
        let private = stage.trial(Mode::Private);
        stage.visits(private, 40);
        stage.close(private);
    }
    unclear(&stage, "over 4 fresh installs,");
}

#[test]
fn a_run_that_ended_early_says_so_and_counts_only_what_went_to_its_end() {
    let (mut stage, _) = private();
    stage.early = Some("stopped by hand".into());
    assert_eq!(stage.word(), Outcome::Kept, "every trial was closed");
    let used = stage.trials.iter().rposition(|trial| !trial.arm.blank).unwrap() as u32 + 1;
    let close = stage.phases.iter().rposition(|phase| phase.trial == used).unwrap();
    stage.phases.remove(close);
    unclear(&stage, "the run ended early (stopped by hand)");
}

#[test]
fn visits_of_a_failed_trial_do_not_count_for_kept_but_do_for_broken() {
    let (mut stage, visits) = private();
    stage.trials[6].failed = Some("it crashed".into());
    unclear(&stage, "too few");
    stage.tell(visits[29], visits[29], REPORT);
    assert_eq!(stage.word(), Outcome::Broken);
}

#[test]
fn an_act_the_driver_could_not_do_does_not_count() {
    let (mut stage, _) = private();
    let private = stage.trial(Mode::Private);
    stage.type_text(private);
    assert_eq!(stage.verdict().visits, 31);
    stage.note(private, "not-done", "this driver cannot be typed into");
    assert_eq!(stage.verdict().visits, 30);
}

#[test]
fn nothing_done_in_private_mode_is_untested_with_the_reason() {
    let mut stage = Stage::new(PRIVATE);
    stage.blank(2);
    untested(&stage, "nothing was visited, searched or typed in private mode");
    stage.trials[0].failed = Some("no display".into());
    untested(&stage, "a trial failed (no display)");
}

#[test]
fn a_page_that_never_came_through_candor_is_untested() {
    let mut stage = Stage::new(PRIVATE);
    let private = stage.trial(Mode::Private);
    stage.visit(private);
    stage.traffic.clear();
    untested(&stage, "no page was seen to be opened");
}

#[test]
fn a_subject_that_refuses_our_certificate_everywhere_is_untested_and_said_to_be_blind() {
    let mut stage = Stage::new(PRIVATE);
    let private = stage.trial(Mode::Private);
    stage.visit(private);
    stage.traffic.iter_mut().for_each(|one| one.sealed = true);
    untested(&stage, "refused our certificate, so the instrument was blind");
}

#[test]
fn unread_traffic_after_the_first_act_leaves_it_unclear_on_a_timer_or_not() {
    let (mut stage, visits) = private();
    stage.send(0, "own.example", Initiator::Native);
    stage.send_sealed(0, "own.example", 900);
    assert_eq!(stage.word(), Outcome::Kept, "where nothing was done it could not be about anything");
    stage.send_sealed(visits[0], "own.example", 900);
    unclear(&stage, "own.example was sent 900 bytes after the first act that could not be read");
}

#[test]
fn unread_traffic_before_the_first_act_does_not() {
    let (mut stage, visits) = private();
    stage.send(0, "own.example", Initiator::Native);
    let start = stage.phases[visits[0]].trial;
    let start = stage.phases.iter().position(|phase| phase.trial == start).unwrap();
    stage.send_sealed(start, "own.example", 900);
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn unread_traffic_of_a_later_start_or_idle_may_be_a_queue() {
    for restart in [true, false] {
        let (mut stage, visits) = private();
        stage.send(0, "own.example", Initiator::Native);
        let used = stage.phases[visits[29]].trial;
        if restart {
            stage.restart(used, Mode::Normal);
        }
        let later = stage.idle(used);
        stage.send_sealed(later, "own.example", 900);
        unclear(&stage, "own.example was sent 900 bytes after the first act");
    }
}

const TO_THE_MAKER: &str = r#"
    [[promise]]
    id = "maker"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private" }
    never = { kinds = ["visited-url"], to = "the-maker" }
"#;

#[test]
fn a_promise_about_the_maker_is_broken_by_what_the_maker_gets_and_by_nothing_else() {
    let mut stage = Stage::new(TO_THE_MAKER).of_subject("reporting-browser", Some("honest"));
    let visits = enough(&mut stage);
    stage.tell(visits[0], visits[0], Sent { to: "content-autofill.googleapis.com", ..REPORT });
    assert_eq!(stage.word(), Outcome::Kept, "{}", stage.verdict().because);
    let google = stage.destination("content-autofill.googleapis.com");
    stage.destinations[google].owner = Some("Google".into());
    stage.send_sealed(visits[0], "content-autofill.googleapis.com", 900);
    assert_eq!(stage.word(), Outcome::Kept, "unread, and known to be another's");
    stage.send_sealed(visits[0], "nobodys.example", 900);
    unclear(&stage, "nobodys.example");
    stage.tell(visits[1], visits[1], REPORT);
    assert_eq!(stage.word(), Outcome::Broken);
    assert!(stage.verdict().because.starts_with(COLLECTOR), "{}", stage.verdict().because);
}

#[test]
fn who_is_not_known_to_be_the_maker_of_anything_breaks_no_promise_about_its_maker() {
    let mut stage = Stage::new(TO_THE_MAKER);
    let visits = enough(&mut stage);
    stage.tell(visits[0], visits[0], REPORT);
    untested(&stage, "who makes this program is not known");
}

#[test]
fn bytes_that_stayed_closed_inside_an_open_exchange_count_like_sealed_ones() {
    let (mut stage, visits) = private();
    stage.send_closed(visits[0], COLLECTOR, 700);
    unclear(&stage, "could not be read");
}

#[test]
fn what_a_page_seals_is_its_own_business() {
    let (mut stage, visits) = private();
    stage.send_sealed(visits[0], "own.example", 900);
    stage.send(0, "own.example", Initiator::Native);
    let last = stage.traffic.len() - 2;
    stage.traffic[last].side = Initiator::Page;
    assert_eq!(stage.word(), Outcome::Kept);
}

#[test]
fn the_same_case_gives_the_same_verdicts_and_findings() {
    let (mut stage, visits) = private();
    stage.send_sealed(visits[0], "own.example", 900);
    stage.tell(visits[3], visits[3], REPORT);
    assert_eq!(judge::verdicts(&stage.case()), judge::verdicts(&stage.case()));
    assert_eq!(judge::findings(&stage.case()), judge::findings(&stage.case()));
}
