//! Values that were taken apart: a name as first and last name, an address as
//! host and path, a long text in numbered pieces.
//!
//! Each part alone proves nothing, and together they are a guess: what is found
//! here is weak, and is not said where the whole value was seen as well.

use model::{Canary, Guise, LayerPlace, Leaf, RecognitionMethod, Route, Sighting, Trail};

use crate::{
    fixed::FixedMap,
    forms::{AbsoluteAddress, ValueSort},
    grams::{GramIndex, TextBoundary},
    matches::{ExchangeMatches, MatchKind, shown},
};

/// The parts of all canaries.
#[derive(Clone, Default)]
pub(crate) struct SplitIndex {
    /// Canary and number of the part, by the part in small ASCII letters.
    by_text: FixedMap<Box<[u8]>, Vec<(u32, u8)>>,
    /// A bit for each length in bytes that occurs.
    lengths: u128,
    /// For each canary, how many parts it has.
    counts: Vec<u8>,
    /// Whole values, to be found over the seams of numbered pieces.
    whole: GramIndex,
    /// Bytes of the longest of them.
    longest: usize,
}

/// Parts seen in one exchange.
#[derive(Default)]
pub(crate) struct SplitMatches {
    seen: Vec<SplitPiece>,
    /// Numbered fields that follow each other, one after the other.
    seam: Vec<u8>,
    row: Option<NumberedFields>,
}

struct SplitPiece {
    canary: u32,
    part: u8,
    /// Which object or form it was in.
    parent: usize,
    layer: &'static str,
    leaf: u32,
    trail: Trail,
    text: String,
}

/// What numbered fields have in common.
struct NumberedFields {
    parent: usize,
    layer: &'static str,
    stem: String,
}

/// Bytes of the longest part that is looked for, and of the longest piece.
const LONGEST: usize = 120;
/// Bytes of the shortest part that is worth anything.
const SHORTEST: usize = 3;

impl SplitIndex {
    /// Adds the last of `canaries`.
    pub(crate) fn plant(&mut self, canaries: &[Canary]) {
        let Some((canary, before)) = canaries.split_last() else { return };
        let position = before.len() as u32;
        let parts = parts(canary);
        self.counts.push(parts.len() as u8);
        for (i, part) in parts.iter().enumerate() {
            self.lengths |= 1 << part.len();
            self.by_text.entry(part.to_ascii_lowercase().into_bytes().into()).or_default().push((position, i as u8));
        }
        self.longest = self.longest.max(canary.value.len());
        self.whole.next_value();
        self.whole.add(canary.value.trim(), TextBoundary::Open, TextBoundary::Open, position);
    }

    pub(crate) fn at(
        &self,
        leaf: &Leaf<'_>,
        canaries: &[Canary],
        exchange: u64,
        pieces: &mut SplitMatches,
        found: &mut ExchangeMatches,
    ) {
        let length = leaf.value.len();
        if length > LONGEST || leaf.weak {
            return;
        }
        if self.lengths >> length & 1 == 1 {
            self.part(leaf, found.leaf(), pieces);
        }
        if let LayerPlace::At(name) = leaf.route.place
            && length >= SHORTEST
            && name.ends_with(|c: char| c.is_ascii_digit() || c == ']')
            && !self.counts.is_empty()
        {
            self.numbered(leaf, name, canaries, exchange, pieces, found);
        }
    }

    /// Values of which every part was seen in one object.
    pub(crate) fn complete(
        &self,
        pieces: SplitMatches,
        canaries: &[Canary],
        exchange: u64,
        found: &mut ExchangeMatches,
    ) {
        for (i, piece) in pieces.seen.iter().enumerate() {
            let is_beside = |other: &&SplitPiece| piece.is_beside(other);
            if pieces.seen[i + 1..].iter().any(|other| is_beside(&other)) || found.has_sure(piece.canary) {
                continue;
            }
            let beside: Vec<&SplitPiece> = pieces.seen[..=i].iter().filter(is_beside).collect();
            let has = |part: u8| beside.iter().any(|piece| piece.part == part);
            if !(0..self.counts[piece.canary as usize]).all(has) {
                continue;
            }
            let texts: Vec<&str> = beside.iter().map(|piece| piece.text.as_str()).collect();
            let canary = &canaries[piece.canary as usize];
            let sighting = Sighting {
                exchange,
                kind: canary.kind.clone(),
                canary: Some(canary.id.clone()),
                guise: Guise::Plain,
                how: RecognitionMethod::Canary,
                schema: None,
                trail: piece.trail.clone(),
                value: texts.join(" … "),
                weak: true,
            };
            found.add_sighting(piece.leaf, piece.canary, sighting);
        }
    }

