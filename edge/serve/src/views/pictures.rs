//! Today in pictures: hour by hour, and what went to whom.

use std::collections::BTreeMap;

use gate::{Counts, Tally};
use maud::{Markup, html};
use model::Kind;
use report::pieces::{Band, Canvas, Flows, Node, Tone, count, country, drawn, inert_head, kind};

use crate::{desk::Desk, english, moment};

const HOURS: i64 = 24;
/// The drawing of the hours, in its own units.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 150.0;
const BASE: f64 = 122.0;
/// Owners drawn one by one, and characters of a name.
const OWNERS: usize = 7;
const NAME: usize = 34;

/// Both pictures; none while there is nothing to draw.
pub(super) fn both(desk: &Desk) -> Markup {
    let now = moment::now();
    let hours = moment::last_hours(now, HOURS);
    let day = desk.board().tally_since(hours.first().copied().unwrap_or(now));
    let today = desk.board().tally_since(moment::midnight(now, &desk.zone));
    let flows = flows(&today, desk.keeper().is_some());
    html! {
        @if day.hours.is_empty() { p { (english::dashboard::NOTHING_YET) } } @else {
            figure .hours {
                h3 { (english::dashboard::HOURS) }
                (bars(desk, &hours, &day))
                (legend(desk))
                figcaption { details { summary { (english::dashboard::AS_TABLE) } (hours_table(desk, &hours, &day)) } }
            }
        }
        @if !flows.bands.is_empty() {
            figure .picture {
                h3 { (flows.title) }
                (drawn(&flows, &Canvas::WIDE))
                (drawn(&flows, &Canvas::NARROW))
                figcaption { details { summary { (english::dashboard::AS_TABLE) } (flows_table(&flows)) } }
            }
        }
    }
}

/// A column for each hour: stopped at the bottom, what went on, what nobody could read.
fn bars(desk: &Desk, hours: &[model::Time], day: &Tally) -> Markup {
    let most = day.hours.values().map(sum).max().unwrap_or(0).max(4);
    let step = WIDTH / HOURS as f64;
    let scale = (BASE - 16.0) / most as f64;
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby="hours-desc" {
            title #hours-desc { (english::pictures::hours(&total(day), desk.keeper().is_some())) }
            path .axis d={ "M0 " (BASE + 0.5) "H" (WIDTH) } {}
            text .most x="0" y="12" { (most) }
            @for (n, hour) in hours.iter().enumerate() {
                @let counts = day.hours.get(hour).copied().unwrap_or_default();
                @let clock = moment::clock(*hour, &desk.zone);
                @for (look, from, n_of) in stacked(&counts) {
                    rect .(look) x=(r(n as f64 * step + 4.0)) y=(r(BASE - (from + n_of) as f64 * scale)) width=(r(step - 8.0))
                        height=(r(n_of as f64 * scale)) rx="1.5" { title { (clock) ": " (english::pictures::part(look, n_of)) } }
                }
                @if n % 6 == 5 { text .clock x=(r((n as f64 + 0.5) * step)) y=(HEIGHT - 8.0) text-anchor="middle" { (clock) } }
            }
        }
    }
}

fn stacked(counts: &Counts) -> Vec<(&'static str, u64, u64)> {
    let parts = [
        ("stopped", 0, counts.stopped),
        ("passed", counts.stopped, counts.passed),
        ("unread", counts.stopped + counts.passed, counts.unread),
    ];
    parts.into_iter().filter(|(_, _, n)| *n > 0).collect()
}

