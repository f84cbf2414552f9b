//! Decodes one value after another, depth first.

use std::{borrow::Cow, ops::ControlFlow};

use model::{Gap, GapReason, LayerPlace, Leaf, Route, Trail, TrailStep};

use crate::{
    budget::{Budget, DecodeLimits},
    decoders::{DECODERS, Decoder, DecoderFit, DecoderRank, InnerValues, PeelOutcome, PeelResult},
    decryption::{self, CandidateKeys, UnopenedBytes},
    memo::ValueMemo,
    prefilter,
    unopened::{RandomValues, UnopenedRange, unopened},
    value_view::{ByteClasses, ValueView},
};

/// How much of an exchange was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeCoverage {
    /// Bytes that went over the wire, as far as the capture tells.
    pub bytes: u64,
    /// Bytes of the parts that were read to their end, without the unopened
    /// bytes.
    pub bytes_read: u64,
    /// Bytes that no decoder opened and that hide content: they look random, or
    /// have the mark of a format that is not read.
    pub unopened: u64,
    /// Values visited.
    pub values: u64,
}

/// The state of decoding one exchange: its budget, the visitor, and the gaps.
pub(crate) struct Engine<'e> {
    pub(crate) opened: DecodeCoverage,
    budget: &'e mut Budget,
    visit: &'e mut dyn FnMut(&Leaf<'_>),
    gaps: &'e mut Vec<Gap>,
    exchange: Option<u64>,
    seen: OpenedValues,
    /// Values that no decoder opened and that could be encrypted.
    closed: Vec<UnopenedBytes>,
    /// Values that no decoder opened and that hide content.
    hidden: Vec<HiddenValue>,
    /// Number of values that a decoder opened with certainty.
    openings: u64,
    /// Position and length of the current part.
    part: (usize, u64),
    /// A budget ran out. This is reported once, and not for each value after
    /// it.
    spent: bool,
}

