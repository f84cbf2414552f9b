//! What could not be seen and what was not tested, in plain words. Silence
//! would be read as "nothing was there".

use std::collections::BTreeMap;

use audit::Audit;
use maud::{Markup, html};
use model::GapReason;

use super::PageSection;
use crate::{
    sanitize::{inert, inert_head},
    summary,
    wording::{bytes, count, gap, percent, sentence, thousands},
};

/// Kinds of gaps that are named one by one.
const SHOWN: usize = 12;

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    let coverage = &audit.coverage;
    let share = coverage.bytes_read as f64 / coverage.bytes.max(1) as f64;
    let (requests, lookups) = summary::requests_and_lookups(audit);
    let undecided: Vec<_> = audit.verdicts.iter().filter(|verdict| verdict.outcome.is_undecided()).collect();
    let content = html! {
        p {
            "Of " (count(requests, "request")) " Candor could read " b { (thousands(coverage.read.saturating_sub(lookups))) }
            ", and " (thousands(coverage.sealed)) " it could not. It looked into " (bytes(coverage.bytes_read)) " of "
            (bytes(coverage.bytes)) " that were sent (" (percent(share)) ")."
            @if lookups > 0 { " It also read " (count(lookups, "lookup")) " of names." }
        }
        div .meter aria-hidden="true" { span style={ "width:" (format!("{:.1}%", share * 100.0)) } {} }
        (sealed(audit))
        (gaps(audit))
        @if !undecided.is_empty() {
            h3 { "Not decided" }
            ul { @for verdict in undecided {
                li { (super::verdicts::words(&verdict.sentence)) " " (verdict.outcome.plainly()) ": " (inert(&verdict.because)) }
            } }
        }
        h3 { "What this report does not say" }
        ul {
            @for line in summary::untold(audit) { li { (line) } }
            @if audit.run.is_some() {
                li { "It speaks of these installs, in these hours. Another version, another country, an account that is "
                    "signed in, or a server that switches something on from afar may behave differently." }
            } @else {
                li { "Who sent what is only known where the request itself gives it away: this capture was not made in an experiment." }
            }
        }
    };
    Some(PageSection {
        id: "unseen",
        title: "What could not be seen, and what was not tested",
        short: "Not seen",
        content,
    })
}

/// Connections that could not be read, by host and reason.
fn sealed(audit: &Audit) -> Markup {
    let mut hosts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let hosts_of: BTreeMap<(usize, u64), &str> =
        audit.traffic.iter().map(|one| ((one.capture, one.exchange), one.host.as_str())).collect();
    for (capture, gap) in audit.gaps.iter().filter(|(_, gap)| gap.why == GapReason::Sealed) {
        let host = gap.exchange.and_then(|at| hosts_of.get(&(*capture, at))).copied().unwrap_or("");
        *hosts.entry((host, gap.says.as_str())).or_default() += 1;
    }
    html! {
        @if !hosts.is_empty() {
            h3 { "Sealed: encrypted, and we were not let in" }
            ul .gaps {
                @for ((host, says), times) in &hosts {
                    li {
                        @if !host.is_empty() { b .host { (inert(host)) } ", " }
                        (count(*times, "time")) ": " (inert_head(says, 200))
                    }
                }
            }
        }
    }
}

fn gaps(audit: &Audit) -> Markup {
    let mut sorts: Vec<((GapReason, String), u64)> = Vec::new();
    for (_, gap) in audit.gaps.iter().filter(|(_, gap)| gap.why != GapReason::Sealed) {
        let sort = (gap.why, inert_head(&gap.says, 200));
        match sorts.iter_mut().find(|(known, _)| *known == sort) {
            Some((_, times)) => *times += 1,
            None => sorts.push((sort, 1)),
        }
    }
    sorts.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    html! {
        @if !sorts.is_empty() {
            h3 { "Opened only in part" }
            ul .gaps {
                @for ((why, says), times) in sorts.iter().take(SHOWN) {
                    li { b { (sentence(gap(*why))) } ", " (count(*times, "time")) @if !says.is_empty() { ": " (says) } }
                }
                @if sorts.len() > SHOWN {
                    li { "and " (count((sorts.len() - SHOWN) as u64, "more sort")) ", which the JSON report lists" }
                }
            }
        }
    }
}
