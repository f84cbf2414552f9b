//! An accused program or server cannot get a report past the guard by what it
//! writes: not by an answer, a header, invented pages, or encryption.

use base64::{Engine, engine::general_purpose::STANDARD};
use model::Mode;

use crate::checks::{GuardStage, bytes_that_look_random, post, request};

const PAGE: &str = "https://clinic.example/patients/4711-secret?from=mail";
const COLLECTOR: &str = "https://sa.api.intl.miui.com/sa?project=global_browser_mini";

fn visited() -> GuardStage {
    let mut stage = GuardStage::new();
    stage.who.makers = vec!["Google".into()];
    stage.visit(PAGE, "");
    stage
}

#[test]
fn an_answer_never_makes_a_page() {
    for strict in [false, true] {
        let mut stage = visited();
        stage.choices.strict = strict;
        for host in ["sa.api.intl.miui.com", "nobody-knows.example", "clients4.google.com"] {
            let html = request("GET", &format!("https://{host}/html?ping=1"), &[], b"");
            stage.client.began(&html, stage.now);
            stage.answer(&html, "text/html", b"<p>hello");
            let says = stage.says(&post(&format!("https://{host}/x"), PAGE.as_bytes()));
            let expected = if strict || host != "nobody-knows.example" { "absorb report-" } else { "pass asked" };
            assert!(says.starts_with(expected), "{host}: {says}");
        }
    }
}

#[test]
fn who_says_to_be_a_page_is_believed_but_not_by_the_strict_of_a_maker() {
    let mut stage = visited();
    let told = post("https://www.google.com/x", PAGE.as_bytes());
    assert_eq!(stage.says(&told), "absorb report-to-maker visited-url");
    stage.visit("https://www.google.com/", "<p>hello");
    assert_eq!(stage.says(&told), "pass page", "a browser could forge this: the guard's page says so");
    stage.choices.strict = true;
    assert_eq!(stage.says(&told), "absorb report-to-maker visited-url");
    stage.client.page("https://www.google.com/", stage.now);
    assert_eq!(stage.says(&told), "pass page", "our extension saw it");
}

#[test]
fn where_the_extension_lists_pages_its_list_alone_makes_one() {
    let mut stage = visited();
    stage.client.page(PAGE, stage.now);
    stage.client.lists(stage.now);
    stage.waited = 400_000;
    stage.visit("https://nobody-knows.example/", "<script src=https://third.example/x></script>");
    for host in ["nobody-knows.example", "third.example"] {
        let told = post(&format!("https://{host}/x"), PAGE.as_bytes());
        assert_eq!(stage.says(&told), "absorb asked-by-no-page visited-url", "{host}");
    }
    stage.client.page("https://nobody-knows.example/", stage.now);
    for host in ["nobody-knows.example", "third.example"] {
        assert_eq!(stage.says(&post(&format!("https://{host}/x"), PAGE.as_bytes())), "pass page", "{host}");
    }
}

#[test]
fn pages_without_end_do_not_make_the_guard_forget_the_page_of_a_person() {
    let mut stage = visited();
    for i in 0..1_500 {
        stage.now.steady += 1;
        stage.visit(&format!("https://evil-{}.example/page-{i}", i % 3), "");
    }
    assert_eq!(stage.says(&post(COLLECTOR, PAGE.as_bytes())), "absorb report-telemetry visited-url");
}

#[test]
fn a_collector_that_is_sent_riddles_follows_the_choice_for_what_is_unread() {
    let mut stage = GuardStage::new();
    let noise = bytes_that_look_random(120);
    let base32: String =
        noise.iter().map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte & 31)])).collect();
    for value in [STANDARD.encode(&noise), base32.clone() + &base32.chars().rev().collect::<String>()] {
        let riddle = format!("{{\"v\":\"{value}\"}}");
        stage.who.mode = Mode::Normal;
        assert_eq!(stage.says(&post(COLLECTOR, riddle.as_bytes())), "pass unread");
        assert_eq!(stage.says(&post("https://other.example/", riddle.as_bytes())), "pass nothing", "a token, perhaps");
        stage.who.mode = Mode::Private;
        assert_eq!(stage.says(&post(COLLECTOR, riddle.as_bytes())), "absorb unread");
    }
    let plain = br#"{"v":"7b4c9d2e-1f3a-4b5c-8d6e-9f0a1b2c3d4e","os":"Linux"}"#;
    assert_eq!(stage.says(&post(COLLECTOR, plain)), "pass nothing");
}

#[test]
fn what_was_visited_is_still_known_hours_later_and_after_a_restart() {
    let mut stage = visited();
    let told = post(COLLECTOR, format!("{{\"u\":\"{PAGE}\"}}").as_bytes());
    let hours = |hours: u64| hours * 60 * 60 * 1_000_000;
    stage.now.steady = hours(2);
    stage.client.memory().forget_old(stage.now);
    assert_eq!(stage.says(&told), "absorb report-telemetry visited-url", "it is kept and sent later");
    let own = post("https://clinic.example/save", format!("page={PAGE}").as_bytes());
    assert!(stage.says(&own).starts_with("pass"), "the site may know");
    let kept = stage.client.memory().kept(stage.now);
    let mut after = GuardStage::new();
    kept.iter().for_each(|(digest, site, left)| after.client.memory().remember(digest, site, *left, after.now));
    assert_eq!(after.says(&told), "absorb report-telemetry visited-url");
    after.now.steady = hours(22);
    assert_eq!(after.says(&told), "pass nothing", "a day is over");
}
