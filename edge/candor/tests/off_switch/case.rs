//! The case, from the other side.
//!
//! The browser that reported every visit in both modes is used through the
//! guard; then its person turns the switch on, and off again.

use std::time::{Duration, Instant};

use experiment::drivers::chromium::{ChromiumDriver, SwitchAt};
use gate::ChoiceChange;
use guard::{GuardAction, KindSet};
use model::{Mode, Request};
use proxy::StaticResponse;
use serde_json::Value;

use crate::{guarded::Guarded, report::arrived, server::Server};

const PATIENCE: Duration = Duration::from_secs(20);
const STAY: Duration = Duration::from_millis(300);
const PAGE: &str = "<!doctype html><title>A page</title><p>As the server has it.</p><img src=\"/picture.png\">";
const SWITCH: &str = "#set-visited td:nth-of-type(1) button";

fn page(request: &Request) -> StaticResponse {
    match request.url.contains("/picture.png") || request.method == "POST" {
        true => StaticResponse::sinkhole(200, "application/json", "{}"),
        false => StaticResponse::sinkhole(200, "text/html", PAGE),
    }
}

/// A guard, a browser that reports, and what it went to.
struct Session<'s> {
    server: &'s Server,
    guarded: Guarded,
    reporting: std::path::PathBuf,
    visited: Vec<String>,
}

impl Session<'_> {
    async fn browser(&self, mode: Mode) -> ChromiumDriver {
        self.guarded.browser(mode, std::slice::from_ref(&self.reporting)).await
    }

    /// Goes to an address that nobody can guess, and sees the page as it is.
    async fn visit(&mut self, browser: &ChromiumDriver, url: &str) {
        let seen = browser.visit(url, PATIENCE, STAY).await.unwrap();
        assert_eq!(seen.failed, None, "{url}");
        let shown = browser.evaluate("document.documentElement.outerHTML").await.unwrap();
        assert!(shown.as_str().unwrap().contains("<p>As the server has it.</p>"), "unchanged: {shown}");
        self.visited.push(url.to_owned());
    }

    /// Waits until the reporting browser has nothing left to send.
    async fn queue_is_empty(&self, browser: &ChromiumDriver) {
        let options = format!("chrome-extension://{}/options.html", browser.extensions()[0]);
        browser.open_tab(&options, PATIENCE).await.unwrap();
        wait("an empty queue", async || {
            let left =
                browser.evaluate("chrome.storage.local.get('queue').then(({queue}) => queue?.length ?? -1)").await;
            left.is_ok_and(|left| left == 0)
        })
        .await;
        browser.close_tab().await.unwrap();
    }

    fn stopped(&self, mode: Mode) -> usize {
        let events = self.guarded.keeper.board().events();
        events.iter().filter(|event| event.mode == mode && event.verdict == GuardAction::Absorb).count()
    }

    /// Not one of the addresses visited, nor a word searched for, got through.
    fn nothing_arrived(&self) {
        let all = arrived(&self.server.got()).join("\n");
        for url in &self.visited {
            assert!(!all.contains(url.as_str()), "{url} arrived");
        }
        assert!(!all.contains("odd words"), "the words arrived");
    }

    async fn arrives(&self, url: &str) {
        wait(url, async || arrived(&self.server.got()).iter().any(|report| report.contains(url))).await;
    }
}

async fn wait(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(40), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Presses the switch on the guard's page; where it stands when that answers.
async fn press(browser: &ChromiumDriver) -> Value {
    browser.follow_link(SWITCH, PATIENCE, Duration::ZERO).await.unwrap();
    browser.evaluate(&format!("document.querySelector('{SWITCH}').getAttribute('aria-checked')")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_case_reports_into_nothing_until_its_person_says_otherwise() {
    let server = Server::start(page);
    let Some(guarded) = Guarded::start(&server).await else { return };
    let reporting = guarded.reporting("3.4.0").await;
    let mut session = Session { server: &server, guarded, reporting, visited: Vec::new() };

    // Normal and private, and everything off.
    for (mode, name) in [(Mode::Normal, "normal"), (Mode::Private, "private")] {
        let browser = session.browser(mode).await;
        for number in 0..2 {
            session.visit(&browser, &format!("https://qwertzuiopas.com/{name}/{number}-secret?from=mail")).await;
        }
        session.visit(&browser, &format!("https://duckduckgo.com/?q={name}+odd+words+to+search")).await;
        wait("a report to stop", async || session.stopped(mode) > 0).await;
        if mode == Mode::Normal {
            session.queue_is_empty(&browser).await;
        }
        // What was stored before the end would be sent at the next start.
        tokio::time::sleep(Duration::from_secs(2)).await;
        session.nothing_arrived();
        browser.close().await;
    }
    assert!(session.stopped(Mode::Private) > 0, "private windows have a port of their own");

    // A report marks the browser, too, and that has a switch of its own.
    let marks = ChoiceChange::TurnSet { device: None, set: KindSet::Statistics, mode: Mode::Normal, on: true };
    session.guarded.keeper.change(&marks).await.unwrap();

    // On, by the guard's page in a second browser.
    let browser = session.browser(Mode::Normal).await;
    let other = session.guarded.other_browser().await;
    other.visit(&session.guarded.page.link().unwrap(), PATIENCE, STAY).await.unwrap();
    let settings = format!("http://{}/settings", session.guarded.page.address());
    other.visit(&settings, PATIENCE, STAY).await.unwrap();
    session.queue_is_empty(&browser).await;
    assert_eq!(press(&other).await, "true");
    let allowed = "https://yxcvbnmasdfg.de/allowed/1-open";
    assert_eq!(browser.visit(allowed, PATIENCE, STAY).await.unwrap().failed, None);
    session.arrives(allowed).await;
    session.nothing_arrived();

    // Off again, with a report under way.
    session.visit(&browser, "https://yxcvbnmasdfg.de/late/2-secret").await;
    assert_eq!(press(&other).await, "false");
    server.forget();
    session.visit(&browser, "https://yxcvbnmasdfg.de/late/3-secret").await;
    session.queue_is_empty(&browser).await;
    session.nothing_arrived();
    other.close().await;

    // On and off in the browser's own settings.
    let options = format!("chrome-extension://{}/options.html", browser.extensions()[1]);
    let switch = SwitchAt { page: &options, control: "#visited-normal" };
    assert!(!browser.throw_switch(switch, true).await.unwrap(), "it stood off, and could be seen to");
    let allowed = "https://yxcvbnmasdfg.de/allowed/4-open";
    assert_eq!(browser.visit(allowed, PATIENCE, STAY).await.unwrap().failed, None);
    session.arrives(allowed).await;
    assert!(browser.throw_switch(switch, false).await.unwrap());
    server.forget();
    session.visit(&browser, "https://yxcvbnmasdfg.de/late/5-secret").await;
    session.queue_is_empty(&browser).await;
    session.nothing_arrived();
    browser.close().await;

    // Without the guard no burst follows: what was absorbed is gone.
    session.guarded.take_away().await;
    let browser = session.browser(Mode::Normal).await;
    let unguarded = "https://yxcvbnmasdfg.de/unguarded/6-open";
    assert_eq!(browser.visit(unguarded, PATIENCE, STAY).await.unwrap().failed, None);
    session.arrives(unguarded).await;
    session.queue_is_empty(&browser).await;
    session.nothing_arrived();
    browser.close().await;
    session.guarded.keeper.finish().await.unwrap();
}
