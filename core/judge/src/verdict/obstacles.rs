//! What stands between "nothing was seen" and "kept".

use std::collections::{BTreeMap, BTreeSet};

use model::{Act, Mode, Side, Trial};

use super::{
    INSTALLS, VISITS,
    scope::{Breaches, Scope},
    sentences::{count, listed},
};
use crate::{Case, Dependence, Tested};

/// Installs with two sessions each without which no value is told to be an
/// identifier.
const TOLD_APART: usize = 3;

impl Scope<'_> {
    /// Why nothing at all can be said.
    pub(super) fn untested(&self, breaches: &Breaches) -> Option<String> {
        let case = self.case;
        if self.staked.is_empty() {
            let what = self.not_done();
            let failed = case.trials.iter().find_map(|trial| trial.failed.as_deref());
            return Some(match (failed, case.early) {
                (Some(why), _) => format!("{what}: a trial failed ({why})"),
                (None, Some(why)) => format!("{what}: the run ended early ({why})"),
                (None, None) => format!("{what}."),
            });
        }
        if !self.staked.iter().any(|phase| case.was_done(*phase)) {
            let sealed = case.traffic.iter().any(|one| one.sealed && self.is_site(&one.host));
            return Some(if sealed {
                "no page was read: the subject refused our certificate, so the instrument was blind.".into()
            } else {
                "no page was seen to be opened through Candor, so the subject went another way or nowhere.".into()
            });
        }
        if let Some(first) = breaches.nowhere.first() {
            let host = &case.destinations[case.seen[*first].destination].host;
            return Some(format!(
                "{host} was sent it, and where that server stands is not known: in a sinkhole no server is contacted, and nobody documented it."
            ));
        }
        None
    }

    fn not_done(&self) -> &'static str {
        if self.promise.is_about_turning_off() {
            return "nothing was turned off and used afterwards";
        }
        if !self.promise.when.switches.is_empty() {
            return "nothing was done with the switch in that position";
        }
        match self.promise.mode() {
            Some(Mode::Private) => "nothing was visited, searched or typed in private mode",
            _ => "nothing was done that could have broken it",
        }
    }

    fn is_site(&self, host: &str) -> bool {
        self.case.plants.iter().any(|plant| plant.site.as_deref() == Some(host))
    }

    /// The first thing that stands in the way.
    pub(super) fn unclear(&self, breaches: &Breaches, dependence: &Dependence) -> Option<String> {
        let case = self.case;
        if let Some(first) = breaches.unknown.first() {
            let host = &case.destinations[case.seen[*first].destination].host;
            return Some(format!("{host} was sent it, and who sent that is unknown."));
        }
        bypass(case)
            .or_else(|| blind(case))
            .or_else(|| self.depends(dependence))
            .or_else(|| self.unread(dependence))
            .or_else(|| case.recall.obstacle())
            .or_else(|| self.uncontrolled())
            .or_else(|| self.reference.obstacle(self.promise.mode()))
            .or_else(|| false_alarms(case))
            .or_else(|| self.nameless())
            .or_else(|| self.too_few())
    }

    /// Unread traffic that was shown to depend on what was done.
    fn depends(&self, dependence: &Dependence) -> Option<String> {
        let mode = self.promise.mode();
        let concerns = |of: Mode| mode.is_none_or(|mode| of == mode || of == Mode::Unknown);
        let on_use = dependence.on_use.depends().iter().map(|one| (one, "use"));
        let on_address = dependence.on_address.depends().iter().map(|one| (one, "the address visited"));
        let (found, on) = on_address.chain(on_use).find(|(one, _)| concerns(one.mode) && self.concerns(&one.host))?;
        Some(format!(
            "{} was sent {} that could not be read, and how much depends on {on} (sealed-depends, p = {:.4}).",
            found.host,
            found.measure.word(),
            found.p
        ))
    }

    /// A host whose unread traffic covers the promise: it came with the act, or
    /// after it, where a queue is sent, and there was more of it than where
    /// nothing was done.
    fn unread(&self, dependence: &Dependence) -> Option<String> {
        let case = self.case;
        let hosts: BTreeSet<&str> =
            case.traffic.iter().filter(|one| one.is_unread()).map(|one| one.host.as_str()).collect();
        let mut first: BTreeMap<u32, usize> = BTreeMap::new();
        self.staked.iter().for_each(|phase| {
            first.entry(case.phases[*phase].trial).or_insert(*phase);
        });
        let covers = |host: &&str| {
            if !self.concerns(host) {
                return false;
            }
            let unread = Unread { case, host };
            let alone = unread.left_alone();
            let mut trials = first.iter().filter_map(|(trial, first)| Some((case.trial(*trial)?, *first)));
            trials.any(|(trial, first)| {
                let as_long = alone.as_long(case.seconds(trial));
                unread.count(trial, |phase| self.staked.contains(&phase)) > alone.whole
                    || unread.count(trial, |phase| phase >= first && !case.begins(phase)) > as_long
                    || unread.starts(trial).any(|(phase, count)| phase > first && count > alone.start)
            })
        };
        let host = hosts.into_iter().find(covers)?;
        let tested = match &dependence.on_use {
            Tested::Untested(why) => format!(" Whether it depends on use is untested: {why}."),
            _ => String::new(),
        };
        Some(format!("{host} was sent more than in the trial without visits, and that could not be read.{tested}"))
    }

    /// Whether what a host is sent could break the promise at all: a promise
    /// about the maker is not broken at a host that is known to be another's.
    fn concerns(&self, host: &str) -> bool {
        let of_host = self.case.destinations.iter().filter(|destination| destination.host == host);
        let mut owned = of_host.filter(|destination| destination.owner.is_some());
        !self.promise.is_about_the_maker() || owned.all(|destination| self.is_the_makers(destination))
    }

    fn uncontrolled(&self) -> Option<String> {
        let case = self.case;
        if !case.trials.iter().any(|trial| trial.arm.blank && case.is_complete(trial)) {
            return Some("the control is missing: no trial without visits came to its end.".into());
        }
        (self.promise.mode() == Some(Mode::Private) && !case.has_trial(Mode::Normal, false))
            .then(|| "the control is missing: no trial in normal mode came to its end.".into())
    }

    /// Identifiers are told by comparing installs; with too few nobody knows them.
    fn nameless(&self) -> Option<String> {
        let case = self.case;
        let sessions = |install: u32| {
            let of_install = |phase: &&model::Phase| case.trial(phase.trial).is_some_and(|t| t.install == install);
            case.phases.iter().filter(of_install).map(|phase| phase.session).collect::<BTreeSet<u32>>().len()
        };
        let installs: BTreeSet<u32> = case.trials.iter().map(|trial| trial.install).collect();
        let told_apart = installs.into_iter().filter(|install| sessions(*install) >= 2).count();
        let about_them = self.promise.is_about_anonymity() || self.promise.is_about_identifiers();
        (about_them && told_apart < TOLD_APART).then(|| {
            format!(
                "identifiers show only in {TOLD_APART} installs with two sessions each, and there were {told_apart}."
            )
        })
    }

    fn too_few(&self) -> Option<String> {
        let (visits, installs) = (self.exercised.acts(), self.exercised.installs(self.case));
        (visits < VISITS || installs < INSTALLS).then(|| {
            let early = self.case.early.map(|why| format!("; the run ended early ({why})")).unwrap_or_default();
            format!(
                "too few: nothing was seen in {} over {}, and at least {VISITS} over {INSTALLS} are needed{early}.",
                self.acts(),
                count(installs, "fresh install")
            )
        })
    }
}

