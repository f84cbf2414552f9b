//! Finds any of many texts in a value, in one pass that hardly notices how
//! many they are.
//!
//! Each text is known by one *window* of eight bytes in it. The runs of four
//! bytes in all windows are bits of a table. A value is read at every fifth
//! position, where a window, wherever it begins, must show one of its five
//! runs; only where the bit is set are window and text compared. Forms of one
//! value share a window where they can, so a form more costs nothing.
//!
//! Case does not count for ASCII letters. An automaton (Aho-Corasick) was
//! refused: with thousands of texts it outgrows the caches and is twenty times
//! slower. Texts under eight bytes stand only at the borders of words, and are
//! looked for there.

use crate::fixed::FixedMap;

/// Which neighbours a text may not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TextBoundary {
    /// Any will do.
    #[default]
    Open,
    /// No letter or digit.
    Word,
    /// No digit.
    Digit,
    /// None that would make it another host: letter, digit, `-`.
    Label,
    /// None that would make it a longer path.
    Path,
    /// None that would make it a longer address.
    Cut,
}

/// A text to find, and what it stands for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Needle {
    text: Box<[u8]>,
    before: TextBoundary,
    after: TextBoundary,
    /// What the finder is told.
    pub(crate) tag: u32,
    /// Where its window is.
    window: usize,
}

/// Texts, ready to be found.
#[derive(Clone)]
pub(crate) struct GramIndex {
    needles: Vec<Needle>,
    /// Which needles have this window.
    windows: FixedMap<[u8; WINDOW], Vec<u32>>,
    /// Windows with a run of four, and where in them it is.
    runs: FixedMap<u32, Vec<(u32, u8)>>,
    window_list: Vec<[u8; WINDOW]>,
    filter: RunFilter,
    /// Texts shorter than a window, by their first four bytes.
    short: FixedMap<u32, Vec<u32>>,
    /// Windows of the value whose forms are being added.
    family: Vec<[u8; WINDOW]>,
}

const WINDOW: usize = 8;
const RUN: usize = 4;
const STRIDE: usize = WINDOW - RUN + 1;

/// Texts shorter than this cannot be looked for.
pub(crate) const SHORTEST: usize = RUN;

impl Default for GramIndex {
    fn default() -> Self {
        Self {
            needles: Vec::new(),
            windows: FixedMap::default(),
            runs: FixedMap::default(),
            window_list: Vec::new(),
            filter: RunFilter::of_bits(RunFilter::FEWEST),
            short: FixedMap::default(),
            family: Vec::new(),
        }
    }
}

impl GramIndex {
    /// What is added from now on are forms of another value.
    pub(crate) fn next_value(&mut self) {
        self.family.clear();
    }

    /// Adds a text. Shorter than [`SHORTEST`] it is left out; shorter than a
    /// window it is held to the borders of words.
    pub(crate) fn add(&mut self, text: impl AsRef<[u8]>, before: TextBoundary, after: TextBoundary, tag: u32) {
        let text: Box<[u8]> = text.as_ref().iter().map(u8::to_ascii_lowercase).collect();
        if text.len() < SHORTEST {
            return;
        }
        if text.len() < WINDOW {
            let run = run_at(&text, 0);
            let needle = Needle { text, before: TextBoundary::Word, after: TextBoundary::Word, tag, window: 0 };
            self.short.entry(run).or_default().push(self.needles.len() as u32);
            self.needles.push(needle);
            return;
        }
        let window = self.best_window(&text);
        let id = self.needles.len() as u32;
        let key = window_at(&text, window);
        let known = self.windows.contains_key(&key);
        self.windows.entry(key).or_default().push(id);
        if !known {
            self.add_window(key);
        }
        self.family.push(key);
        self.needles.push(Needle { text, before, after, tag, window });
    }

    /// Tells, for each needle in the value, the needle's tag and where it begins.
    /// One needle may be told several times.
    pub(crate) fn find(&self, value: &[u8], mut tell: impl FnMut(u32, usize, usize)) {
        if !self.short.is_empty() {
            self.find_short(value, &mut tell);
        }
        if value.len() < WINDOW {
            return;
        }
        let (strides, rest) = value.as_chunks::<STRIDE>();
        for (i, stride) in strides.iter().enumerate() {
            let run = fold(u32::from_le_bytes([stride[0], stride[1], stride[2], stride[3]]));
            if self.filter.has(run) {
                self.compare(value, i * STRIDE, run, &mut tell);
            }
        }
        if let [a, b, c, d] = *rest {
            let run = fold(u32::from_le_bytes([a, b, c, d]));
            if self.filter.has(run) {
                self.compare(value, strides.len() * STRIDE, run, &mut tell);
            }
        }
    }

