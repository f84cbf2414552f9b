//! Unexplained values as an obstacle between "nothing was seen" and "kept".
//!
//! An unexplained value breaks no promise. But "nothing is reported" cannot be
//! called kept while an unexplained value depends on what was visited.

use std::collections::{BTreeMap, BTreeSet};

use model::Mode;

use super::scope::PromisePhases;
use crate::{
    InstrumentCache,
    fields::{
        contrast::{ContrastResult, ExtraField},
        piece_of,
        table::{GroupKey, SITES},
        twins::{TwinField, TwinResult},
    },
    instruments::{GroupReading, InstrumentReadings, in_mode},
};

impl PromisePhases<'_> {
    /// The first unexplained value that appears only with use, or that is the
    /// same for the same site.
    pub(super) fn unexplained(&self, instruments: &InstrumentCache<'_>) -> Option<String> {
        let all = instruments.read(&self.stretch());
        let readings = self.at_stake(&all);
        let extra = readings.iter().find_map(|(_, reading)| match &reading.contrast {
            ContrastResult::Run { extra, .. } => extra.iter().find(|extra| self.could_be_told_by(extra)),
            ContrastResult::NotRun(_) => None,
        });
        if let Some(extra) = extra {
            return Some(format!(
                "{} was sent more when the subject was used, and at {} stand values that differ from visit to visit and that nobody accounts for (contrast with installs left alone, max-T permutation test, p = {:.4}).",
                self.host_named(&extra.host),
                extra.place,
                extra.p
            ));
        }
        let alike = readings.iter().find_map(|(_, reading)| match &reading.twins {
            TwinResult::Run { alike, .. } => {
                alike.iter().find(|alike| self.is_about_visits() && self.may_concern(&alike.host))
            }
            TwinResult::NotRun(_) => None,
        });
        alike.map(|TwinField { host, place, p }| {
            format!(
                "{} was sent values at {place} that are the same when the same site is visited again, and others when it is not (twin visits, max-T permutation test, p = {p:.4}).",
                self.host_named(host)
            )
        })
    }

    /// Why one of the tests did not run; without both, no promise is called
    /// kept.
    pub(super) fn not_run(&self, instruments: &InstrumentCache<'_>) -> Option<String> {
        let all = instruments.read(&self.stretch());
        let readings = self.at_stake(&all);
        let missing = |name: &str, why: &dyn Fn(&GroupReading) -> Option<String>| {
            let mut by_mode: BTreeMap<Mode, Option<String>> = BTreeMap::new();
            for (key, reading) in &readings {
                let why = why(reading);
                let known = by_mode.entry(key.mode).or_insert_with(|| why.clone());
                if why.is_none() {
                    *known = None;
                }
            }
            let (mode, why) = by_mode.into_iter().find_map(|(mode, why)| Some((mode, why?)))?;
            Some(format!("{name} was not run: {}{why}.", in_mode(mode)))
        };
        let contrast = missing("the contrast with installs left alone", &|reading| match &reading.contrast {
            ContrastResult::NotRun(why) => Some(why.clone()),
            ContrastResult::Run { .. } => None,
        });
        contrast.or_else(|| {
            let twins = missing("the test by twin visits", &|reading| match &reading.twins {
                TwinResult::NotRun(why) => Some(why.clone()),
                TwinResult::Run { .. } => None,
            });
            twins.filter(|_| self.is_about_visits())
        })
    }

    /// The readings of the groups of trials in which the promise was exercised.
    fn at_stake<'i>(&self, readings: &'i InstrumentReadings<'_>) -> Vec<(GroupKey, &'i GroupReading)> {
        let trials = self.exercised.done.iter().filter_map(|phase| self.case.trial(self.case.phases[*phase].trial));
        let keys: BTreeSet<GroupKey> = trials.map(|trial| GroupKey::of(self.case, trial)).collect();
        keys.into_iter().filter_map(|key| readings.groups.get(&key).map(|reading| (key, reading))).collect()
    }

    /// Whether an extra field could be a report that the promise forbids: its
    /// values differ between visits, and it is not just a piece of data that
    /// the promise is not about.
    fn could_be_told_by(&self, extra: &ExtraField) -> bool {
        let pieces = self.kinds.iter().fold(0, |pieces, kind| pieces | piece_of(kind));
        extra.differs && (extra.piece == 0 || extra.piece & pieces != 0) && self.may_concern(&extra.host)
    }

    fn is_about_visits(&self) -> bool {
        self.kinds.iter().any(|kind| piece_of(kind) == 1)
    }

    /// Whether the promise covers a host of this registrable domain; the
    /// visited sites are always covered.
    fn may_concern(&self, host: &str) -> bool {
        let hosts = self.case.destinations.iter().filter(|destination| destination.site == host);
        host == SITES
            || hosts.clone().count() == 0
            || hosts.clone().any(|destination| self.covers_host(&destination.host))
    }

    fn host_named(&self, host: &str) -> String {
        let mut hosts = self.case.destinations.iter().filter(|destination| destination.site == host);
        match (hosts.next(), hosts.next()) {
            (Some(only), None) => only.host.clone(),
            _ => host.to_owned(),
        }
    }

    /// The hosts that got the most unexplained bits in one step.
    pub(super) fn unexplained_bits(&self, instruments: &InstrumentCache<'_>) -> Vec<(String, u32)> {
        const SHOWN: usize = 3;
        let mut by_act: BTreeMap<(&str, usize), u32> = BTreeMap::new();
        let readings = instruments.read(&self.stretch());
        for key in readings.table.rows.keys().filter(|key| self.may_concern(key.host)) {
            for (_, sent) in readings.table.unexplained(key) {
                let at_stake = sent.iter().filter(|one| self.exercised.done.contains(&one.phase));
                let distinct: BTreeMap<(usize, u64), u16> =
                    at_stake.map(|one| ((one.phase, one.value.digest), one.value.bits)).collect();
                for ((phase, _), bits) in distinct {
                    *by_act.entry((key.host, phase)).or_default() += u32::from(bits);
                }
            }
        }
        let mut most: BTreeMap<&str, u32> = BTreeMap::new();
        for ((host, _), bits) in by_act {
            let known = most.entry(host).or_default();
            *known = bits.max(*known);
        }
        let mut most: Vec<(String, u32)> = most.into_iter().map(|(host, bits)| (host.to_owned(), bits)).collect();
        most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        most.truncate(SHOWN);
        most
    }
}
