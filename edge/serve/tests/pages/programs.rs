//! What our own programs may ask.

use model::{Kind, Mode};

use crate::stage::Stage;

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn a_program_with_the_key_reads_and_turns_the_same_switches() {
    let stage = Stage::new().await;
    let key = format!("Bearer {}", stage.serving.key());
    let key = ("Authorization", key.as_str());
    let told = stage.ask("GET", "/api/choices", &[key], "").await;
    assert_eq!(told.status, 200);
    assert!(told.body.contains("\"id\":\"search\""));
    assert_eq!(told.body.matches(":true").count(), 4, "updates and warnings, in both modes: {}", told.body);
    let turned = r#"{"kind": "search_term", "mode": "private", "on": true}"#;
    let told = stage.ask("POST", "/api/change", &[key, JSON], turned).await;
    assert_eq!(told.status, 200);
    assert_eq!(stage.keeper.choices().table.cell(&Kind::new("search"), Mode::Private), Some(true));
    let search = row(&told.body, "search");
    assert!(search.contains(r#""normal_asks":0,"#) && search.contains(r#""private_asks":0"#), "{search}");
    let listed = r#"{"device": "this-machine", "mode": "normal", "pages": ["https://a.example/"]}"#;
    assert_eq!(stage.ask("POST", "/api/listed", &[key, JSON], listed).await.status, 204);
}

#[tokio::test]
async fn a_program_turns_sets_and_services_too() {
    let stage = Stage::new().await;
    let key = format!("Bearer {}", stage.serving.key());
    let key = ("Authorization", key.as_str());
    let mut told = String::new();
    for (set, on) in [("visited", true), ("suggestions", true), ("updates", false), ("security", false)] {
        let turned = format!(r#"{{"set": "{set}", "mode": "normal", "on": {on}}}"#);
        let answer = stage.ask("POST", "/api/change", &[key, JSON], &turned).await;
        assert_eq!(answer.status, 200, "{set}");
        told = answer.body;
    }
    let choices = stage.keeper.choices();
    assert!(choices.suggests(Mode::Normal) && !choices.suggests(Mode::Private));
    assert!(!choices.updates && !choices.security);
    assert_eq!(choices.table.cell(&Kind::new("page-title"), Mode::Normal), Some(true));
    assert!(row(&told, "visited").contains(r#""normal":true,"private":false"#), "{told}");
    let unknown =
        stage.ask("POST", "/api/change", &[key, JSON], r#"{"set": "all", "mode": "normal", "on": true}"#).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn a_program_with_the_key_lets_its_browser_in_where_it_wants_to_go() {
    let stage = Stage::new().await;
    let key = format!("Bearer {}", stage.serving.key());
    for (to, goes) in [("/settings", "/settings"), ("https://evil.example/", "/")] {
        let wanted = format!(r#"{{"to": "{to}"}}"#);
        let told = stage.ask("POST", "/api/link", &[("Authorization", key.as_str()), JSON], &wanted).await.body;
        let (_, path) = told.split_once(&stage.address().to_string()).unwrap();
        let entered = stage.ask("GET", path.trim_end_matches("\"}"), &[], "").await;
        assert_eq!(entered.status, 200, "{path}");
        assert!(entered.body.contains(&format!("0; url={goes}\"")), "{}", entered.body);
        let cookie = entered.header("set-cookie").unwrap();
        assert!(cookie.contains("Max-Age=2592000") && cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    }
    assert_eq!(stage.ask("POST", "/api/link", &[JSON], "{}").await.status, 401);
}

#[tokio::test]
async fn a_browser_on_this_machine_is_shown_and_turns_what_holds_for_it() {
    let stage = Stage::new().await;
    let key = format!("Bearer {}", stage.serving.key());
    let key = ("Authorization", key.as_str());
    stage.post("/turn", "kind=search&mode=normal&on=on&device=this-machine").await;
    let told = stage.ask("GET", "/api/choices", &[key], "").await.body;
    assert!(row(&told, "search").contains("\"normal\":true"), "{told}");
    let turned = r#"{"kind": "search", "mode": "normal", "on": false}"#;
    let told = stage.ask("POST", "/api/change", &[key, JSON], turned).await.body;
    assert!(row(&told, "search").contains("\"normal\":false"), "{told}");
    let here = guard::ClientIdentity::new("this-machine", Mode::Normal);
    assert!(!stage.keeper.choices().is_on(&Kind::new("search"), &here, model::Time(0)));
}

#[tokio::test]
async fn an_hour_for_addresses_is_shown_at_their_parts() {
    let stage = Stage::new().await;
    let key = format!("Bearer {}", stage.serving.key());
    stage.post("/hour", "kind=visited-url&mode=normal").await;
    let told = stage.ask("GET", "/api/choices", &[("Authorization", key.as_str())], "").await.body;
    let host = row(&told, "visited-host");
    assert!(host.contains("\"normal\":true") && !host.contains("\"normal_until\":null"), "{host}");
}

/// What is told about one kind.
fn row<'t>(told: &'t str, kind: &str) -> &'t str {
    let at = told.find(&format!("\"id\":\"{kind}\"")).unwrap();
    &told[at..at + told[at..].find('}').unwrap()]
}

#[tokio::test]
async fn a_program_without_the_key_is_told_nothing() {
    let stage = Stage::new().await;
    for headers in [vec![], vec![("Authorization", "Bearer x")], vec![("Cookie", stage.cookie.as_str())]] {
        for (method, path) in [("GET", "/api/choices"), ("POST", "/api/change"), ("POST", "/api/listed")] {
            assert_eq!(stage.ask(method, path, &headers, "{}").await.status, 401, "{path}");
        }
    }
}

#[tokio::test]
async fn an_extension_may_read_the_answers_and_a_page_may_not() {
    let stage = Stage::new().await;
    for (origin, allowed) in [
        ("chrome-extension://abcdefghijklmnop", true),
        ("moz-extension://0b5c", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let before = stage.ask("OPTIONS", "/api/change", &[("Origin", origin)], "").await;
        assert_eq!(before.status == 204, allowed, "{origin}");
        let answer = stage.ask("GET", "/api/choices", &[("Origin", origin)], "").await;
        assert_eq!(answer.status, 401, "the key is needed all the same");
        assert_eq!(answer.header("access-control-allow-origin"), allowed.then_some(origin), "{origin}");
    }
}
