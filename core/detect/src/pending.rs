//! Finds that prove nothing alone, and wait for a second find.
//!
//! A digest of four bytes sometimes matches by chance. Two matches for two
//! different values, in one request or at the same place of two requests, are
//! no chance: then both are reported.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt,
};

use model::{Exchange, LayerPlace, Sighting, Trail};

use crate::scan_result::ScanResult;

/// A find that waits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PendingMatch {
    /// The text that was hashed. A second match of the same text does not
    /// confirm the first.
    pub(crate) text: String,
    /// Address and trail without digits, which are the same in similar
    /// requests; see [`place`].
    pub(crate) place: String,
    pub(crate) sighting: Sighting,
}

impl fmt::Debug for PendingMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}

/// Finds of earlier exchanges that still wait. Exchanges may be searched in
/// parallel, but are settled in order.
#[derive(Clone, Debug, Default)]
pub struct PendingMatches {
    held: VecDeque<PendingMatch>,
    /// Places where such finds were confirmed.
    confirmed: BTreeSet<String>,
}

impl PendingMatches {
    /// Number of waiting finds that are kept.
    const MOST: usize = 1_024;

    /// Takes the result of the next exchange. Finds of this and of earlier
    /// exchanges that are confirmed now become sightings. They are inserted
    /// before the exchange's own sightings.
    pub fn settle(&mut self, seen: &mut ScanResult) {
        let confirmed = self.confirm(std::mem::take(&mut seen.held));
        seen.sightings.splice(0..0, confirmed);
    }

    fn confirm(&mut self, new: Vec<PendingMatch>) -> Vec<Sighting> {
        let Some(first) = new.first() else { return Vec::new() };
        let in_itself = new.iter().any(|held| held.text != first.text);
        let mut confirmed = Vec::new();
        for held in new {
            let before = |waiting: &PendingMatch| waiting.place == held.place && waiting.text != held.text;
            if in_itself || self.confirmed.contains(&held.place) || self.held.iter().any(before) {
                let (there, elsewhere) = self.held.drain(..).partition(|waiting| waiting.place == held.place);
                self.held = elsewhere;
                confirmed.extend(<VecDeque<PendingMatch> as IntoIterator>::into_iter(there).map(|held| held.sighting));
                self.confirmed.insert(held.place);
                confirmed.push(held.sighting);
            } else {
                self.held.push_back(held);
            }
        }
        while self.held.len() > Self::MOST {
            self.held.pop_front();
        }
        confirmed
    }
}

/// Address and trail of a find, without digits: digits often number fields and
/// requests.
pub(crate) fn place(exchange: &Exchange, trail: &Trail) -> String {
    let address = exchange.request.url.split(['?', '#']).next().unwrap_or_default();
    let mut place = String::new();
    let mut push = |text: &str| place.extend(text.chars().filter(|c| !c.is_ascii_digit()));
    push(address);
    for step in &trail.steps {
        push(" ");
        push(&step.layer);
        if let LayerPlace::At(name) = &step.place {
            push(" ");
            push(name);
        }
    }
    place
}
