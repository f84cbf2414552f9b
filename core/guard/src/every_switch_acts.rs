//! Every switch acts: a value that is recognised by its format is stopped by
//! the switch of its kind, and a service with a switch of its own obeys that
//! switch.

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Exchange, Kind, Mode};

use crate::{
    SwitchTable,
    checks::{GuardStage, knowledge, post, request, said},
};

const PAGE: &str = "https://clinic.example/patients/4711-secret?from=mail";

/// An event of a Sensors Analytics SDK, with the address of a page that was not
/// visited in the test.
const EVENT: &str = r#"{"distinct_id":"8a3e5f11c0d24b76","lib":{"$lib":"Android","$lib_version":"6.3.2"},
    "event":"$AppViewScreen","type":"track",
    "properties":{"$device_id":"8a3e5f11c0d24b76","$screen_name":"com.example.Article","url":"https://shop.example/basket/91"}}"#;

fn sensors(host: &str) -> Exchange {
    let data = STANDARD.encode(EVENT).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    post(&format!("https://{host}/sa?project=p"), format!("data={data}").as_bytes())
}

fn on(stage: &mut GuardStage, kind: &str) {
    stage.choices.table.turn(&Kind::new(kind), Mode::Normal, true);
}

fn visited() -> GuardStage {
    let mut stage = GuardStage::new();
    stage.visit(PAGE, "");
    stage
}

#[test]
fn a_recorded_report_is_stopped_in_every_mode_strict_or_not_wherever_it_goes() {
    for mode in [Mode::Normal, Mode::Private, Mode::Unknown] {
        for strict in [false, true] {
            let mut stage = GuardStage::new();
            (stage.who.mode, stage.choices.strict) = (mode, strict);
            for host in ["sa.api.intl.miui.com", "nobody-knows.example"] {
                let says = stage.says(&sensors(host));
                let kinds = says.contains(" device-id ") && says.contains(" visited-url");
                assert!(says.starts_with("absorb report-") && kinds, "{mode:?} {strict} {host}: {says}");
            }
        }
    }
}

#[test]
fn each_kind_that_a_format_shows_has_a_switch_that_acts() {
    let mut stage = GuardStage::new();
    let told = sensors("sa.api.intl.miui.com");
    let kinds = stage.decide(&told).kinds;
    assert!(kinds.len() > 2, "{kinds:?}");
    for left_off in &kinds {
        stage.choices.table = SwitchTable::default();
        kinds.iter().filter(|kind| *kind != left_off).for_each(|kind| on(&mut stage, kind.as_str()));
        assert_eq!(stage.says(&told), format!("absorb report-telemetry {left_off}"));
    }
    kinds.iter().for_each(|kind| on(&mut stage, kind.as_str()));
    assert!(stage.says(&told).starts_with("pass on "));
}

#[test]
fn what_only_looks_like_something_is_asked_and_stopped_if_strict() {
    let mut stage = GuardStage::new();
    let told = post("https://other.example/x", b"contact=jo.finukgurmann%40mail.example");
    assert_eq!(stage.says(&told), "pass asked email");
    stage.choices.strict = true;
    assert_eq!(stage.says(&told), "absorb report-strict email");
    on(&mut stage, "email");
    assert_eq!(stage.says(&told), "pass on email");
}

#[test]
fn what_a_page_tells_a_tracker_is_the_pages() {
    let mut stage = GuardStage::new();
    stage.visit(PAGE, "<script src=https://sa.api.intl.miui.com/sa.js></script>");
    assert_eq!(stage.says(&sensors("sa.api.intl.miui.com")), "pass page");
    let own = sensors("stats.clinic.example");
    assert_eq!(stage.says(&own), "pass page", "and its own statistics are first-party traffic");
    stage.choices.strict = true;
    assert!(stage.says(&sensors("sa.api.intl.miui.com")).starts_with("absorb report-telemetry"));
}