    #[cold]
    fn compare(&self, value: &[u8], at: usize, run: u32, tell: &mut impl FnMut(u32, usize, usize)) {
        let Some(windows) = self.runs.get(&run) else { return };
        for &(window, offset) in windows {
            let key = &self.window_list[window as usize];
            let Some(start) = at.checked_sub(usize::from(offset)) else { continue };
            let Some(found) = value.get(start..start + WINDOW) else { continue };
            if !found.eq_ignore_ascii_case(key) {
                continue;
            }
            for &id in &self.windows[key] {
                let needle = &self.needles[id as usize];
                if let Some(begin) = start.checked_sub(needle.window)
                    && needle.is_at(value, begin)
                {
                    tell(needle.tag, begin, begin + needle.text.len());
                }
            }
        }
    }

    fn find_short(&self, value: &[u8], tell: &mut impl FnMut(u32, usize, usize)) {
        let mut before = false;
        for (at, run) in value.windows(RUN).enumerate() {
            let begins = !before;
            before = is_word(run[0]);
            if !begins && before {
                continue;
            }
            let Some(ids) = self.short.get(&run_at(run, 0)) else { continue };
            for &id in ids {
                let needle = &self.needles[id as usize];
                if needle.is_at(value, at) {
                    tell(needle.tag, at, at + needle.text.len());
                }
            }
        }
    }

    /// The window that a text shares with others of its value, or else the one
    /// that says most and is used least: what many texts begin with would be
    /// compared with all of them.
    fn best_window(&self, text: &[u8]) -> usize {
        let cost = |at: usize| {
            let window = window_at(text, at);
            let plain = window.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
            let mut distinct = window;
            distinct.sort_unstable();
            let repeats = distinct.windows(2).filter(|pair| pair[0] == pair[1]).count();
            let mut used = self.windows.get(&window).map_or(0, |ids| ids.len() * 4);
            used += runs_of(&window).map(|run| self.runs.get(&run).map_or(0, Vec::len)).sum::<usize>();
            ((WINDOW - plain) * 8 + repeats * 2 + used, at)
        };
        let in_text = |shared: &[u8; WINDOW]| text.windows(WINDOW).position(|window| window == shared);
        if let Some(at) = self.family.iter().find_map(in_text) {
            return at;
        }
        (0..=text.len() - WINDOW).map(cost).min().map_or(0, |(_, at)| at)
    }

    fn add_window(&mut self, window: [u8; WINDOW]) {
        let id = self.window_list.len() as u32;
        self.window_list.push(window);
        for (offset, run) in runs_of(&window).enumerate() {
            self.runs.entry(run).or_default().push((id, offset as u8));
        }
        if self.runs.len() * RunFilter::BITS_A_RUN > self.filter.bits() {
            self.filter = RunFilter::of_bits(self.filter.bits() * 4);
            for run in self.runs.keys() {
                self.filter.set(*run);
            }
        } else {
            for run in runs_of(&window) {
                self.filter.set(run);
            }
        }
    }
}

impl Needle {
    fn is_at(&self, value: &[u8], begin: usize) -> bool {
        let end = begin + self.text.len();
        value.get(begin..end).is_some_and(|found| found.eq_ignore_ascii_case(&self.text))
            && self.before.may_follow(&value[..begin])
            && self.after.may_precede(&value[end..])
    }
}

impl TextBoundary {
    fn may_follow(self, before: &[u8]) -> bool {
        before.last().is_none_or(|byte| !self.forbids(*byte))
    }

    fn may_precede(self, after: &[u8]) -> bool {
        match (self, after) {
            // A slash at the end of an address says nothing.
            (Self::Path | Self::Cut, [b'/', rest @ ..]) => rest.first().is_none_or(|byte| !self.forbids(*byte)),
            (_, [first, ..]) => !self.forbids(*first),
            (_, []) => true,
        }
    }

    fn forbids(self, byte: u8) -> bool {
        match self {
            Self::Open => false,
            Self::Word => is_word(byte),
            Self::Digit => byte.is_ascii_digit(),
            Self::Label => byte.is_ascii_alphanumeric() || byte == b'-',
            Self::Path => is_word(byte) || b"-_~%/".contains(&byte),
            Self::Cut => Self::Path.forbids(byte) || b"?#".contains(&byte),
        }
    }
}

/// A letter or digit; bytes of other scripts count as letters.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn fold(run: u32) -> u32 {
    run | 0x2020_2020
}

fn run_at(text: &[u8], at: usize) -> u32 {
    let mut run = [0; RUN];
    run.copy_from_slice(&text[at..at + RUN]);
    fold(u32::from_le_bytes(run))
}

fn window_at(text: &[u8], at: usize) -> [u8; WINDOW] {
    let mut window = [0; WINDOW];
    window.copy_from_slice(&text[at..at + WINDOW]);
    window
}

fn runs_of(window: &[u8; WINDOW]) -> impl Iterator<Item = u32> + '_ {
    (0..STRIDE).map(|at| run_at(window, at))
}

/// A set of runs that may say yes wrongly, never no.
#[derive(Clone)]
struct RunFilter {
    words: Vec<u64>,
    shift: u32,
}

impl RunFilter {
    /// 4 KiB: stays in the first cache beside what is being read.
    const FEWEST: usize = 1 << 15;
    /// One position in so many is compared for nothing.
    const BITS_A_RUN: usize = 32;

