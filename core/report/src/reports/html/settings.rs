//! What each combination of mode and switches told: whether a switch does what
//! its label says.

use audit::Audit;
use judge::SwitchCombination;
use maud::{Markup, html};

use super::PageSection;
use crate::{summary, wording::count};

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    if audit.combinations.is_empty() {
        return None;
    }
    let content = html! {
        p .note { "An act is a page opened, a search, a text typed. It was told if anyone but the site itself was sent what it was." }
        ul .settings { @for one in &audit.combinations { (setting(audit, one)) } }
    };
    Some(PageSection { id: "settings", title: "What each setting told", short: "Settings", content })
}

fn setting(audit: &Audit, one: &SwitchCombination) -> Markup {
    let told = one.told > 0;
    html! {
        li .told[told] {
            p .what {
                b { (summary::setting(one)) }
                @if one.as_installed == Some(true) { span .tag { "as installed" } }
            }
            p {
                @if told { "✗ " } @else { "○ " }
                b { (one.told) " of " (count(u64::from(one.acts), "act")) } " told"
                @if told { ", to " (summary::told_to(audit, one)) }
                span .fine { " in " (count(u64::from(one.installs), "install")) }
            }
        }
    }
}
