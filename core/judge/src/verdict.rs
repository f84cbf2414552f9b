//! Promises: kept, broken, unclear or untested.
//!
//! *Broken* needs one sighting that can be replayed. *Kept* needs that the act
//! was done often enough, that the controls behaved, and that nothing which
//! could not be read stands in the way; it says how much it still leaves open.
//! Everything else is *unclear* and says what stood in the way, or *untested*
//! and says why. Never "proven private".

use std::collections::BTreeSet;

use knowledge::promises::Promise;
use model::{Act, Kind, Mode, Side};

use crate::{Case, Seen, upper_bound};

/// Visits and installs without which nothing is called kept.
const VISITS: u32 = 30;
const INSTALLS: u32 = 2;

/// What became of a promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub promise: String,
    pub quote: String,
    pub word: Word,
    /// One sentence with the evidence or what stood in the way.
    pub because: String,
    /// Which of the case's sightings show it.
    pub evidence: Vec<usize>,
    pub visits: u32,
    pub installs: u32,
    /// For *kept*: the rate above which a leak would have shown, 95 %.
    pub bound: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    Kept,
    Unclear,
    Untested,
    Broken,
}

impl Word {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unclear => "unclear",
            Self::Untested => "untested",
            Self::Broken => "broken",
        }
    }
}

/// The verdict on each promise that is about the subject.
pub fn verdicts(case: &Case<'_>) -> Vec<Verdict> {
    let Some(run) = case.run else { return vec![] };
    let about = case.knowledge.promises.iter().filter(|promise| promise.is_about(&run.subject.name));
    about.map(|promise| verdict(case, promise)).collect()
}

fn verdict(case: &Case<'_>, promise: &Promise) -> Verdict {
    let trial = Tested::new(case, promise);
    let said = |word, because: String| Verdict {
        promise: promise.id.clone(),
        quote: promise.quote.clone(),
        word,
        because,
        evidence: vec![],
        visits: trial.visits(),
        installs: trial.installs(),
        bound: None,
    };
    let (broken, unknown) = trial.breaches();
    if !broken.is_empty() {
        let because = trial.accusation(&broken);
        return Verdict { evidence: broken, ..said(Word::Broken, because) };
    }
    if let Some(because) = trial.untested() {
        return said(Word::Untested, because);
    }
    if let Some(because) = trial.unclear(&unknown) {
        return Verdict { evidence: unknown, ..said(Word::Unclear, because) };
    }
    let bound = upper_bound(trial.visits());
    let because = trial.acquittal(bound);
    Verdict { bound: Some(bound), ..said(Word::Kept, because) }
}

/// A promise, and the phases that can speak about it.
struct Tested<'a> {
    case: &'a Case<'a>,
    promise: &'a Promise,
    kinds: Vec<Kind>,
    /// Phases in which an act put the promise at stake, reached or not.
    staked: Vec<usize>,
    /// Those of them whose page was seen to be opened.
    exercised: Vec<usize>,
}

impl<'a> Tested<'a> {
    fn new(case: &'a Case<'a>, promise: &'a Promise) -> Self {
        let kinds = promise.kinds();
        let staked: Vec<usize> = (0..case.phases.len())
            .filter(|phase| {
                let at = &case.phases[*phase];
                promise.mode().is_none_or(|mode| at.mode == mode)
                    && (promise.when.switch.is_empty() || case.stands(*phase, &promise.when.switch))
                    && stakes(at.act, &kinds)
            })
            .collect();
        let exercised = staked.iter().copied().filter(|phase| case.was_reached(*phase)).collect();
        Self { case, promise, kinds, staked, exercised }
    }

    fn visits(&self) -> u32 {
        self.exercised.len() as u32
    }

    fn installs(&self) -> u32 {
        let trials = self.exercised.iter().filter_map(|phase| self.case.trial(self.case.phases[*phase].trial));
        trials.map(|trial| trial.install).collect::<BTreeSet<u32>>().len() as u32
    }

