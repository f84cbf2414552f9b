//! *Contrast*: which fields does a subject send more of when it is used?
//!
//! The unit is a trial: trials with use are compared with idle trials. One
//! max-T permutation test covers all hosts and fields of the requests that the
//! subject itself sent. Extra values that nothing explains and that differ from
//! visit to visit could be a report. Extra requests with constants, clocks and
//! counters only tell that the subject is used.

use std::collections::{BTreeMap, BTreeSet};

use model::Trial;

use super::{
    ValueClass,
    table::{FieldTable, RowKey, SentValue, TrialGroup},
};
use crate::sealed::permute::divisions_of;

/// Chance of a false alarm, in each group of trials.
pub(crate) const ALPHA: f64 = 0.005;

/// Trials of each kind that the test needs: 5 + 5 trials can be divided in 252
/// ways, so p can be below 0.005; 4 + 4 only in 70.
const LEAST: usize = 5;

/// A trial with use may be this many times as long as the shortest idle trial.
const SPREAD: f64 = 3.0;

/// The result of the test in one group of trials.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ContrastResult {
    NotRun(String),
    Run { extra: Vec<ExtraField>, used: usize, blank: usize },
}

/// A field of which a host gets more when the subject is used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExtraField {
    pub(crate) host: String,
    pub(crate) place: String,
    /// Adjusted for the number of hosts and fields that were tested.
    pub(crate) p: f64,
    /// Kinds of planted values that the field holds pieces of; see
    /// [`super::piece_of`].
    pub(crate) piece: u8,
    /// Whether the field's values differ from visit to visit.
    pub(crate) differs: bool,
}

/// The place name of the row that counts requests.
const REQUESTS: &str = "requests";

pub(crate) fn contrast(table: &FieldTable<'_>, group: &TrialGroup<'_>) -> ContrastResult {
    if let Some(why) = refused(table, group) {
        return ContrastResult::NotRun(why);
    }
    let rows = rows(table, group);
    let weights: Vec<&[f64]> = rows.iter().map(|row| row.weights.as_slice()).collect();
    let p = max_t(&weights, group.blank.len());
    let found = rows.iter().zip(p).filter(|(_, p)| *p <= ALPHA);
    let extra = found.map(|(row, p)| ExtraField {
        host: row.key.host.to_owned(),
        place: row.key.place.to_owned(),
        p,
        piece: row.piece,
        differs: row.differs,
    });
    ContrastResult::Run { extra: extra.collect(), used: group.used.len(), blank: group.blank.len() }
}

/// Why these trials cannot be compared; none if they can.
fn refused(table: &FieldTable<'_>, group: &TrialGroup<'_>) -> Option<String> {
    let (used, blank) = (group.used.len(), group.blank.len());
    if used < LEAST || blank < LEAST {
        return Some(format!("there were {used} trials with use and {blank} without, and {LEAST} of each are needed"));
    }
    let starts = |trial: &&Trial| TrialGroup::starts(table.case, trial);
    let all: BTreeSet<usize> = group.used.iter().chain(&group.blank).map(starts).collect();
    if all.len() > 1 {
        return Some("its trials do not start the subject equally often".into());
    }
    let longest = group.used.iter().map(|trial| table.case.seconds(trial)).fold(0.0, f64::max);
    (longest > shortest(table, group) * SPREAD)
        .then(|| format!("a trial with use took {longest:.0} s, three times as long as one without"))
}

fn shortest(table: &FieldTable<'_>, group: &TrialGroup<'_>) -> f64 {
    group.blank.iter().map(|trial| table.case.seconds(trial)).fold(f64::INFINITY, f64::min).max(1.0)
}

/// One field, with its amount in each trial: first the idle trials, then those
/// with use.
struct ContrastRow<'a> {
    key: RowKey<'a>,
    piece: u8,
    weights: Vec<f64>,
    differs: bool,
}

fn rows<'a>(table: &FieldTable<'a>, group: &TrialGroup<'a>) -> Vec<ContrastRow<'a>> {
    let trials: Vec<&Trial> = group.blank.iter().chain(&group.used).copied().collect();
    let shortest = shortest(table, group);
    // A longer trial sends more of everything, so the amounts are divided by
    // its length.
    let scale: Vec<f64> = trials.iter().map(|trial| (table.case.seconds(trial) / shortest).max(1.0)).collect();
    let mut rows = Vec::new();
    let mut requests: BTreeMap<&'a str, BTreeMap<u32, BTreeSet<u64>>> = BTreeMap::new();
    for (key, sent) in &table.rows {
        for one in sent {
            let of_host = requests.entry(key.host).or_default();
            of_host.entry(one.by.trial.unwrap_or_default()).or_default().insert(one.by.exchange);
        }
        let by_trial = table.unexplained(key);
        let pieces: BTreeSet<u8> = by_trial.values().flatten().map(|one| piece(one)).collect();
        for piece_of_row in pieces {
            let of = |trial: &&Trial| -> Vec<SentValue<'a>> {
                let sent = by_trial.get(&trial.id).into_iter().flatten();
                sent.filter(|one| piece(one) == piece_of_row).copied().collect()
            };
            let weights = trials.iter().zip(&scale).map(|(trial, scale)| weight(&of(trial)) / scale).collect();
            let differing = group.used.iter().filter(|trial| differs(&of(trial))).count();
            rows.push(ContrastRow {
                key: *key,
                piece: piece_of_row,
                weights,
                differs: differing * 2 >= group.used.len(),
            });
        }
    }
    for (host, by_trial) in requests {
        let count = |trial: &&Trial| by_trial.get(&trial.id).map_or(0.0, |of_trial| of_trial.len() as f64);
        let weights = trials.iter().zip(&scale).map(|(trial, scale)| count(trial) / scale).collect();
        rows.push(ContrastRow { key: RowKey { host, place: REQUESTS }, piece: 0, weights, differs: false });
    }
    rows
}

