//! The values that a subject itself sent, by host and place.

use std::collections::{BTreeMap, BTreeSet};

use model::{Act, ArmRole, Initiator, Mode, RunSwitch, Trial};

use super::{FieldValue, ValueClass};
use crate::{JudgeInput, JudgedExchange, instruments::RunSection, places::digest};

/// Values by host and place.
pub(crate) struct FieldTable<'a> {
    pub(crate) case: &'a JudgeInput<'a>,
    pub(crate) rows: BTreeMap<RowKey<'a>, Vec<SentValue<'a>>>,
    /// Values of each row that were sent in idle trials.
    blank: BTreeMap<RowKey<'a>, BTreeSet<u64>>,
}

/// A host, and a place in the requests to it. All visited sites count as one host. All hosts of a
/// registrable domain count as one too, because a host name itself can carry a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey<'a> {
    pub(crate) host: &'a str,
    pub(crate) place: &'a str,
}

/// One value that was sent.
#[derive(Clone, Copy)]
pub(crate) struct SentValue<'a> {
    pub(crate) by: &'a JudgedExchange,
    pub(crate) phase: usize,
    pub(crate) value: FieldValue,
}

/// The host name that stands for all visited sites.
pub(crate) const SITES: &str = "the sites visited";

/// The place name of the row that has host names as values.
const HOST: &str = "host";

/// The place name of the row that has field names as values: names that no idle trial sends.
const NAMES: &str = "names of fields";

impl<'a> FieldTable<'a> {
    /// The values that were sent in a section of the run.
    pub(crate) fn of(case: &'a JudgeInput<'a>, stretch: &RunSection) -> Self {
        let mut table = Self { case, rows: BTreeMap::new(), blank: BTreeMap::new() };
        let sites: BTreeSet<&str> = case.plants.iter().filter_map(|plant| plant.site.as_deref()).collect();
        let domains: BTreeMap<&str, &str> =
            case.destinations.iter().map(|one| (one.host.as_str(), one.site.as_str())).collect();
        let counts = |one: &&JudgedExchange| {
            let first = one.trial.and_then(|trial| stretch.first.get(&trial));
            first.zip(one.phase).is_some_and(|(first, phase)| phase >= *first)
                && !stretch.without.contains(&one.exchange)
        };
        for by in case.traffic.iter().filter(|one| is_own(one)).filter(counts) {
            let host = match by.host.as_str() {
                host if sites.contains(host) => SITES,
                host => domains.get(host).copied().unwrap_or(host),
            };
            table.add(by, host);
        }
        table.add_names();
        table
    }

    fn add(&mut self, by: &'a JudgedExchange, host: &'a str) {
        let Some(phase) = by.phase else { return };
        let blank = by.trial.and_then(|trial| self.case.trial(trial)).is_some_and(|trial| trial.arm.blank);
        let name = FieldValue {
            place: u32::MAX,
            digest: digest(by.host.as_bytes()),
            bits: name_bits(&by.host),
            sort: ValueClass::Unknown,
        };
        let names = if host == SITES { None } else { Some((HOST, name)) };
        let values = by.fields.iter().map(|value| (self.name(value.place), *value));
        for (place, value) in values.chain(names).collect::<Vec<_>>() {
            let key = RowKey { host, place };
            if blank {
                self.blank.entry(key).or_default().insert(value.digest);
            }
            self.rows.entry(key).or_default().push(SentValue { by, phase, value });
        }
    }

