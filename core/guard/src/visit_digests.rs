//! Keyed digests of addresses that were visited more than an hour ago. They are
//! kept for a day, because SDKs may keep a report for hours before they send it.
//!
//! To search for a value in every disguise costs much, so the guard does it for
//! an hour and for some hundred values. After that an address is remembered as a
//! keyed digest. It is then found only in plain form, and as its plain MD5,
//! SHA-1 or SHA-256. Searched words are forgotten. Digests of ordinary windows
//! survive a restart; those of private windows are in memory only. An address
//! cannot be read from its digest, but who has the key can test guesses.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use md5::Md5;
use model::Mode;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Microseconds for which an address is remembered.
const LIFE: u64 = 24 * 60 * 60 * 1_000_000;
/// Number of digests that are remembered.
const MOST: usize = 40_000;
/// Longest address, in bytes.
const LONGEST: usize = 4_096;
/// Addresses that are looked up in one value; more are ignored.
const MANY: usize = 32;

/// The key of the digests. It does not leave this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct MemoryKey(pub [u8; 32]);

/// The first half of a SHA-256.
type HalfDigest = [u8; 16];

/// One address, or one plain digest of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VisitTrace {
    /// The digest of its site.
    pub(crate) site: HalfDigest,
    pub(crate) modes: Vec<Mode>,
    /// The steady time at which the entry expires.
    pub(crate) until: u64,
}

/// All remembered digests, with their key.
pub(crate) struct VisitDigests {
    key: MemoryKey,
    traces: BTreeMap<HalfDigest, VisitTrace>,
}

impl std::fmt::Debug for MemoryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryKey(..)")
    }
}

impl VisitDigests {
    pub(crate) fn new(key: MemoryKey) -> Self {
        Self { key, traces: BTreeMap::new() }
    }

    pub(crate) fn key(&self) -> &MemoryKey {
        &self.key
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// Adds an address that is no longer searched for in every disguise.
    pub(crate) fn add(&mut self, url: &str, site: &str, modes: &[Mode], last: u64) {
        let trace = VisitTrace { site: self.mark(site), modes: modes.to_vec(), until: last + LIFE };
        for form in forms(url) {
            self.traces.insert(self.mark(&form), trace.clone());
        }
        while self.traces.len() > MOST {
            self.make_room();
        }
    }

    /// Removes an address that is searched for in every disguise again.
    pub(crate) fn remove(&mut self, url: &str) {
        for form in forms(url) {
            let mark = self.mark(&form);
            self.traces.remove(&mark);
        }
    }

    /// The entry of this id, if it has not expired.
    pub(crate) fn of(&self, id: &str, steady: u64) -> Option<&VisitTrace> {
        self.traces.get(&unhex(id)?).filter(|trace| is_young(trace, steady))
    }

    pub(crate) fn is_site(&self, trace: &HalfDigest, site: &str) -> bool {
        *trace == self.mark(site)
    }

    pub(crate) fn forget_old(&mut self, steady: u64) {
        self.traces.retain(|_, trace| is_young(trace, steady));
    }

    /// Calls `found` for each remembered address in a value, with the entry's
    /// id and the text that was found.
    pub(crate) fn find(&self, value: &[u8], found: &mut dyn FnMut(String, &str)) {
        let Ok(text) = std::str::from_utf8(value) else { return };
        let is_digest = matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_digest {
            self.look_up(&text.to_ascii_lowercase(), found);
        }
        for address in addresses(text).take(MANY) {
            self.look_up(address, found);
        }
    }

    fn look_up(&self, text: &str, found: &mut dyn FnMut(String, &str)) {
        let mark = self.mark(text);
        if self.traces.contains_key(&mark) {
            found(HEXLOWER.encode(&mark), text);
        }
    }

    /// The entries that may be written to disk: those of ordinary windows, with
    /// the microseconds until they expire.
    pub(crate) fn kept(&self, steady: u64) -> Vec<(String, String, u64)> {
        let ordinary = self.traces.iter().filter(|(_, trace)| trace.modes == [Mode::Normal] && is_young(trace, steady));
        ordinary
            .map(|(mark, trace)| {
                (HEXLOWER.encode(mark), HEXLOWER.encode(&trace.site), trace.until.saturating_sub(steady))
            })
            .collect()
    }

    /// Restores an entry from disk.
    pub(crate) fn read(&mut self, mark: &str, site: &str, left: u64, steady: u64) {
        let (Some(mark), Some(site)) = (unhex(mark), unhex(site)) else { return };
        if self.traces.len() < MOST {
            let until = steady + left.min(LIFE);
            self.traces.entry(mark).or_insert(VisitTrace { site, modes: vec![Mode::Normal], until });
        }
    }

    /// Drops the oldest entries of the site that has the most; up to a tenth of
    /// all at once, so that this is seldom needed.
    fn make_room(&mut self) {
        let mut by_site: BTreeMap<HalfDigest, Vec<(u64, HalfDigest)>> = BTreeMap::new();
        for (mark, trace) in &self.traces {
            by_site.entry(trace.site).or_default().push((trace.until, *mark));
        }
        let Some(most) = by_site.values_mut().max_by_key(|of_site| of_site.len()) else { return };
        most.sort_unstable();
        for (_, mark) in most.iter().take(MOST / 10) {
            self.traces.remove(mark);
        }
    }

    fn mark(&self, text: &str) -> HalfDigest {
        let digest = Sha256::new().chain_update(self.key.0).chain_update(text).finalize();
        let mut mark = [0; 16];
        mark.copy_from_slice(&digest[..16]);
        mark
    }
}

fn is_young(trace: &VisitTrace, steady: u64) -> bool {
    steady < trace.until
}

/// The forms in which an address is sent: with and without its scheme, each
/// plain and as a plain digest.
fn forms(url: &str) -> Vec<String> {
    let url = url.split('#').next().unwrap_or_default();
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let of = |text: &str| {
        [
            text.to_owned(),
            HEXLOWER.encode(&Md5::digest(text)),
            HEXLOWER.encode(&Sha1::digest(text)),
            HEXLOWER.encode(&Sha256::digest(text)),
        ]
    };
    [url, bare].into_iter().flat_map(of).collect()
}

/// The addresses in a text.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("http").map(|(at, _)| at);
    let within = starts.filter_map(move |at| {
        let rest = &text[at..];
        let is_end = |c: char| c.is_whitespace() || c.is_control() || "\"'<>\\^`{|}".contains(c);
        let end = rest.find(is_end).unwrap_or(rest.len()).min(LONGEST);
        let address = rest.get(..end)?.split('#').next()?;
        address.contains("://").then_some(address)
    });
    let whole = text
        .split('#')
        .next()
        .filter(|whole| (12..LONGEST).contains(&whole.len()) && whole.contains('/') && !whole.starts_with("http"));
    whole.into_iter().chain(within)
}