    /// Sightings that break the promise, and those of which only the sender is
    /// unknown.
    fn breaches(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut broken, mut unknown) = (vec![], vec![]);
        for (i, seen) in self.case.seen.iter().enumerate() {
            if !self.is_forbidden(seen) {
                continue;
            }
            match seen.side.side {
                Side::Native => broken.push(i),
                Side::Extension if self.is_own_extension() => broken.push(i),
                Side::Unknown | Side::Extension => unknown.push(i),
                Side::Page | Side::Caused => {}
            }
        }
        (broken, unknown)
    }

    fn is_forbidden(&self, seen: &Seen) -> bool {
        let sighting = &seen.sighting;
        let Some(phase) = self.case.about(seen) else { return false };
        let plant = self.case.plant(sighting);
        let at = &self.case.phases[phase];
        let in_time = || {
            let thrown = (0..=phase)
                .rev()
                .find(|p| self.case.phases[*p].trial == at.trial && !self.case.phases[*p].switches.is_empty());
            thrown.is_none_or(|p| seen.at.0 >= self.case.phases[p].at.0 + self.promise.grace())
        };
        self.kinds.contains(&sighting.kind)
            && seen.replayed
            && !sighting.weak
            && plant.is_none_or(|plant| !plant.canary.decoy)
            && self.promise.mode().is_none_or(|mode| at.mode == mode)
            && (self.promise.when.switch.is_empty() || self.case.stands(phase, &self.promise.when.switch))
            && in_time()
            && !(self.promise.never.to.is_some() && self.is_to_its_site(seen))
            && (!self.promise.is_about_anonymity() || self.stands_beside_identifier(seen))
    }

    /// The site may know that it is visited, and the engine what it is asked.
    fn is_to_its_site(&self, seen: &Seen) -> bool {
        let host = &self.case.destinations[seen.destination].host;
        self.case.plant(&seen.sighting).and_then(|plant| plant.site.as_ref()).is_some_and(|site| site == host)
    }

    fn stands_beside_identifier(&self, seen: &Seen) -> bool {
        self.case
            .identifiers
            .iter()
            .any(|identifier| identifier.exchanges.iter().any(|(exchange, _)| *exchange == seen.sighting.exchange))
    }

    /// The subject's file names the extension as its own; Candor's audits load no other.
    fn is_own_extension(&self) -> bool {
        self.case.run.is_some_and(|run| !run.subject.extensions.is_empty())
    }

    fn untested(&self) -> Option<String> {
        if self.staked.is_empty() {
            let what = match self.promise.mode() {
                Some(Mode::Private) => "nothing was visited, searched or typed in private mode",
                _ => "nothing was done that could have broken it",
            };
            let failed = self.case.trials.iter().filter_map(|trial| trial.failed.as_deref()).next();
            return Some(match (failed, self.case.early) {
                (Some(why), _) => format!("{what}: a trial failed ({why})"),
                (None, Some(why)) => format!("{what}: the run ended early ({why})"),
                (None, None) => format!("{what}."),
            });
        }
        if self.exercised.is_empty() {
            let sealed = self.case.traffic.iter().any(|one| one.sealed && self.is_site(&one.host));
            return Some(if sealed {
                "no page was read: the subject refused our certificate, so the instrument was blind.".into()
            } else {
                "no page was seen to be opened through Candor, so the subject went another way or nowhere.".into()
            });
        }
        None
    }

    fn is_site(&self, host: &str) -> bool {
        self.case.plants.iter().any(|plant| plant.site.as_deref() == Some(host))
    }

    /// The first thing that stands between "nothing was seen" and "kept".
    fn unclear(&self, unknown: &[usize]) -> Option<String> {
        let case = self.case;
        let run = case.run?;
        if let Some(first) = unknown.first() {
            let host = &case.destinations[case.seen[*first].destination].host;
            return Some(format!("{host} was sent it, and who sent that is unknown."));
        }
        if !run.bypass_watched {
            return Some(
                "bypass not watched: the subject ran outside a namespace of its own, so traffic could have gone past Candor."
                    .into(),
            );
        }
        if let Some(says) = self.is_blind() {
            return Some(says);
        }
        if let Some(host) = self.unread() {
            return Some(format!("{host} was sent more than in the trial without visits, and that could not be read."));
        }
        if !case.trials.iter().any(|trial| trial.arm.blank && trial.failed.is_none()) {
            return Some("the control is missing: no trial without visits came to its end.".into());
        }
        if self.promise.mode() == Some(Mode::Private) && !case.has_trial(Mode::Normal, false) {
            return Some("the control is missing: no trial in normal mode came to its end.".into());
        }
        let decoys = case.seen.iter().filter(|s| case.plant(&s.sighting).is_some_and(|p| p.canary.decoy)).count();
        if decoys > 0 {
            return Some(format!(
                "the instrument raised {decoys} false alarms: values were seen that were never used."
            ));
        }
        let (visits, installs) = (self.visits(), self.installs());
        (visits < VISITS || installs < INSTALLS).then(|| {
            let early = case.early.map(|why| format!("; the run ended early ({why})")).unwrap_or_default();
            format!(
                "too few: nothing was seen in {} over {}, and at least {VISITS} over {INSTALLS} are needed{early}.",
                count(visits, "visit"),
                count(installs, "fresh install")
            )
        })
    }

    /// A subject that is known to report, and of which nothing is seen even in
    /// normal mode, is not silent: we are blind.
    fn is_blind(&self) -> Option<String> {
        let case = self.case;
        let run = case.run?;
        let subject = case.knowledge.subjects.iter().find(|subject| subject.name == run.subject.name);
        let edition = subject.and_then(|subject| subject.edition(run.subject.edition.as_deref()));
        let reports = edition.and_then(|edition| edition.reports).or(subject.map(|s| s.reports)).unwrap_or(false);
        let normal_shows = case.seen.iter().any(|seen| {
            matches!(seen.side.side, Side::Native | Side::Extension)
                && seen.trial.and_then(|id| case.trial(id)).is_some_and(|trial| trial.arm.mode == Mode::Normal)
                && case.plant(&seen.sighting).is_some()
        });
        if reports && case.has_trial(Mode::Normal, false) && !normal_shows {
            return Some(
                "the instrument is blind: this subject is known to report in normal mode, and nothing of it was seen."
                    .into(),
            );
        }
        let native = case.traffic.iter().filter(|one| one.side != Side::Page && one.side != Side::Caused);
        let (sealed, open): (Vec<_>, Vec<_>) = native.partition(|one| one.sealed);
        (!sealed.is_empty() && open.is_empty())
            .then(|| "the instrument is blind: the subject let us into none of its own connections.".into())
    }

    /// A host that was sent more unread traffic while the promise was at stake
    /// than in the trial without visits.
    fn unread(&self) -> Option<String> {
        let case = self.case;
        let unread = || case.traffic.iter().filter(|one| one.sealed && !matches!(one.side, Side::Page | Side::Caused));
        let hosts: BTreeSet<&str> = unread().map(|one| one.host.as_str()).collect();
        let blank = |host: &str| {
            let in_blank = |one: &&crate::Traffic| {
                one.host == host && one.trial.and_then(|id| case.trial(id)).is_some_and(|trial| trial.arm.blank)
            };
            unread().filter(in_blank).count()
        };
        let trials: BTreeSet<u32> = self.staked.iter().map(|phase| case.phases[*phase].trial).collect();
        let busiest = |host: &str| {
            let count = |trial: &u32| {
                let there = |one: &&crate::Traffic| {
                    one.host == host
                        && one.trial == Some(*trial)
                        && one.phase.is_some_and(|phase| self.staked.contains(&phase))
                };
                unread().filter(there).count()
            };
            trials.iter().map(count).max().unwrap_or(0)
        };
        hosts.into_iter().find(|host| busiest(host) > blank(host)).map(str::to_owned)
    }

    fn accusation(&self, broken: &[usize]) -> String {
        let case = self.case;
        let mut by_host: Vec<(usize, Vec<&Seen>)> = Vec::new();
        for seen in broken.iter().map(|i| &case.seen[*i]) {
            match by_host.iter_mut().find(|(destination, _)| *destination == seen.destination) {
                Some((_, of_host)) => of_host.push(seen),
                None => by_host.push((seen.destination, vec![seen])),
            }
        }
        let told: Vec<String> = by_host
            .iter()
            .map(|(destination, of_host)| {
                let kinds = self.plainly(of_host.iter().map(|seen| &seen.sighting.kind).collect());
                let visits: BTreeSet<usize> = of_host.iter().filter_map(|seen| case.about(seen)).collect();
                let plainly = of_host.iter().any(|seen| seen.sighting.guise == model::Guise::Plain);
                let guise = if plainly { String::new() } else { format!(", as {}", of_host[0].sighting.guise) };
                format!(
                    "{} was sent {}{guise} in {} of {}",
                    self.named(*destination),
                    listed(&kinds),
                    visits.len(),
                    count(self.visits().max(visits.len() as u32), "act")
                )
            })
            .collect();
        let beside = if self.promise.is_about_anonymity() { ", each time beside an identifier that stays" } else { "" };
        format!("{}{beside}{}.", told.join("; "), self.condition())
    }

    fn acquittal(&self, bound: f64) -> String {
        format!(
            "nothing of the kind was seen in {} over {}; a leak at more than {:.1} % of visits would have shown (95 %){}. This is said of these installs only.",
            count(self.visits(), "visit"),
            count(self.installs(), "fresh install"),
            bound * 100.0,
            self.condition()
        )
    }

    fn condition(&self) -> &'static str {
        match self.case.run {
            Some(run) if run.sinkhole => ", without the maker's remote configuration",
            _ => "",
        }
    }

    fn named(&self, destination: usize) -> String {
        let destination = &self.case.destinations[destination];
        match (&destination.owner, &destination.seat) {
            (Some(owner), Some(seat)) => format!("{} ({owner}, {seat})", destination.host),
            _ => destination.host.clone(),
        }
    }

    /// The kinds in plain words. Who has the address has its parts too.
    fn plainly(&self, mut kinds: BTreeSet<&Kind>) -> Vec<String> {
        if kinds.iter().any(|kind| kind.as_str() == "visited-url") {
            kinds.retain(|kind| !["visited-url-part", "visited-host"].contains(&kind.as_str()));
        }
        kinds.into_iter().map(|kind| self.plain(kind)).collect()
    }

    fn plain(&self, kind: &Kind) -> String {
        self.case.knowledge.kinds.kind(kind.as_str()).map_or_else(|| kind.to_string(), |info| info.says.clone())
    }
}

/// Whether an act gives out something of these kinds.
fn stakes(act: Act, kinds: &[Kind]) -> bool {
    let has = |names: &[&str]| kinds.iter().any(|kind| names.contains(&kind.as_str()));
    let visited = ["visited-url", "visited-url-part", "visited-host", "page-title"];
    match act {
        Act::Visit | Act::Download => has(&visited),
        Act::Form => has(&visited) || has(&["typed-text"]),
        Act::Search => has(&["search"]),
        Act::Type => has(&["typed-text"]),
        Act::Open => has(&["folder", "screen-name", "file-path"]),
        _ => false,
    }
}

fn count(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
