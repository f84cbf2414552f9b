//! *Twin visits*: which fields are the same when the same site is visited again,
//! and different when another is?
//!
//! Such a field is a function of the site: a keyed hash, a prefix of a digest, a filter, a
//! category. The test finds it without knowing the function. Values that differ at each visit or
//! are sent only once are found by the contrast instead.
//!
//! Under the null hypothesis every way to pair the visits of an install is equally likely. One
//! max-T permutation test over all fields goes through these pairings.

use std::collections::{BTreeMap, BTreeSet};

use model::{Act, Trial};

use super::table::{FieldTable, RowKey, SITES, SentValue, TrialGroup};
use crate::sealed::permute::LabelShuffle;

/// Chance of a false alarm, in each group of trials.
pub(crate) const ALPHA: f64 = 0.005;

/// Pairings that the test needs: with fewer, p cannot be below [`ALPHA`].
const LEAST: usize = 200;

/// Up to this many pairings are all tested. If there are more, [`DRAWN`] of them are drawn at
/// random.
const ALL: usize = 13_000;
const DRAWN: usize = 9_999;

/// Visits of one trial that are paired: five sites, 945 ways.
const VISITS: usize = 10;

/// A field whose likeness is below this does not identify the site.
const WEAKEST: f64 = 0.2;

/// The result of the test in one group of trials.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TwinResult {
    NotRun(String),
    Run { alike: Vec<TwinField>, pairs: usize, installs: usize },
}

/// A field that is alike when the same site is visited.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TwinField {
    pub(crate) host: String,
    pub(crate) place: String,
    pub(crate) p: f64,
}

/// The ways to pair the visits of one trial; the first is the observed one.
struct PairedVisits {
    /// Phases of the visits, in order.
    visits: Vec<usize>,
    pairings: Vec<Vec<(usize, usize)>>,
}

pub(crate) fn twins(table: &FieldTable<'_>, group: &TrialGroup<'_>, seed: u64) -> TwinResult {
    let trials: Vec<PairedVisits> = group.used.iter().filter_map(|trial| PairedVisits::of(table, trial)).collect();
    let ways = trials.iter().fold(1_usize, |ways, trial| ways.saturating_mul(trial.pairings.len()));
    if ways < LEAST {
        let installs = trials.len();
        return TwinResult::NotRun(format!(
            "sites were visited twice in {installs} installs, and that many visits can be paired in {ways} ways, of which {LEAST} are needed"
        ));
    }
    let rows = rows(table, &trials);
    let p = max_t(&rows, &trials, ways, seed);
    let found = rows.iter().zip(p).filter(|(row, p)| *p <= ALPHA && row.observed(&trials) >= WEAKEST);
    let mut alike: Vec<TwinField> = Vec::new();
    for (row, p) in found {
        let (host, place) = (row.key.host.to_owned(), row.key.place.to_owned());
        match alike.iter_mut().find(|known| known.host == host && known.place == place) {
            Some(known) => known.p = known.p.min(p),
            None => alike.push(TwinField { host, place, p }),
        }
    }
    let pairs = trials.iter().map(|trial| trial.visits.len() / 2).sum();
    TwinResult::Run { alike, pairs, installs: trials.len() }
}

impl PairedVisits {
    fn of(table: &FieldTable<'_>, trial: &Trial) -> Option<Self> {
        let case = table.case;
        let mut by_site: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
        for (phase, at) in case.phases.iter().enumerate() {
            if at.trial == trial.id && at.act == Act::Visit && !at.canaries.is_empty() {
                by_site.entry(&at.canaries).or_default().push(phase);
            }
        }
        let twice = by_site
            .into_values()
            .filter(|visits| matches!(visits[..], [a, b] if case.phases[a].session == case.phases[b].session));
        let mut twice: Vec<Vec<usize>> =
            twice.filter(|visits| visits.iter().all(|visit| case.was_done(*visit))).collect();
        twice.sort();
        twice.truncate(VISITS / 2);
        let mut visits: Vec<usize> = twice.iter().flatten().copied().collect();
        visits.sort_unstable();
        if twice.len() < 2 {
            return None;
        }
        let at = |phase: usize| visits.iter().position(|visit| *visit == phase).unwrap_or_default();
        let observed: Vec<(usize, usize)> = twice.iter().map(|pair| (at(pair[0]), at(pair[1]))).collect();
        let pairings = pairings(observed, visits.len());
        Some(Self { visits, pairings })
    }
}

