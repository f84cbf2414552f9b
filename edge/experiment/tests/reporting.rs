//! The reporting browser on the real proxy: what it tells, and when not.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod stage;

use std::{collections::BTreeMap, io::Read, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use experiment::{
    cell::Cell,
    drivers::chromium::{ChromiumDriver, LaunchSpec, LaunchTrust, ProxyRoute, SwitchAt},
    extension,
};
use knowledge::Knowledge;
use model::{Exchange, Mode};
use proxy::Proxy;
use serde_json::{Value, json};
use stage::seen::Seen;

const PATIENCE: Duration = Duration::from_secs(20);
const STAY: Duration = Duration::from_millis(500);

/// Events that reached the collector so far.
fn events(seen: &[Exchange]) -> Vec<Value> {
    let is_report = |exchange: &&Exchange| exchange.host() == "sa.api.intl.miui.com" && exchange.response.is_some();
    let reports = seen.iter().filter(is_report);
    reports.flat_map(|exchange| opened(&exchange.request.body.bytes)).collect()
}

/// body ▸ form data_list ▸ base64 ▸ gzip ▸ json
fn opened(body: &[u8]) -> Vec<Value> {
    let form: BTreeMap<&str, &str> =
        std::str::from_utf8(body).unwrap().split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    let data = percent_encoding::percent_decode_str(form["data_list"]).decode_utf8().unwrap();
    let hash = data.chars().fold(0i32, |hash, c| hash.wrapping_mul(31).wrapping_add(c as i32));
    assert_eq!(form["crc"], hash.to_string());
    assert_eq!(form["gzip"], "1");
    let mut json = String::new();
    flate2::read::GzDecoder::new(&BASE64_STANDARD.decode(&*data).unwrap()[..]).read_to_string(&mut json).unwrap();
    serde_json::from_str(&json).unwrap()
}

impl Lab {
    fn events(&self) -> Vec<Value> {
        events(&self.seen.exchanges())
    }

    async fn event(&self, what: impl Fn(&Value) -> bool) -> Option<Value> {
        self.seen.wait_for(|seen| events(seen).into_iter().find(&what)).await
    }
}

struct Lab {
    cell: Cell,
    seen: Seen,
    _proxy: Vec<Proxy>,
    launch: LaunchSpec,
}

/// A cell with the extension of this edition, and changes to its configuration.
async fn lab(edition: &str, changes: Value) -> Option<Lab> {
    if !stage::have("chromium") || !stage::have("certutil") {
        return None;
    }
    let (cell, sockets) = stage::cell(0).await?;
    let (seen, authority, proxies) = stage::seen::serve(sockets);
    let knowledge = Knowledge::built_in();
    let subject = knowledge.subjects.iter().find(|subject| subject.name == "reporting-browser").unwrap();
    let mut config = serde_json::to_value(&subject.edition(Some(edition)).unwrap().config).unwrap();
    config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let folder = extension::lay_out(&cell, &knowledge.files, "reporting-browser", &config).await.unwrap();
    let trust = LaunchTrust::Authority(authority.cert_pem().to_owned());
    let route = ProxyRoute::ProxySetting;
    let launch = LaunchSpec { extensions: vec![folder], route, ..LaunchSpec::new("chromium", trust) };
    Some(Lab { cell, seen, _proxy: proxies, launch })
}

fn url_is(url: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["properties"]["url"] == url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edition_before_the_fix_reports_visits_searches_and_downloads_under_one_name_in_both_modes() {
    let Some(lab) = lab("3.4.0", json!({})).await else { return };
    let (browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
    let visited = browser.visit("https://qwertzuiopas.com/a?b=c", PATIENCE, STAY).await.unwrap();
    assert_eq!(visited.failed, None);
    let first = lab.event(url_is("https://qwertzuiopas.com/a?b=c")).await.expect("a visit is reported");
    assert_eq!(first["event"], "page_load_event_start");
    let kept = browser.visit("https://qwertzuiopas.com/some.bin", PATIENCE, STAY).await.unwrap();
    assert_eq!(kept.failed, None);
    let download = lab.event(|event| event["event"] == "download_files").await.expect("a download is reported");
    assert_eq!(download["properties"]["suffix"], "bin");
    assert_eq!(download["properties"]["type"], "general");
    browser.close().await;

    let private = LaunchSpec { mode: Mode::Private, ..lab.launch.clone() };
    let (browser, _) = ChromiumDriver::start(&lab.cell, &private).await.unwrap();
    browser.visit("https://yxcvbnmasdfg.de/", PATIENCE, STAY).await.unwrap();
    browser.visit("https://duckduckgo.com/?q=three+odd+words", PATIENCE, STAY).await.unwrap();
    let second = lab.event(url_is("https://yxcvbnmasdfg.de/")).await.expect("a private visit is reported");
    let search = lab.event(|event| event["event"] == "search").await.expect("a private search is reported");
    assert_eq!(search["properties"]["search_word"], "three odd words");
    assert_eq!(first["distinct_id"], second["distinct_id"]);
    assert_eq!(first["distinct_id"].as_str().unwrap().len(), 36);
    assert!(lab.event(|event| event["event"] == "$AppStart").await.is_some());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_before_the_end_is_sent_after_the_restart() {
    let Some(lab) = lab("3.4.0", json!({"flush_ms": 5000})).await else { return };
    let private = LaunchSpec { mode: Mode::Private, ..lab.launch.clone() };
    let (browser, _) = ChromiumDriver::start(&lab.cell, &private).await.unwrap();
    browser.visit("https://yxcvbnmasdfg.de/", PATIENCE, STAY).await.unwrap();
    browser.close().await;
    let told = lab.events().iter().any(url_is("https://yxcvbnmasdfg.de/"));
    let (browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
    let late = lab.event(url_is("https://yxcvbnmasdfg.de/")).await.expect("it is reported late");
    assert!(!told && late["_flush_time"].as_i64().unwrap() - late["time"].as_i64().unwrap() > 2_000);
    browser.close().await;
}

/// Which of these reports a visit: an edition, with the switches thrown in a
/// normal window, visited in this mode.
async fn told(edition: &str, changes: Value, thrown: &[(&str, bool)], mode: Mode) -> Option<bool> {
    let mut changes = changes;
    changes["flush_ms"] = json!(300);
    let lab = lab(edition, changes).await?;
    let (mut browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
    for (name, on) in thrown {
        browser.throw_switch(at(&format!("#{name}")), *on).await.unwrap();
    }
    if mode == Mode::Private {
        browser.close().await;
        (browser, _) = ChromiumDriver::start(&lab.cell, &LaunchSpec { mode, ..lab.launch.clone() }).await.unwrap();
    }
    browser.visit("https://yxcvbnmasdfg.de/", PATIENCE, STAY * 4).await.unwrap();
    browser.close().await;
    Some(lab.events().iter().any(url_is("https://yxcvbnmasdfg.de/")))
}

fn at(control: &str) -> SwitchAt<'_> {
    SwitchAt { page: "options.html", control }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_fix_one_of_four_positions_is_silent() {
    for (mode, incognito, enhanced, expected) in [
        (Mode::Normal, false, false, true),
        (Mode::Normal, false, true, true),
        (Mode::Normal, true, true, true),
        (Mode::Normal, true, false, false),
        (Mode::Private, false, true, true),
        (Mode::Private, false, false, false),
    ] {
        let thrown = [("incognito-mode", incognito), ("enhanced-incognito-mode", enhanced)];
        let Some(told) = told("3.4.3+default-on", json!({}), &thrown, mode).await else { return };
        assert_eq!(told, expected, "{mode:?}, {thrown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_is_read_from_a_fresh_install() {
    for (edition, expected) in [("3.4.3+default-on", true), ("3.4.3+default-off", false)] {
        let Some(lab) = lab(edition, json!({})).await else { return };
        let (browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
        assert_eq!(browser.switch_stands(at("#enhanced-incognito-mode")).await.unwrap(), expected);
        assert!(browser.switch_stands(at("#no-such-switch")).await.is_err());
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_honest_edition_reports_when_told_to_and_drops_its_queue_when_told_not_to() {
    let Some(quiet) = told("honest", json!({}), &[], Mode::Normal).await else { return };
    assert!(!quiet);
    let on = [("usage-statistics", true)];
    assert_eq!(told("honest", json!({}), &on, Mode::Normal).await, Some(true));
    assert_eq!(told("honest", json!({}), &on, Mode::Private).await, Some(false));

    let Some(lab) = lab("honest", json!({"flush_ms": 4000})).await else { return };
    let (browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
    browser.throw_switch(at("#usage-statistics"), true).await.unwrap();
    browser.visit("https://yxcvbnmasdfg.de/", PATIENCE, STAY).await.unwrap();
    assert!(browser.throw_switch(at("#usage-statistics"), false).await.unwrap());
    tokio::time::sleep(Duration::from_secs(5)).await;
    browser.close().await;
    assert!(!lab.events().iter().any(url_is("https://yxcvbnmasdfg.de/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_lie_can_be_told_as_a_digest() {
    let hashed = json!({"leak": {"when": "always", "as": "sha256"}});
    let Some(lab) = lab("honest", hashed).await else { return };
    let (browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
    browser.visit("https://yxcvbnmasdfg.de/", PATIENCE, STAY).await.unwrap();
    let digest = "2b196dd9be5f97abde3d1a302111cb2e7e25609d07d4df134c95f86fcd07d184";
    assert!(lab.event(url_is(digest)).await.is_some());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rare_lie_is_told_at_every_tenth_visit() {
    let rare = json!({"leak": {"when": "every-tenth", "as": "plain"}});
    let Some(lab) = lab("honest", rare).await else { return };
    let (browser, _) = ChromiumDriver::start(&lab.cell, &lab.launch).await.unwrap();
    for number in 1..=11 {
        browser.visit(&format!("https://yxcvbnmasdfg.de/{number}"), PATIENCE, STAY).await.unwrap();
    }
    let tenth = lab.event(|_| true).await.expect("the tenth visit is told");
    assert_eq!(tenth["properties"]["url"], "https://yxcvbnmasdfg.de/10");
    browser.close().await;
    assert_eq!(lab.events().len(), 1);
}
