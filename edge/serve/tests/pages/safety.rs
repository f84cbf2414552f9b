//! Who is not let in.

use jiff::tz::TimeZone;
use serve::{Error, PageServer};
use tokio::net::TcpListener;

use crate::stage::{FORM, Stage};

const PAGES: [&str; 7] = ["/", "/settings", "/install", "/event/1", "/live", "/evidence.candor", "/certificate.crt"];
const ACTS: [&str; 13] = [
    "/turn",
    "/set",
    "/suggestions",
    "/updates",
    "/hour",
    "/destination",
    "/unread",
    "/security",
    "/strict",
    "/describe",
    "/value",
    "/forget",
    "/link",
];

#[tokio::test]
async fn without_the_cookie_there_is_nothing_to_see_or_to_do() {
    let stage = Stage::new().await;
    for path in PAGES {
        let answer = stage.ask("GET", path, &[], "").await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("candor guard link"), "{path}");
    }
    let csrf = format!("csrf={}&on=on", stage.csrf().await);
    for path in ACTS {
        assert_eq!(stage.ask("POST", path, &[FORM], &csrf).await.status, 403, "{path}");
    }
    assert!(!stage.keeper.choices().strict);
}

#[tokio::test]
async fn a_link_works_once_and_its_cookie_stays_with_the_browser() {
    let stage = Stage::new().await;
    let link = stage.serving.link().unwrap();
    let (_, token) = link.split_once("token=").unwrap();
    let path = format!("/enter?token={token}");
    let first = stage.ask("GET", &path, &[], "").await;
    let cookie = first.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!first.body.contains(token), "the page that lets in does not hold the token");
    let second = stage.ask("GET", &path, &[], "").await;
    assert_eq!((second.status, second.header("set-cookie")), (403, None));
    assert_eq!(stage.ask("GET", "/enter", &[], "").await.status, 403);
    assert_eq!(stage.ask("GET", &path, &[("Cookie", &stage.cookie)], "").await.status, 303, "who is in stays in");
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_refused() {
    let stage = Stage::new().await;
    let port = stage.address().port();
    let mut paths = PAGES.to_vec();
    paths.extend(["/style.css", "/live.js", "/enter?token=x", "/api/choices", "/nothing"]);
    for path in paths {
        for host in [format!("rebound.example:{port}"), "127.0.0.1".into(), String::new()] {
            let answer = stage.ask("GET", path, &[("Host", &host), ("Cookie", &stage.cookie)], "").await;
            assert_eq!(answer.status, 421, "{path} as {host}");
        }
    }
    let local = format!("localhost:{port}");
    assert_eq!(stage.ask("GET", "/", &[("Host", &local), ("Cookie", &stage.cookie)], "").await.status, 200);
}

#[tokio::test]
async fn another_site_cannot_turn_a_switch() {
    let stage = Stage::new().await;
    let form = format!("csrf={}&on=on", stage.csrf().await);
    let own = format!("http://{}", stage.address());
    let cookie = ("Cookie", stage.cookie.as_str());
    for foreign in [
        vec![("Origin", "https://evil.example")],
        vec![("Origin", "http://127.0.0.1:1")],
        vec![("Origin", "https://127.0.0.1")],
        vec![("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site"), ("Origin", "null")],
    ] {
        let headers = [vec![cookie, FORM], foreign.clone()].concat();
        assert_eq!(stage.ask("POST", "/strict", &headers, &form).await.status, 403, "{foreign:?}");
    }
    assert!(!stage.keeper.choices().strict);
    let headers = [cookie, FORM, ("Origin", own.as_str())];
    assert_eq!(stage.ask("POST", "/strict", &headers, &form).await.status, 303);
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let stage = Stage::new().await;
    let cookie = ("Cookie", stage.cookie.as_str());
    let other = Stage::new().await.csrf().await;
    for form in ["on=on".to_owned(), "csrf=&on=on".to_owned(), format!("csrf={other}&on=on")] {
        assert_eq!(stage.ask("POST", "/strict", &[cookie, FORM], &form).await.status, 403, "{form}");
    }
    let own = format!("csrf={}&on=on", stage.csrf().await);
    let plain = ("Content-Type", "text/plain");
    assert_eq!(stage.ask("POST", "/strict", &[cookie, plain], &own).await.status, 403);
    let long = format!("{own}&x={}", "x".repeat(70_000));
    assert_eq!(stage.ask("POST", "/strict", &[cookie, FORM], &long).await.status, 413);
    assert!(!stage.keeper.choices().strict);
}

#[tokio::test]
async fn nothing_changes_by_looking() {
    let stage = Stage::new().await;
    for path in ACTS {
        let looked = stage.get(&format!("{path}?on=on&kind=search&mode=normal")).await;
        assert_eq!(looked.status, 405, "{path}");
    }
}

#[tokio::test]
async fn every_answer_forbids_scripts_frames_and_referrers() {
    let stage = Stage::new().await;
    for path in ["/", "/settings", "/install", "/style.css", "/live.js", "/nothing", "/enter", "/api/choices"] {
        let answer = stage.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
    }
}

#[tokio::test]
async fn no_page_holds_style_or_script_of_its_own() {
    let stage = Stage::new().await;
    for path in ["/", "/settings", "/install"] {
        let page = stage.get(path).await.body;
        for inline in ["<style", " style=", "<script>", " onclick", "javascript:"] {
            assert!(!page.contains(inline), "{path} holds {inline}");
        }
    }
}

#[tokio::test]
async fn other_machines_see_the_pages_only_if_somebody_asked_for_that() {
    let stage = Stage::new().await;
    let pages = || PageServer::guard(stage.keeper.clone()).zone(TimeZone::UTC);
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = pages().serve(listener).unwrap_err();
    assert!(matches!(refused, Error::BeyondThisMachine(_)), "{refused}");
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let serving = pages().beyond_this_machine().serve(listener).unwrap();
    assert!(serving.link().unwrap().starts_with("http://127.0.0.1:"));
    serving.stop().await;
}