fn bypass(case: &Case<'_>) -> Option<String> {
    let watched = case.run.is_some_and(|run| run.bypass_watched);
    (!watched).then(|| {
        "bypass not watched: the subject ran outside a namespace of its own, so traffic could have gone past Candor."
            .into()
    })
}

/// A subject that is known to report, and of which nothing is seen even in
/// normal mode, is not silent: we are blind.
fn blind(case: &Case<'_>) -> Option<String> {
    let edition = case.run.and_then(|run| run.subject.edition.as_deref());
    let reports = case.subject().is_some_and(|subject| subject.is_known_to_report(edition));
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

fn false_alarms(case: &Case<'_>) -> Option<String> {
    let decoy = |seen: &&crate::Seen| case.plant(&seen.sighting).is_some_and(|plant| plant.canary.decoy);
    let decoys: Vec<&crate::Seen> = case.seen.iter().filter(decoy).collect();
    let hosts: BTreeSet<&str> = decoys.iter().map(|seen| case.destinations[seen.destination].host.as_str()).collect();
    let hosts: Vec<String> = hosts.into_iter().map(str::to_owned).collect();
    (!decoys.is_empty()).then(|| {
        let count = decoys.len();
        format!(
            "the instrument raised {count} false alarms, at {}: values were seen that were never used.",
            listed(&hosts)
        )
    })
}

/// The exchanges with one host that could not be read.
struct Unread<'a> {
    case: &'a Case<'a>,
    host: &'a str,
}

/// The most of them where nothing was done.
#[derive(Default)]
struct LeftAlone {
    /// In a whole trial.
    whole: usize,
    /// From one start of the subject to its next step.
    start: usize,
    /// In each trial, with how many seconds it took.
    each: Vec<(usize, f64)>,
}

impl LeftAlone {
    /// In a trial of so many seconds, had there been one.
    fn as_long(&self, seconds: f64) -> usize {
        let scaled = |(count, took): &(usize, f64)| {
            let times = (seconds / took.max(1.0)).max(1.0);
            (*count as f64 * times).ceil() as usize
        };
        self.each.iter().map(scaled).max().unwrap_or_default()
    }
}

impl Unread<'_> {
    fn count(&self, trial: &Trial, within: impl Fn(usize) -> bool) -> usize {
        let of_trial = self.case.traffic.iter().filter(|one| one.trial == Some(trial.id));
        let unread = of_trial.filter(|one| one.is_unread() && one.host == self.host);
        unread.filter(|one| one.phase.is_some_and(&within)).count()
    }

    /// Each start in a trial, with its count.
    fn starts(&self, trial: &Trial) -> impl Iterator<Item = (usize, usize)> {
        let starts = (0..self.case.phases.len()).filter(|phase| self.case.phases[*phase].trial == trial.id);
        let starts = starts.filter(|phase| self.case.begins(*phase));
        starts.map(|start| (start, self.count(trial, |phase| phase == start)))
    }

    fn left_alone(&self) -> LeftAlone {
        let case = self.case;
        let mut most = LeftAlone::default();
        for blank in case.trials.iter().filter(|blank| blank.arm.blank && case.is_complete(blank)) {
            let count = self.count(blank, |_| true);
            most.whole = most.whole.max(count);
            most.each.push((count, case.seconds(blank)));
            most.start = self.starts(blank).map(|(_, count)| count).fold(most.start, usize::max);
        }
        most
    }
}

impl Case<'_> {
    /// Whether a phase begins with the start of the subject, which sends what
    /// it sends at each start.
    fn begins(&self, phase: usize) -> bool {
        matches!(self.phases[phase].act, Act::Start | Act::Restart | Act::Later)
    }
}
