//! From bands to a drawing: where each node stands and how each band runs.

use maud::{Markup, html};

use super::flows::{FlowDiagram, FlowNode, FlowTone};
use crate::wording::count;

/// The drawing's measures, in its own units.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    name: &'static str,
    width: f64,
    /// Left and right edge of the bands.
    from: f64,
    to: f64,
    /// Labels stand inside, over the bands, where there is no room beside them.
    inside: bool,
    line: f64,
}

impl Canvas {
    pub const WIDE: Self = Self { name: "wide", width: 960.0, from: 250.0, to: 690.0, inside: false, line: 19.0 };
    pub const NARROW: Self = Self { name: "narrow", width: 350.0, from: 6.0, to: 344.0, inside: true, line: 17.0 };
}

/// Thickness of a bar at the end of bands.
const BAR: f64 = 6.0;
/// Space between one node and the next.
const GAP: f64 = 18.0;
/// The thickest that all bands together get, one request, and any band.
const ALL: f64 = 240.0;
const ONE: f64 = 9.0;
const LEAST: f64 = 1.5;

/// A node's place: top of its slot, of its bar, and the bar's height.
struct NodeSlot {
    top: f64,
    bar: f64,
    height: f64,
}

/// The drawing. Both canvases can stand on one page.
pub fn drawn(flows: &FlowDiagram, canvas: &Canvas) -> Markup {
    let total: u64 = flows.bands.iter().map(|band| band.count).sum();
    let scale = (ALL / total.max(1) as f64).min(ONE);
    let thick = |n: u64| (n as f64 * scale).max(LEAST);
    let left_heights = heights(flows, |band| band.from, flows.left.len(), &thick);
    let right_heights = heights(flows, |band| band.to, flows.right.len(), &thick);
    let (mut left, left_end) = slots(&flows.left, &left_heights, canvas);
    let (mut right, right_end) = slots(&flows.right, &right_heights, canvas);
    let end = left_end.max(right_end);
    for (slots, own) in [(&mut left, left_end), (&mut right, right_end)] {
        for slot in slots.iter_mut() {
            slot.top += (end - own) / 2.0;
            slot.bar += (end - own) / 2.0;
        }
    }
    let pages = flows.by_pages > 0;
    let height = end + if pages { 64.0 } else { 6.0 };
    let (title, desc) = (format!("picture-{}-title", canvas.name), format!("picture-{}-desc", canvas.name));
    html! {
        svg .(canvas.name) viewBox={ "0 0 " (canvas.width) " " (r(height)) } role="img"
            aria-labelledby={ (title) " " (desc) } {
            title id=(title) { (flows.title) }
            desc id=(desc) { (described(flows)) }
            (bands(flows, canvas, &left, &right, &thick))
            @for (node, slot) in flows.left.iter().zip(&left) { (label(node, slot, canvas, CanvasEdge::Left)) }
            @for (node, slot) in flows.right.iter().zip(&right) { (label(node, slot, canvas, CanvasEdge::Right)) }
            @if pages { (by_pages(flows, canvas, end)) }
        }
    }
}

fn heights(
    flows: &FlowDiagram,
    side: impl Fn(&super::flows::FlowBand) -> usize,
    nodes: usize,
    thick: &impl Fn(u64) -> f64,
) -> Vec<f64> {
    let mut heights = vec![0.0; nodes];
    for band in &flows.bands {
        heights[side(band)] += thick(band.count);
    }
    heights
}

fn slots(nodes: &[FlowNode], heights: &[f64], canvas: &Canvas) -> (Vec<NodeSlot>, f64) {
    let mut y = 4.0;
    let mut slots = Vec::new();
    for (node, &height) in nodes.iter().zip(heights) {
        let label = rows(node, canvas) as f64 * canvas.line;
        let room = height.max(label);
        slots.push(NodeSlot { top: y + (room - label) / 2.0, bar: y + (room - height) / 2.0, height });
        y += room + GAP;
    }
    (slots, y - GAP + 4.0)
}

/// Lines of a node's label.
fn rows(node: &FlowNode, canvas: &Canvas) -> usize {
    if canvas.inside { 2 } else { 2 + node.lines.len() }
}

fn bands(
    flows: &FlowDiagram,
    canvas: &Canvas,
    left: &[NodeSlot],
    right: &[NodeSlot],
    thick: &impl Fn(u64) -> f64,
) -> Markup {
    let mut from: Vec<f64> = left.iter().map(|slot| slot.bar).collect();
    let mut to: Vec<f64> = right.iter().map(|slot| slot.bar).collect();
    let mut paths = Vec::new();
    for band in &flows.bands {
        let (y1, y2, thickness) = (from[band.from], to[band.to], thick(band.count));
        from[band.from] += thickness;
        to[band.to] += thickness;
        let says = format!(
            "{}{} → {}: {}",
            flows.left[band.from].title,
            flows.left[band.from].remark.as_ref().map(|remark| format!(", {remark}")).unwrap_or_default(),
            flows.right[band.to].title,
            count(band.count, "request")
        );
        let path = ribbon(canvas.from + BAR, canvas.to - BAR, y1, y2, thickness);
        paths.push((tone(flows.left[band.from].tone), path, says));
    }
    html! {
        @for (tone, path, says) in paths {
            path .band .(tone) d=(path) { title { (says) } }
        }
    }
}

