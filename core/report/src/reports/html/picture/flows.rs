//! Turns an audit into the bands of the flow picture: which data, to which
//! owner, in how many requests.

use std::collections::{BTreeMap, BTreeSet};

use audit::Audit;
use model::{Guise, Sighting};

use crate::{
    sanitize::inert_head,
    summary::{self, OwnerGroup, RecipientTable, is_own},
    wording::{count, country, kind},
};

/// Both sides of the picture, and the bands between them.
#[derive(Clone, Debug)]
pub struct FlowDiagram {
    /// The title of the picture.
    pub title: &'static str,
    pub left: Vec<FlowNode>,
    pub right: Vec<FlowNode>,
    pub bands: Vec<FlowBand>,
    /// Number of sites that the subject visited; `by_pages` is the number of
    /// requests of pages.
    pub visited: u64,
    pub by_pages: u64,
}

/// One node on either side.
#[derive(Clone)]
pub struct FlowNode {
    pub title: String,
    pub remark: Option<String>,
    /// Smaller lines below, on wide screens.
    pub lines: Vec<String>,
    pub tone: FlowTone,
    pub count: u64,
}

/// A band between two nodes, as indices on both sides, with its number of
/// requests.
#[derive(Clone, Copy, Debug)]
pub struct FlowBand {
    pub from: usize,
    pub to: usize,
    pub count: u64,
}

/// What a band carries, the gravest first; it decides the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowTone {
    Readable,
    Disguised,
    Identifier,
    Unread,
    Nothing,
    /// Stopped by the guard.
    Held,
    /// A node on the right.
    Owner,
}

/// Owners drawn one by one; the others become one node.
const OWNERS: usize = 9;

/// Hosts named under an owner.
const HOSTS: usize = 4;

/// Requests by capture and position.
type RequestMap = BTreeSet<(usize, u64)>;

impl std::fmt::Debug for FlowNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node(..)")
    }
}

impl FlowDiagram {
    pub(super) fn of(audit: &Audit) -> Self {
        let whom = RecipientTable::of(audit);
        let mut carried: BTreeMap<(CarriedData, usize), RequestMap> = BTreeMap::new();
        let owner_of = owners_by_destination(&whom);
        note_sightings(audit, &owner_of, &mut carried);
        note_identifiers(audit, &whom, &mut carried);
        let mut flows = Self {
            title: "What left, to whom",
            left: vec![],
            right: right(&whom),
            bands: vec![],
            visited: whom.visited,
            by_pages: whom.by_pages,
        };
        let mut counts: BTreeMap<(CarriedData, usize), u64> = BTreeMap::new();
        for ((what, owner), requests) in &carried {
            *counts.entry((what.clone(), (*owner).min(OWNERS))).or_default() += requests.len() as u64;
        }
        for (at, owner) in whom.owners.iter().enumerate() {
            let known: RequestMap =
                carried.iter().filter(|((_, to), _)| *to == at).flat_map(|(_, requests)| requests.clone()).collect();
            let unread: u64 = owner.rows.iter().map(|row| row.tally.sealed.min(row.requests)).sum();
            let nothing = owner.requests().saturating_sub(known.len() as u64 + unread);
            for (tone, n) in [(FlowTone::Unread, unread), (FlowTone::Nothing, nothing)] {
                if n > 0 {
                    *counts
                        .entry((CarriedData { tone, title: String::new(), remark: None }, at.min(OWNERS)))
                        .or_default() += n;
                }
            }
        }
        for ((what, to), count) in counts {
            let from = flows.left_of(what, count);
            flows.bands.push(FlowBand { from, to, count });
        }
        flows
    }

    fn left_of(&mut self, what: CarriedData, count: u64) -> usize {
        let (title, remark) = match what.tone {
            FlowTone::Unread => ("could not be read".to_owned(), Some("encrypted".to_owned())),
            FlowTone::Nothing => ("nothing recognised".to_owned(), Some("of the person’s".to_owned())),
            _ => (what.title, what.remark),
        };
        let same = |node: &FlowNode| node.tone == what.tone && node.title == title && node.remark == remark;
        if let Some(at) = self.left.iter().position(same) {
            self.left[at].count += count;
            return at;
        }
        self.left.push(FlowNode { title, remark, lines: vec![], tone: what.tone, count });
        self.left.len() - 1
    }
}

