//! Browsers that nobody has told anything about us: what they send by way of
//! `candor capture` is what they send without it, to the byte.
//!
//! A fresh browser visits the same three servers straight and on every route
//! that it can be told to take: HTTP/1.1 and HTTP/2 behind TLS, and HTTP in
//! clear. The servers, in Node, keep each request as it came. Everything is in a
//! namespace of the test's own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "in a test a panic is the report")]

mod place;

mod browsers;

mod compared;

#[allow(dead_code, reason = "shared with the tests of the live commands")]
#[path = "../live/stage.rs"]
mod stage;

use browsers::{Browser, Route};
use compared::Visit;
use place::Place;
use stage::{Capture, Home};

const FIRST: &str = "https://one-ghoskmbqwert.com/page";

/// Visits straight, and through a capture on each route, and compares.
fn visits(browser: Browser) {
    let Some(place) = Place::new(browser.program(), &[browser.program()]) else { return };
    let direct = browser.visits(&place, FIRST, Route::Direct, "127.0.0.1:1", &[&place.authority()]);
    let direct = Visit::read(&direct);
    direct.did_everything();
    for route in [Route::Http, Route::Https, Route::Socks] {
        let home = Home::new();
        std::fs::write(home.file("candor.pem"), home.run(&["ca", "show", "--pem"]).stdout).unwrap();
        let theirs = place.authority().display().to_string();
        let mut arguments = vec!["capture", "--listen", "127.0.0.1:0", "--out", "out.candor", "--upstream-ca", &theirs];
        for host in ["one-ghoskmbqwert.com", "two-ghoskmbqwert.com", "clear-ghoskmbqwert.com"] {
            arguments.extend(["--allow-upstream", host]);
        }
        let capture = Capture::start(place.inside(&home.candor(&arguments)));
        let proxy = capture.proxy.trim_start_matches("http://").to_owned();
        let through = browser.visits(&place, FIRST, route, &proxy, &[&home.file("candor.pem")]);
        capture.stop();
        let through = Visit::read(&through);
        through.is_the_same_as(&direct, browser, route);
        assert_eq!(kept(&home, "count(*)"), through.requests().to_string(), "{route:?}");
        let (tunnels, wires) = connections(&home);
        assert!(tunnels > 2);
        // Tunnels share a connection only in HTTP/2.
        assert_eq!(tunnels > wires, route == Route::Https, "{tunnels} tunnels on {wires} connections");
    }
}

/// What the evidence says of the requests to the servers.
fn kept(home: &Home, what: &str) -> String {
    let said = home.evidence(&format!(
        "select {what} from record where kind = 'exchange' and content ->> '$.request.method' != 'CONNECT'
         and content ->> '$.request.url' like '%ghoskmbqwert.com/%'"
    ));
    said.trim().to_owned()
}

/// The tunnels that they came by, and the connections that these were in.
fn connections(home: &Home) -> (u32, u32) {
    let said = kept(home, "count(distinct content ->> '$.connection'), count(distinct content ->> '$.client')");
    let (tunnels, wires) = said.split_once('|').unwrap();
    (tunnels.parse().unwrap(), wires.parse().unwrap())
}

#[test]
fn what_chromium_sends_is_the_same_through_us() {
    visits(Browser::Chromium);
}

#[test]
fn what_firefox_sends_is_the_same_through_us() {
    visits(Browser::Firefox);
}
