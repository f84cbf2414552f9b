//! A verdict in one sentence, for a lawyer and a child.

use std::collections::BTreeSet;

use model::{Act, Guise, Kind};

use super::scope::Scope;
use crate::{Case, Seen};

impl Scope<'_> {
    /// Who was sent what, how often, and where the switches stood.
    pub(super) fn accusation(&self, broken: &[usize]) -> String {
        let mut by_host: Vec<(usize, Vec<&Seen>)> = Vec::new();
        for seen in broken.iter().map(|i| &self.case.seen[*i]) {
            match by_host.iter_mut().find(|(destination, _)| *destination == seen.destination) {
                Some((_, of_host)) => of_host.push(seen),
                None => by_host.push((seen.destination, vec![seen])),
            }
        }
        let told: Vec<String> = by_host.iter().map(|(destination, of_host)| self.told(*destination, of_host)).collect();
        let beside = if self.promise.is_about_anonymity() { ", each time beside an identifier that stays" } else { "" };
        format!("{}{beside}{}{}.", told.join("; "), self.with_switches(broken), self.condition())
    }

    fn told(&self, destination: usize, seen: &[&Seen]) -> String {
        let kinds = self.plainly(seen.iter().map(|seen| &seen.sighting.kind).collect());
        let acts: BTreeSet<usize> = seen.iter().filter_map(|seen| self.case.about(seen)).collect();
        let plainly = seen.iter().any(|seen| seen.sighting.guise == Guise::Plain);
        let guise = if plainly { String::new() } else { format!(", as {}", seen[0].sighting.guise) };
        let of = count(self.visits().max(acts.len() as u32), "act");
        format!("{} was sent {}{guise} in {} of {of}", self.named(destination), listed(&kinds), acts.len())
    }

    /// Where the switches stood when it happened, if the subject has any.
    fn with_switches(&self, broken: &[usize]) -> String {
        let about = broken.iter().filter_map(|i| self.case.about(&self.case.seen[*i]));
        let standing = |phase: usize| {
            let words: Vec<String> = self.case.standing(phase).iter().map(ToString::to_string).collect();
            words.join(", ")
        };
        let standings: BTreeSet<String> = about.map(standing).filter(|words| !words.is_empty()).collect();
        let shown: Vec<String> = standings.iter().take(4).map(|words| format!("({words})")).collect();
        if shown.is_empty() { String::new() } else { format!(", with {}", shown.join(" and ")) }
    }

    /// Nothing was seen, and how much that leaves open.
    pub(super) fn acquittal(&self, bound: f64) -> String {
        format!(
            "nothing of the kind was seen in {} over {}; a leak at more than {:.1} % of them would have shown (95 %){}. This is said of these installs only.",
            self.acts(),
            count(self.installs(), "fresh install"),
            bound * 100.0,
            self.condition()
        )
    }

    /// `34 acts (30 visits, 2 searches, 2 typed texts)`
    pub(super) fn acts(&self) -> String {
        let done = |acts: &[Act]| {
            self.exercised.iter().filter(|phase| acts.contains(&self.case.phases[**phase].act)).count() as u32
        };
        let parts = [
            (done(&[Act::Visit]), "visit"),
            (done(&[Act::Form]), "form"),
            (done(&[Act::Search]), "search"),
            (done(&[Act::Type]), "typed text"),
            (done(&[Act::Download]), "download"),
            (done(&[Act::Open]), "folder or screen opened"),
        ];
        let there: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(*n, what)).collect();
        match there.as_slice() {
            [] => count(0, "act"),
            [only] => only.clone(),
            several => format!("{} ({})", count(self.visits(), "act"), several.join(", ")),
        }
    }

    fn condition(&self) -> &'static str {
        match self.case.run {
            Some(run) if run.sinkhole => ", without the maker's remote configuration",
            _ => "",
        }
    }

    fn named(&self, destination: usize) -> String {
        let destination = &self.case.destinations[destination];
        let standing = match &destination.hosted {
            Some(hosted) if !self.promise.never.outside.is_empty() => {
                format!(", server in {} ({})", hosted.country, hosted.because)
            }
            _ => String::new(),
        };
        match (&destination.owner, &destination.seat) {
            (Some(owner), Some(seat)) => format!("{} ({owner}, {seat}{standing})", destination.host),
            _ => destination.host.clone(),
        }
    }

    fn plainly(&self, kinds: BTreeSet<&Kind>) -> Vec<String> {
        plainly(self.case, kinds)
    }
}

/// The kinds in plain words. Who has the address has its parts too.
fn plainly(case: &Case<'_>, mut kinds: BTreeSet<&Kind>) -> Vec<String> {
    if kinds.iter().any(|kind| kind.as_str() == "visited-url") {
        kinds.retain(|kind| !["visited-url-part", "visited-host"].contains(&kind.as_str()));
    }
    let plain =
        |kind: &Kind| case.knowledge.kinds.kind(kind.as_str()).map_or_else(|| kind.to_string(), |k| k.says.clone());
    kinds.into_iter().map(plain).collect()
}

/// `1 visit`, `2 searches`
pub(super) fn count(n: u32, what: &str) -> String {
    let plural = match what {
        "search" => "searches".to_owned(),
        "folder or screen opened" => "folders or screens opened".to_owned(),
        _ => format!("{what}s"),
    };
    if n == 1 { format!("1 {what}") } else { format!("{n} {plural}") }
}

/// `a, b and c`
pub(super) fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