fn piece(sent: &SentValue<'_>) -> u8 {
    match sent.value.sort {
        ValueClass::Piece(piece) => piece,
        ValueClass::Unknown | ValueClass::Number => 0,
    }
}

/// The amount of information: each distinct value counts 1, or up to 8 if it
/// has more bits.
fn weight(sent: &[SentValue<'_>]) -> f64 {
    let distinct: BTreeMap<u64, u16> = sent.iter().map(|one| (one.value.digest, one.value.bits)).collect();
    distinct.values().map(|bits| (f64::from(*bits) / 64.0).clamp(1.0, 8.0)).sum()
}

/// Whether the values differ from one act to the next, or one value is long
/// enough for a list of visits. A session id does neither.
fn differs(sent: &[SentValue<'_>]) -> bool {
    const LIST: u16 = 256;
    let distinct: BTreeSet<u64> = sent.iter().map(|one| one.value.digest).collect();
    let phases: BTreeSet<usize> = sent.iter().map(|one| one.phase).collect();
    distinct.len() >= 2 && (phases.len() >= 2 || distinct.len() >= 3) || sent.iter().any(|one| one.value.bits > LIST)
}

/// The p-value of each row, adjusted for all rows (Westfall and Young 1993,
/// single-step max-T). The first `blank` trials of a row are the idle ones. The
/// test is one-sided: more with use.
///
/// The statistic is the difference of means over the deviation plus one
/// (Tusher, Tibshirani, Chu 2001). The added one keeps a field that is sent
/// seldom from outranking a field that is sent at every visit.
fn max_t(rows: &[&[f64]], blank: usize) -> Vec<f64> {
    let Some(units) = rows.first().map(|row| row.len()) else { return vec![] };
    let observed: Vec<bool> = (0..units).map(|unit| unit >= blank).collect();
    let statistics = |used: &[bool]| -> Vec<f64> { rows.iter().map(|row| statistic(row, used)).collect() };
    let seen = statistics(&observed);
    let mut at_least = vec![0_u64; rows.len()];
    let mut orders = 0_u64;
    for used in divisions_of(&observed) {
        let greatest = statistics(&used).into_iter().fold(0.0, f64::max);
        orders += 1;
        at_least.iter_mut().zip(&seen).for_each(|(count, seen)| *count += u64::from(greatest >= seen - 1e-9));
    }
    let p = |(count, seen): (u64, &f64)| if *seen > 1e-9 { count as f64 / orders.max(1) as f64 } else { 1.0 };
    at_least.into_iter().zip(&seen).map(p).collect()
}

fn statistic(row: &[f64], used: &[bool]) -> f64 {
    let (mut sums, mut squares, mut counts) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    for (value, used) in row.iter().zip(used) {
        let at = usize::from(*used);
        sums[at] += value;
        squares[at] += value * value;
        counts[at] += 1.0;
    }
    let within = (0..2).map(|at| squares[at] - sums[at] * sums[at] / f64::max(counts[at], 1.0)).sum::<f64>().max(0.0);
    let deviation = (within / f64::max(row.len() as f64 - 2.0, 1.0)).sqrt();
    (sums[1] / f64::max(counts[1], 1.0) - sums[0] / f64::max(counts[0], 1.0)) / (deviation + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_and_five_that_never_overlap_are_one_division_in_252() {
        let row = [0.0, 1.0, 0.0, 0.0, 1.0, 7.0, 7.0, 6.0, 7.0, 7.0];
        assert_eq!(max_t(&[&row], 5), [1.0 / 252.0]);
    }

    #[test]
    fn what_is_sent_now_and_then_does_not_rival_what_is_sent_at_each_visit() {
        let told = [0.0, 0.0, 0.0, 0.0, 0.0, 7.0, 7.0, 7.0, 7.0, 7.0];
        let mut rows = vec![told];
        // Every division of once-in-a-while: any five of ten trials.
        for bits in (0..1_u32 << 10).filter(|bits: &u32| bits.count_ones() == 5).step_by(5) {
            rows.push(std::array::from_fn(|at| f64::from(bits >> at & 1)));
        }
        let rows: Vec<&[f64]> = rows.iter().map(|row| row.as_slice()).collect();
        let p = max_t(&rows, 5);
        assert!(p[0] <= ALPHA, "{}", p[0]);
        assert!(p[1..].iter().all(|p| *p > ALPHA));
    }

    #[test]
    fn less_with_use_shows_nothing() {
        assert_eq!(max_t(&[&[7.0, 7.0, 7.0, 7.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0]], 5), [1.0]);
    }
}