    fn name(&self, place: u32) -> &'a str {
        self.case.places.get(place as usize).map_or("", String::as_str)
    }

    /// Adds the names of fields as values, because a name can carry a report. Only names that never
    /// appear in idle trials count.
    fn add_names(&mut self) {
        let mut named: BTreeMap<&'a str, Vec<SentValue<'a>>> = BTreeMap::new();
        for (key, sent) in &self.rows {
            let last = key.place.rsplit(" ▸ ").next().unwrap_or_default();
            if key.place == HOST || self.blank.contains_key(key) || !last.contains(' ') {
                continue;
            }
            let bits = (last.len().min(1_000) * 5) as u16;
            let value =
                FieldValue { place: u32::MAX, digest: digest(key.place.as_bytes()), bits, sort: ValueClass::Unknown };
            let row = named.entry(key.host).or_default();
            let mut exchanges = BTreeSet::new();
            row.extend(
                sent.iter().filter(|one| exchanges.insert(one.by.exchange)).map(|one| SentValue { value, ..*one }),
            );
        }
        self.rows.extend(named.into_iter().map(|(host, sent)| (RowKey { host, place: NAMES }, sent)));
    }

    /// The unexplained values of a row, by trial. Explained are values that are also sent in idle
    /// trials, values that are sent in every trial with use, and numbers that only grow.
    pub(crate) fn unexplained(&self, key: &RowKey<'a>) -> BTreeMap<u32, Vec<SentValue<'a>>> {
        let mut by_trial: BTreeMap<u32, Vec<SentValue<'a>>> = BTreeMap::new();
        for sent in self.rows.get(key).into_iter().flatten() {
            by_trial.entry(sent.by.trial.unwrap_or_default()).or_default().push(*sent);
        }
        let used = by_trial.keys().filter(|trial| self.case.trial(**trial).is_some_and(|t| !t.arm.blank)).count();
        let mut trials_of: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (trial, sent) in &by_trial {
            for one in sent {
                trials_of.entry(one.value.digest).or_default().insert(*trial);
            }
        }
        let blank = self.blank.get(key);
        let is_constant = |digest: &u64| {
            blank.is_some_and(|blank| blank.contains(digest)) || used >= 3 && trials_of[digest].len() >= used
        };
        for (trial, sent) in &mut by_trial {
            let is_blank = self.case.trial(*trial).is_some_and(|trial| trial.arm.blank);
            let counts = counts(sent);
            sent.retain(|one| {
                let shared =
                    if is_blank { trials_of[&one.value.digest].len() > 1 } else { is_constant(&one.value.digest) };
                !(shared || counts && one.value.sort == ValueClass::Number)
            });
        }
        by_trial.retain(|_, sent| !sent.is_empty());
        by_trial
    }
}

/// Whether the subject itself (and no page) sent the exchange in a trial, and it could be read.
fn is_own(one: &JudgedExchange) -> bool {
    !matches!(one.side, Initiator::Page | Initiator::Caused) && one.trial.is_some() && !one.sealed
}

/// Bits that a host name can hold.
fn name_bits(host: &str) -> u16 {
    (host.len().min(253) * 5) as u16
}

/// Whether the numbers of a place only grow, so that they are a counter or a clock.
fn counts(sent: &[SentValue<'_>]) -> bool {
    let numbers: Vec<u64> =
        sent.iter().filter(|one| one.value.sort == ValueClass::Number).map(|one| one.value.digest).collect();
    let grows = numbers.windows(2).all(|pair| pair[0] <= pair[1]);
    numbers.len() >= 3 && grows && numbers.first() < numbers.last()
}

/// The properties that trials of one group share: mode, role, positions of switches, and switches
/// that are thrown. Trials of a group differ only in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupKey {
    pub(crate) mode: Mode,
    role: ArmRole,
    switches: Vec<RunSwitch>,
    thrown: Vec<RunSwitch>,
}

/// Complete trials with equal properties: idle ones and those with use.
#[derive(Clone, Default)]
pub(crate) struct TrialGroup<'a> {
    pub(crate) blank: Vec<&'a Trial>,
    pub(crate) used: Vec<&'a Trial>,
}

impl GroupKey {
    pub(crate) fn of(case: &JudgeInput<'_>, trial: &Trial) -> Self {
        let of_trial = case.phases.iter().filter(|phase| phase.trial == trial.id);
        let thrown = of_trial.flat_map(|phase| phase.switches.clone()).collect();
        Self { mode: trial.arm.mode, role: trial.arm.role, switches: trial.arm.switches.clone(), thrown }
    }
}

/// Sorts these trials into groups; incomplete trials are left out.
pub(crate) fn groups<'a>(case: &'a JudgeInput<'a>, of: &BTreeSet<u32>) -> BTreeMap<GroupKey, TrialGroup<'a>> {
    let mut groups: BTreeMap<GroupKey, TrialGroup<'a>> = BTreeMap::new();
    for trial in case.trials.iter().filter(|trial| of.contains(&trial.id) && case.is_complete(trial)) {
        let group = groups.entry(GroupKey::of(case, trial)).or_default();
        if trial.arm.blank { &mut group.blank } else { &mut group.used }.push(trial);
    }
    groups
}

impl TrialGroup<'_> {
    /// How often a trial starts the subject.
    pub(crate) fn starts(case: &JudgeInput<'_>, trial: &Trial) -> usize {
        let starts = |act: Act| matches!(act, Act::Start | Act::Restart | Act::Later);
        case.phases.iter().filter(|phase| phase.trial == trial.id && starts(phase.act)).count()
    }
}
