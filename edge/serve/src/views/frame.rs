//! The frame around every page.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};
use report::ui::eye;

use super::PageResult;
use crate::{access::BrowserSession, english, state::AppState};

/// A page for admitted browsers.
pub(super) struct PageFrame<'f> {
    pub title: &'f str,
    pub here: &'static str,
    pub script: bool,
}

impl PageFrame<'_> {
    pub fn around(&self, desk: &AppState, content: Markup) -> PageResult {
        let guards = desk.keeper().is_some();
        let mut pages = vec![("/", english::top::NOW)];
        if guards {
            pages.push(("/settings", english::top::SETTINGS));
        }
        pages.push(("/install", english::top::INSTALL));
        let bar = html! {
            header .bar {
                p .brand { (eye()) span { (english::CANDOR) } }
                nav aria-label=(english::top::PAGES) {
                    ul {
                        @for (address, name) in pages {
                            li { a href=(address) aria-current=[(address == self.here).then_some("page")] { (name) } }
                        }
                    }
                }
                p .state.guards[guards] { @if guards { (english::top::ON_GUARD) } @else { (english::top::WATCHING) } }
            }
        };
        whole(self.title, &bar, &content, self.script)
    }
}

/// The HTML of a page, without any inline style or script (`shield`).
pub(super) fn whole(title: &str, bar: &Markup, content: &Markup, script: bool) -> PageResult {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – " (english::CANDOR) }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
                @if script { script src="/live.js" defer {} }
            }
            body {
                a .skip href="#main" { (english::SKIP) }
                (bar)
                main #main tabindex="-1" { (content) }
            }
        }
    };
    Html(page.into_string())
}

/// A section with its heading; the heading is also its name for screen readers.
pub(super) fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            (content)
        }
    }
}

/// A boolean as an ARIA value.
pub(super) const fn truth(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// The hidden field that each form with a change must contain.
pub(super) fn sealed(session: &BrowserSession) -> Markup {
    html! { input type="hidden" name="csrf" value=(session.csrf.text()); }
}
