//! Live canaries: addresses just visited and words just searched for, and
//! beside them what the person entered.
//!
//! Preparing a value for looking takes a good part of a millisecond, and a
//! detector cannot forget. So what is new goes into a small detector of its own,
//! at once; and whoever holds the memory may take the [`MemoryCompaction`] elsewhere, do
//! it in peace, and bring back one detector with everything that still counts.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use detect::Detector;
use model::{Canary, Mode};

use crate::{EnteredValues, MemoryKey, searches, visit_digests::VisitDigests};

/// A live canary is looked for so long after it was last seen.
const LIFE: u64 = 60 * 60 * 1_000_000;
/// So many are kept when room has to be made …
const KEPT: usize = 300;
/// … which it has to at this many …
const MOST: usize = 400;
/// … and at once, if nobody does it elsewhere, at this many.
const TOO_MANY: usize = 600;
/// Bytes under which a value is no live canary.
const SHORTEST: usize = 12;

/// Everything looked for in what one device sends.
pub(crate) struct SearchValues {
    entered: EnteredValues,
    eye: MemoryView,
    /// What was visited before those that are looked for in every disguise.
    remembered: Arc<RwLock<VisitDigests>>,
    by_id: BTreeMap<String, LiveCanary>,
    ids: BTreeMap<String, String>,
    next: u64,
    /// The number of the last canary that is in the large detector.
    settled: u64,
    /// Changes with every change that a tidying under way does not know of.
    age: u64,
    is_tidied: bool,
}

/// Where a canary comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CanaryOrigin {
    /// The person entered it.
    Entered,
    /// A page of this site was visited in these modes.
    At { site: String, modes: Vec<Mode> },
    /// The same a while ago, of a site whose digest is known.
    Before { site: [u8; 16], modes: Vec<Mode> },
}

/// What the ids of addresses visited a while ago start with.
pub(crate) const BEFORE: &str = "before-";

impl CanaryOrigin {
    pub(crate) fn site(&self) -> Option<&str> {
        match self {
            Self::Entered | Self::Before { .. } => None,
            Self::At { site, .. } => Some(site),
        }
    }
}

/// What to look with: nearly everything, and what came since.
#[derive(Clone)]
pub struct MemoryView {
    pub(crate) most: Arc<Detector>,
    pub(crate) new: Option<Arc<Detector>>,
    pub(crate) before: Option<Arc<RwLock<VisitDigests>>>,
}

/// Work on a device's canaries that needs no hold on its memory.
pub struct MemoryCompaction {
    age: u64,
    from: Arc<Detector>,
    canaries: Vec<Canary>,
    settled: u64,
}

/// Its outcome.
pub struct CompactedMemory {
    age: u64,
    detector: Arc<Detector>,
    settled: u64,
}

/// One live canary.
#[derive(Clone)]
struct LiveCanary {
    number: u64,
    canary: Canary,
    /// The modes in which it was seen.
    modes: Vec<Mode>,
    /// The site that knows it anyway: where it was seen.
    site: String,
    last: u64,
}

impl SearchValues {
    pub(crate) fn new(entered: EnteredValues, key: MemoryKey) -> Self {
        let eye = MemoryView { most: Arc::clone(&entered.detector), new: None, before: None };
        let (by_id, ids) = (BTreeMap::new(), BTreeMap::new());
        let remembered = Arc::new(RwLock::new(VisitDigests::new(key)));
        Self { entered, eye, remembered, by_id, ids, next: 0, settled: 0, age: 0, is_tidied: false }
    }

    pub(crate) fn eye(&self) -> MemoryView {
        let before = (!read(&self.remembered).is_empty()).then(|| Arc::clone(&self.remembered));
        MemoryView { before, ..self.eye.clone() }
    }

    pub(crate) fn kept(&self, steady: u64) -> Vec<(String, String, u64)> {
        // What is looked for in every disguise is to outlive a restart, too.
        let mut all = VisitDigests::new(read(&self.remembered).key().clone());
        for live in self.by_id.values().filter(|live| live.canary.kind.as_str() == "visited-url") {
            all.add(&live.canary.value, &live.site, &live.modes, live.last);
        }
        [all.kept(steady), read(&self.remembered).kept(steady)].concat()
    }

    pub(crate) fn remember(&mut self, digest: &str, site: &str, left: u64, steady: u64) {
        write(&self.remembered).read(digest, site, left, steady);
    }