/// The observed pairing, then every other that the scenario could have drawn. If no site follows
/// itself in the observed pairing, pairings of adjacent visits are left out, as long as enough
/// others remain.
fn pairings(observed: Vec<(usize, usize)>, visits: usize) -> Vec<Vec<(usize, usize)>> {
    const ENOUGH: usize = 5;
    let all = matchings(&(0..visits).collect::<Vec<usize>>());
    let is_apart = |pairing: &Vec<(usize, usize)>| pairing.iter().all(|(a, b)| a.abs_diff(*b) > 1);
    let apart: Vec<Vec<(usize, usize)>> = all.iter().filter(|pairing| is_apart(pairing)).cloned().collect();
    let drawn = if is_apart(&observed) && apart.len() >= ENOUGH { apart } else { all };
    let same = |pairing: &Vec<(usize, usize)>| {
        pairing.iter().all(|(a, b)| observed.contains(&(*a, *b)) || observed.contains(&(*b, *a)))
    };
    let others: Vec<Vec<(usize, usize)>> = drawn.into_iter().filter(|pairing| !same(pairing)).collect();
    [vec![observed], others].concat()
}

/// Every way to pair these up.
fn matchings(left: &[usize]) -> Vec<Vec<(usize, usize)>> {
    let Some((first, rest)) = left.split_first() else { return vec![vec![]] };
    let mut all = Vec::new();
    for (at, other) in rest.iter().enumerate() {
        let without: Vec<usize> = rest.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, one)| *one).collect();
        for mut pairing in matchings(&without) {
            pairing.push((*first, *other));
            all.push(pairing);
        }
    }
    all
}

/// One field, seen at the visits or at the step after each.
struct TwinRow<'a> {
    key: RowKey<'a>,
    /// For each trial and pairing: how much more alike paired visits are than other visits.
    scores: Vec<Vec<f32>>,
}

impl TwinRow<'_> {
    fn observed(&self, trials: &[PairedVisits]) -> f64 {
        self.statistic(&vec![0; trials.len()])
    }

    fn statistic(&self, pairings: &[usize]) -> f64 {
        let sum: f32 = self.scores.iter().zip(pairings).map(|(scores, pairing)| scores[*pairing]).sum();
        f64::from(sum) / self.scores.len().max(1) as f64
    }
}

fn rows<'a>(table: &FieldTable<'a>, trials: &[PairedVisits]) -> Vec<TwinRow<'a>> {
    let mut rows = Vec::new();
    for (key, sent) in &table.rows {
        let mut by_phase: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
        for SentValue { phase, value, .. } in sent {
            by_phase.entry(*phase).or_default().insert(value.digest);
        }
        // A site may be told its own address, so only the step after a visit counts: there a site
        // could be told of the site before it.
        for later in if key.host == SITES { 1..=1 } else { 0..=1 } {
            let scores: Vec<Vec<f32>> =
                trials.iter().map(|trial| scores(table, trial, &by_phase, later == 1)).collect();
            if scores.iter().flatten().any(|score| *score != 0.0) {
                rows.push(TwinRow { key: *key, scores });
            }
        }
    }
    rows
}

