//! One page for people: no network, no script, light and dark, on paper, on a
//! phone, for a screen reader.
//!
//! Everything captured is hostile: it passes `inert`, then maud's escaping;
//! and the page forbids itself everything but its own style and `data:`
//! pictures, should both fail.

mod shapes;

mod verdicts;

mod settings;

mod picture;

mod timeline;

mod whom;

mod findings;

mod trail;

mod identifiers;

mod unseen;

mod method;

mod style;

use audit::Audit;
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use self::findings::SightingAnchors;
use crate::{
    summary,
    wording::{count, date},
};

/// What other pages than this one are built from too.
pub mod pieces {
    pub use super::{
        picture::{Canvas, FlowBand, FlowDiagram, FlowNode, FlowTone, drawn},
        shapes::eye,
        style::SHEET,
        trail::staircase,
    };
}

/// What the page may load: its own style, pictures within itself, nothing else
/// (Content Security Policy Level 3).
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The whole report as one HTML file.
pub fn html(audit: &Audit) -> String {
    let anchors = SightingAnchors::of(audit);
    let parts = [
        verdicts::section(audit, &anchors),
        settings::section(audit),
        picture::section(audit),
        findings::section(audit, &anchors),
        timeline::section(audit),
        whom::section(audit),
        identifiers::section(audit),
        unseen::section(audit),
        method::section(audit),
    ];
    let parts: Vec<PageSection> = parts.into_iter().flatten().collect();
    page(audit, &parts).into_string() + "\n"
}

/// A section of the page.
struct PageSection {
    id: &'static str,
    title: &'static str,
    /// What it is called in the list at the top.
    short: &'static str,
    content: Markup,
}

fn page(audit: &Audit, parts: &[PageSection]) -> Markup {
    let heading = summary::heading(audit);
    markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "Candor " (env!("CARGO_PKG_VERSION")) };
                title { (heading) " – Candor" }
                link rel="icon" href="data:,";
                style { (PreEscaped(style::SHEET)) }
            }
            body {
                a .skip href="#main" { "To the results" }
                (top(audit, &heading, parts))
                main #main {
                    @for part in parts {
                        section #(part.id) aria-labelledby={ (part.id) "-title" } {
                            h2 id={ (part.id) "-title" } { (part.title) }
                            (part.content)
                        }
                    }
                }
                (method::footer(audit))
            }
        }
    }
}

fn top(audit: &Audit, heading: &str, parts: &[PageSection]) -> Markup {
    markup! {
        header .top {
            p .brand {
                (shapes::eye())
                span { "Candor" }
                @if let Some(run) = &audit.run {
                    span .when { time datetime=(run.started) { (date(run.started)) } }
                }
            }
            @if let Some(simulation) = summary::simulation(audit) {
                p .simulation role="note" { b { "Simulation. " } (simulation) }
            }
            h1 { (heading) }
            p .lede { (summary::done(audit).join(" ")) }
            @if let Some(early) = &audit.early {
                p .warning { "The run ended before its plan did: " (crate::sanitize::inert(early)) }
            }
            (glance(audit))
            nav aria-label="On this page" {
                ul {
                    @for part in parts {
                        li { a href={ "#" (part.id) } { (part.short) } }
                    }
                }
            }
        }
    }
}

/// Four numbers, for those who read no further.
fn glance(audit: &Audit) -> Markup {
    let whom = summary::RecipientTable::of(audit);
    let own: u64 = whom.owners.iter().map(summary::OwnerGroup::requests).sum();
    let hosts = whom.rows().map(|row| row.to.host.as_str()).collect::<std::collections::BTreeSet<&str>>().len();
    let seen = summary::accused(audit).len() as u64;
    let unread: u64 = whom.rows().map(|row| row.tally.sealed).sum();
    let facts = [
        (own, "requests it sent by itself"),
        (hosts as u64, "hosts it sent them to"),
        (seen, "of them carried something about the person"),
        (unread, "of them could not be read"),
    ];
    markup! {
        dl .glance {
            @for (number, what) in facts {
                div { dt { (what) } dd { (crate::wording::thousands(number)) } }
            }
        }
    }
}

/// `1 request`, for tables and pictures.
fn requests(n: u64) -> String {
    count(n, "request")
}
