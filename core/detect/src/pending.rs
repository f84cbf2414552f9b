//! Finds that prove nothing alone and wait for a second one.
//!
//! Four bytes match by chance once in a while. Two of them that stand for two
//! different things, in one request or at the same place of two requests, do
//! not: then both are said.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt,
};

use model::{Exchange, LayerPlace, Sighting, Trail};

use crate::scan_result::ScanResult;

/// A find that waits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PendingMatch {
    /// What was hashed. The same twice is no confirmation.
    pub(crate) text: String,
    /// Which request's which field, as far as requests of one sort agree.
    pub(crate) place: String,
    pub(crate) sighting: Sighting,
}

impl fmt::Debug for PendingMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}

/// Finds of earlier exchanges that still wait. Exchanges may be looked at side
/// by side; they are settled in order.
#[derive(Clone, Debug, Default)]
pub struct PendingMatches {
    held: VecDeque<PendingMatch>,
    /// Places where such finds were confirmed.
    confirmed: BTreeSet<String>,
}

impl PendingMatches {
    /// So many are remembered.
    const MOST: usize = 1_024;

    /// The next exchange was looked at: finds that are confirmed now, of it and
    /// of those before it, become sightings. They stand before its own.
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

/// Host and path of a request and the way in it, without numbers: they count
/// fields and requests.
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
