//! The verdicts: one large card a promise, the gravest first.

use audit::Audit;
use judge::{Sentence, SentenceClass, Verdict};
use maud::{Markup, html};

use super::{PageSection, SightingAnchors, shapes};
use crate::{
    sanitize::inert,
    summary,
    wording::{count, percent, sentence},
};

pub(super) fn section(audit: &Audit, anchors: &SightingAnchors) -> Option<PageSection> {
    if audit.verdicts.is_empty() {
        return None;
    }
    let verdicts = summary::by_gravity(audit);
    let content = html! {
        p .note {
            "A promise is the maker’s own: it is " b { "broken" } " if one thing it forbids was seen, and can be shown, and "
            b { "kept" } " only if nothing was seen in enough tries, with controls that worked. What Candor or a paper expects "
            "was never promised: it is " b { "met" } " or " b { "not met" } ". Anything else is said to be " b { "unclear" }
            ", " b { "untested" } " or " b { "vacuous" } "; and what a law asks is left to an authority."
        }
        div .verdicts {
            @for (n, verdict) in verdicts.iter().enumerate() { (card(audit, anchors, n, verdict)) }
        }
    };
    Some(PageSection {
        id: "promises",
        title: "What was promised or expected, and what we saw",
        short: "Promises",
        content,
    })
}

fn card(audit: &Audit, anchors: &SightingAnchors, n: usize, verdict: &Verdict) -> Markup {
    html! {
        article .verdict .(verdict.outcome.word()) aria-labelledby={ "verdict-" (n) } {
            (shapes::verdict(verdict.outcome))
            div {
                h3 id={ "verdict-" (n) } {
                    span .word { (sentence(verdict.outcome.plainly())) }
                    (words(&verdict.sentence))
                }
                (source(&verdict.sentence))
                p .because { (sentence(&inert(&verdict.because))) }
                (evidence(audit, anchors, verdict))
                (facts(verdict, summary::is_as_left(audit)))
            }
        }
    }
}

/// Only what the maker said itself is a quotation.
pub(super) fn words(sentence: &Sentence) -> Markup {
    html! {
        @if sentence.class == SentenceClass::Promise { q { (inert(&sentence.words)) } }
        @else { span .ours { (inert(&sentence.words)) } }
    }
}

fn source(sentence: &Sentence) -> Markup {
    html! {
        p .source { (crate::wording::sentence(&summary::whose(sentence))) }
        @if let Some(tested) = summary::tested(sentence) { p .source { "Tested: " (tested) } }
    }
}

fn evidence(audit: &Audit, anchors: &SightingAnchors, verdict: &Verdict) -> Markup {
    let Some((first, spotted)) = verdict.evidence.first().and_then(|i| Some((i, audit.spotted.get(*i)?))) else {
        return html! {};
    };
    let more = match verdict.evidence.len() as u64 {
        1 => String::new(),
        n => format!(", the first of {}", count(n, "sighting")),
    };
    let phase = summary::phase(audit, spotted.seen.phase).map(|name| format!(" in “{}”", inert(&name)));
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
