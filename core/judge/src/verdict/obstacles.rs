//! The obstacles between "nothing was seen" and "kept".

use std::collections::{BTreeMap, BTreeSet};

use model::{Initiator, Mode, Time};

use super::{
    INSTALLS, VISITS,
    scope::{BreachSightings, PromisePhases},
    sentences::{count, listed},
};
use crate::{InstrumentCache, JudgeInput, JudgedExchange, SealedDependence, TestResult};

/// Installs with two sessions each that are needed to recognise an identifier.
const TOLD_APART: usize = 3;

impl PromisePhases<'_> {
    /// Why the promise was not tested.
    pub(super) fn untested(&self, breaches: &BreachSightings) -> Option<String> {
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

    /// The first circumstance that may have hidden a report, with the sightings
    /// that show it.
    pub(super) fn hidden(
        &self,
        breaches: &BreachSightings,
        instruments: &InstrumentCache<'_>,
    ) -> Option<(String, Vec<usize>)> {
        let case = self.case;
        let host = |i: &usize| &case.destinations[case.seen[*i].destination].host;
        if let Some(first) = breaches.unknown.first() {
            let says = format!("{} was sent it, and who sent that is unknown.", host(first));
            return Some((says, breaches.unknown.clone()));
        }
        let dependence = case.dependence();
        let hidden = bypass(case)
            .or_else(|| blind(case))
            .or_else(|| self.depends(dependence))
            .or_else(|| self.unread(dependence))
            .or_else(|| self.unexplained(instruments))
            .or_else(|| case.recall.obstacle());
        if let Some(says) = hidden {
            return Some((says, vec![]));
        }
        if let Some(first) = breaches.weak.first() {
            let says =
                format!("{} was sent what may be it: the evidence is weak, as a guess is part of it.", host(first));
            return Some((says, breaches.weak.clone()));
        }
        let first = breaches.beside_constant.first()?;
        let says = format!(
            "{} was sent it beside a value that is the same in every install on this device: with one device nobody can tell a device's id from a constant.",
            host(first)
        );
        Some((says, breaches.beside_constant.clone()))
    }

    /// A promise that reports are anonymous is vacuous if nothing was reported.
    pub(super) fn vacuous(&self, breaches: &BreachSightings) -> Option<String> {
        (self.promise.is_about_anonymity() && !breaches.is_reported)
            .then(|| format!("nothing was reported that it could be about, in {}{}.", self.acts(), self.condition()))
    }

    /// The first condition for *kept* that is not met.
    pub(super) fn unproven(&self, instruments: &InstrumentCache<'_>) -> Option<String> {
        let case = self.case;
        self.uncontrolled()
            .or_else(|| case.reference().obstacle(self.promise.mode()))
            .or_else(|| false_alarms(case))
            .or_else(|| self.nameless())
            .or_else(|| self.too_few())
            .or_else(|| self.not_run(instruments))
    }

    /// Unreadable traffic that was shown to depend on what the person did.
    fn depends(&self, dependence: &SealedDependence) -> Option<String> {
        let mode = self.promise.mode();
        let concerns = |of: Mode| mode.is_none_or(|mode| of == mode || of == Mode::Unknown);
        let on_use = dependence.on_use.depends().iter().map(|one| (one, "use"));
        let on_address = dependence.on_address.depends().iter().map(|one| (one, "the address visited"));
        let (found, on) =
            on_address.chain(on_use).find(|(one, _)| concerns(one.mode) && self.covers_host(&one.host))?;
        Some(format!(
            "{} was sent {} that could not be read, and how much depends on {on} (sealed-depends, p = {:.4}).",
            found.host,
            found.measure.word(),
            found.p
        ))
    }

    /// Unreadable bytes that were sent after the first act to a host that the
    /// promise covers. They may be the report, also if they are sent on a
    /// timer.
    fn unread(&self, dependence: &SealedDependence) -> Option<String> {
        let case = self.case;
        let mut first: BTreeMap<u32, Time> = BTreeMap::new();
        for at in self.staked.iter().map(|phase| &case.phases[*phase]) {
            first.entry(at.trial).or_insert(at.at);
        }
        let is_after =
            |one: &&JudgedExchange| one.trial.and_then(|trial| first.get(&trial)).is_some_and(|act| one.at >= *act);
        let unread = case.traffic.iter().filter(|one| one.is_unread()).filter(is_after);
        let mut by_host: BTreeMap<&str, u64> = BTreeMap::new();
        for one in unread.filter(|one| self.covers_host(&one.host)) {
            *by_host.entry(&one.host).or_default() += one.unread_bytes();
        }
        let (host, bytes) = by_host.into_iter().next()?;
        let tested = match &dependence.on_use {
            TestResult::Untested(why) => format!(" Whether it depends on use is untested: {why}."),
            _ => String::new(),
        };
        Some(format!("{host} was sent {bytes} bytes after the first act that could not be read.{tested}"))
    }

    fn uncontrolled(&self) -> Option<String> {
        let case = self.case;
        if !case.trials.iter().any(|trial| trial.arm.blank && case.is_complete(trial)) {
            return Some("the control is missing: no trial without visits came to its end.".into());
        }
        (self.promise.mode() == Some(Mode::Private) && !case.has_trial(Mode::Normal, false))
            .then(|| "the control is missing: no trial in normal mode came to its end.".into())
    }

    /// Identifiers are recognised by comparing installs, so too few installs are
    /// an obstacle for promises about them.
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

fn bypass(case: &JudgeInput<'_>) -> Option<String> {
    let watched = case.run.is_some_and(|run| run.bypass_watched);
    (!watched).then(|| {
        "bypass not watched: the subject ran outside a namespace of its own, so traffic could have gone past Candor."
            .into()
    })
}

/// Whether Candor is blind. If a subject is known to report and no report is
/// seen even in normal mode, Candor misses the reports. The same holds if all
/// of the subject's own connections are sealed.
fn blind(case: &JudgeInput<'_>) -> Option<String> {
    let edition = case.run.and_then(|run| run.subject.edition.as_deref());
    let reports = case.subject().is_some_and(|subject| subject.is_known_to_report(edition));
    let normal_shows = case.seen.iter().any(|seen| {
        matches!(seen.side.side, Initiator::Native | Initiator::Extension)
            && seen.trial.and_then(|id| case.trial(id)).is_some_and(|trial| trial.arm.mode == Mode::Normal)
            && case.plant(&seen.sighting).is_some()
    });
    if reports && case.has_trial(Mode::Normal, false) && !normal_shows {
        return Some(
            "the instrument is blind: this subject is known to report in normal mode, and nothing of it was seen."
                .into(),
        );
    }
    let native = case.traffic.iter().filter(|one| one.side != Initiator::Page && one.side != Initiator::Caused);
    let (sealed, open): (Vec<_>, Vec<_>) = native.partition(|one| one.sealed);
    (!sealed.is_empty() && open.is_empty())
        .then(|| "the instrument is blind: the subject let us into none of its own connections.".into())
}

fn false_alarms(case: &JudgeInput<'_>) -> Option<String> {
    let decoy = |seen: &&crate::SightingContext| case.plant(&seen.sighting).is_some_and(|plant| plant.canary.decoy);
    let decoys: Vec<&crate::SightingContext> = case.seen.iter().filter(decoy).collect();
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