fn legend(desk: &Desk) -> Markup {
    let looks: &[&str] = if desk.keeper().is_some() { &["stopped", "passed", "unread"] } else { &["passed", "unread"] };
    html! {
        ul .legend {
            @for look in looks {
                li { svg .key viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" { rect .(look) width="14" height="14" rx="3" {} } (english::pictures::look(look)) }
            }
        }
    }
}

fn hours_table(desk: &Desk, hours: &[model::Time], day: &Tally) -> Markup {
    let looks = ["stopped", "passed", "unread"];
    html! {
        table .plain {
            thead { tr { th scope="col" { (english::pictures::HOUR) } @for look in looks { th scope="col" .n { (english::pictures::look(look)) } } } }
            tbody {
                @for hour in hours {
                    @if let Some(counts) = day.hours.get(hour) {
                        tr { th scope="row" { (moment::clock(*hour, &desk.zone)) } td .n { (counts.stopped) } td .n { (counts.passed) } td .n { (counts.unread) } }
                    }
                }
            }
        }
    }
}

/// Kinds on the left, owners on the right.
fn flows(today: &Tally, guards: bool) -> Flows {
    let title = if guards { english::dashboard::FLOWS_GUARD } else { english::dashboard::FLOWS_CAPTURE };
    let mut owners: BTreeMap<String, (Node, BTreeMap<String, u64>)> = BTreeMap::new();
    let mut pairs: BTreeMap<(Tone, String, String), u64> = BTreeMap::new();
    for (flow, n) in today.flows() {
        let (tone, what) = match &flow.kind {
            None => (Tone::Unread, english::event::UNREAD.to_owned()),
            Some(id) => (if flow.stopped { Tone::Held } else { Tone::Readable }, kind(&Kind::new(id)).into_owned()),
        };
        let owner = flow.owner.clone().unwrap_or_else(|| flow.host.clone());
        let seat = flow.owner.as_ref().map(|_| flow.seat.as_deref().map(country).unwrap_or_default());
        let (node, hosts) = owners.entry(owner.clone()).or_insert_with(|| {
            let remark =
                Some(seat.unwrap_or(english::event::OWNER_UNKNOWN).to_owned()).filter(|remark| !remark.is_empty());
            (
                Node { title: inert_head(&owner, NAME), remark, lines: vec![], tone: Tone::Owner, count: 0 },
                BTreeMap::new(),
            )
        });
        node.count += n;
        *hosts.entry(flow.host.clone()).or_default() += n;
        *pairs.entry((tone, what, owner)).or_default() += n;
    }
    let mut order: Vec<(String, Node)> = owners
        .into_iter()
        .map(|(owner, (mut node, hosts))| {
            if hosts.len() > 1 || !hosts.contains_key(&owner) {
                node.lines =
                    hosts.iter().take(3).map(|(host, n)| format!("{} · {n}", inert_head(host, NAME))).collect();
            }
            (owner, node)
        })
        .collect();
    order.sort_by_key(|(_, node)| std::cmp::Reverse(node.count));
    let rest: u64 = order.iter().skip(OWNERS).map(|(_, node)| node.count).sum();
    let others = order.len().saturating_sub(OWNERS) as u64;
    let place = |owner: &str| order.iter().position(|(name, _)| name == owner).unwrap_or(OWNERS).min(OWNERS);
    let mut flows = Flows { title, left: vec![], right: vec![], bands: vec![], visited: 0, by_pages: 0 };
    for ((tone, what, owner), n) in &pairs {
        let to = place(owner);
        let remark = match tone {
            Tone::Held => Some(english::pictures::HELD.to_owned()),
            Tone::Readable if guards => Some(english::pictures::WENT_ON.to_owned()),
            _ => None,
        };
        let from = flows.left.iter().position(|node| node.tone == *tone && node.title == *what).unwrap_or_else(|| {
            flows.left.push(Node { title: what.clone(), remark, lines: vec![], tone: *tone, count: 0 });
            flows.left.len() - 1
        });
        flows.left[from].count += n;
        match flows.bands.iter_mut().find(|band| (band.from, band.to) == (from, to)) {
            Some(band) => band.count += n,
            None => flows.bands.push(Band { from, to, count: *n }),
        }
    }
    flows.right = order.into_iter().take(OWNERS).map(|(_, node)| node).collect();
    if others > 0 {
        let title = count(others, "more destination");
        flows.right.push(Node { title, remark: None, lines: vec![], tone: Tone::Owner, count: rest });
    }
    flows
}

fn flows_table(flows: &Flows) -> Markup {
    html! {
        table .plain {
            thead { tr { th scope="col" { (english::pictures::WHAT) } th scope="col" { (english::pictures::TO_WHOM) } th scope="col" .n { (english::pictures::REQUESTS) } } }
            tbody {
                @for band in &flows.bands {
                    tr {
                        td { (flows.left[band.from].title) @if let Some(more) = &flows.left[band.from].remark { ", " (more) } }
                        td { (flows.right[band.to].title) }
                        td .n { (band.count) }
                    }
                }
            }
        }
    }
}

pub(super) fn total(tally: &Tally) -> Counts {
    tally.hours.values().fold(Counts::default(), |all, counts| Counts {
        stopped: all.stopped + counts.stopped,
        passed: all.passed + counts.passed,
        unread: all.unread + counts.unread,
    })
}

fn sum(counts: &Counts) -> u64 {
    counts.stopped + counts.passed + counts.unread
}

fn r(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
