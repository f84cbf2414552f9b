//! Everybody can use the pages: axe-core finds nothing to object to, in light
//! and dark, on a desk and on a phone.
//!
//! axe-core is fetched by `scripts/setup test`, into `target/axe`.
#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::path::Path;

use serde_json::Value;

use crate::{
    demo, guided,
    window::{DESKTOP, PHONE, View, Window},
};

fn axe() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/axe/node_modules/axe-core/axe.min.js");
    let rules = std::fs::read_to_string(path).ok();
    if rules.is_none() {
        eprintln!("skipped: axe-core is not in target/axe (scripts/setup test fetches it where npm is)");
    }
    rules
}

/// What axe-core objects to, in a line each.
async fn objections(window: &Window, rules: &str, view: View, page: &str) -> Vec<String> {
    window.shape(view, 900).await;
    window.go(page).await;
    window.run("for (const one of document.querySelectorAll('details')) one.open = true").await;
    window.run(&format!("{rules}; undefined")).await;
    let found = window
        .run(
            "axe.run().then(told => told.violations.flatMap(one => one.nodes.map(node => \
             `${one.id}: ${node.html.slice(0, 160)}: ${node.failureSummary}`)))",
        )
        .await;
    let lines = found.as_array().unwrap().iter().filter_map(Value::as_str);
    lines.map(|line| format!("{page} {view:?} {line}")).collect()
}

#[tokio::test]
async fn everybody_can_use_every_page() {
    let Some(rules) = axe() else { return };
    let Some(window) = Window::open().await else { return };
    let demo = demo::guard().await;
    demo::a_day(&demo.keeper).await;
    demo.keeper.board().asks_for("192.168.1.77", "204518");
    window.go(&demo.serving.link().unwrap()).await;
    let address = format!("http://{}", demo.serving.address());
    let newest = demo.keeper.board().events()[0].id;
    let mut pages: Vec<String> = ["/", "/settings", "/install", "/nothing", "/settings?device=192.168.1.20"]
        .iter()
        .map(|path| format!("{address}{path}"))
        .collect();
    pages.push(format!("{address}/event/{newest}"));
    pages.extend(guided::pages(&window));
    let mut objected = Vec::new();
    for page in &pages {
        for view in [DESKTOP, PHONE.dark()] {
            objected.extend(objections(&window, &rules, view, page).await);
        }
    }
    window.close().await;
    assert!(objected.is_empty(), "{}", objected.join("\n"));
}