/// A band from one height to another, level at both ends.
fn ribbon(x1: f64, x2: f64, y1: f64, y2: f64, thickness: f64) -> String {
    let middle = (x1 + x2) / 2.0;
    let (b1, b2) = (y1 + thickness, y2 + thickness);
    format!(
        "M{} {}C{m} {} {m} {} {} {}V{}C{m} {} {m} {} {} {}z",
        r(x1),
        r(y1),
        r(y1),
        r(y2),
        r(x2),
        r(y2),
        r(b2),
        r(b2),
        r(b1),
        r(x1),
        r(b1),
        m = r(middle)
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CanvasEdge {
    Left,
    Right,
}

fn label(node: &FlowNode, slot: &NodeSlot, canvas: &Canvas, edge: CanvasEdge) -> Markup {
    let (bar, text, anchor) = match (edge, canvas.inside) {
        (CanvasEdge::Left, false) => (canvas.from, canvas.from - 12.0, "end"),
        (CanvasEdge::Right, false) => (canvas.to - BAR, canvas.to + 12.0, "start"),
        (CanvasEdge::Left, true) => (canvas.from, canvas.from + BAR + 8.0, "start"),
        (CanvasEdge::Right, true) => (canvas.to - BAR, canvas.to - BAR - 8.0, "end"),
    };
    let number = count(node.count, "request");
    let second = match (&node.remark, canvas.inside) {
        (Some(remark), false) => format!("{remark} · {number}"),
        (Some(remark), true) if edge == CanvasEdge::Right => remark.clone(),
        (Some(remark), true) => format!("{remark} · {}", node.count),
        _ => number,
    };
    let title = head(&node.title, if canvas.inside { 24 } else { 27 });
    let lines: &[String] = if canvas.inside { &[] } else { &node.lines };
    let line = |n: usize| r(slot.top + canvas.line * (n as f64 + 0.76));
    html! {
        rect .bar .(tone(node.tone)) x=(r(bar)) y=(r(slot.bar)) width=(BAR) height=(r(slot.height.max(LEAST))) rx="1.5" {}
        text x=(r(text)) text-anchor=(anchor) {
            tspan .title x=(r(text)) y=(line(0)) { (title) }
            tspan .remark x=(r(text)) y=(line(1)) { (head(&second, if canvas.inside { 26 } else { 36 })) }
            @for (n, one) in lines.iter().enumerate() {
                tspan .host x=(r(text)) y=(line(n + 2)) { (one) }
            }
        }
    }
}

/// Pages' own requests, apart: they are no news to anybody.
fn by_pages(flows: &FlowDiagram, canvas: &Canvas, top: f64) -> Markup {
    let y = top + 34.0;
    let (left, right, start, end) = match canvas.inside {
        false => (canvas.from - 12.0, canvas.to + 12.0, "end", "start"),
        true => (canvas.from + BAR + 8.0, canvas.to - BAR - 8.0, "start", "end"),
    };
    let sites = match flows.visited {
        0 => "other sites".to_owned(),
        n => count(n, "visited site"),
    };
    html! {
        g .pages {
            path .rule d={ "M0 " (r(top + 12.0)) "H" (canvas.width) } {}
            rect .lane x=(r(canvas.from)) y=(r(y)) width=(r(canvas.to - canvas.from)) height="12" rx="2" {
                title { "Not counted above: " (count(flows.by_pages, "request")) " that pages asked for" }
            }
            text {
                tspan .title x=(r(left)) y=(r(y + 1.0 - if canvas.inside { 7.0 } else { 0.0 })) text-anchor=(start) {
                    @if canvas.inside { "asked for by pages" } @else { "asked for by the pages" }
                }
                @if !canvas.inside {
                    tspan .remark x=(r(left)) y=(r(y + 19.0)) text-anchor=(start) { (count(flows.by_pages, "request")) }
                    tspan .remark x=(r(right)) y=(r(y + 19.0)) text-anchor=(end) { "as any browser would" }
                }
                tspan .title x=(r(right)) y=(r(y + 1.0 - if canvas.inside { 7.0 } else { 0.0 })) text-anchor=(end) { (sites) }
            }
        }
    }
}

fn described(flows: &FlowDiagram) -> String {
    let mut told: Vec<String> = flows
        .bands
        .iter()
        .map(|band| {
            let (from, to) = (&flows.left[band.from], &flows.right[band.to]);
            format!("{} to {}: {}", from.title, to.title, count(band.count, "request"))
        })
        .collect();
    if flows.by_pages > 0 {
        told.push(format!("apart from that {} that pages asked for", count(flows.by_pages, "request")));
    }
    told.join("; ") + "."
}

const fn tone(tone: FlowTone) -> &'static str {
    match tone {
        FlowTone::Readable => "readable",
        FlowTone::Disguised => "disguised",
        FlowTone::Identifier => "identifier",
        FlowTone::Unread => "unread",
        FlowTone::Nothing => "nothing",
        FlowTone::Held => "held",
        FlowTone::Owner => "owner",
    }
}

fn head(text: &str, most: usize) -> String {
    crate::sanitize::inert_head(text, most)
}

/// One decimal: less would show, more would not.
fn r(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_level_at_both_ends_and_equally_thick() {
        assert_eq!(ribbon(0.0, 100.0, 10.0, 50.0, 4.0), "M0 10C50 10 50 50 100 50V54C50 54 50 14 0 14z");
    }
}
