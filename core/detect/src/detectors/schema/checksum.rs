//! Checks the checksums that a program sends together with the data.

use knowledge::schemas::{ChecksumAlgorithm, ChecksumRule, Schema};
use model::{Gap, GapReason, Leaf, Trail};

use crate::digests::{self, hex};

/// The checksums in one exchange, and those computed from its data.
#[derive(Default)]
pub(super) struct ChecksumMatches {
    /// The checksums that were sent: number of the check, place, and text.
    sums: Vec<(u16, Trail, String)>,
    /// The checksums that were computed from the data: number of the check, and
    /// text.
    texts: Vec<(u16, String)>,
}

/// The result of the comparison.
pub(super) struct ChecksumResult {
    pub(super) fits: bool,
    pub(super) gaps: Vec<Gap>,
}

/// Longer than any checksum.
const LONGEST: usize = 64;

impl ChecksumMatches {
    pub(super) fn sum(&mut self, check: u16, leaf: &Leaf<'_>) {
        if let Ok(text) = std::str::from_utf8(leaf.value)
            && text.len() <= LONGEST
        {
            self.sums.push((check, leaf.route.trail(), text.trim().to_lowercase()));
        }
    }

    pub(super) fn text(&mut self, check: u16, how: &ChecksumRule, leaf: &Leaf<'_>) {
        self.texts.push((check, computed(how.digest, leaf.value)));
    }

    pub(super) fn fit(&self, schema: &Schema) -> bool {
        self.judge_ref(schema, 0).fits
    }

    pub(super) fn judge(self, schema: &Schema, exchange: u64) -> ChecksumResult {
        self.judge_ref(schema, exchange)
    }

    fn judge_ref(&self, schema: &Schema, exchange: u64) -> ChecksumResult {
        let mut judged = ChecksumResult { fits: false, gaps: Vec::new() };
        for (check, place, sum) in &self.sums {
            let mut texts = self.texts.iter().filter(|(of, _)| of == check).peekable();
            if texts.peek().is_none() {
                continue;
            }
            if texts.any(|(_, computed)| computed == sum) {
                judged.fits = true;
            } else {
                judged.gaps.push(Gap {
                    exchange: Some(exchange),
                    place: place.clone(),
                    why: GapReason::Broken,
                    says: format!("the checksum that {} sends along does not fit its data", schema.name),
                });
            }
        }
        judged
    }
}

fn computed(how: ChecksumAlgorithm, value: &[u8]) -> String {
    match how {
        ChecksumAlgorithm::JavaHash => digests::java_hash(value).cast_signed().to_string(),
        ChecksumAlgorithm::Crc32 => crc32fast::hash(value).to_string(),
        ChecksumAlgorithm::Md5 => {
            digests::named("md5").map(|md5| hex(&md5.of(value).0[..md5.length])).unwrap_or_default()
        }
    }
}
