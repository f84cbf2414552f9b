//! One permutation test over many measures, after Westfall and Young (1993), single-step max-T. The
//! p-value of each measure is already corrected for the number of measures.

/// The design of a test: blocks of units, and measures of these units. Under the null hypothesis
/// the labels within a block can be exchanged; labels of different blocks cannot.
#[derive(Clone, Debug)]
pub(super) struct PermutationDesign {
    /// For each block the labels of its units: 1 and 0 for two groups, or a length.
    pub(super) labels: Vec<Vec<f64>>,
    /// For each measure and block the values of the block's units; empty if the measure does not
    /// belong to the block.
    pub(super) measures: Vec<Vec<Vec<f64>>>,
}

/// The p-value of each measure, adjusted for all measures. The test is one-sided: greater values
/// with greater labels.
pub(super) fn max_t(design: &PermutationDesign, seed: u64) -> Vec<f64> {
    let scaled = ScaledDesign::new(design);
    let observed = scaled.statistics(&scaled.labels);
    let mut at_least = vec![0_u64; observed.len()];
    let mut orders = 0_u64;
    let mut count = |labels: &[Vec<f64>]| {
        let greatest = scaled.statistics(labels).into_iter().fold(0.0, f64::max);
        orders += 1;
        for (count, observed) in at_least.iter_mut().zip(&observed) {
            *count += u64::from(greatest >= observed - 1e-9);
        }
    };
    match divisions(&scaled.labels) {
        Some(all) => all.into_iter().for_each(|labels| count(&[labels])),
        None => {
            let mut draw = LabelShuffle(seed ^ 0x6d61_782d_7400_0000);
            let mut labels = scaled.labels.clone();
            count(&labels); // what was observed is one of the possible orders
            for _ in 0..DRAWN {
                labels.iter_mut().for_each(|labels| draw.shuffle(labels));
                count(&labels);
            }
        }
    }
    let p = |(count, observed): (u64, f64)| if observed > 1e-9 { count as f64 / orders as f64 } else { 1.0 };
    at_least.into_iter().zip(observed).map(p).collect()
}

/// Number of random orders, if there are too many to test all.
const DRAWN: u32 = 9_999;

/// A single block of two groups with up to this many divisions is tested exhaustively.
const ALL: usize = 13_000;

/// Labels and rows with mean 0 in each block. The rows are scaled so that their dot product with
/// the labels is a correlation, for every order of the labels.
struct ScaledDesign {
    labels: Vec<Vec<f64>>,
    rows: Vec<Vec<Vec<f64>>>,
}

impl ScaledDesign {
    fn new(design: &PermutationDesign) -> Self {
        let labels: Vec<Vec<f64>> = design.labels.iter().map(|labels| centred(labels)).collect();
        let row = |blocks: &Vec<Vec<f64>>| {
            let row: Vec<Vec<f64>> = blocks.iter().map(|values| centred(values)).collect();
            let there = || row.iter().zip(&labels).filter(|(values, _)| !values.is_empty());
            let length = there().map(|(values, _)| squares(values)).sum::<f64>().sqrt()
                * there().map(|(_, labels)| squares(labels)).sum::<f64>().sqrt();
            let scale = if length < 1e-12 { 0.0 } else { 1.0 / length };
            row.iter().map(|values| values.iter().map(|value| value * scale).collect()).collect()
        };
        let rows = design.measures.iter().map(row).collect();
        Self { labels, rows }
    }

    fn statistics(&self, labels: &[Vec<f64>]) -> Vec<f64> {
        let block = |(values, labels): (&Vec<f64>, &Vec<f64>)| -> f64 {
            values.iter().zip(labels).map(|(value, label)| value * label).sum()
        };
        self.rows.iter().map(|row| row.iter().zip(labels).map(block).sum()).collect()
    }
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|value| value - mean).collect()
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum()
}