fn unhex(text: &str) -> Option<HalfDigest> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://clinic.example/patients/4711";

    fn remembered() -> VisitDigests {
        VisitDigests::new(MemoryKey([7; 32]))
    }

    fn found(remembered: &VisitDigests, text: &str) -> usize {
        let mut count = 0;
        remembered.find(text.as_bytes(), &mut |id, _| {
            assert!(remembered.of(&id, 0).is_some());
            count += 1;
        });
        count
    }

    #[test]
    fn an_address_is_found_as_itself_and_as_its_digest() {
        let mut all = remembered();
        all.add(URL, "clinic.example", &[Mode::Normal], 0);
        let digest = HEXLOWER.encode(&Sha256::digest(URL));
        assert_eq!(found(&all, &HEXLOWER.encode(&Md5::digest(URL))), 1);
        for text in [URL, &format!("at {URL}#top, and on"), "clinic.example/patients/4711", &digest.to_uppercase()] {
            assert_eq!(found(&all, text), 1, "{text}");
        }
        assert_eq!(found(&all, "https://clinic.example/patients/4712"), 0);
        all.remove(URL);
        assert!(all.is_empty());
    }

    #[test]
    fn what_is_written_down_is_of_ordinary_windows_and_says_no_address() {
        let mut all = remembered();
        all.add(URL, "clinic.example", &[Mode::Normal], 5);
        all.add("https://clinic.example/in-private", "clinic.example", &[Mode::Private], 5);
        all.add("https://clinic.example/in-both", "clinic.example", &[Mode::Normal, Mode::Private], 5);
        let kept = all.kept(6);
        assert_eq!(kept.len(), 8, "eight forms of one address");
        let mut again = remembered();
        kept.iter().for_each(|(mark, site, left)| again.read(mark, site, *left, 0));
        assert_eq!(found(&again, URL), 1);
        let mut other = VisitDigests::new(MemoryKey([8; 32]));
        kept.iter().for_each(|(mark, site, left)| other.read(mark, site, *left, 0));
        assert_eq!(found(&other, URL), 0, "nothing without the key");
    }

    #[test]
    fn it_is_forgotten_after_a_day_and_pages_without_end_push_out_their_own() {
        let mut all = remembered();
        all.add(URL, "clinic.example", &[Mode::Normal], 0);
        for i in 0..MOST / 4 {
            all.add(&format!("https://evil.example/{i}"), "evil.example", &[Mode::Normal], i as u64);
        }
        assert!(all.traces.len() <= MOST);
        assert_eq!(found(&all, URL), 1);
        all.forget_old(LIFE);
        assert_eq!(found(&all, URL), 0);
    }
}
