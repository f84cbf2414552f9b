//! Searches one request for personal data, and lists the parts that could not be opened.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use decode::{DecodeLimits, ExchangeOpener};
use model::{Exchange, Gap, GapReason, Guise, Kind, Leaf, RecognitionMethod, Sighting, Trail};

use crate::{MemoryView, unexplained::UnexplainedBits, values::BEFORE};

/// The result of searching one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestScan {
    pub sightings: Vec<Sighting>,
    /// Parts that were not read: sealed, cut, or over a budget.
    pub gaps: Vec<Gap>,
    /// Known programs whose requests look like this.
    pub schemas: Vec<String>,
    /// Bytes in values that look random and that no decoder opens. If a request to a collector has
    /// many, the guard treats it as an unreadable report.
    pub unexplained: u64,
}

/// Tighter limits than for captures, because a person waits for the request.
const BUDGETS: DecodeLimits = DecodeLimits { depth: 12, nodes: 100_000, bytes: 8 << 20, work: 128 << 20 };

/// Limits for a search on the thread that handles the request.
const AT_ONCE: DecodeLimits = DecodeLimits { depth: 12, nodes: 20_000, bytes: 256 << 10, work: 2 << 20 };

impl RequestScan {
    /// Searches a request with the detectors of [`crate::DeviceMemory::eye`].
    pub fn with(exchange: &Exchange, eye: &MemoryView) -> Self {
        Self::within(exchange, eye, &BUDGETS)
    }

    /// Searches a request within small limits; none if the request exceeds them.
    pub fn at_once(exchange: &Exchange, eye: &MemoryView) -> Option<Self> {
        let messages = exchange.messages.iter().map(|message| message.body.bytes.len()).sum::<usize>();
        if exchange.request.body.bytes.len() + messages > AT_ONCE.bytes {
            return None;
        }
        let looked = Self::within(exchange, eye, &AT_ONCE);
        let ran_out = looked.gaps.iter().any(|gap| gap.why == GapReason::Budget);
        (!ran_out).then_some(looked)
    }

    /// The result for a request whose search took longer than the request may be held.
    pub fn overdue(exchange: u64) -> Self {
        let says = "looking into it took longer than a request is held".to_owned();
        let gap = Gap { exchange: Some(exchange), place: Trail::default(), why: GapReason::Budget, says };
        Self { gaps: vec![gap], ..Self::default() }
    }

    fn within(exchange: &Exchange, eye: &MemoryView, budgets: &DecodeLimits) -> Self {
        let mut look = eye.most.look(exchange);
        let mut new = eye.new.as_ref().map(|new| new.look(exchange));
        let (mut closed, mut riddles) = (UnopenedFinder::default(), UnexplainedBits::default());
        let mut gaps = Vec::new();
        let before = eye.before.as_ref().map(|before| before.read().unwrap_or_else(PoisonError::into_inner));
        let mut visited: BTreeMap<String, Sighting> = BTreeMap::new();
        let mut visit = |leaf: &Leaf<'_>| {
            look.at(leaf);
            if let Some(new) = &mut new {
                new.at(leaf);
            }
            closed.at(leaf);
            riddles.at(leaf);
            if let Some(before) = before.as_ref().filter(|_| !leaf.weak) {
                before.find(leaf.value, &mut |id, value| {
                    let sighting = visited_before(exchange, leaf, &id, value);
                    // Values come outside in, so the last insert is the deepest place, and replaces
                    // the outer ones.
                    visited.insert(id, sighting);
                });
            }
        };
        // How many random bytes make a report depends on the destination. So the opener does not
        // report them; `UnopenedFinder` and `UnexplainedBits` do.
        ExchangeOpener::new(budgets).open_without_random(exchange, &mut visit, &mut gaps);
        let seen = look.done();
        // A layer whose checksum is wrong was still read, so it does not make the request unread.
        gaps.extend(seen.gaps.into_iter().filter(|gap| gap.why != GapReason::Broken));
        gaps.extend(closed.finish(exchange.index));
        let mut sightings = seen.sightings;
        sightings.extend(new.into_iter().flat_map(|new| new.done().sightings));
        sightings.extend(visited.into_values());
        Self { sightings, gaps, schemas: seen.schemas, unexplained: riddles.finish() }
    }

    /// Whether any part of the request was not read.
    pub fn is_unread(&self) -> bool {
        self.gaps.iter().any(|gap| gap.why != GapReason::Missing)
    }
}

/// The sighting of an address that is remembered by its digest only.
fn visited_before(exchange: &Exchange, leaf: &Leaf<'_>, id: &str, value: &str) -> Sighting {
    Sighting {
        exchange: exchange.index,
        kind: Kind::new("visited-url"),
        canary: Some(format!("{BEFORE}{id}")),
        guise: Guise::Plain,
        how: RecognitionMethod::Canary,
        trail: leaf.route.trail(),
        value: Sighting::shown(value.as_bytes()),
        weak: false,
        schema: None,
    }
}

