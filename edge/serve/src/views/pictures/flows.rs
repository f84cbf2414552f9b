//! Today's flows as bands: kinds of data on the left, recipients on the right.

use std::collections::BTreeMap;

use gate::{FlowGoal, HourlyCounts};
use maud::{Markup, html};
use model::Kind;
use report::ui::{Canvas, FlowBand, FlowDiagram, FlowNode, FlowTone, count, country, drawn, inert_head, kind};

use crate::english;

/// How many owners are drawn separately, how many hosts are named for each, and
/// the longest name.
const OWNERS: usize = 7;
const HOSTS: usize = 3;
const NAME: usize = 34;

/// The chart; None if there is no data.
pub(super) fn figure(today: &HourlyCounts, guards: bool) -> Option<Markup> {
    let flows = flows(today, guards);
    (!flows.bands.is_empty()).then(|| {
        html! {
            figure .picture {
                h3 { (flows.title) }
                (drawn(&flows, &Canvas::WIDE))
                (drawn(&flows, &Canvas::NARROW))
                figcaption { details { summary { (english::dashboard::AS_TABLE) } (table(&flows)) } }
            }
        }
    })
}

fn flows(today: &HourlyCounts, guards: bool) -> FlowDiagram {
    let title = if guards { english::dashboard::FLOWS_GUARD } else { english::dashboard::FLOWS_CAPTURE };
    let order = owners(today);
    let mut pairs: BTreeMap<(u8, String, String), (FlowTone, u64)> = BTreeMap::new();
    for (flow, n) in today.flows() {
        let (tone, what) = match &flow.kind {
            None => (FlowTone::Unread, english::event::UNREAD.to_owned()),
            Some(id) => (
                if flow.stopped { FlowTone::Held } else { FlowTone::Readable },
                inert_head(&kind(&Kind::new(id)), NAME),
            ),
        };
        pairs.entry((rank(tone), what, name(&flow.goal))).or_insert((tone, 0)).1 += n;
    }
    let rest: u64 = order.iter().skip(OWNERS).map(|(_, node)| node.count).sum();
    let others = order.len().saturating_sub(OWNERS) as u64;
    let place = |owner: &str| order.iter().position(|(name, _)| name == owner).unwrap_or(OWNERS).min(OWNERS);
    let mut flows = FlowDiagram { title, left: vec![], right: vec![], bands: vec![], visited: 0, by_pages: 0 };
    for ((_, what, owner), (tone, n)) in &pairs {
        let to = place(owner);
        let remark = match tone {
            FlowTone::Held => Some(english::pictures::HELD.to_owned()),
            FlowTone::Readable if guards => Some(english::pictures::WENT_ON.to_owned()),
            _ => None,
        };
        let from = flows.left.iter().position(|node| node.tone == *tone && node.title == *what).unwrap_or_else(|| {
            flows.left.push(FlowNode { title: what.clone(), remark, lines: vec![], tone: *tone, count: 0 });
            flows.left.len() - 1
        });
        flows.left[from].count += n;
        match flows.bands.iter_mut().find(|band| (band.from, band.to) == (from, to)) {
            Some(band) => band.count += n,
            None => flows.bands.push(FlowBand { from, to, count: *n }),
        }
    }
    flows.right = order.into_iter().take(OWNERS).map(|(_, node)| node).collect();
    if others > 0 {
        let title = count(others, "more destination");
        flows.right.push(FlowNode { title, remark: None, lines: vec![], tone: FlowTone::Owner, count: rest });
    }
    flows
}

/// The owner of a host, or the host itself.
fn name(goal: &FlowGoal) -> String {
    goal.owner.clone().unwrap_or_else(|| goal.host.clone())
}

/// All recipients with their hosts, those with the most requests first.
fn owners(today: &HourlyCounts) -> Vec<(String, FlowNode)> {
    let mut owners: BTreeMap<String, FlowNode> = BTreeMap::new();
    for (goal, n) in today.goals() {
        let remark = match &goal.owner {
            Some(_) => goal.seat.as_deref().map(|seat| country(seat).to_owned()),
            None => Some(english::event::OWNER_UNKNOWN.to_owned()),
        };
        let node = owners.entry(name(goal)).or_insert_with(|| FlowNode {
            title: inert_head(&name(goal), NAME),
            remark,
            lines: vec![],
            tone: FlowTone::Owner,
            count: 0,
        });
        node.count += n;
        if goal.owner.is_some() && node.lines.len() < HOSTS {
            node.lines.push(format!("{} · {n}", inert_head(&goal.host, NAME)));
        }
    }
    let mut owners: Vec<(String, FlowNode)> = owners.into_iter().collect();
    owners.sort_by_key(|(_, node)| std::cmp::Reverse(node.count));
    owners
}

/// The order from top to bottom: stopped, passed, unread.
const fn rank(tone: FlowTone) -> u8 {
    match tone {
        FlowTone::Held => 0,
        FlowTone::Unread => 2,
        _ => 1,
    }
}

fn table(flows: &FlowDiagram) -> Markup {
    html! {
        table .plain {
            thead {
                tr {
                    th scope="col" { (english::pictures::WHAT) }
                    th scope="col" { (english::pictures::TO_WHOM) }
                    th scope="col" .n { (english::pictures::REQUESTS) }
                }
            }
            tbody {
                @for band in &flows.bands {
                    tr {
                        @let from = &flows.left[band.from];
                        td { (from.title) @if let Some(more) = &from.remark { ", " (more) } }
                        td { (flows.right[band.to].title) }
                        td .n { (band.count) }
                    }
                }
            }
        }
    }
}