/// Every division of one block into two groups of the given sizes, as labels; none if the design is
/// not a single small block of two groups.
fn divisions(blocks: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let [labels] = blocks else { return None };
    let (high, low) = (labels.iter().copied().reduce(f64::max)?, labels.iter().copied().reduce(f64::min)?);
    if labels.len() > 20 || labels.iter().any(|label| *label != high && *label != low) {
        return None;
    }
    let (units, chosen) = (labels.len(), labels.iter().filter(|label| **label == high).count());
    let divisions: Vec<u32> = (0..1_u32 << units).filter(|bits| bits.count_ones() as usize == chosen).collect();
    let labels = |bits: u32| (0..units).map(|unit| if bits >> unit & 1 == 1 { high } else { low }).collect();
    (divisions.len() <= ALL).then(|| divisions.into_iter().map(labels).collect())
}

/// Every division of the units into two groups of the observed sizes. If there are too many, the
/// observed division and [`DRAWN`] random ones.
pub(crate) fn divisions_of(observed: &[bool]) -> Vec<Vec<bool>> {
    let labels: Vec<f64> = observed.iter().map(|used| f64::from(u8::from(*used))).collect();
    if let Some(all) = divisions(std::slice::from_ref(&labels)) {
        return all.into_iter().map(|labels| labels.into_iter().map(|label| label > 0.5).collect()).collect();
    }
    let mut draw = LabelShuffle::new(observed.len() as u64);
    let mut drawn = vec![observed.to_vec()];
    for _ in 0..DRAWN {
        let mut labels = labels.clone();
        draw.shuffle(&mut labels);
        drawn.push(labels.into_iter().map(|label| label > 0.5).collect());
    }
    drawn
}

/// The generator SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same p-values.
pub(crate) struct LabelShuffle(u64);

impl LabelShuffle {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn shuffle(&mut self, values: &mut [f64]) {
        for i in (1..values.len()).rev() {
            values.swap(i, (self.number() % (i as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups in one block: those left alone, then those used.
    fn groups(idle: usize, used: usize, measures: &[&[f64]]) -> PermutationDesign {
        let labels = [vec![0.0; idle], vec![1.0; used]].concat();
        PermutationDesign { labels: vec![labels], measures: measures.iter().map(|row| vec![row.to_vec()]).collect() }
    }

    #[test]
    fn five_and_five_that_never_overlap_are_one_division_in_252() {
        let design = groups(5, 5, &[&[0.0, 1.0, 0.0, 2.0, 1.0, 9.0, 8.0, 9.0, 7.0, 9.0]]);
        assert_eq!(max_t(&design, 1), [1.0 / 252.0]);
    }

    #[test]
    fn four_and_four_can_never_show_it() {
        let design = groups(4, 4, &[&[0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0]]);
        assert!(max_t(&design, 1)[0] > 0.005);
    }

    #[test]
    fn less_with_use_is_no_report_of_it() {
        let design = groups(5, 5, &[&[9.0, 9.0, 9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0]]);
        assert_eq!(max_t(&design, 1), [1.0]);
    }

    #[test]
    fn what_never_varies_shows_nothing() {
        assert_eq!(max_t(&groups(6, 6, &[&[3.0; 12]]), 1), [1.0]);
    }

    #[test]
    fn a_measure_pays_for_those_beside_it() {
        let clear: &[f64] = &[0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 6.0, 2.0, 7.0, 9.0, 8.0, 7.0];
        let noise: &[f64] = &[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0, 8.0];
        let alone = max_t(&groups(6, 6, &[clear]), 1)[0];
        let beside = max_t(&groups(6, 6, &[clear, noise]), 1);
        assert!(beside[0] >= alone && beside[1] > 0.1, "{alone} {beside:?}");
    }

    #[test]
    fn labels_stay_in_their_block() {
        // Each block alone shows it as clearly as it can, at very different levels.
        let labels = vec![vec![40.0, 400.0, 1600.0, 40.0, 400.0, 1600.0]; 4];
        let values = |level: f64| vec![level, level + 4.0, level + 16.0, level + 1.0, level + 4.0, level + 15.0];
        let row = [0.0, 1e6, 5e3, 70.0].map(values).to_vec();
        let design = PermutationDesign { labels, measures: vec![row] };
        assert!(max_t(&design, 1)[0] <= 0.005);
    }

    #[test]
    fn the_same_seed_draws_the_same_orders() {
        let row: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 11)).collect();
        let labels = (0..30).map(|i| f64::from(i % 3)).collect();
        let design = PermutationDesign { labels: vec![labels], measures: vec![vec![row]] };
        assert_eq!(max_t(&design, 5), max_t(&design, 5));
    }
}