impl<'e> Engine<'e> {
    pub(crate) fn new(
        exchange: Option<u64>,
        budget: &'e mut Budget,
        visit: &'e mut dyn FnMut(&Leaf<'_>),
        gaps: &'e mut Vec<Gap>,
    ) -> Self {
        Self {
            opened: DecodeCoverage::default(),
            budget,
            visit,
            gaps,
            exchange,
            seen: OpenedValues::default(),
            closed: Vec::new(),
            hidden: Vec::new(),
            openings: 0,
            part: (0, 0),
            spent: false,
        }
    }

    /// Visits a part of the exchange, and all values inside of it.
    pub(crate) fn part(&mut self, layer: &'static str, place: LayerPlace<'_>, value: &[u8]) {
        let route = Route { before: None, layer, place: &place };
        let read = value.len() as u64;
        self.opened.bytes += read;
        self.part = (self.part.0 + 1, read);
        if self.value(value, ValueLocation::at(&route, 1)).is_continue() {
            self.opened.bytes_read += read;
        }
    }

    /// Opens a part like [`Self::part`], but skips a value that `memo` has seen
    /// before with nothing in it. A value with nothing in it is added to `memo`.
    pub(crate) fn part_known(
        &mut self,
        layer: &'static str,
        place: LayerPlace<'_>,
        value: &[u8],
        memo: &mut ValueMemo,
    ) {
        if memo.knows(value) {
            let route = Route { before: None, layer, place: &place };
            self.opened.bytes += value.len() as u64;
            if self.shown(value, ValueLocation::at(&route, 1)).is_continue() {
                self.opened.bytes_read += value.len() as u64;
            }
            return;
        }
        let before = (self.opened.values + 1, self.gaps.len(), self.closed.len(), self.hidden.len());
        self.part(layer, place, value);
        if (self.opened.values, self.gaps.len(), self.closed.len(), self.hidden.len()) == before {
            memo.learn(value);
        }
    }

    /// Adds a gap at `route`.
    pub(crate) fn gap(&mut self, route: &Route<'_>, why: GapReason, says: impl Into<String>) {
        self.gaps.push(Gap { exchange: self.exchange, place: route.trail(), why, says: says.into() });
    }

    /// Tries to decrypt the closed values with keys that are found in `parts`.
    pub(crate) fn unlock(&mut self, budgets: &DecodeLimits, parts: &dyn Fn(&mut Engine<'_>)) {
        let closed = std::mem::take(&mut self.closed);
        if closed.is_empty() {
            return;
        }
        let mut secrets = CandidateKeys::default();
        let (mut visit, mut gaps) = (|leaf: &Leaf<'_>| secrets.consider(leaf), Vec::new());
        parts(&mut Engine::new(None, &mut Budget::new(budgets), &mut visit, &mut gaps));
        for closed in &closed {
            let mut enough = true;
            let unlocked = decryption::unlock(closed, &secrets, &mut |bytes| {
                enough = self.budget.work(bytes);
                enough
            });
            let unlocked = unlocked.filter(|unlocked| {
                enough = self.budget.room(unlocked.plain.len());
                enough
            });
            if !enough {
                let says = "trying the keys beside it takes more than the budget allows".to_owned();
                let place = closed.trail.clone();
                self.gaps.push(Gap { exchange: self.exchange, place, why: GapReason::Budget, says });
                return;
            }
            let Some(unlocked) = unlocked else { continue };
            self.hidden.retain(|hidden| !hidden.trail.leads_to(&closed.trail) && !closed.trail.leads_to(&hidden.trail));
            along(&closed.trail.steps, None, &mut |route| {
                let route = Route { before: Some(route), layer: unlocked.layer, place: &unlocked.place };
                let trust = if unlocked.weak { RouteTrust::Weak } else { RouteTrust::Full };
                let here = ValueLocation { trust, ..ValueLocation::at(&route, closed.trail.steps.len() + 1) };
                let _ = self.value(&unlocked.plain, here);
            });
        }
    }

    /// Keeps a value that could be encrypted.
    fn keep_closed(&mut self, look: &ValueView<'_>, route: &Route<'_>) {
        const MOST: usize = 8;
        const LONGEST: usize = 1 << 20;
        let length = (decryption::SHORTEST..=LONGEST).contains(&look.bytes.len());
        // A hex value of a digest's length is a digest or an identifier:
        // ciphertext is seldom written in hex.
        let digest = look.layer == "hex" && matches!(look.bytes.len(), 16 | 20 | 28 | 32 | 48 | 64);
        if length && !digest && self.closed.len() < MOST && look.kinds.any(ByteClasses::RAW) {
            self.closed.push(UnopenedBytes { trail: route.trail(), bytes: look.bytes.to_vec() });
        }
    }

    fn value(&mut self, value: &[u8], here: ValueLocation<'_>) -> ControlFlow<()> {
        self.shown(value, here)?;
        self.inside(value, here)
    }

    fn shown(&mut self, value: &[u8], here: ValueLocation<'_>) -> ControlFlow<()> {
        if value.is_empty() {
            return ControlFlow::Continue(());
        }
        if !self.budget.node() {
            return self.spent(here.route, "more values than the budget allows");
        }
        self.opened.values += 1;
        (self.visit)(&Leaf { value, route: here.route, weak: here.trust == RouteTrust::Weak });
        ControlFlow::Continue(())
    }

    fn inside(&mut self, value: &[u8], here: ValueLocation<'_>) -> ControlFlow<()> {
        let look = ValueView::at(value, here.route);
        if look.is_plain() {
            return ControlFlow::Continue(());
        }
        if !self.budget.work(value.len()) {
            return self.spent(here.route, "more work than the budget allows");
        }
        if self.seen.before(value) {
            return ControlFlow::Continue(());
        }
        let before = (self.openings, self.hidden.len(), self.gaps.len());
        let how = self.opened_by_any(&look, here);
        if self.spent {
            return ControlFlow::Break(());
        }
        if here.trust == RouteTrust::Weak || here.read_by.is_some() {
            return ControlFlow::Continue(());
        }
        if how > PeelOutcome::Perhaps {
            self.openings += u64::from(value.len() >= HiddenValue::TELLING);
        } else {
            self.keep_closed(&look, here.route);
            if self.openings == before.0 {
                self.hide(&look, here, before.1, self.gaps.len() > before.2);
            }
        }
        ControlFlow::Continue(())
    }

    /// Adds a value that no decoder opened to `hidden`, if it hides content. It
    /// replaces the entries from `inside` on, which weak decoders found inside of
    /// it.
    fn hide(&mut self, look: &ValueView<'_>, here: ValueLocation<'_>, inside: usize, said: bool) {
        if here.trust != RouteTrust::Full || is_known(here.route) {
            return;
        }
        let Some(found) = unopened(look.bytes) else { return };
        self.hidden.truncate(inside);
        self.hidden.push(HiddenValue { trail: here.route.trail(), found, part: self.part, said });
    }

    /// Turns the hidden values into gaps, after all parts were read and all
    /// keys were tried.
    pub(crate) fn settle(&mut self, random: RandomValues) {
        let mut unread: Vec<((usize, u64), u64)> = Vec::new();
        for hidden in std::mem::take(&mut self.hidden) {
            let bytes = hidden.found.bytes();
            match unread.last_mut() {
                Some((part, sum)) if *part == hidden.part => *sum += bytes,
                _ => unread.push((hidden.part, bytes)),
            }
            let is_left_out = random == RandomValues::LeftOut && hidden.found.mark.is_none();
            if !hidden.said && !is_left_out {
                let (why, says) = hidden.says();
                self.gaps.push(Gap { exchange: self.exchange, place: hidden.trail, why, says });
            }
        }
        // A value that was compressed may be longer than the part that contains
        // it.
        let unread: u64 = unread.iter().map(|((_, length), sum)| (*sum).min(*length)).sum();
        self.opened.unopened += unread;
        self.opened.bytes_read = self.opened.bytes_read.saturating_sub(unread);
    }

    /// Tries the decoders that fit, in their order, until one has opened the
    /// value.
    fn opened_by_any(&mut self, look: &ValueView<'_>, here: ValueLocation<'_>) -> PeelOutcome {
        let mut how = PeelOutcome::Not;
        for decoder in prefilter::candidates(look).map(|position| DECODERS[position]) {
            let wanted = match decoder.rank() {
                DecoderRank::Layer => true,
                _ if here.read_by.is_some() => false,
                DecoderRank::Else => how <= PeelOutcome::Perhaps,
                DecoderRank::Weak => how <= PeelOutcome::Perhaps && here.trust != RouteTrust::Weak,
            };
            if !wanted {
                break;
            }
            let fit = decoder.fit(look);
            if fit == DecoderFit::No || here.read_by.is_some_and(|name| name == decoder.name()) {
                continue;
            }
            if here.depth >= self.budget.depth {
                if fit == DecoderFit::Certain {
                    self.gap(here.route, GapReason::Budget, "more layers than the budget allows");
                    break;
                }
                continue;
            }
            let peeled = self.peel(decoder, look.bytes, here);
            // The header fitted by chance, but the data is broken: the value
            // does not count as opened.
            let astray = fit == DecoderFit::Maybe && peeled.gap == Some(GapReason::Broken);
            how = how.max(if astray { peeled.how.min(PeelOutcome::Perhaps) } else { peeled.how });
            if self.spent {
                break;
            }
            let certain = fit == DecoderFit::Certain && here.trust == RouteTrust::Full;
            let refused = self.budget.was_refused().then_some(GapReason::Budget);
            if let Some(why) = refused.or(peeled.gap).filter(|why| certain || *why == GapReason::Budget) {
                self.gap(here.route, why, says(decoder.name(), why));
            }
            if how == PeelOutcome::Surely || how == PeelOutcome::Opened && fit == DecoderFit::Certain {
                break;
            }
        }
        how
    }

    fn peel(&mut self, decoder: &dyn Decoder, value: &[u8], here: ValueLocation<'_>) -> PeelResult {
        if !self.budget.work(value.len()) {
            let _ = self.spent(here.route, "more work than the budget allows");
            return PeelResult::NOTHING;
        }
        let trust = match here.trust {
            RouteTrust::Weak => RouteTrust::Weak,
            _ if decoder.is_guess() => RouteTrust::Weak,
            _ if decoder.guesses_borders() => RouteTrust::Borders,
            _ => RouteTrust::Full,
        };
        decoder.peel(
            value,
            &mut LayerSink { engine: self, route: here.route, layer: decoder.name(), depth: here.depth + 1, trust },
        )
    }

    fn spent(&mut self, route: &Route<'_>, says: &str) -> ControlFlow<()> {
        if !self.spent {
            self.spent = true;
            self.gap(route, GapReason::Budget, says);
        }
        ControlFlow::Break(())
    }
}

/// A value that no decoder opened and that hides content.
struct HiddenValue {
    trail: Trail,
    found: UnopenedRange,
    /// Position and length of the part that contains the value.
    part: (usize, u64),
    /// Another gap already reports that the value did not open.
    said: bool,
}

impl HiddenValue {
    /// Shorter values are opened by some decoder by chance, so they do not
    /// count as an opening.
    const TELLING: usize = 16;

    fn says(&self) -> (GapReason, String) {
        let bytes = self.found.bytes();
        match self.found.mark {
            Some(mark) if mark.ends_with("encryption") => (GapReason::Sealed, format!("{bytes} bytes of {mark}")),
            Some(mark) => (GapReason::Unsupported, format!("{bytes} bytes of {mark}, which could not be opened")),
            None => (
                GapReason::Sealed,
                format!("{bytes} bytes could not be opened: they look random, and no layer that is known fits"),
            ),
        }
    }
}

/// Whether a value holds nothing that its server does not know already. The
/// server set the cookie, and it checks the credentials. The signature of a
/// token is computed from the rest of the token.
fn is_known(route: &Route<'_>) -> bool {
    let root = route.root();
    let is_token = |name: &str| name.contains("cookie") || name.contains("authorization") || name.starts_with("sec-");
    let of_header = matches!(root.place, LayerPlace::At(name) if root.layer == "header" && is_token(name));
    of_header || is_random(route) || root.layer.starts_with("answer") || route.layer == "jwt"
}

/// Whether a protocol requires that a value is random: a nonce, a key, a ticket,
/// or the key of a WebSocket handshake (RFC 6455 §4.1).
fn is_random(route: &Route<'_>) -> bool {
    match route.place {
        LayerPlace::At(name) if route.layer == "header" => name == "sec-websocket-key",
        LayerPlace::At(name) if model::is_drawn(route.layer, name) => true,
        _ => route.before.is_some_and(is_random),
    }
}

/// The location of the current value.
#[derive(Clone, Copy)]
struct ValueLocation<'r> {
    route: &'r Route<'r>,
    depth: usize,
    trust: RouteTrust,
    /// The decoder that has read this value already, as a part of the value
    /// around it.
    read_by: Option<&'static str>,
}