    /// Whether a digest is the one of this site.
    pub(crate) fn is_site(&self, digest: &[u8; 16], site: &str) -> bool {
        read(&self.remembered).is_site(digest, site)
    }

    /// Whether there is anything to look for.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.by_id.is_empty()
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.by_id.len()
    }

    /// The address of a page that a client of the device is at.
    pub(crate) fn visited(&mut self, url: &str, site: &str, mode: Mode, steady: u64) {
        if !is_only_host(url) {
            write(&self.remembered).remove(url);
            self.plant("visited-url", url, site, mode, steady);
        }
        if let Some(words) = searches::words(url) {
            self.plant("search", &words, site, mode, steady);
        }
    }

    fn plant(&mut self, kind: &str, value: &str, site: &str, mode: Mode, steady: u64) {
        if value.len() < SHORTEST {
            return;
        }
        let key = format!("{kind} {value}");
        if let Some(live) = self.ids.get(&key).and_then(|id| self.by_id.get_mut(id)) {
            live.last = steady;
            if !live.modes.contains(&mode) {
                live.modes.push(mode);
            }
            return;
        }
        self.next += 1;
        let id = format!("live-{}", self.next);
        let canary = Canary::new(id.as_str(), kind, value);
        let new = self.eye.new.get_or_insert_with(|| Arc::new(Detector::small()));
        // A value that is refused would be found everywhere; it is not looked for.
        if Arc::make_mut(new).plant(&canary).is_ok() {
            let live = LiveCanary { number: self.next, canary, modes: vec![mode], site: site.to_owned(), last: steady };
            self.by_id.insert(id.clone(), live);
            self.ids.insert(key, id);
        }
        if self.by_id.len() >= TOO_MANY {
            self.make_room();
            self.rebuild();
        }
    }

    /// Whether a canary still counts, and where it was seen, if it was.
    pub(crate) fn of(&self, id: &str, steady: u64) -> Option<CanaryOrigin> {
        if id.starts_with(EnteredValues::ID) {
            return Some(CanaryOrigin::Entered);
        }
        if let Some(mark) = id.strip_prefix(BEFORE) {
            let remembered = read(&self.remembered);
            let trace = remembered.of(mark, steady)?;
            return Some(CanaryOrigin::Before { site: trace.site, modes: trace.modes.clone() });
        }
        let live = self.by_id.get(id)?;
        let seen = || CanaryOrigin::At { site: live.site.clone(), modes: live.modes.clone() };
        (steady.saturating_sub(live.last) < LIFE).then(seen)
    }

    /// The person entered or removed something.
    pub(crate) fn enter(&mut self, entered: EnteredValues) {
        self.entered = entered;
        self.rebuild();
    }

    /// Forgets what is too old, once that is worth the work.
    pub(crate) fn forget_old(&mut self, steady: u64) {
        let old = |live: &LiveCanary| steady.saturating_sub(live.last) >= LIFE;
        let many = self.by_id.values().filter(|live| old(live)).count();
        if many > 0 && many * 4 >= self.by_id.len() {
            let gone: BTreeSet<String> =
                self.by_id.iter().filter(|(_, live)| old(live)).map(|(id, _)| id.clone()).collect();
            self.let_go(&gone);
            self.rebuild();
        }
        write(&self.remembered).forget_old(steady);
    }

    /// These are no longer looked for in every disguise.
    fn let_go(&mut self, gone: &BTreeSet<String>) {
        let mut remembered = write(&self.remembered);
        for live in gone.iter().filter_map(|id| self.by_id.remove(id)) {
            if live.canary.kind.as_str() == "visited-url" {
                remembered.add(&live.canary.value, &live.site, &live.modes, live.last);
            }
        }
        drop(remembered);
        self.forget_ids();
    }

    /// Work that waits to be done, if none is under way.
    pub(crate) fn tidying(&mut self) -> Option<MemoryCompaction> {
        if self.is_tidied || self.eye.new.is_none() {
            return None;
        }
        self.is_tidied = true;
        let (age, settled) = (self.age, self.next);
        if self.by_id.len() >= MOST {
            self.make_room();
            let from = Arc::clone(&self.entered.detector);
            return Some(MemoryCompaction { age, from, canaries: self.since(0), settled });
        }
        Some(MemoryCompaction { age, from: Arc::clone(&self.eye.most), canaries: self.since(self.settled), settled })
    }

    /// It is done.
    pub(crate) fn tidied(&mut self, tidied: CompactedMemory) {
        self.is_tidied = false;
        // Something was removed meanwhile: the work was for nothing.
        if tidied.age != self.age {
            return;
        }
        self.settled = tidied.settled;
        self.eye = MemoryView { most: tidied.detector, new: None, before: None };
        let newer = self.since(self.settled);
        if !newer.is_empty() {
            self.eye.new = Some(planted(&Detector::small(), &newer));
        }
    }

    /// Lets go of the oldest canaries of the site that has the most, again and
    /// again: whoever asks for pages without end pushes out its own, and not
    /// those of the sites that a person was at.
    fn make_room(&mut self) {
        let mut by_site: BTreeMap<&str, Vec<(u64, u64, &str)>> = BTreeMap::new();
        for (id, live) in &self.by_id {
            by_site.entry(&live.site).or_default().push((live.last, live.number, id));
        }
        for of_site in by_site.values_mut() {
            // The oldest at the end, to be taken from there.
            of_site.sort_unstable_by(|a, b| b.cmp(a));
        }
        let mut gone = BTreeSet::new();
        while self.by_id.len() - gone.len() > KEPT {
            let most = by_site
                .values_mut()
                .max_by_key(|of_site| (of_site.len(), of_site.last().map(|oldest| Reverse(*oldest))));
            let Some((_, _, id)) = most.and_then(Vec::pop) else { break };
            gone.insert(id.to_owned());
        }
        self.let_go(&gone);
    }

    fn forget_ids(&mut self) {
        let by_id = &self.by_id;
        self.ids.retain(|_, id| by_id.contains_key(id));
    }

    /// A detector cannot forget; so another is made.
    fn rebuild(&mut self) {
        self.age += 1;
        self.settled = self.next;
        self.eye = MemoryView { most: planted(&self.entered.detector, &self.since(0)), new: None, before: None };
    }

    /// Canaries that came after the one of this number.
    fn since(&self, number: u64) -> Vec<Canary> {
        self.by_id.values().filter(|live| live.number > number).map(|live| live.canary.clone()).collect()
    }
}