    fn of_bits(bits: usize) -> Self {
        Self { words: vec![0; bits / 64], shift: 32 - bits.trailing_zeros() }
    }

    fn bits(&self) -> usize {
        self.words.len() * 64
    }

    fn slot(&self, run: u32) -> usize {
        (run.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    fn has(&self, run: u32) -> bool {
        let slot = self.slot(run);
        self.words.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    fn set(&mut self, run: u32) {
        let slot = self.slot(run);
        self.words[slot / 64] |= 1 << (slot % 64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(needles: &[&str], value: &str, before: TextBoundary, after: TextBoundary) -> Vec<(u32, usize)> {
        let mut grams = GramIndex::default();
        for (tag, needle) in needles.iter().enumerate() {
            grams.add(needle, before, after, tag as u32);
        }
        let mut all = Vec::new();
        grams.find(value.as_bytes(), |tag, begin, _| all.push((tag, begin)));
        all.sort_unstable();
        all
    }

    #[test]
    fn a_text_is_found_wherever_it_stands_and_whatever_its_case() {
        for before in 0..12 {
            for after in 0..12 {
                let value = format!("{}Canary-7QX9{}", "x".repeat(before), "y".repeat(after));
                assert_eq!(found(&["canary-7qx9"], &value, TextBoundary::Open, TextBoundary::Open), [(0, before)]);
            }
        }
    }

    #[test]
    fn a_text_of_one_other_character_is_not_found() {
        assert_eq!(
            found(&["canary-7qx9"], "canary-7qx8 canary-8qx9 xanary-7qx9", TextBoundary::Open, TextBoundary::Open),
            []
        );
    }

    #[test]
    fn a_short_text_is_found_as_a_word_only() {
        assert_eq!(found(&["zqxv"], "zqxv", TextBoundary::Open, TextBoundary::Open), [(0, 0)]);
        assert_eq!(found(&["zqxv"], "a=ZQXV&b", TextBoundary::Open, TextBoundary::Open), [(0, 2)]);
        assert_eq!(found(&["zqxv"], "azqxv zqxvb", TextBoundary::Open, TextBoundary::Open), []);
        assert_eq!(found(&["zqx"], "zqx", TextBoundary::Open, TextBoundary::Open), []);
    }

    #[test]
    fn borders_are_kept() {
        let number = |value| found(&["4915194636692"], value, TextBoundary::Digit, TextBoundary::Digit).len();
        assert_eq!(number("+4915194636692"), 1);
        assert_eq!(number("x4915194636692y"), 1);
        assert_eq!(number("14915194636692"), 0);
        assert_eq!(number("49151946366921"), 0);
        let host = |value| found(&["clinic-7.example"], value, TextBoundary::Label, TextBoundary::Label).len();
        assert_eq!(host("https://www.clinic-7.example/"), 1);
        assert_eq!(host("https://xclinic-7.example/"), 0);
        assert_eq!(host("https://clinic-7.examples/"), 0);
        let path = |value| found(&["a.example/secret"], value, TextBoundary::Label, TextBoundary::Path).len();
        assert_eq!(path("https://a.example/secret?x"), 1);
        assert_eq!(path("https://a.example/secret/"), 1);
        assert_eq!(path("https://a.example/secret/more"), 0);
        assert_eq!(path("https://a.example/secrets"), 0);
    }

    #[test]
    fn a_thousand_texts_with_one_beginning_do_not_share_a_window() {
        let texts: Vec<String> =
            (0..1_000).map(|i| format!("https://honey.example/{:08x}", i * 0x9e37_79b1_u64)).collect();
        let mut grams = GramIndex::default();
        for (tag, text) in texts.iter().enumerate() {
            grams.next_value();
            grams.add(text, TextBoundary::Open, TextBoundary::Open, tag as u32);
        }
        assert!(grams.windows.values().all(|ids| ids.len() <= 8));
        for (tag, text) in texts.iter().enumerate() {
            let mut tags = Vec::new();
            grams.find(text.as_bytes(), |tag, _, _| tags.push(tag));
            assert!(tags.contains(&(tag as u32)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_plain_search_finds_is_found_and_nothing_else(
            needles in prop::collection::vec("[a-d]{8,14}", 1..30),
            value in "[a-dA-D ]{0,200}",
            planted in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..4),
        ) {
            let mut value = value;
            for (which, place) in planted {
                value.insert_str(place.index(value.len() + 1), &needles[which.index(needles.len())]);
            }
            let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
            let lower = value.to_ascii_lowercase();
            let mut plainly = Vec::new();
            for (tag, needle) in needles.iter().enumerate() {
                plainly.extend((0..lower.len()).filter(|&at| lower[at..].starts_with(needle)).map(|at| (tag as u32, at)));
            }
            plainly.sort_unstable();
            prop_assert_eq!(found(&needles, &value, TextBoundary::Open, TextBoundary::Open), plainly);
        }
    }
}