/// Finds values that nothing opens and that look random: encrypted, or a format
/// that we do not know. Either way they could not be read.
#[derive(Default)]
struct UnopenedFinder {
    /// The last value, if it looks random: the next value shows whether a decoder opened it.
    last: Option<UnopenedCandidate>,
    opened: BTreeSet<ValueMark>,
    closed: Vec<(Trail, ValueMark)>,
}

struct UnopenedCandidate {
    depth: usize,
    trail: Trail,
    mark: ValueMark,
}

/// Length and first 16 bytes of a value. The engine opens the same bytes only once, so a second
/// place of an opened value is recognised by this mark.
type ValueMark = (usize, [u8; 16]);

impl UnopenedFinder {
    /// Shorter random-looking values are an identifier, a digest or a signature rather than
    /// content.
    const SHORTEST: usize = 272;

    fn at(&mut self, leaf: &Leaf<'_>) {
        if leaf.weak {
            return;
        }
        let depth = leaf.route.depth();
        if let Some(last) = self.last.take() {
            if depth > last.depth {
                self.opened.insert(last.mark);
            } else {
                self.closed.push((last.trail, last.mark));
            }
        }
        if hides_content(leaf.value) {
            self.last = Some(UnopenedCandidate { depth, trail: leaf.route.trail(), mark: mark(leaf.value) });
        }
    }

    fn finish(mut self, exchange: u64) -> Vec<Gap> {
        if let Some(last) = self.last.take() {
            self.closed.push((last.trail, last.mark));
        }
        let gap = |place| Gap {
            exchange: Some(exchange),
            place,
            why: GapReason::Sealed,
            says: "bytes that look random and that nothing opens".into(),
        };
        let opened = self.opened;
        self.closed.into_iter().filter(|(_, mark)| !opened.contains(mark)).map(|(place, _)| gap(place)).collect()
    }
}

fn mark(value: &[u8]) -> ValueMark {
    let mut start = [0; 16];
    let count = value.len().min(start.len());
    start[..count].copy_from_slice(&value[..count]);
    (value.len(), start)
}

/// Whether at least [`UnopenedFinder::SHORTEST`] bytes of a value look random, in any alphabet.
fn hides_content(value: &[u8]) -> bool {
    let enough = UnopenedFinder::SHORTEST as u64;
    value.len() >= UnopenedFinder::SHORTEST && decode::unopened(value).is_some_and(|stretch| stretch.bytes() >= enough)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use detect::Detector;
    use model::GapReason;

    use super::*;
    use crate::checks::{bytes_that_look_random, gzip, knowledge, post};

    fn gaps(body: &[u8]) -> Vec<(String, GapReason)> {
        let exchange = post("https://a.example/", body);
        let eye = MemoryView { most: Arc::new(Detector::new(&knowledge())), new: None, before: None };
        let looked = RequestScan::with(&exchange, &eye);
        looked.gaps.into_iter().map(|gap| (gap.place.to_string(), gap.why)).collect()
    }

    #[test]
    fn encrypted_bytes_are_unread_wherever_they_are() {
        let noise = bytes_that_look_random(600);
        assert_eq!(gaps(&noise), [("body".to_owned(), GapReason::Sealed)]);
        use base64::Engine;
        let field = format!(r#"{{"d":"{}"}}"#, base64::engine::general_purpose::STANDARD.encode(&noise));
        assert_eq!(gaps(field.as_bytes()), [("body ▸ json $.d ▸ base64".to_owned(), GapReason::Sealed)]);
    }

    #[test]
    fn what_costs_more_is_not_looked_through_at_once() {
        let eye = MemoryView { most: Arc::new(Detector::new(&knowledge())), new: None, before: None };
        let at_once = |body: &[u8]| RequestScan::at_once(&post("https://a.example/", body), &eye);
        assert_eq!(at_once(b"plain text"), Some(RequestScan::with(&post("https://a.example/", b"plain text"), &eye)));
        // A few hundred bytes that are much.
        assert_eq!(at_once(&gzip(&"a".repeat(1 << 20))), None);
        assert_eq!(at_once(&vec![b'a'; 300 << 10]), None);
        assert!(RequestScan::overdue(3).is_unread());
    }

    #[test]
    fn what_opens_is_read() {
        assert_eq!(gaps(&gzip(&(0..2_000).map(|i| format!("{} ", i * i)).collect::<String>())), []);
        assert_eq!(gaps(b"plain text"), []);
        assert_eq!(gaps(&bytes_that_look_random(64)), [], "an identifier");
    }
}