    fn part(&self, leaf: &Leaf<'_>, number: u32, pieces: &mut SplitMatches) {
        /// A request that holds more than this of them is not about one person.
        const MOST: usize = 256;
        let mut lower = [0; LONGEST];
        let lower = &mut lower[..leaf.value.len()];
        lower.copy_from_slice(leaf.value);
        lower.make_ascii_lowercase();
        let Some(parts) = self.by_text.get(&*lower) else { return };
        let text = String::from_utf8_lossy(leaf.value);
        for &(canary, part) in parts {
            if pieces.seen.len() < MOST {
                let (parent, layer, trail) = (parent(leaf.route), leaf.route.layer, leaf.route.trail());
                pieces.seen.push(SplitPiece {
                    canary,
                    part,
                    parent,
                    layer,
                    leaf: number,
                    trail,
                    text: text.to_string(),
                });
            }
        }
    }

    fn numbered(
        &self,
        leaf: &Leaf<'_>,
        name: &str,
        canaries: &[Canary],
        exchange: u64,
        pieces: &mut SplitMatches,
        found: &mut ExchangeMatches,
    ) {
        /// Pieces that are put together at most.
        const MOST: usize = 4_096;
        const ROOM: usize = 1_024;
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == ']');
        let (parent, layer) = (parent(leaf.route), leaf.route.layer);
        let is_next = |row: &NumberedFields| row.parent == parent && row.layer == layer && row.stem == stem;
        if pieces.seam.len() > MOST || !pieces.row.as_ref().is_some_and(is_next) {
            pieces.seam.clear();
            match &mut pieces.row {
                // Its text is room for the next one's.
                Some(row) => {
                    (row.parent, row.layer) = (parent, layer);
                    row.stem.clear();
                    row.stem.push_str(stem);
                }
                none => *none = Some(NumberedFields { parent, layer, stem: stem.to_owned() }),
            }
        }
        let seam = pieces.seam.len();
        pieces.seam.reserve(if seam == 0 { ROOM } else { 0 });
        pieces.seam.extend_from_slice(leaf.value);
        if seam == 0 {
            return;
        }
        // What ends before the seam was found before.
        let from = seam.saturating_sub(self.longest);
        self.whole.find(&pieces.seam[from..], |position, begin, end| {
            let (begin, end) = (begin + from, end + from);
            if begin < seam && end > seam {
                let canary = &canaries[position as usize];
                let of = MatchKind {
                    canary: Some((position, &canary.id)),
                    kind: &canary.kind,
                    guise: Guise::Plain,
                    how: RecognitionMethod::Canary,
                    weak: true,
                };
                found.add(exchange, leaf, of, || shown(&pieces.seam[begin..end]));
            }
        });
    }
}

impl SplitPiece {
    fn is_beside(&self, other: &Self) -> bool {
        (self.canary, self.parent, self.layer) == (other.canary, other.parent, other.layer)
    }
}

/// What the fields of one object have in common, for as long as it is being
/// visited: where its route lies. Two objects can share it one after the other,
/// which is one reason why all this is weak.
fn parent(route: &Route<'_>) -> usize {
    route.before.map_or(0, |before| std::ptr::from_ref(before).addr())
}

fn parts(canary: &Canary) -> Vec<String> {
    let value = canary.value.trim();
    let parts: Vec<&str> = match ValueSort::of(canary) {
        ValueSort::Email => value.rsplit_once('@').map(|(local, domain)| vec![local, domain]).unwrap_or_default(),
        ValueSort::Address => match AbsoluteAddress::of(value) {
            // Host and path alone are no whole address: pages are named by them
            // everywhere. Only all three parts together are one.
            Some(AbsoluteAddress { authority, path, query: Some(query), .. }) if path.len() > 1 => {
                vec![authority, path, query]
            }
            _ => Vec::new(),
        },
        _ if matches!(canary.kind.as_str(), "person-name" | "location") => {
            value.split(|c: char| c.is_whitespace() || c == ',').filter(|part| !part.is_empty()).collect()
        }
        _ => Vec::new(),
    };
    let is_good = |part: &&str| (SHORTEST..=LONGEST).contains(&part.len());
    match parts.len() {
        2..=4 if parts.iter().all(is_good) => parts.into_iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
