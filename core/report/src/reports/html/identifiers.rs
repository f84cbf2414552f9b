//! Values that name an install or a device.

use audit::Audit;
use judge::{Identifier, IdentifierScope};
use maud::{Markup, html};

use super::{PageSection, requests};
use crate::{
    sanitize::inert,
    summary,
    wording::{count, listed},
};

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    if audit.run.is_none() && audit.identifiers.is_empty() {
        return None;
    }
    let content = html! {
        p .note {
            "A value is an identifier if it stays the same from one session to the next and differs from one install to "
            "the next. Whoever holds it can tie everything together that was sent with it, without ever asking for a name."
        }
        @if audit.identifiers.is_empty() {
            p { "None was found in what could be read." }
        } @else {
            ul .identifiers {
                @for identifier in &audit.identifiers { li { (one(audit, identifier)) } }
            }
        }
    };
    Some(PageSection { id: "identifiers", title: "Identifiers that stay", short: "Identifiers", content })
}

fn one(audit: &Audit, identifier: &Identifier) -> Markup {
    let beside = beside(audit, identifier);
    html! {
        p .what {
            b { (inert(&identifier.host)) }
            @match identifier.scope {
                IdentifierScope::Persistent => " gets an identifier of the install: it stays until the program is set up anew."
                IdentifierScope::DeviceOrConstant => " gets a value that is the same in every install on this device: an identifier of the device, or a constant."
                IdentifierScope::Device => " gets an identifier of the device: it survives setting the program up anew."
            }
        }
        p { "at " code { (inert(&identifier.place)) } }
        p .fine {
            "In " (requests(identifier.exchanges.len() as u64)) "; told apart in "
            (count(identifier.installs as u64, "install")) "."
            @if !beside.is_empty() { " " b { "In the same requests: " (listed(&beside)) "." } }
        }
    }
}

/// Kinds of data in requests that carry it.
fn beside(audit: &Audit, identifier: &Identifier) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for i in summary::accusing(audit) {
        let seen = &audit.spotted[i].seen;
        let kind = crate::wording::kind(&seen.sighting.kind).into_owned();
        let is_itself = seen.sighting.kind.is_identifier();
        if !is_itself && identifier.stands_beside(seen) && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}
