//! When: each trial as lanes on a line of time.
//!
//! Text is text and only dots are drawn, at parts of the width, so that one
//! drawing fits every screen.

use audit::Audit;
use maud::{Markup, html};
use model::{Mode, Trial};

use super::PageSection;
use crate::{
    sanitize::inert,
    summary::{self, ActLane, DotMark, RequestDot, TrialLine},
    wording::{count, duration},
};

/// Trials that are drawn; of more, those with sightings come first.
const SHOWN: usize = 12;

pub(super) fn section(audit: &Audit) -> Option<PageSection> {
    let mut lines: Vec<(&Trial, TrialLine)> =
        audit.trials.iter().map(|trial| (trial, summary::line(audit, trial))).collect();
    if lines.is_empty() {
        return None;
    }
    let hidden = lines.len().saturating_sub(SHOWN);
    if hidden > 0 {
        lines.sort_by_key(|(trial, line)| (std::cmp::Reverse(line.marked), trial.id));
        lines.truncate(SHOWN);
        lines.sort_by_key(|(trial, _)| trial.id);
    }
    let content = html! {
        p .note { "Each dot is a request that it sent by itself, each lane what was being done just then." }
        (legend())
        @for (trial, line) in &lines { (drawn(trial, line)) }
        @if hidden > 0 { p .more { "and " (count(hidden as u64, "more trial")) ", which the evidence holds" } }
    };
    Some(PageSection { id: "time", title: "When it was sent", short: "Timeline", content })
}

fn legend() -> Markup {
    html! {
        ul .legend {
            li { (sign(DotMark::Seen)) "carried something about the person" }
            li { (sign(DotMark::Sealed)) "could not be read" }
            li { (sign(DotMark::Plain)) "nothing recognised in it" }
            li { span .swatch.private {} "private mode" }
            li { span .swatch.normal {} "normal mode" }
        }
    }
}

fn sign(mark: DotMark) -> Markup {
    html! { svg width="16" height="16" aria-hidden="true" focusable="false" { (dot("8", mark, 1)) } }
}

fn drawn(trial: &Trial, line: &TrialLine) -> Markup {
    let mode = if trial.arm.blank { "without visits" } else { trial.arm.mode.word() };
    let marked =
        if line.marked > 0 { format!(", {} with something about the person", line.marked) } else { String::new() };
    html! {
        details .trial open[line.marked > 0] {
            summary {
                b { "Trial " (trial.id) ", " (mode) }
                span { (duration(line.seconds)) ", " (count(line.own, "own request")) (marked) }
            }
            @if let Some(failed) = &trial.failed { p .warning { "This trial failed: " (inert(failed)) } }
            ol .lanes {
                @for (n, lane) in line.lanes.iter().enumerate() {
                    @if n == 0 || lane.session != line.lanes[n - 1].session {
                        li .session { "Session " (lane.session) ", " (lane.mode.word()) }
                    }
                    (row(lane))
                }
                (axis(line.seconds))
            }
        }
    }
}

fn row(lane: &ActLane) -> Markup {
    let mode = if lane.mode == Mode::Private { "private" } else { "normal" };
    html! {
        li .lane .(mode) {
            span .name { (inert(&lane.name)) }
            svg .track height="20" role="img" aria-label=(described(lane)) {
                line .rail x1="0" x2="100%" y1="10" y2="10" {}
                @for (start, end) in &lane.spans {
                    rect .span x=(percent(*start)) y="3" width=(percent((end - start - 0.001).max(0.002))) height="14" rx="3" {}
                }
                @for RequestDot { at, mark, count } in &lane.dots { (dot(&percent(*at), *mark, *count)) }
            }
        }
    }
}

fn described(lane: &ActLane) -> String {
    let [plain, sealed, seen] = [DotMark::Plain, DotMark::Sealed, DotMark::Seen].map(|mark| lane.count(mark));
    let all = plain + sealed + seen;
    if all == 0 {
        return format!("{}: nothing sent", lane.mode.word());
    }
    let mut told = format!("{}: {}", lane.mode.word(), count(all, "own request"));
    for (n, what) in [(seen, "with something about the person"), (sealed, "not readable")] {
        if n > 0 {
            told.push_str(&format!(", {n} {what}"));
        }
    }
    told
}

/// A circle, a hollow square, a diamond: told apart without colour.
fn dot(x: &str, mark: DotMark, count: u64) -> Markup {
    let more = (count as f64).ln().min(3.0);
    html! {
        @match mark {
            DotMark::Plain => { circle .dot.plain cx=(x) cy="10" r=(size(2.6, more)) {} }
            DotMark::Sealed => {
                svg .at x=(x) y="10" overflow="visible" { rect .dot.sealed x="-3.2" y="-3.2" width="6.4" height="6.4" {} }
            }
            DotMark::Seen => { svg .at x=(x) y="10" overflow="visible" { path .dot.seen d="M0-6L6 0 0 6-6 0z" {} } }
        }
    }
}

fn size(least: f64, more: f64) -> String {
    format!("{:.1}", least + more * 0.6)
}

fn axis(seconds: f64) -> Markup {
    let step = [1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0]
        .into_iter()
        .find(|step| seconds / step <= 6.0)
        .unwrap_or(86_400.0);
    let ticks = (seconds / step).floor().min(24.0) as u32;
    html! {
        li .axis aria-hidden="true" {
            span .name {}
            svg height="18" {
                @for tick in 0..=ticks {
                    @let at = f64::from(tick) * step;
                    @let anchor = if tick == 0 { "start" } else if at / seconds > 0.94 { "end" } else { "middle" };
                    text x=(percent(at / seconds)) y="13" text-anchor=(anchor) { (duration(at)) }
                }
            }
        }
    }
}

fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}