/// A request of the address bar.
fn typed(url: &str) -> Exchange {
    let native = [("sec-fetch-site", "none"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
    request("GET", url, &native, b"")
}

/// A request of a page's own search box.
fn by_page(url: &str) -> Exchange {
    let page = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    request("GET", url, &page, b"")
}

const SUGGEST: &str = "https://duckduckgo.com/ac/?q=knee%20pa&type=list";

#[test]
fn suggestions_have_a_switch_also_on_the_host_of_the_page_that_is_open() {
    let mut stage = GuardStage::new();
    stage.visit("https://duckduckgo.com/?q=rash+on+left+hand&ia=web", "");
    assert_eq!(stage.says(&typed(SUGGEST)), "absorb suggestions typed-text");
    assert_eq!(stage.says(&by_page(SUGGEST)), "pass page");
    let other = typed("https://search.brave.com/api/suggest?words=knee");
    assert_eq!(stage.says(&other), "absorb suggestions", "whatever is recognised in it");
    stage.choices.suggestions.normal = true;
    assert_eq!(stage.says(&typed(SUGGEST)), "pass suggestions typed-text");
    for mode in [Mode::Private, Mode::Unknown] {
        stage.who.mode = mode;
        assert_eq!(stage.says(&typed(SUGGEST)), "absorb suggestions typed-text");
    }
}

#[test]
fn with_an_exact_list_only_what_is_listed_is_a_pages_suggestion() {
    let mut stage = GuardStage::new();
    stage.client.lists(stage.now);
    stage.client.page("https://duckduckgo.com/?q=rash+on+left+hand", stage.now);
    assert_eq!(stage.says(&by_page(SUGGEST)), "hold unlisted typed-text", "it may be listed in a moment");
    stage.waited = 400_000;
    assert_eq!(stage.says(&by_page(SUGGEST)), "absorb suggestions typed-text");
    stage.client.listed(SUGGEST);
    assert_eq!(stage.says(&by_page(SUGGEST)), "pass page");
}

#[test]
fn the_question_what_a_form_is_tells_the_page_that_it_stands_on() {
    let mut stage = GuardStage::new();
    let url = "https://content-autofill.googleapis.com/v1/pages/Chc2LjEuMTcxNS4xNDQyL2VuIChHR0xMKRIeCX?alt=proto";
    assert_eq!(stage.says(&typed(url)), "absorb report-schema visited-host");
    on(&mut stage, "visited-host");
    assert_eq!(stage.says(&typed(url)), "pass on visited-host");
}

const UPDATES: &str = "https://update.googleapis.com/service/update2/json";

#[test]
fn updates_go_on_and_are_shown_until_they_are_turned_off() {
    let mut stage = visited();
    let asked = br#"{"request":{"app":[{"appid":"cjpalhdlnbpafiamejdnhcphjbkeiagm"}],"sessionid":"{4f0e1d2c-3b4a}"}}"#;
    assert_eq!(stage.says(&post(UPDATES, asked)), "pass updates component-list session-id");
    assert_eq!(stage.says(&post(UPDATES, PAGE.as_bytes())), "pass updates visited-url", "shown, with what it carries");
    let download = request("GET", "https://redirector.gvt1.com/edgedl/x", &[], b"");
    assert_eq!(stage.says(&download), "pass nothing");
    assert_eq!(said(&stage.decide_on(&post(UPDATES, b"{\"a\":"), false)), "hold incomplete");
    stage.choices.updates = false;
    assert_eq!(stage.says(&post(UPDATES, asked)), "absorb updates component-list session-id");
    assert_eq!(stage.says(&download), "absorb updates", "whatever it carries");
}

#[test]
fn every_known_place_of_update_checks_has_the_switch_of_updates() {
    let knowledge = knowledge();
    let omaha = knowledge.schemas.iter().find(|schema| schema.path == "schemas/chromium/omaha.toml").unwrap();
    assert!(omaha.endpoint.len() > 5);
    let asked = br#"{"request":{"app":[{"appid":"cjpalhdlnbpafiamejdnhcphjbkeiagm"}]}}"#;
    for endpoint in &omaha.endpoint {
        let mut stage = visited();
        stage.who.makers = ["Brave", "Google", "Microsoft"].map(str::to_owned).to_vec();
        let check = post(&endpoint.to_string().replace('*', "x"), asked);
        assert_eq!(stage.says(&check), "pass updates component-list", "{endpoint}");
        stage.choices.updates = false;
        assert_eq!(stage.says(&check), "absorb updates component-list", "{endpoint}");
    }
}

#[test]
fn what_only_asks_whether_somebody_is_human_has_not_the_switch_of_warnings() {
    let mut stage = visited();
    stage.choices.security = false;
    for url in ["https://www.recaptcha.net/recaptcha/api2/reload", "https://abc.edge.sdk.awswaf.com/abc/verify"] {
        assert_eq!(stage.says(&post(url, b"x")), "pass nothing", "a page works without warnings, too: {url}");
    }
}

#[test]
fn security_services_go_on_and_are_shown_until_they_are_turned_off() {
    let mut stage = visited();
    let check = post("https://safebrowsing.googleapis.com/v1/check", PAGE.as_bytes());
    assert_eq!(stage.says(&check), "pass security visited-url");
    stage.choices.security = false;
    assert_eq!(stage.says(&check), "absorb security visited-url");
    assert_eq!(stage.says(&post("https://safebrowsing.googleapis.com/v1/check", b"x")), "absorb security");
}

#[test]
fn what_signs_in_keeps_the_same_or_translates_goes_on_and_is_shown() {
    let mut stage = visited();
    stage.who.makers = vec!["Google".into()];
    for url in ["https://clients4.google.com/chrome-sync/command/", "https://translate.googleapis.com/translate_a/t"] {
        assert_eq!(stage.says(&post(url, PAGE.as_bytes())), "pass started visited-url");
    }
}
