//! Writes the reason of a verdict as one sentence in plain words.

use std::collections::BTreeSet;

use model::{Act, Kind};

use super::scope::{BreachSightings, PromisePhases};
use crate::{ActCount, InstrumentCache, JudgeInput, SightingContext, guise::was_sent, upper_bound};

impl PromisePhases<'_> {
    /// The text for a breach: which host was sent which data, how often, and
    /// the positions of the switches.
    pub(super) fn accusation(&self, breaches: &BreachSightings, count: &ActCount) -> String {
        let broken = &breaches.broken;
        let mut by_host: Vec<(usize, Vec<&SightingContext>)> = Vec::new();
        for seen in broken.iter().map(|i| &self.case.seen[*i]) {
            match by_host.iter_mut().find(|(destination, _)| *destination == seen.destination) {
                Some((_, of_host)) => of_host.push(seen),
                None => by_host.push((seen.destination, vec![seen])),
            }
        }
        let told: Vec<String> =
            by_host.iter().map(|(destination, of_host)| self.told(*destination, of_host, count)).collect();
        let near: Vec<String> = breaches.near.iter().map(|nearness| nearness.says()).collect();
        let beside = match near.as_slice() {
            [] => String::new(),
            near => format!(", each time beside an identifier that stays ({})", near.join("; ")),
        };
        format!("{}{beside}{}{}.", told.join("; "), self.with_switches(broken), self.condition())
    }

    fn told(&self, destination: usize, seen: &[&SightingContext], count: &ActCount) -> String {
        let kinds = self.plainly(seen.iter().map(|seen| &seen.sighting.kind).collect());
        let what = was_sent(seen, &listed(&kinds));
        let how_often = self.how_often(destination, seen, count);
        format!("{} was sent {what} {how_often}", self.named(destination))
    }

    /// `in 3 of 30 acts`. Reports about other acts, or about no act, are counted
    /// apart, because they are not among the acts at stake.
    fn how_often(&self, destination: usize, seen: &[&SightingContext], all: &ActCount) -> String {
        let told = all.told.values().filter(|to| to.contains(&destination)).count();
        let (mut others, mut requests) = (BTreeSet::new(), BTreeSet::new());
        for seen in seen {
            match self.case.about(seen).filter(|_| self.case.plant(&seen.sighting).is_some()) {
                Some(act) if all.done.contains(&act) => {}
                Some(act) => drop(others.insert(act)),
                None => drop(requests.insert(seen.sighting.exchange)),
            }
        }
        let mut parts = Vec::new();
        if told > 0 {
            parts.push(format!("in {told} of {}", count(all.acts(), "act")));
        }
        if !others.is_empty() {
            parts.push(format!("of {}", count(others.len() as u32, "earlier act")));
        }
        if !requests.is_empty() {
            parts.push(format!("in {}", count(requests.len() as u32, "request")));
        }
        listed(&parts)
    }

    /// The positions of the switches at the time of the breach, if the subject
    /// has switches.
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

    /// The text for *kept*: nothing was seen, and the rates of leaks that could
    /// still go unseen, for acts, installs, and each kind of act.
    pub(super) fn acquittal(&self, instruments: &InstrumentCache<'_>) -> String {
        let installs = self.exercised.installs(self.case);
        let percent = |n: u32| format!("{:.1} %", upper_bound(n) * 100.0);
        let kinds = self.kinds_of_acts();
        let each: Vec<String> = kinds.iter().map(|(n, what)| format!("{} of {}", percent(*n), plural(what))).collect();
        let each = if kinds.len() > 1 { format!(" (by kind: {})", listed(&each)) } else { String::new() };
        format!(
            "nothing of the kind was seen in {} over {}{}. Would have shown (95 %): a leak at more than {} of them{each}, and one in more than {} of installs.{} This is said of these installs only.",
            self.acts(),
            count(installs, "fresh install"),
            self.condition(),
            percent(self.exercised.acts()),
            percent(installs),
            self.accounted(instruments),
        )
    }

    /// The text about values that nothing explains.
    fn accounted(&self, instruments: &InstrumentCache<'_>) -> String {
        let most = self.unexplained_bits(instruments);
        let most: Vec<String> = most.iter().map(|(host, bits)| format!("{bits} bits to {host}")).collect();
        match most.as_slice() {
            [] => " All values that were sent in these steps are accounted for.".into(),
            most => format!(" Not accounted for, at most in one step: {}.", listed(most)),
        }
    }

    /// `34 acts (30 visits, 2 searches, 2 typed texts)`
    pub(super) fn acts(&self) -> String {
        let there: Vec<String> = self.kinds_of_acts().iter().map(|(n, what)| count(*n, what)).collect();
        match there.as_slice() {
            [] => count(0, "act"),
            [only] => only.clone(),
            several => format!("{} ({})", count(self.exercised.acts(), "act"), several.join(", ")),
        }
    }

    /// How many acts of each kind were done.
    fn kinds_of_acts(&self) -> Vec<(u32, &'static str)> {
        let done = |acts: &[Act]| {
            self.exercised.done.iter().filter(|phase| acts.contains(&self.case.phases[**phase].act)).count() as u32
        };
        let kinds = [
            (done(&[Act::Visit]), "visit"),
            (done(&[Act::Form]), "form"),
            (done(&[Act::Search]), "search"),
            (done(&[Act::Type]), "typed text"),
            (done(&[Act::Download]), "download"),
            (done(&[Act::Open]), "folder or screen opened"),
            (done(&[Act::Start, Act::Restart, Act::Later]), "start"),
        ];
        kinds.into_iter().filter(|(n, _)| *n > 0).collect()
    }

    pub(super) fn condition(&self) -> &'static str {
        match self.case.run {
            Some(run) if run.sinkhole => ", without the maker's remote configuration",
            _ => "",
        }
    }

    fn named(&self, destination: usize) -> String {
        let destination = &self.case.destinations[destination];
        let standing = match &destination.hosted {
            Some(hosted) if self.promise.is_about_countries() => {
                format!(", server in {} ({})", hosted.country, hosted.because)
            }
            _ => String::new(),
        };
        let engine = self.case.is_the_engine(&destination.host);
        let engine = if engine { ", the search engine that its address bar is set to" } else { "" };
        match (&destination.owner, &destination.seat) {
            (Some(owner), Some(seat)) => format!("{} ({owner}, {seat}{standing}){engine}", destination.host),
            _ => format!("{}{engine}", destination.host),
        }
    }

    fn plainly(&self, kinds: BTreeSet<&Kind>) -> Vec<String> {
        plainly(self.case, kinds)
    }
}

/// The kinds in plain words. If the address is among them, its parts are left
/// out.
fn plainly(case: &JudgeInput<'_>, mut kinds: BTreeSet<&Kind>) -> Vec<String> {
    if kinds.iter().any(|kind| kind.as_str() == "visited-url") {
        kinds.retain(|kind| !["visited-url-part", "visited-host"].contains(&kind.as_str()));
    }
    let plain =
        |kind: &Kind| case.knowledge.kinds.kind(kind.as_str()).map_or_else(|| kind.to_string(), |k| k.says.clone());
    kinds.into_iter().map(plain).collect()
}

/// `1 visit`, `2 searches`
pub(super) fn count(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {}", plural(what)) }
}

fn plural(what: &str) -> String {
    match what {
        "search" => "searches".to_owned(),
        "folder or screen opened" => "folders or screens opened".to_owned(),
        _ => format!("{what}s"),
    }
}

/// `a, b and c`
pub(super) fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