impl MemoryCompaction {
    /// Does it. Takes a while.
    pub fn work(self) -> CompactedMemory {
        CompactedMemory { age: self.age, detector: planted(&self.from, &self.canaries), settled: self.settled }
    }
}

impl fmt::Debug for MemoryView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Eye(..)")
    }
}

impl fmt::Debug for MemoryCompaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tidying(..)")
    }
}

impl fmt::Debug for CompactedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tidied(..)")
    }
}

fn read(remembered: &RwLock<VisitDigests>) -> RwLockReadGuard<'_, VisitDigests> {
    remembered.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(remembered: &RwLock<VisitDigests>) -> RwLockWriteGuard<'_, VisitDigests> {
    remembered.write().unwrap_or_else(PoisonError::into_inner)
}

/// The detector, and these besides. They were taken before.
fn planted(detector: &Detector, canaries: &[Canary]) -> Arc<Detector> {
    let mut detector = Detector::clone(detector);
    for canary in canaries {
        let _ = detector.plant(canary);
    }
    Arc::new(detector)
}

/// An address that says no more than its host.
fn is_only_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).is_none_or(|at| matches!(&rest[at..], "/" | "/?" | "?"))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::checks::knowledge;

    fn values() -> SearchValues {
        SearchValues::new(EnteredValues::new(&knowledge(), []).0, MemoryKey([0; 32]))
    }

    #[test]
    fn a_host_alone_and_a_short_value_are_no_canaries() {
        let mut values = values();
        values.visited("https://a-long-name.example/", "a-long-name.example", Mode::Normal, 0);
        values.visited("https://a-long-name.example", "a-long-name.example", Mode::Normal, 0);
        assert_eq!(values.count(), 0);
        values.visited("https://a.example/?q=short", "a.example", Mode::Normal, 0);
        assert_eq!(values.count(), 1, "the address, but not the word");
        values.visited("https://a.example/?q=not+so+short", "a.example", Mode::Normal, 0);
        assert_eq!(values.count(), 3, "the address and the words");
    }

    #[test]
    fn a_canary_ages_from_when_it_was_last_seen() {
        let mut values = values();
        values.visited("https://a.example/page", "a.example", Mode::Normal, 0);
        assert_eq!(values.of("live-1", LIFE - 1).unwrap().site(), Some("a.example"));
        assert_eq!(values.of("live-1", LIFE), None);
        values.visited("https://a.example/page", "a.example", Mode::Normal, LIFE - 1);
        assert_eq!(values.of("live-1", LIFE).unwrap().site(), Some("a.example"));
        assert_eq!(values.count(), 1);
    }

    fn visit(values: &mut SearchValues, pages: std::ops::Range<usize>) {
        for i in pages {
            values.visited(&format!("https://a.example/page-{i}"), "a.example", Mode::Normal, i as u64);
        }
    }

    /// Ids of what is seen in a text.
    fn seen(values: &SearchValues, text: &str) -> Vec<String> {
        let looked =
            crate::RequestScan::with(&crate::checks::post("https://b.example/", text.as_bytes()), &values.eye());
        looked.sightings.into_iter().filter_map(|sighting| sighting.canary).collect()
    }

    #[test]
    fn the_oldest_make_room_even_if_nobody_tidies() {
        let mut values = values();
        visit(&mut values, 0..TOO_MANY);
        assert!(values.count() <= KEPT);
        assert_eq!(values.of("live-1", 0), None);
        assert!(values.of(&format!("live-{TOO_MANY}"), 0).is_some());
        assert_eq!(seen(&values, &format!("https://a.example/page-{}", TOO_MANY - 1)), [format!("live-{TOO_MANY}")]);
    }

    #[test]
    fn whoever_asks_for_pages_without_end_pushes_out_its_own_only() {
        let mut values = values();
        values.visited("https://clinic.example/page-of-a-person", "clinic.example", Mode::Normal, 0);
        for i in 0..3 * TOO_MANY {
            let site = format!("evil-{}.example", i % 2);
            values.visited(&format!("https://{site}/page-{i}"), &site, Mode::Normal, i as u64);
        }
        assert_eq!(values.of("live-1", 1).unwrap().site(), Some("clinic.example"));
        assert_eq!(seen(&values, "https://clinic.example/page-of-a-person"), ["live-1"]);
    }

    #[test]
    fn what_comes_while_somebody_tidies_is_looked_for_all_the_same() {
        let mut values = values();
        visit(&mut values, 0..2);
        let tidying = values.tidying().unwrap();
        assert!(values.tidying().is_none(), "one at a time");
        visit(&mut values, 2..3);
        let both = "https://a.example/page-0 https://a.example/page-2";
        assert_eq!(seen(&values, both), ["live-1", "live-3"]);
        values.tidied(tidying.work());
        assert_eq!(seen(&values, both), ["live-1", "live-3"]);
        let rest = values.tidying().unwrap().work();
        values.tidied(rest);
        assert!(values.eye.new.is_none() && values.tidying().is_none());
        assert_eq!(seen(&values, both), ["live-1", "live-3"]);
    }

    #[test]
    fn tidying_makes_room() {
        let mut values = values();
        visit(&mut values, 0..MOST);
        let tidied = values.tidying().unwrap().work();
        values.tidied(tidied);
        assert!(values.count() <= KEPT);
        let before = seen(&values, "https://a.example/page-0");
        assert!(before.len() == 1 && before[0].starts_with(BEFORE), "known by its digest alone: {before:?}");
        assert_eq!(seen(&values, &format!("https://a.example/page-{}", MOST - 1)), [format!("live-{MOST}")]);
    }

    #[test]
    fn what_was_entered_while_somebody_tidies_is_not_lost() {
        let mut values = values();
        visit(&mut values, 0..1);
        let tidying = values.tidying().unwrap();
        values.enter(EnteredValues::new(&knowledge(), [("person-name", "Zoe Finukgurmann")]).0);
        values.tidied(tidying.work());
        assert_eq!(seen(&values, "Zoe Finukgurmann at https://a.example/page-0").len(), 2);
    }

    #[test]
    fn the_old_are_forgotten() {
        let mut values = values();
        values.visited("https://a.example/page", "a.example", Mode::Normal, 0);
        values.forget_old(LIFE);
        assert!(values.is_empty() && values.ids.is_empty());
    }
}
