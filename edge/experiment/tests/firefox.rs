//! Real Firefox in a real cell, on the real proxy where it needs TLS. Skipped,
//! with the reason, where there is none.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod stage;

use std::time::Duration;

use experiment::{
    cell::Cell,
    display::{TypingPace, VirtualDisplay},
    drivers::{
        browser::InputDevices,
        firefox::FirefoxDriver,
        launch::{LaunchSpec, LaunchTrust, ProxyRoute, WindowMode},
        visited::FormField,
    },
};
use model::Mode;
use stage::{Sink, have};

const PATIENCE: Duration = Duration::from_secs(20);
const STAY: Duration = Duration::from_millis(300);

async fn stage() -> Option<(Cell, Sink)> {
    if !have("firefox-esr") {
        return None;
    }
    let (cell, sockets) = stage::cell(0).await?;
    Some((cell, Sink::on(sockets)))
}

fn launch() -> LaunchSpec {
    LaunchSpec { route: ProxyRoute::ProxySetting, ..LaunchSpec::new("firefox-esr", LaunchTrust::Nothing) }
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_arrive_links_are_followed_and_forms_filled_in() {
    let Some((cell, sink)) = stage().await else { return };
    let (browser, mut requests) = FirefoxDriver::start(&cell, &launch()).await.unwrap();
    assert!(browser.sandboxed());
    assert!(browser.version().starts_with(|c: char| c.is_ascii_digit()), "{}", browser.version());
    let visited = browser.visit("http://abcdefghijkl.example/a?b=c", PATIENCE, STAY).await.unwrap();
    assert_eq!((visited.failed, visited.title.as_str()), (None, "A page"));
    let next = browser.follow_link("#on", PATIENCE, STAY).await.unwrap();
    assert_eq!((next.failed, next.url.as_str()), (None, "http://abcdefghijkl.example/next"));
    let fields =
        [("who", "Ada"), ("secret", "p4ss")].map(|(name, text)| FormField { name: name.into(), text: text.into() });
    browser.fill_form(&fields).await.unwrap();
    let sent = browser.submit(PATIENCE, STAY).await.unwrap();
    assert_eq!(sent.failed, None);
    assert!(sink.wait_for("/sent?who=Ada&secret=p4ss ").await, "{:?}", sink.lines());
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
async fn private_mode_is_the_real_one_and_the_profile_outlives_a_restart() {
    let Some((cell, _sink)) = stage().await else { return };
    let url = "http://abcdefghijkl.example/";
    for (mode, expected) in [(Mode::Normal, "first"), (Mode::Private, "first"), (Mode::Normal, "kept")] {
        let (browser, _) = FirefoxDriver::start(&cell, &LaunchSpec { mode, ..launch() }).await.unwrap();
        browser.visit(url, PATIENCE, STAY).await.unwrap();
        let found = browser.evaluate("localStorage.getItem('it') ?? 'first'").await.unwrap();
        assert_eq!(found, expected, "{mode:?}");
        browser.evaluate("void localStorage.setItem('it', 'kept')").await.unwrap();
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_can_be_typed_into_its_window() {
    let Some((cell, sink)) = stage().await else { return };
    if !(have("Xvfb") && have("xdotool")) {
        return;
    }
    let display = VirtualDisplay::start(&cell).await.unwrap();
    let launch = LaunchSpec { window: WindowMode::On(display.name().to_owned()), mode: Mode::Private, ..launch() };
    let (browser, _) = FirefoxDriver::start(&cell, &launch).await.unwrap();
    let address = "http://abcdefghijkl.example/typed";
    let hands =
        InputDevices { cell: &cell, display: Some(&display), patience: PATIENCE, stay: STAY, pace: TypingPace::Person };
    let visited = browser.go_by_typing(hands, address).await.unwrap();
    assert_eq!((visited.failed, visited.url.as_str()), (None, address));
    assert!(sink.wait_for("GET http://abcdefghijkl.example/typed ").await);
    browser.close().await;
    display.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_browser_is_noticed_and_one_that_cannot_start_says_so() {
    let Some((cell, _sink)) = stage().await else { return };
    let (mut browser, _) = FirefoxDriver::start(&cell, &launch()).await.unwrap();
    browser.crash().await;
    assert!(browser.visit("http://abcdefghijkl.example/", PATIENCE, STAY).await.is_err());
    assert!(!browser.runs());
    let wrong = LaunchSpec { program: "/bin/false".into(), ..launch() };
    let why = FirefoxDriver::start(&cell, &wrong).await.unwrap_err().to_string();
    assert_eq!(why, "/bin/false ended at its start, saying: nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_trusts_our_authority_and_shows_what_it_sends_by_itself() {
    if !(have("firefox-esr") && have("certutil")) {
        return;
    }
    let Some((cell, sockets)) = stage::cell(0).await else { return };
    let (seen, authority, _proxies) = stage::seen::serve(sockets);
    let trust = LaunchTrust::Authority(authority.cert_pem().to_owned());
    let launch = LaunchSpec { route: ProxyRoute::ProxySetting, ..LaunchSpec::new("firefox-esr", trust) };
    let (browser, _) = FirefoxDriver::start(&cell, &launch).await.unwrap();
    let visited = browser.visit("https://abcdefghijkl.com/a", PATIENCE, STAY).await.unwrap();
    assert_eq!((visited.failed, visited.title.as_str()), (None, "A page"));
    let own = seen.wait_for(|seen| {
        seen.iter().find(|exchange| exchange.host().ends_with(".mozilla.com") && exchange.seal.is_none()).cloned()
    });
    assert!(own.await.is_some());
    browser.close().await;
}
