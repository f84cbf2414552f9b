//! Real Chromium in a window, typed into as by a person.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod stage;

use std::time::Duration;

use experiment::{
    cell::Cell,
    display::{TypingPace, VirtualDisplay},
    drivers::{
        browser::{BrowserDriver, InputDevices},
        chromium::{ChromiumDriver, LaunchSpec, LaunchTrust, ProxyRoute, WindowMode},
    },
};
use knowledge::subjects::SubjectDriver;
use model::Mode;
use stage::{Sink, have};

const PATIENCE: Duration = Duration::from_secs(20);
const STAY: Duration = Duration::from_millis(300);

async fn stage(number: u32) -> Option<(Cell, Sink, VirtualDisplay)> {
    if !(have("chromium") && have("Xvfb") && have("xdotool")) {
        return None;
    }
    let (cell, sockets) = stage::cell(number).await?;
    let sink = Sink::on(sockets);
    let display = VirtualDisplay::start(&cell).await.unwrap();
    Some((cell, sink, display))
}

fn launch(display: &VirtualDisplay) -> LaunchSpec {
    LaunchSpec {
        window: WindowMode::On(display.name().to_owned()),
        route: ProxyRoute::ProxySetting,
        ..LaunchSpec::new("chromium", LaunchTrust::Nothing)
    }
}

fn hands<'h>(cell: &'h Cell, display: &'h VirtualDisplay) -> InputDevices<'h> {
    InputDevices { cell, display: Some(display), patience: PATIENCE, stay: STAY, pace: TypingPace::Person }
}

async fn typed(number: u32, address: &str, mode: Mode) {
    let Some((cell, sink, display)) = stage(number).await else { return };
    let launch = LaunchSpec { mode, ..launch(&display) };
    let (browser, _requests) = ChromiumDriver::start(&cell, &launch).await.unwrap();
    let visited = browser.go_by_typing(hands(&cell, &display), address).await.unwrap();
    assert_eq!((visited.failed, visited.title.as_str()), (None, "A page"));
    assert!(sink.wait_for(&format!("GET {address} ")).await, "{:?}", sink.lines());
    browser.close().await;
    display.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_can_type_into_two_windows_at_once() {
    tokio::join!(
        typed(0, "http://abcdefghijkl.example/one", Mode::Normal),
        typed(1, "http://mnopqrstuvwx.example/two", Mode::Private)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_and_left_goes_to_the_search_engine_where_no_packager_forbade_it() {
    let upstream = || vec!["--no-first-run".to_owned()];
    for (mode, args, asked) in
        [(Mode::Normal, vec![], false), (Mode::Normal, upstream(), true), (Mode::Private, upstream(), false)]
    {
        let Some((cell, sink, display)) = stage(0).await else { return };
        let launch = LaunchSpec { mode, args, ..launch(&display) };
        let (browser, _requests) = ChromiumDriver::start(&cell, &launch).await.unwrap();
        browser.type_in_address_bar(&cell, &display, "odd words").await.unwrap();
        browser.leave_address_bar(&cell, &display).await.unwrap();
        tokio::time::sleep(STAY).await;
        // The sink refuses every tunnel, so what is asked is seen by its host: the
        // engine's own, which is another than that of its start page.
        let seen = sink.lines().iter().any(|line| line.starts_with("CONNECT duckduckgo.com:"));
        assert_eq!(seen, asked, "{mode:?}: {:?}", sink.lines());
        browser.close().await;
        display.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_window_opens_beside_the_ordinary_one_and_is_used_from_then_on() {
    let Some((cell, sink, display)) = stage(0).await else { return };
    let (mut browser, _requests) = ChromiumDriver::start(&cell, &launch(&display)).await.unwrap();
    browser.visit("http://abcdefghijkl.example/one", PATIENCE, STAY).await.unwrap();
    browser.evaluate("localStorage.setItem('kept', 'yes')").await.unwrap();
    browser.open_private(&cell, &display, "ctrl+shift+n", PATIENCE).await.unwrap();
    let typed = browser.go_by_typing(hands(&cell, &display), "http://abcdefghijkl.example/two").await.unwrap();
    assert_eq!((typed.failed, browser.mode()), (None, Mode::Private));
    assert!(sink.wait_for("GET http://abcdefghijkl.example/two ").await, "{:?}", sink.lines());
    assert_eq!(browser.evaluate("localStorage.getItem('kept')").await.unwrap(), serde_json::Value::Null);
    browser.close().await;
    display.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_nobody_knows_is_used_by_its_window_alone() {
    let Some((cell, sink, display)) = stage(0).await else { return };
    let launch = LaunchSpec {
        args: ["--user-data-dir={profile}", "--no-first-run", "{url}"].map(str::to_owned).to_vec(),
        private_args: vec!["--incognito".to_owned()],
        mode: Mode::Private,
        ..launch(&display)
    };
    let (browser, _) = BrowserDriver::start(SubjectDriver::Window, &cell, Some(&display), &launch).await.unwrap();
    assert!(browser.sandboxed() && browser.lister().is_none());
    // Chromium knows of no proxy here: it opens a connection, and is turned to ours.
    let visited = browser.visit(hands(&cell, &display), "http://192.0.2.1/turned").await.unwrap();
    assert_eq!(visited.failed, None);
    assert!(visited.title.starts_with("A page"), "{}", visited.title);
    assert!(sink.wait_for("GET /turned ").await, "{:?}", sink.lines());
    let refused = browser.evaluate("1").await.unwrap_err().to_string();
    assert_eq!(refused, "this driver cannot look into a page");
    browser.close().await;
    display.stop().await;
}