impl<'r> ValueLocation<'r> {
    fn at(route: &'r Route<'r>, depth: usize) -> Self {
        Self { route, depth, trust: RouteTrust::Full, read_by: None }
    }
}

/// How reliable the route to a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RouteTrust {
    Full,
    /// Begin and end of the value were guessed, or a protocol requires random
    /// bytes there. Then it is no gap if the value does not open: of 1,000
    /// random values about one begins like zlib.
    Borders,
    /// A decoder guessed: it would also have accepted random bytes.
    Weak,
}

/// Receives the inner values of a decoder: hands them to the visitor, and
/// decodes them in turn.
struct LayerSink<'n, 'e> {
    engine: &'n mut Engine<'e>,
    route: &'n Route<'n>,
    layer: &'static str,
    depth: usize,
    trust: RouteTrust,
}

impl LayerSink<'_, '_> {
    fn here<'r>(&self, route: &'r Route<'r>) -> ValueLocation<'r> {
        let trust = if self.trust == RouteTrust::Full && is_random(route) { RouteTrust::Borders } else { self.trust };
        ValueLocation { trust, ..ValueLocation::at(route, self.depth) }
    }
}

impl InnerValues for LayerSink<'_, '_> {
    fn give(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()> {
        let route = Route { before: Some(self.route), layer: self.layer, place: &place };
        self.engine.value(value, self.here(&route))
    }

    fn give_beside(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()> {
        let route = Route { before: Some(self.route), layer: self.layer, place: &place };
        self.engine.value(value, ValueLocation { read_by: Some(self.layer), ..self.here(&route) })
    }

    fn show(&mut self, place: LayerPlace<'_>, value: &[u8]) -> ControlFlow<()> {
        let route = Route { before: Some(self.route), layer: self.layer, place: &place };
        self.engine.shown(value, self.here(&route))
    }

    fn budget(&mut self) -> &mut Budget {
        self.engine.budget
    }
}

/// Rebuilds a route from the steps of a trail, and calls `arrive` with it.
fn along(steps: &[TrailStep], before: Option<&Route<'_>>, arrive: &mut dyn FnMut(&Route<'_>)) {
    let Some((TrailStep { layer: Cow::Borrowed(layer), place }, rest)) = steps.split_first() else { return };
    let route = Route { before, layer, place };
    if rest.is_empty() { arrive(&route) } else { along(rest, Some(&route), arrive) }
}

/// Hashes of the values that were opened already. The same bytes are opened
/// only once in an exchange. Each place of them is still visited.
#[derive(Default)]
struct OpenedValues {
    hashes: Vec<u64>,
    count: usize,
}

impl OpenedValues {
    /// Shorter values cost less to open than to look up.
    const WORTH: usize = 64;

