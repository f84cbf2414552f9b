//! How to connect a device to Candor: certificate, then proxy.

use axum::{Extension, extract::State};
use maud::{Markup, html};
use model::Mode;

use super::{
    PageQuery, PageResult,
    frame::{PageFrame, section},
    qr,
};
use crate::{english, english::install as words, pages::DevicePort, state::AppState};

pub(crate) async fn install((State(desk), Extension(_)): PageQuery) -> PageResult {
    let beyond: Vec<&DevicePort> = desk.ways.iter().filter(|way| !way.address.ip().is_loopback()).collect();
    let content = html! {
        h1 { (words::TITLE) }
        p .lede { (words::LEDE) }
        (section("certificate", words::CERTIFICATE, &certificate(&desk)))
        (section("proxy", words::PROXY, &html! {
            (ways(&desk.ways))
            @if beyond.is_empty() && !desk.ways.is_empty() { p .note { (words::ONLY_HERE) } }
        }))
        @if !beyond.is_empty() {
            (section("guide", words::GUIDE, &html! {
                p .note { (words::GUIDE_NOTE) }
                div .codes { (coded(&format!("http://{}/", crate::guide::HOST), words::QR_GUIDE)) }
            }))
        }
        (section("how", words::HOW, &html! {
            dl .meaning { @for (device, how) in words::WAYS { dt { (device) } dd { (how) } } }
        }))
        (section("undo", words::UNDO, &html! { p { (words::UNDO_NOTE) } }))
    };
    PageFrame { title: words::TITLE, here: "/install", script: false }.around(&desk, content)
}

fn certificate(desk: &AppState) -> Markup {
    html! {
        @match &desk.certificate {
            None => p { (words::NO_CERTIFICATE) },
            Some(certificate) => {
                p { a .button href="/certificate.crt" download { (words::DOWNLOAD) } }
                h3 { (words::FINGERPRINT) }
                p { code .fingerprint { (certificate.fingerprint) } }
                p .note { (words::FINGERPRINT_NOTE) }
            }
        }
    }
}

fn ways(ways: &[DevicePort]) -> Markup {
    html! {
        @if ways.is_empty() { p { (words::NO_PROXY) } }
        div .codes {
            @for way in ways {
                div .way {
                    dl .facts-table {
                        dt { (words::FOR) } dd { (windows(way.mode)) }
                        dt { (words::HOST) } dd { code { (way.address.ip()) } }
                        dt { (words::PORT) } dd { code { (way.address.port()) } }
                    }
                    @if !way.address.ip().is_loopback() { (coded(&format!("http://{}", way.address), words::QR_PROXY)) }
                }
            }
        }
    }
}

fn coded(address: &str, says: &str) -> Markup {
    html! { figure .coded { @if let Some(code) = qr::code(address, says) { (code) } figcaption { code { (address) } } } }
}

fn windows(mode: Mode) -> &'static str {
    match mode {
        Mode::Normal => english::settings::NORMAL,
        Mode::Private => english::settings::PRIVATE,
        Mode::Unknown => words::DEVICES,
    }
}
