//! What ordinary pages do, once with nobody between and once with the guard on
//! its defaults: what pages see and what servers get is the same.

use std::{collections::BTreeSet, time::Duration};

use experiment::drivers::chromium::ChromiumDriver;
use model::{Mode, Request};

use crate::{
    guarded::Guarded,
    server::Server,
    sites::{Sites, WHAT, host},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// What one page came to, and what its servers got for it.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    outcome: String,
    got: Vec<String>,
}

async fn does(browser: &ChromiumDriver, server: &Server, what: &str) -> Came {
    server.forget();
    // An address that says something, so that there is something to look for.
    let url = format!("https://{}/{what}?patient=4711-finukgurmann", host("site"));
    let seen = browser.visit(&url, PATIENCE, Duration::ZERO).await.unwrap();
    assert_eq!(seen.failed, None, "{what}");
    let script =
        "Promise.race([window.outcome.catch(String), new Promise(done => setTimeout(done, 15000, 'too late'))])";
    let outcome = browser.evaluate(script).await.unwrap().as_str().unwrap_or_default().to_owned();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let got: BTreeSet<String> = server.got().iter().filter_map(said).collect();
    Came { outcome, got: got.into_iter().collect() }
}

/// A request to one of the sites, as far as it is the same every time. The server is
/// asked as a server: whose name it is asked by stands in `Host`, if not in the address.
fn said(request: &Request) -> Option<String> {
    let name = request.claimed_host().unwrap_or(request.host());
    let path = request.url.splitn(4, '/').nth(3).unwrap_or_default();
    let ours = request.url.starts_with("https://") && crate::sites::NAMES.iter().any(|site| name == host(site));
    (ours && path != "favicon.ico")
        .then(|| format!("{} https://{name}/{path} {}", request.method, request.body.bytes.len()))
}

async fn all(guarded: &Guarded, server: &Server) -> Vec<Came> {
    let browser = guarded.browser(Mode::Normal, &[]).await;
    let mut all = Vec::new();
    for what in WHAT {
        all.push(does(&browser, server, what).await);
    }
    browser.close().await;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ordinary_pages_do_is_the_same_with_the_guard_as_without() {
    let server = Server::start(Sites);
    let Some(mut guarded) = Guarded::start(&server).await else { return };
    let with = all(&guarded, &server).await;
    let stopped = guarded.keeper.board().events();
    guarded.take_away().await;
    guarded.profile = "another".into();
    let without = all(&guarded, &server).await;
    let mut different = Vec::new();
    for ((what, with), without) in WHAT.iter().zip(&with).zip(&without) {
        assert!(without.outcome.starts_with("fine"), "{what} works without the guard: {}", without.outcome);
        assert!(without.got.len() > 1, "{what}: {:?}", without.got);
        if with != without {
            different.push(format!("{what}: with the guard {with:?}, without {without:?}"));
        }
    }
    eprintln!("{} ways of pages tried; different with the guard: {different:#?}", WHAT.len());
    assert!(different.is_empty());
    let sites = crate::sites::NAMES.map(host);
    let stopped: Vec<_> =
        stopped.iter().filter(|event| sites.contains(&event.host)).map(|event| &event.reason).collect();
    assert!(stopped.is_empty(), "nothing of theirs was even asked about: {stopped:?}");
    guarded.keeper.finish().await.unwrap();
}
