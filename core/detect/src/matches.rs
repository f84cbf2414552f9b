//! The finds in one exchange, and the selection of those that are reported.
//!
//! The same value is found at several depths: in the body, in the form field,
//! in the base64 inside of it. It is reported once, at the deepest place that
//! shows it.

use std::collections::BTreeSet;

use model::{Exchange, Guise, Kind, LayerPlace, Leaf, RecognitionMethod, Sighting, Trail, TrailStep};

use crate::{
    digests,
    pending::{self, PendingMatch},
};

/// Everything found in one exchange so far.
#[derive(Default)]
pub(crate) struct ExchangeMatches {
    hits: Vec<MatchHit>,
    /// Leaves seen so far.
    leaf: u32,
    /// Index of the first hit of the current leaf.
    first: usize,
    held: Vec<PendingMatch>,
}

struct MatchHit {
    leaf: u32,
    /// Position of the canary among those planted; orders hits of one leaf.
    canary: Option<u32>,
    /// Schema and field; the hit counts only if the schema does.
    schema: Option<(u16, u16)>,
    sighting: Sighting,
}

/// The value that a hit is of: its canary, kind and disguise.
pub(crate) struct MatchKind<'a> {
    /// Position of the canary among the planted ones, and its id.
    pub(crate) canary: Option<(u32, &'a str)>,
    pub(crate) kind: &'a Kind,
    pub(crate) guise: Guise,
    pub(crate) how: RecognitionMethod,
    pub(crate) weak: bool,
}

impl ExchangeMatches {
    /// Begins the next leaf.
    pub(crate) fn next_leaf(&mut self) {
        self.leaf += 1;
        self.first = self.hits.len();
    }

    /// The number of the current leaf.
    pub(crate) fn leaf(&self) -> u32 {
        self.leaf
    }

    /// Whether this canary was found without a guess.
    pub(crate) fn has_sure(&self, canary: u32) -> bool {
        self.hits.iter().any(|hit| hit.canary == Some(canary) && !hit.sighting.weak)
    }

    /// Adds a sighting that was assembled from several leaves; `leaf` is the
    /// last of them.
    pub(crate) fn add_sighting(&mut self, leaf: u32, canary: u32, sighting: Sighting) {
        self.hits.push(MatchHit { leaf, canary: Some(canary), schema: None, sighting });
    }

    /// Adds a hit in the current leaf, unless the leaf has the same hit already.
    /// Only then `shown` is called.
    pub(crate) fn add(&mut self, exchange: u64, leaf: &Leaf<'_>, of: MatchKind<'_>, shown: impl FnOnce() -> String) {
        let canary = of.canary.map(|(position, _)| position);
        let known = |hit: &MatchHit| {
            hit.canary == canary
                && hit.sighting.guise == of.guise
                && hit.sighting.how == of.how
                && hit.sighting.kind == *of.kind
        };
        if self.hits[self.first..].iter().any(known) {
            return;
        }
        self.hits.push(MatchHit {
            leaf: self.leaf,
            canary,
            schema: None,
            sighting: of.sighting(exchange, leaf, shown),
        });
    }

    /// Adds a hit of a schema's field in the current leaf.
    pub(crate) fn add_of_schema(
        &mut self,
        exchange: u64,
        leaf: &Leaf<'_>,
        of: MatchKind<'_>,
        schema: (u16, u16),
        name: &str,
    ) {
        let mut sighting = of.sighting(exchange, leaf, || shown(leaf.value));
        sighting.schema = Some(name.to_owned());
        self.hits.push(MatchHit { leaf: self.leaf, canary: None, schema: Some(schema), sighting });
    }

    /// Adds a find that counts only if a second find confirms it.
    pub(crate) fn hold(
        &mut self,
        exchange: &Exchange,
        leaf: &Leaf<'_>,
        of: MatchKind<'_>,
        text: &str,
        shown: impl FnOnce() -> String,
    ) {
        let sighting = of.sighting(exchange.index, leaf, shown);
        let place = pending::place(exchange, &sighting.trail);
        self.held.push(PendingMatch { text: text.to_owned(), place, sighting });
    }

    /// Selects the finds to report: each value once, at the deepest place along
    /// its trail, in the order in which the places were visited. Also returns
    /// the finds that wait for a second one.
    pub(crate) fn sift(mut self, counts: impl Fn((u16, u16)) -> bool) -> (Vec<Sighting>, Vec<PendingMatch>) {
        self.hits.retain(|hit| hit.schema.is_none_or(&counts));
        self.hits.sort_by(|a, b| a.subject().cmp(&b.subject()).then_with(|| a.trail().cmp(b.trail())));
        let mut said = Vec::new();
        let mut rest = self.hits.into_iter().peekable();
        while let Some(first) = rest.next() {
            let mut same = vec![first];
            while let Some(next) = rest.next_if(|hit| hit.subject() == same[0].subject()) {
                same.push(next);
            }
            said.extend(deepest(same));
        }
        let mut said = only_new(said);
        said.sort_by_key(|hit| (hit.leaf, hit.canary));
        (said.into_iter().map(|hit| hit.sighting).collect(), self.held)
    }
}

impl MatchKind<'_> {
    fn sighting(self, exchange: u64, leaf: &Leaf<'_>, shown: impl FnOnce() -> String) -> Sighting {
        Sighting {
            exchange,
            kind: self.kind.clone(),
            canary: self.canary.map(|(_, id)| id.to_owned()),
            guise: self.guise,
            how: self.how,
            schema: None,
            trail: leaf.route.trail(),
            value: shown(),
            weak: self.weak || leaf.weak,
        }
    }
}

