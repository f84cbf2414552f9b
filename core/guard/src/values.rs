//! Live canaries: addresses just visited, words just searched for, and the values that the person
//! entered.
//!
//! To compile a value into a detector takes a good part of a millisecond, and a value cannot be
//! removed from a detector again. So a new value goes into a small second detector at once. The
//! owner of the memory may take the [`MemoryCompaction`], run it on another thread, and bring back
//! one detector with every canary that still counts.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use detect::Detector;
use model::{Canary, Mode};

use crate::{EnteredValues, MemoryKey, searches, visit_digests::VisitDigests};

/// Microseconds for which a live canary is searched for after it was last seen.
const LIFE: u64 = 60 * 60 * 1_000_000;
/// Live canaries that stay when old ones are dropped …
const KEPT: usize = 300;
/// … number of live canaries from which a compaction drops old ones …
const MOST: usize = 400;
/// … and number from which old ones are dropped at once, because no compaction did it.
const TOO_MANY: usize = 600;
/// Shorter values are not made live canaries.
const SHORTEST: usize = 12;

/// Everything looked for in what one device sends.
pub(crate) struct SearchValues {
    entered: EnteredValues,
    eye: MemoryView,
    /// Digests of older visits, which are no longer searched for in every disguise.
    remembered: Arc<RwLock<VisitDigests>>,
    by_id: BTreeMap<String, LiveCanary>,
    ids: BTreeMap<String, String>,
    next: u64,
    /// Number of the last canary that is compiled into the large detector.
    settled: u64,
    /// Grows with every rebuild: a compaction that began before it is outdated.
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
    /// A page was visited a while ago. Only the digest of its site is still known.
    Before { site: [u8; 16], modes: Vec<Mode> },
}

/// The prefix of the ids of addresses that were visited a while ago.
pub(crate) const BEFORE: &str = "before-";

impl CanaryOrigin {
    pub(crate) fn site(&self) -> Option<&str> {
        match self {
            Self::Entered | Self::Before { .. } => None,
            Self::At { site, .. } => Some(site),
        }
    }
}

/// The detectors to search with: the large one, the small one with newer canaries, and the digests
/// of older visits.
#[derive(Clone)]
pub struct MemoryView {
    pub(crate) most: Arc<Detector>,
    pub(crate) new: Option<Arc<Detector>>,
    pub(crate) before: Option<Arc<RwLock<VisitDigests>>>,
}

/// A rebuild of the large detector, to be run without a lock on the device's memory.
pub struct MemoryCompaction {
    age: u64,
    from: Arc<Detector>,
    canaries: Vec<Canary>,
    settled: u64,
}

/// The detector that a [`MemoryCompaction`] built.
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
    /// The site where the value was seen, which knows it anyway.
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
        // Live canaries have to survive a restart too, so their digests are included.
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

    /// Whether there is no value to search for.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.by_id.is_empty()
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.by_id.len()
    }

    /// Adds the address of a visited page as a canary, and its search words as another.
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
        // The detector refuses values that are too short or too common; such a value is not
        // searched for.
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

    /// The origin of a canary; none if the canary is too old to count.
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

    /// Replaces the values that the person entered.
    pub(crate) fn enter(&mut self, entered: EnteredValues) {
        self.entered = entered;
        self.rebuild();
    }

    /// Drops old canaries once they are a quarter of all, because each drop rebuilds the detector.
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

    /// Removes these canaries; visited addresses among them are kept as digests.
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

    /// The compaction that is due, if none is running.
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

    /// Takes the result of a compaction.
    pub(crate) fn tidied(&mut self, tidied: CompactedMemory) {
        self.is_tidied = false;
        // The canaries were rebuilt while the compaction ran, so its result is outdated.
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

    /// Drops the oldest canary of the site that has the most, until [`KEPT`] remain. A site that
    /// opens pages without end so pushes out its own canaries, and not those of other sites.
    fn make_room(&mut self) {
        let mut by_site: BTreeMap<&str, Vec<(u64, u64, &str)>> = BTreeMap::new();
        for (id, live) in &self.by_id {
            by_site.entry(&live.site).or_default().push((live.last, live.number, id));
        }
        for of_site in by_site.values_mut() {
            // Newest first, so that `pop` takes the oldest.
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

    /// Builds a new large detector, because a detector cannot drop a value.
    fn rebuild(&mut self) {
        self.age += 1;
        self.settled = self.next;
        self.eye = MemoryView { most: planted(&self.entered.detector, &self.since(0)), new: None, before: None };
    }

    /// Canaries with a higher number than this.
    fn since(&self, number: u64) -> Vec<Canary> {
        self.by_id.values().filter(|live| live.number > number).map(|live| live.canary.clone()).collect()
    }
}

impl MemoryCompaction {
    /// Runs the compaction. Takes a while.
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

/// A copy of the detector with these canaries added. A detector accepted each of them before, so
/// none is refused.
fn planted(detector: &Detector, canaries: &[Canary]) -> Arc<Detector> {
    let mut detector = Detector::clone(detector);
    for canary in canaries {
        let _ = detector.plant(canary);
    }
    Arc::new(detector)
}

/// Whether an address has neither a path nor a query.
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
