//! Live canaries: addresses just visited and words just searched for, and
//! beside them what the person entered.

use std::{collections::BTreeMap, sync::Arc};

use detect::Detector;
use model::Canary;

use crate::{Entered, searches};

/// A live canary is looked for so long after it was last seen.
const LIFE: u64 = 60 * 60 * 1_000_000;
/// So many are kept when room has to be made …
const KEPT: usize = 300;
/// … which it has to at this many.
const MOST: usize = 400;
/// Bytes under which a value is no live canary.
const SHORTEST: usize = 12;

/// Everything looked for in what one client sends.
pub(crate) struct Values {
    entered: Entered,
    detector: Arc<Detector>,
    by_id: BTreeMap<String, Live>,
    ids: BTreeMap<String, String>,
    next: u64,
}

/// One live canary.
#[derive(Clone)]
struct Live {
    canary: Canary,
    /// The site that knows it anyway: where it was seen.
    site: String,
    last: u64,
}

impl Values {
    pub(crate) fn new(entered: Entered) -> Self {
        let detector = Arc::clone(&entered.detector);
        Self { entered, detector, by_id: BTreeMap::new(), ids: BTreeMap::new(), next: 0 }
    }

    pub(crate) fn detector(&self) -> Arc<Detector> {
        Arc::clone(&self.detector)
    }

    /// Whether there is anything to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.by_id.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.by_id.len()
    }

    /// The address of a page that the client is at.
    pub(crate) fn visited(&mut self, url: &str, site: &str, steady: u64) {
        if !is_only_host(url) {
            self.plant("visited-url", url, site, steady);
        }
        if let Some(words) = searches::words(url) {
            self.plant("search", &words, site, steady);
        }
    }

    fn plant(&mut self, kind: &str, value: &str, site: &str, steady: u64) {
        if value.len() < SHORTEST {
            return;
        }
        let key = format!("{kind} {value}");
        if let Some(live) = self.ids.get(&key).and_then(|id| self.by_id.get_mut(id)) {
            live.last = steady;
            return;
        }
        self.next += 1;
        let id = format!("live-{}", self.next);
        let canary = Canary::new(id.as_str(), kind, value);
        // A value that is refused would be found everywhere; it is not looked for.
        if Arc::make_mut(&mut self.detector).plant(&canary).is_ok() {
            self.by_id.insert(id.clone(), Live { canary, site: site.to_owned(), last: steady });
            self.ids.insert(key, id);
        }
        if self.by_id.len() >= MOST {
            self.make_room();
        }
    }

    /// Whether a canary still counts; the site where it was seen, if it is one
    /// that was seen.
    pub(crate) fn of(&self, id: &str, steady: u64) -> Option<Option<&str>> {
        if id.starts_with(Entered::ID) {
            return Some(None);
        }
        let live = self.by_id.get(id)?;
        (steady.saturating_sub(live.last) < LIFE).then_some(Some(live.site.as_str()))
    }

    /// The person entered or removed something.
    pub(crate) fn enter(&mut self, entered: Entered) {
        self.entered = entered;
        self.rebuild();
    }

    /// Forgets what is too old, once that is worth the work.
    pub(crate) fn forget_old(&mut self, steady: u64) {
        let old = |live: &Live| steady.saturating_sub(live.last) >= LIFE;
        let many = self.by_id.values().filter(|live| old(live)).count();
        if many > 0 && many * 4 >= self.by_id.len() {
            self.by_id.retain(|_, live| !old(live));
            self.rebuild();
        }
    }

    fn make_room(&mut self) {
        let mut ages: Vec<u64> = self.by_id.values().map(|live| live.last).collect();
        ages.sort_unstable_by(|a, b| b.cmp(a));
        let oldest = ages[KEPT - 1];
        self.by_id.retain(|_, live| live.last > oldest);
        self.rebuild();
    }

    /// A detector cannot forget; so another is made.
    fn rebuild(&mut self) {
        let mut detector = Detector::clone(&self.entered.detector);
        for live in self.by_id.values() {
            // It was taken before.
            let _ = detector.plant(&live.canary);
        }
        self.detector = Arc::new(detector);
        let by_id = &self.by_id;
        self.ids.retain(|_, id| by_id.contains_key(id));
    }
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

    fn values() -> Values {
        Values::new(Entered::new(&knowledge(), []).0)
    }

    #[test]
    fn a_host_alone_and_a_short_value_are_no_canaries() {
        let mut values = values();
        values.visited("https://a-long-name.example/", "a-long-name.example", 0);
        values.visited("https://a-long-name.example", "a-long-name.example", 0);
        assert_eq!(values.count(), 0);
        values.visited("https://a.example/?q=short", "a.example", 0);
        assert_eq!(values.count(), 1, "the address, but not the word");
        values.visited("https://a.example/?q=not+so+short", "a.example", 0);
        assert_eq!(values.count(), 3, "the address and the words");
    }

    #[test]
    fn a_canary_ages_from_when_it_was_last_seen() {
        let mut values = values();
        values.visited("https://a.example/page", "a.example", 0);
        assert_eq!(values.of("live-1", LIFE - 1), Some(Some("a.example")));
        assert_eq!(values.of("live-1", LIFE), None);
        values.visited("https://a.example/page", "a.example", LIFE - 1);
        assert_eq!(values.of("live-1", LIFE), Some(Some("a.example")));
        assert_eq!(values.count(), 1);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut values = values();
        for i in 0..MOST {
            values.visited(&format!("https://a.example/page-{i}"), "a.example", i as u64);
        }
        assert!(values.count() < KEPT);
        assert_eq!(values.of("live-1", 0), None);
        assert!(values.of(&format!("live-{MOST}"), 0).is_some());
    }

    #[test]
    fn the_old_are_forgotten() {
        let mut values = values();
        values.visited("https://a.example/page", "a.example", 0);
        values.forget_old(LIFE);
        assert!(values.is_empty() && values.ids.is_empty());
    }
}