impl MatchHit {
    /// The value that this is a hit of, without its place.
    fn subject(&self) -> impl Ord + '_ {
        let Sighting { guise, how, kind, .. } = &self.sighting;
        (*how, self.canary, kind, guise)
    }

    fn trail(&self) -> &Trail {
        &self.sighting.trail
    }

    fn place(&self) -> (&Kind, &[TrailStep]) {
        (&self.sighting.kind, &self.sighting.trail.steps)
    }
}

/// Selects the deepest of the hits of one value, which are sorted by trail. A
/// weak hit never replaces a sure one.
fn deepest(hits: Vec<MatchHit>) -> Vec<MatchHit> {
    let (weak, sure): (Vec<MatchHit>, Vec<MatchHit>) = hits.into_iter().partition(|hit| hit.sighting.weak);
    let sure = innermost(sure);
    let mut all = innermost(weak);
    all.retain(|hit| {
        // No sure trail leads to another, so it is enough to compare with the two
        // neighbours in sorted order.
        let at = sure.partition_point(|other| other.trail() <= hit.trail());
        let outside = at.checked_sub(1).is_some_and(|i| sure[i].trail().leads_to(hit.trail()));
        let inside = sure.get(at).is_some_and(|other| hit.trail().leads_to(other.trail()));
        !outside && !inside
    });
    all.extend(sure);
    all
}

/// Drops hits whose trail leads to another hit. In sorted order such a hit
/// comes right before the other.
fn innermost(hits: Vec<MatchHit>) -> Vec<MatchHit> {
    let mut kept: Vec<MatchHit> = Vec::new();
    for hit in hits {
        while kept.last().is_some_and(|outer| outer.trail().leads_to(hit.trail())) {
            kept.pop();
        }
        kept.push(hit);
    }
    without_wrappings(kept)
}

/// Drops hits in protobuf messages that contain the field of another hit. Here
/// both trails have the same number of steps, and only the names show it: `1.1`
/// contains `1.1.3`.
fn without_wrappings(mut hits: Vec<MatchHit>) -> Vec<MatchHit> {
    let is_message = |hit: &MatchHit| hit.trail().steps.last().is_some_and(|step| step.layer == "protobuf");
    if hits.len() < 2 || !hits.iter().any(is_message) {
        return hits;
    }
    let trails: BTreeSet<Trail> = hits.iter().map(|hit| hit.trail().clone()).collect();
    hits.retain(|hit| {
        let steps = &hit.trail().steps;
        let Some((TrailStep { layer, place: LayerPlace::At(name) }, before)) =
            steps.split_last().filter(|_| is_message(hit))
        else {
            return true;
        };
        let within = format!("{name}.");
        let mut first = hit.trail().clone();
        first.steps.pop();
        let first = first.then(layer.clone(), LayerPlace::At(within.clone().into()));
        !trails.range(first..).next().is_some_and(|inner| {
            let at = inner.steps.get(before.len());
            let goes_on = |step: &TrailStep| {
                step.layer == *layer && matches!(&step.place, LayerPlace::At(name) if name.starts_with(&within))
            };
            inner.steps.starts_with(before) && at.is_some_and(goes_on)
        })
    });
    hits
}

/// Drops hits that a surer method already found: the same kind of data at the
/// same place, or at a place on the same trail.
fn only_new(mut hits: Vec<MatchHit>) -> Vec<MatchHit> {
    hits.sort_by_key(|hit| hit.sighting.how);
    let (sure, rest) = hits.split_at(hits.partition_point(|hit| hit.sighting.how == RecognitionMethod::Canary));
    if rest.is_empty() {
        return hits;
    }
    let mut places: BTreeSet<(&Kind, &[TrailStep])> = sure.iter().map(MatchHit::place).collect();
    let mut is_new = vec![true; sure.len()];
    for same in rest.chunk_by(|a, b| a.sighting.how == b.sighting.how) {
        let new: Vec<bool> = same.iter().map(|hit| !is_said(hit, &places)).collect();
        places.extend(same.iter().zip(&new).filter(|(_, new)| **new).map(|(hit, _)| hit.place()));
        is_new.extend(new);
    }
    let mut is_new = is_new.into_iter();
    hits.retain(|_| is_new.next().unwrap_or(true));
    hits
}

fn is_said(hit: &MatchHit, places: &BTreeSet<(&Kind, &[TrailStep])>) -> bool {
    let (kind, steps) = hit.place();
    let outside = (1..=steps.len()).any(|length| places.contains(&(kind, &steps[..length])));
    let next = places.range((kind, steps)..).next();
    outside || next.is_some_and(|(next, inner)| *next == kind && inner.starts_with(steps))
}

/// Text as text, bytes as hex.
pub(crate) fn shown(value: &[u8]) -> String {
    let head = &value[..value.len().min(Sighting::SHOWN * 4)];
    let is_text = match std::str::from_utf8(head) {
        Ok(text) => !text.contains(|c: char| c.is_control() && !c.is_whitespace()),
        Err(error) => error.error_len().is_none() && head.len() < value.len(),
    };
    if is_text { Sighting::shown(value) } else { digests::hex(&value[..value.len().min(Sighting::SHOWN / 2)]) }
}