    fn before(&mut self, value: &[u8]) -> bool {
        if value.len() < Self::WORTH {
            return false;
        }
        if self.count * 2 >= self.hashes.len() {
            self.grow();
        }
        let hash = hash(value).max(1);
        let known = insert(&mut self.hashes, hash);
        self.count += usize::from(!known);
        known
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.hashes);
        self.hashes = vec![0; (old.len() * 2).max(32)];
        for hash in old.into_iter().filter(|hash| *hash != 0) {
            insert(&mut self.hashes, hash);
        }
    }
}

/// Linear probing; true if `hash` was there.
fn insert(hashes: &mut [u64], hash: u64) -> bool {
    let mask = hashes.len() - 1;
    let mut slot = hash as usize & mask;
    while hashes[slot] != 0 {
        if hashes[slot] == hash {
            return true;
        }
        slot = (slot + 1) & mask;
    }
    hashes[slot] = hash;
    false
}

/// A hash by folded multiplication. A collision would leave a value unopened,
/// so the hash must be good in all 64 bits.
pub(crate) fn hash(value: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |hash: u64, word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(ODD ^ 0x5851_f42d_4c95_7f2d);
        (wide as u64 ^ (wide >> 64) as u64).wrapping_add(ODD)
    };
    let (words, rest) = value.as_chunks::<8>();
    let hash = words.iter().fold(value.len() as u64 ^ ODD, |hash, word| fold(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(hash, u64::from_le_bytes(last)), ODD)
}

fn says(layer: &str, why: GapReason) -> String {
    match why {
        GapReason::Cut => format!("the {layer} layer ends too early"),
        GapReason::Budget => format!("the {layer} layer holds more than the budget allows"),
        GapReason::Sealed => format!("the {layer} layer is encrypted"),
        GapReason::Unsupported => format!("the {layer} layer is of a kind that is not read"),
        _ => format!("looks like {layer} and does not open"),
    }
}
