//! Real Chromium in a real cell. Skipped, with the reason, where there is none.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod stage;

use std::{collections::BTreeSet, time::Duration};

use experiment::{
    cell::Cell,
    drivers::chromium::{ChromiumDriver, FormField, LaunchSpec, LaunchTrust, ProxyRoute, netlog},
};
use model::Mode;
use stage::{Sink, have};

const PATIENCE: Duration = Duration::from_secs(20);
const STAY: Duration = Duration::from_millis(300);

async fn stage() -> Option<(Cell, Sink)> {
    if !have("chromium") {
        return None;
    }
    let (cell, sockets) = stage::cell(0).await?;
    Some((cell, Sink::on(sockets)))
}

fn launch() -> LaunchSpec {
    // The listener here speaks to programs that know of a proxy.
    // The start page would be the search engine's, and is loaded before its requests are listed.
    let args = vec!["about:blank".to_owned()];
    LaunchSpec { route: ProxyRoute::ProxySetting, args, ..LaunchSpec::new("chromium", LaunchTrust::Nothing) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_arrives_and_is_listed_with_its_pictures() {
    let Some((cell, sink)) = stage().await else { return };
    let (browser, mut requests) = ChromiumDriver::start(&cell, &launch()).await.unwrap();
    assert!(browser.sandboxed());
    assert!(browser.version().split('.').count() == 4, "{}", browser.version());
    let visited = browser.visit("http://abcdefghijkl.example/a?b=c", PATIENCE, STAY).await.unwrap();
    assert_eq!((visited.failed, visited.title.as_str()), (None, "A page"));
    assert!(sink.wait_for("GET http://abcdefghijkl.example/a?b=c ").await);
    browser.close().await;
    let mut listed = Vec::new();
    while let Some(request) = requests.recv().await {
        listed.push(request.url);
    }
    assert!(listed.contains(&"http://abcdefghijkl.example/a?b=c".to_owned()), "{listed:?}");
    assert!(listed.contains(&"http://abcdefghijkl.example/picture.png".to_owned()), "{listed:?}");
    assert!(listed.iter().all(|url| url.contains("abcdefghijkl.example")), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_and_forms_filled_in_as_by_a_person() {
    let Some((cell, sink)) = stage().await else { return };
    let (browser, _requests) = ChromiumDriver::start(&cell, &launch()).await.unwrap();
    browser.visit("http://abcdefghijkl.example/", PATIENCE, STAY).await.unwrap();
    let next = browser.follow_link("#on", PATIENCE, STAY).await.unwrap();
    assert_eq!((next.failed, next.url.as_str()), (None, "http://abcdefghijkl.example/next"));
    let fields =
        [("who", "Ada"), ("secret", "p4ss")].map(|(name, text)| FormField { name: name.into(), text: text.into() });
    browser.fill_form(&fields).await.unwrap();
    let sent = browser.submit(PATIENCE, STAY).await.unwrap();
    assert_eq!(sent.failed, None);
    assert!(sink.wait_for("/sent?who=Ada&secret=p4ss ").await, "{:?}", sink.lines());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_mode_is_the_real_one_and_the_profile_outlives_a_restart() {
    let Some((cell, _sink)) = stage().await else { return };
    let url = "http://abcdefghijkl.example/";
    let (browser, _) = ChromiumDriver::start(&cell, &launch()).await.unwrap();
    browser.visit(url, PATIENCE, STAY).await.unwrap();
    browser.evaluate("localStorage.setItem('kept', 'yes')").await.unwrap();
    browser.close().await;

    let private = LaunchSpec { mode: Mode::Private, ..launch() };
    let (browser, _) = ChromiumDriver::start(&cell, &private).await.unwrap();
    browser.visit(url, PATIENCE, STAY).await.unwrap();
    assert_eq!(browser.evaluate("localStorage.getItem('kept')").await.unwrap(), serde_json::Value::Null);
    browser.evaluate("localStorage.setItem('kept', 'no')").await.unwrap();
    browser.close().await;

    let (browser, _) = ChromiumDriver::start(&cell, &launch()).await.unwrap();
    browser.visit(url, PATIENCE, STAY).await.unwrap();
    assert_eq!(browser.evaluate("localStorage.getItem('kept')").await.unwrap(), "yes");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_browser_is_noticed_in_mid_visit() {
    let Some((cell, _sink)) = stage().await else { return };
    let (mut browser, _requests) = ChromiumDriver::start(&cell, &launch()).await.unwrap();
    assert!(browser.runs());
    cell.run(experiment::cell::CellProgram::new("true"), PATIENCE).await.unwrap();
    let _ = browser.evaluate("1").await.unwrap();
    browser.crash().await;
    assert!(browser.visit("http://abcdefghijkl.example/", PATIENCE, STAY).await.is_err());
    assert!(!browser.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_cannot_start_says_what_it_said() {
    let Some((cell, _sink)) = stage().await else { return };
    let absent = LaunchSpec { program: "/usr/bin/no-such-browser".into(), ..launch() };
    let why = ChromiumDriver::start(&cell, &absent).await.unwrap_err().to_string();
    assert_eq!(why, "`/usr/bin/no-such-browser` is missing: install the Debian package chromium");
    let wrong = LaunchSpec { program: "/bin/false".into(), ..launch() };
    let why = ChromiumDriver::start(&cell, &wrong).await.unwrap_err().to_string();
    assert_eq!(why, "/bin/false ended at its start, saying: nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_driver_lists_is_what_chromium_itself_says_pages_asked_for() {
    let Some((cell, _sink)) = stage().await else { return };
    let launch = LaunchSpec { netlog: Some("net.json".into()), ..launch() };
    let (browser, mut requests) = ChromiumDriver::start(&cell, &launch).await.unwrap();
    browser.visit("http://abcdefghijkl.example/", PATIENCE, STAY).await.unwrap();
    browser.visit("http://mnopqrstuvwx.example/", PATIENCE, STAY * 5).await.unwrap();
    browser.close().await;
    let mut listed = BTreeSet::new();
    while let Some(request) = requests.recv().await {
        listed.insert((request.method, request.url));
    }
    let logged = netlog::read(&cell.read("net.json").await.unwrap()).unwrap();
    let (pages, own): (Vec<_>, Vec<_>) = logged.into_iter().partition(netlog::LoggedRequest::is_page);
    assert_eq!(listed, pages.into_iter().map(|request| (request.method, request.url)).collect());
    assert!(!own.is_empty() && own.iter().all(|request| !request.url.contains(".example")));
}