/// What a request carries; the order is that of the left side.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct CarriedData {
    tone: FlowTone,
    title: String,
    remark: Option<String>,
}

fn owners_by_destination(whom: &RecipientTable<'_>) -> BTreeMap<usize, usize> {
    let rows = whom.owners.iter().enumerate();
    rows.flat_map(|(at, owner)| owner.rows.iter().map(move |row| (row.index, at))).collect()
}

fn note_sightings(
    audit: &Audit,
    owner_of: &BTreeMap<usize, usize>,
    carried: &mut BTreeMap<(CarriedData, usize), RequestMap>,
) {
    let accusing = summary::accusing(audit);
    let whole: RequestMap = accusing
        .iter()
        .map(|i| &audit.spotted[*i])
        .filter(|one| one.seen.sighting.kind.as_str() == "visited-url")
        .map(|one| (one.capture, one.seen.sighting.exchange))
        .collect();
    for i in accusing {
        let spotted = &audit.spotted[i];
        let sighting = &spotted.seen.sighting;
        let request = (spotted.capture, sighting.exchange);
        let Some(owner) = owner_of.get(&spotted.seen.destination) else { continue };
        // Who has the whole address has its parts too.
        let is_part = matches!(sighting.kind.as_str(), "visited-url-part" | "visited-host");
        if is_part && whole.contains(&request) {
            continue;
        }
        carried.entry((what(sighting), *owner)).or_default().insert(request);
    }
}

fn what(sighting: &Sighting) -> CarriedData {
    let title = kind(&sighting.kind).into_owned();
    match sighting.guise {
        // An identifier that a schema names and one that was found by comparing
        // installs are drawn as one band.
        Guise::Plain if sighting.kind.as_str() == "persistent-id" => lasting(),
        Guise::Plain => CarriedData { tone: FlowTone::Readable, title, remark: None },
        Guise::Digest(_) => CarriedData { tone: FlowTone::Disguised, title, remark: Some("as a digest".into()) },
    }
}

fn lasting() -> CarriedData {
    CarriedData { tone: FlowTone::Identifier, title: "lasting identifier".into(), remark: None }
}

fn note_identifiers(
    audit: &Audit,
    whom: &RecipientTable<'_>,
    carried: &mut BTreeMap<(CarriedData, usize), RequestMap>,
) {
    let own: BTreeMap<u64, usize> =
        audit.traffic.iter().filter(|one| is_own(one.side)).map(|one| (one.exchange, one.capture)).collect();
    for identifier in &audit.identifiers {
        let is_to = |owner: &OwnerGroup<'_>| owner.rows.iter().any(|row| row.to.host == identifier.host);
        let Some(owner) = whom.owners.iter().position(is_to) else { continue };
        let exchanges = identifier.exchanges.iter().map(|(exchange, _)| *exchange);
        let requests: RequestMap = exchanges.filter_map(|one| Some((*own.get(&one)?, one))).collect();
        if !requests.is_empty() {
            carried.entry((lasting(), owner)).or_default().extend(requests);
        }
    }
}

fn right(whom: &RecipientTable<'_>) -> Vec<FlowNode> {
    let mut nodes: Vec<FlowNode> = whom.owners.iter().take(OWNERS).map(owner).collect();
    let rest = whom.owners.get(OWNERS..).unwrap_or_default();
    if !rest.is_empty() {
        let requests = rest.iter().map(OwnerGroup::requests).sum();
        let title = count(rest.len() as u64, "more owner");
        nodes.push(FlowNode { title, remark: None, lines: vec![], tone: FlowTone::Owner, count: requests });
    }
    nodes
}

fn owner(owner: &OwnerGroup<'_>) -> FlowNode {
    let title = match owner.name {
        Some(name) => inert_head(name, 40),
        None => inert_head(owner.label, 40),
    };
    let remark = Some(owner.seat.map_or("owner not on record", country).to_owned());
    let mut lines: Vec<String> = owner
        .rows
        .iter()
        .take(HOSTS)
        .map(|row| format!("{} · {}", inert_head(&row.to.host, 33), row.requests))
        .collect();
    if owner.rows.len() > HOSTS {
        lines.push(format!("and {}", count((owner.rows.len() - HOSTS) as u64, "more host")));
    }
    FlowNode { title, remark, lines, tone: FlowTone::Owner, count: owner.requests() }
}
