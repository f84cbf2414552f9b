//! The guide's pages: each has one step and one large button.

use maud::{DOCTYPE, Markup, html};
use report::ui::{eye, inert};

use super::{GuideStep, PhoneGuide};
use crate::english::{CANDOR, guide as words};

/// A device that reaches this page uses the proxy and is paired; the
/// certificate comes next.
pub(super) fn welcome(guide: &PhoneGuide) -> String {
    page(
        words::WELCOME,
        false,
        &html! {
            (count(PhoneGuide::BEFORE, PhoneGuide::BEFORE + guide.steps.len()))
            h1 { (words::WELCOME) }
            ol .done {
                li { (tick()) (words::PROXY_DONE) }
                li { (tick()) (words::PAIRED_DONE) }
                li aria-current="step" { (words::CERTIFICATE_NEXT) }
            }
            p { a .button.large href="/certificate" { (words::GO_ON) } }
        },
    )
}

pub(super) fn certificate(guide: &PhoneGuide, trusted: bool) -> String {
    page(
        words::CERTIFICATE,
        false,
        &html! {
            (count(PhoneGuide::BEFORE, PhoneGuide::BEFORE + guide.steps.len()))
            h1 { (words::CERTIFICATE) }
            p { (words::CERTIFICATE_SAYS) }
            p { a .button.large href="/candor.crt" { (words::DOWNLOAD) } }
            h2 { (words::FINGERPRINT) }
            p { code .fingerprint { (guide.certificate.fingerprint) } }
            p .note { (words::FINGERPRINT_NOTE) }
            h2 { (words::INSTALL) }
            dl .meaning { @for (system, how) in words::SYSTEMS { dt { (system) } dd { (how) } } }
            @if trusted { p .ok { (tick()) (words::TRUSTED) } }
            p { a .button.large href="https://candor.test/check" { (words::CHECK) } }
            p .fine { (words::CHECK_NOTE) " " a href="http://candor.test/certificate" { "http://candor.test" } }
        },
    )
}

/// The page over HTTP after the check, which only succeeds over HTTPS.
pub(super) fn not_trusted() -> String {
    page(
        words::NOT_TRUSTED,
        false,
        &html! {
            h1 { (words::NOT_TRUSTED) }
            p { (words::NOT_TRUSTED_SAYS) }
            p { a .button.large href="/certificate" { (words::BACK) } }
        },
    )
}

pub(super) fn step(guide: &PhoneGuide, number: usize, step: &GuideStep) -> String {
    page(
        &step.title,
        true,
        &html! {
            (count(PhoneGuide::BEFORE + number + 1, PhoneGuide::BEFORE + guide.steps.len()))
            h1 { (inert(&step.title)) }
            @if step.private { p .private { (words::PRIVATE) } }
            p { (inert(&step.says)) }
            @if let Some(address) = &step.open {
                @if step.private { p .copy { (inert(address)) } p .fine { (words::COPY) } }
                @else { p { a .button.quiet.large href=(address) target="_blank" rel="noreferrer" { (words::OPEN) } } p .copy { (inert(address)) } }
            }
            @if let Some(text) = &step.text { p .copy { (inert(text)) } p .fine { (words::EXACTLY) } }
            form method="post" action="/done" {
                input type="hidden" name="csrf" value=(guide.csrf.text());
                input type="hidden" name="step" value=(number);
                button .large data-at=(number) { (words::DONE) }
            }
        },
    )
}

pub(super) fn ready(after_steps: bool) -> String {
    let (title, says) = if after_steps { (words::OVER, words::OVER_SAYS) } else { (words::READY, words::READY_SAYS) };
    page(
        title,
        false,
        &html! {
            p .ok.great { (tick()) }
            h1 { (title) }
            p { (says) }
            p .fine { (words::UNDO) }
        },
    )
}

pub(super) fn lost() -> String {
    page(
        words::LOST,
        false,
        &html! {
            h1 { (words::LOST) }
            p { a .button.large href="/" { (words::BACK) } }
        },
    )
}

fn count(at: usize, of: usize) -> Markup {
    html! {
        p .count { (words::step(at, of)) }
        progress max=(of) value=(at - 1) aria-label=(words::PROGRESS) {}
    }
}

fn tick() -> Markup {
    html! { svg .tick viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false" { path d="M4 12.500l5.500 5.500L20 7" {} } }
}

fn page(title: &str, script: bool, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – " (CANDOR) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
                @if script { script src="/guide.js" defer {} }
            }
            body .guide {
                header .bar { p .brand { (eye()) span { (CANDOR) } } }
                main { (content) }
            }
        }
    };
    page.into_string()
}
