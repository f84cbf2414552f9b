//! Each finding with its sightings, peeled.

use std::collections::BTreeMap;

use audit::{Audit, LocatedSighting};
use judge::{Finding, Severity};
use maud::{Markup, html};
use model::{Guise, RecognitionMethod};

use super::{PageSection, trail};
use crate::{
    sanitize::{inert, inert_head},
    summary::{self, SightingGroup, alike},
    wording::{count, sender, sentence},
};

/// Sightings of a group that are shown one by one, and groups of a finding.
const ROWS: usize = 4;
const GROUPS: usize = 6;

/// Where on the page a sighting stands.
pub(super) struct SightingAnchors {
    /// Finding and group that show a sighting first, and whether it has a row there.
    places: BTreeMap<usize, (usize, usize, bool)>,
}

impl SightingAnchors {
    pub fn of(audit: &Audit) -> Self {
        let mut places = BTreeMap::new();
        for (f, finding) in summary::telling(audit).into_iter().enumerate() {
            for (g, group) in
                alike(audit, &finding.sightings).iter().enumerate().take(summary::shown_groups(finding, GROUPS))
            {
                for (n, i) in group.members.iter().enumerate() {
                    places.entry(*i).or_insert((f, g, n < ROWS));
                }
            }
        }
        Self { places }
    }

    /// The id of the row, or the group, that shows it.
    pub fn link(&self, sighting: usize) -> Option<String> {
        let (f, g, has_row) = self.places.get(&sighting)?;
        Some(if *has_row { format!("s{}", sighting + 1) } else { format!("finding-{}-{}", f + 1, g + 1) })
    }

    fn is_at(&self, sighting: usize, f: usize, g: usize) -> bool {
        self.places.get(&sighting).is_some_and(|(at_f, at_g, _)| (*at_f, *at_g) == (f, g))
    }
}

pub(super) fn section(audit: &Audit, anchors: &SightingAnchors) -> Option<PageSection> {
    let none = summary::telling(audit).is_empty();
    let content = html! {
        @if none {
            p { "Nothing that was planted, and nothing that looks personal, was recognised outside the places it was meant for." }
        } @else {
            p .note {
                "Programs wrap what they send, layer in layer. Each sighting is shown as it was reached: from the request "
                "on the outside, one layer a step, to the value inside."
            }
        }
        @for (f, finding) in summary::telling(audit).into_iter().enumerate() { (one(audit, anchors, f, finding)) }
    };
    Some(PageSection { id: "found", title: "What was recognised, layer by layer", short: "Findings", content })
}

fn one(audit: &Audit, anchors: &SightingAnchors, f: usize, finding: &Finding) -> Markup {
    let groups = alike(audit, &finding.sightings);
    let shown = summary::shown_groups(finding, GROUPS);
    html! {
        article .finding .(finding.severity.word()) aria-labelledby={ "finding-" (f + 1) } {
            header {
                h3 id={ "finding-" (f + 1) } { (sentence(&inert(&finding.says))) }
                p .tags {
                    span .severity { (level(finding.severity)) }
                    code { (inert(&finding.code)) }
                    @if !finding.phases.is_empty() { span { "in " (phases(&finding.phases)) } }
                }
                @if let Some(line) = audit.disclosed(finding) { p .fine { b { "Disclosed. " } (inert(line)) } }
            }
            @for (g, group) in groups.iter().enumerate().take(shown) {
                (peeled(audit, anchors, (f, g), group))
            }
            @if groups.len() > shown {
                p .more { "and at " (count((groups.len() - shown) as u64, "more place")) ", which the JSON report lists" }
            }
        }
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "▲▲ critical",
        Severity::High => "▲ high",
        Severity::Medium => "◆ medium",
        Severity::Low => "▽ low",
        Severity::Info => "○ for information",
    }
}

