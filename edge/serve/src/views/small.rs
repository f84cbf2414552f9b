//! Pages with a single message.

use axum::http::StatusCode;
use maud::html;
use report::ui::eye;

use super::{PageResult, frame::whole};
use crate::english;

/// Why a browser was not admitted, or a change was refused.
pub(crate) fn page_of_refusal(says: &str) -> PageResult {
    small(
        english::refused::TITLE,
        &html! {
            p { (says) }
            p { a href="/" { (english::refused::BACK) } }
        },
    )
}

pub(crate) async fn no_such_page() -> (StatusCode, PageResult) {
    (StatusCode::NOT_FOUND, page_of_refusal(english::refused::NO_SUCH_PAGE))
}

/// The page after the one-time link. From this page of ours the browser sends
/// its cookie, even if the link was opened from another site.
pub(crate) fn page_of_entry(to: &str) -> PageResult {
    small(
        english::entry::TITLE,
        &html! {
            meta http-equiv="refresh" content={ "0; url=" (to) };
            p { (english::entry::SAYS) }
            p { a href=(to) { (english::GO_ON) } }
        },
    )
}

pub(crate) fn page_of_link(link: &str, guards: bool) -> PageResult {
    small(
        english::link::TITLE,
        &html! {
            p { @if guards { (english::link::SAYS) } @else { (english::link::SAYS_CAPTURE) } }
            label { (english::link::FIELD) input .wide-field readonly value=(link); }
            p { a href="/" { (english::refused::BACK) } }
        },
    )
}

fn small(title: &str, content: &maud::Markup) -> PageResult {
    let bar = html! { header .bar { p .brand { (eye()) span { (english::CANDOR) } } } };
    whole(title, &bar, &html! { div .small { h1 { (title) } (content) } }, false)
}
