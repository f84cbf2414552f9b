//! The verdicts: one large card a promise, the gravest first.

use audit::Audit;
use judge::Verdict;
use maud::{Markup, html};

use super::{Anchors, Part, shapes};
use crate::{
    inert::inert,
    told,
    words::{count, percent, sentence},
};

pub(super) fn section(audit: &Audit, anchors: &Anchors) -> Option<Part> {
    if audit.verdicts.is_empty() {
        return None;
    }
    let verdicts = told::by_gravity(audit);
    let content = html! {
        p .note {
            "A promise is " b { "broken" } " if one thing it forbids was seen, and can be shown. It is " b { "kept" }
            " only if nothing was seen in enough tries, with controls that worked. Anything else is said to be "
            b { "unclear" } " or " b { "untested" } "."
        }
        div .verdicts {
            @for (n, verdict) in verdicts.iter().enumerate() { (card(audit, anchors, n, verdict)) }
        }
    };
    Some(Part { id: "promises", title: "What was promised, and what we saw", short: "Promises", content })
}

fn card(audit: &Audit, anchors: &Anchors, n: usize, verdict: &Verdict) -> Markup {
    html! {
        article .verdict .(verdict.outcome.word()) aria-labelledby={ "verdict-" (n) } {
            (shapes::verdict(verdict.outcome))
            div {
                h3 id={ "verdict-" (n) } {
                    span .word { (sentence(verdict.outcome.plainly())) }
                    q { (inert(&verdict.quote)) }
                }
                p .because { (sentence(&inert(&verdict.because))) }
                (evidence(audit, anchors, verdict))
                (facts(verdict, told::is_as_left(audit)))
            }
        }
    }
}

fn evidence(audit: &Audit, anchors: &Anchors, verdict: &Verdict) -> Markup {
    let Some((first, spotted)) = verdict.evidence.first().and_then(|i| Some((i, audit.spotted.get(*i)?))) else {
        return html! {};
    };
    let more = match verdict.evidence.len() as u64 {
        1 => String::new(),
        n => format!(", the first of {}", count(n, "sighting")),
    };
    let phase = told::phase(audit, spotted.seen.phase).map(|name| format!(" in “{}”", inert(&name)));
    let says = format!("request {}{}{more}", spotted.seen.sighting.exchange, phase.unwrap_or_default());
    html! {
        p .evidence {
            @match anchors.link(*first) {
                Some(link) => { a href={ "#" (link) } { "See the evidence: " (says) } }
                None => { "Evidence: " (says) }
            }
        }
    }
}

fn facts(verdict: &Verdict, as_left: bool) -> Markup {
    let install = if as_left { "install" } else { "fresh install" };
    let s = if verdict.installs == 1 { "" } else { "s" };
    html! {
        ul .facts {
            li { b { (verdict.visits) } " " (if verdict.visits == 1 { "try" } else { "tries" }) }
            li { b { (verdict.installs) } " " (install) (s) }
            @if let (true, Some(bound)) = (verdict.outcome.acquits(), verdict.bound) {
                li { "could have missed a leak in up to " b { (percent(bound)) } " of tries" }
            }
        }
    }
}