fn phases(phases: &[String]) -> String {
    let names: Vec<String> = phases.iter().take(6).map(|name| inert(name).into_owned()).collect();
    match phases.len().saturating_sub(6) {
        0 => names.join(", "),
        more => format!("{} and {more} more phases", names.join(", ")),
    }
}

fn peeled(audit: &Audit, anchors: &SightingAnchors, at: (usize, usize), group: &SightingGroup) -> Markup {
    let Some(spotted) = group.members.first().and_then(|first| audit.spotted.get(*first)) else { return html! {} };
    let sighting = &spotted.seen.sighting;
    let (f, g) = at;
    html! {
        details .peeled open[f == 0 && g == 0] id={ "finding-" (f + 1) "-" (g + 1) } {
            summary {
                span .times { (group.members.len()) "×" }
                code { (inert_head(&group.place, 160)) }
                @if let Some(program) = group.program(audit) { " " (program) }
            }
            div .inside {
                (trail::staircase(&sighting.trail, &group.value(audit, 240)))
                (meaning(audit, spotted))
                (rows(audit, anchors, at, group))
            }
        }
    }
}

/// What the value is, who sent it, and how sure that is.
fn meaning(audit: &Audit, spotted: &LocatedSighting) -> Markup {
    let sighting = &spotted.seen.sighting;
    let plant = summary::plant(audit, spotted);
    html! {
        dl .meaning {
            dt { "What it is" }
            dd {
                (crate::wording::kind(&sighting.kind))
                @match &sighting.guise {
                    Guise::Plain => { ", readable as it stands" }
                    Guise::Digest(name) => {
                        ", disguised as " code { (inert(name)) }
                        @if let Some(plant) = plant { " of " code { (inert_head(&plant.canary.value, 120)) } }
                    }
                }
            }
            dt { "Who sent it" }
            dd { (sentence(sender(spotted.seen.side.side))) ": " (inert(spotted.seen.side.because)) }
            dt { "How we know" }
            dd {
                @match sighting.how {
                    RecognitionMethod::Canary => "Candor planted this value in this test and nowhere else"
                    RecognitionMethod::Schema => "a known place in a known format"
                    RecognitionMethod::Persistent => "the same here and there, and different elsewhere"
                    RecognitionMethod::Pattern => "its shape only"
                }
                @if sighting.weak { "; weak evidence: a guess is part of it" }
            }
        }
    }
}

fn rows(audit: &Audit, anchors: &SightingAnchors, (f, g): (usize, usize), group: &SightingGroup) -> Markup {
    let more = group.members.len().saturating_sub(ROWS) as u64;
    html! {
        table .sightings role="table" {
            caption { (count(group.members.len() as u64, "sighting")) @if more > 0 { ", the first " (ROWS) } }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "No." }
                    th role="columnheader" scope="col" { "When" }
                    th role="columnheader" scope="col" { "Request" }
                    th role="columnheader" scope="col" { "Value" }
                }
            }
            tbody role="rowgroup" {
                @for i in group.members.iter().take(ROWS) {
                    @let spotted = &audit.spotted[*i];
                    @let id = anchors.is_at(*i, f, g).then(|| format!("s{}", i + 1));
                    tr role="row" id=[id] {
                        td role="cell" { "s" (i + 1) }
                        td role="cell" { (when(audit, spotted)) }
                        td role="cell" {
                            (spotted.seen.sighting.exchange) ": " code { (inert(&spotted.method)) " " (inert_head(&spotted.url, 90)) }
                        }
                        td role="cell" { code { (inert_head(&spotted.seen.sighting.value, 90)) } }
                    }
                }
            }
        }
    }
}

fn when(audit: &Audit, spotted: &LocatedSighting) -> String {
    let phase = summary::phase(audit, spotted.seen.phase);
    match (phase, spotted.seen.trial) {
        (Some(phase), Some(trial)) => format!("trial {trial}, {}", inert(&phase)),
        (None, Some(trial)) => format!("trial {trial}"),
        _ => "–".into(),
    }
}