/// For each pairing of a trial: the mean likeness of its pairs, less that of all other pairs.
fn scores(
    table: &FieldTable<'_>,
    trial: &PairedVisits,
    by_phase: &BTreeMap<usize, BTreeSet<u64>>,
    later: bool,
) -> Vec<f32> {
    let phase = |visit: usize| if later { table.case.next(visit) } else { Some(visit) };
    let mut values: Vec<BTreeSet<u64>> = trial
        .visits
        .iter()
        .map(|visit| phase(*visit).and_then(|phase| by_phase.get(&phase)).cloned().unwrap_or_default())
        .collect();
    let common = values.iter().skip(1).fold(values[0].clone(), |common, of| &common & of);
    values.iter_mut().for_each(|of| of.retain(|value| !common.contains(value)));
    if values.iter().all(BTreeSet::is_empty) {
        return vec![0.0; trial.pairings.len()];
    }
    let n = values.len();
    let mut alike = vec![vec![0.0_f32; n]; n];
    let mut total = 0.0;
    for a in 0..n {
        for b in a + 1..n {
            alike[a][b] = likeness(&values[a], &values[b]);
            total += alike[a][b];
        }
    }
    let (pairs, others) = ((n / 2) as f32, (n * (n - 1) / 2 - n / 2) as f32);
    let score = |pairing: &Vec<(usize, usize)>| {
        let same: f32 = pairing.iter().map(|(a, b)| alike[*a.min(b)][*a.max(b)]).sum();
        same / pairs - (total - same) / others
    };
    trial.pairings.iter().map(score).collect()
}

/// The Jaccard index of two sets of values; 0 if both are empty.
fn likeness(a: &BTreeSet<u64>, b: &BTreeSet<u64>) -> f32 {
    let both = a.intersection(b).count();
    let either = a.len() + b.len() - both;
    if either == 0 { 0.0 } else { both as f32 / either as f32 }
}

/// The p-value of each row, adjusted for all rows (single-step max-T).
fn max_t(rows: &[TwinRow<'_>], trials: &[PairedVisits], ways: usize, seed: u64) -> Vec<f64> {
    let seen: Vec<f64> = rows.iter().map(|row| row.observed(trials)).collect();
    let mut at_least = vec![0_u64; rows.len()];
    let mut orders = 0_u64;
    let mut count = |pairings: &[usize]| {
        let greatest = rows.iter().map(|row| row.statistic(pairings)).fold(0.0, f64::max);
        orders += 1;
        at_least.iter_mut().zip(&seen).for_each(|(count, seen)| *count += u64::from(greatest >= seen - 1e-6));
    };
    let sizes: Vec<usize> = trials.iter().map(|trial| trial.pairings.len()).collect();
    if ways <= ALL {
        for way in 0..ways {
            let mut rest = way;
            let pairings: Vec<usize> = sizes
                .iter()
                .map(|size| {
                    let at = rest % size;
                    rest /= size;
                    at
                })
                .collect();
            count(&pairings);
        }
    } else {
        let mut draw = LabelShuffle::new(seed ^ 0x7477_696e_7300_0000);
        count(&vec![0; sizes.len()]); // what was observed is one of the possible ways
        for _ in 0..DRAWN {
            let pairings: Vec<usize> = sizes.iter().map(|size| (draw.number() % *size as u64) as usize).collect();
            count(&pairings);
        }
    }
    let p = |(count, seen): (u64, &f64)| if *seen > 1e-6 { count as f64 / orders as f64 } else { 1.0 };
    at_least.into_iter().zip(&seen).map(p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_945_ways_to_pair_ten_visits_and_five_of_six_in_which_no_site_follows_itself() {
        assert_eq!(matchings(&(0..10).collect::<Vec<_>>()).len(), 945);
        assert_eq!(matchings(&(0..4).collect::<Vec<_>>()).len(), 3);
        assert_eq!(pairings(vec![(0, 3), (1, 4), (2, 5)], 6).len(), 5);
        assert_eq!(pairings(vec![(0, 1), (2, 3), (4, 5)], 6).len(), 15);
        assert_eq!(pairings(vec![(0, 2), (1, 3)], 4).len(), 3, "A B A B");
    }

    #[test]
    fn likeness_is_none_where_nothing_was_sent() {
        let set = |values: &[u64]| values.iter().copied().collect();
        assert_eq!(likeness(&set(&[]), &set(&[])), 0.0);
        assert_eq!(likeness(&set(&[1, 2]), &set(&[2, 3])), 1.0 / 3.0);
    }
}
