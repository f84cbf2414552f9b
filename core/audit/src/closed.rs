//! Fields that no decoder opened: removes constants, and lists the others as gaps.

use std::collections::{BTreeMap, BTreeSet};

use model::{Gap, GapReason, Initiator};

use crate::auditor::{Auditor, RetainedExchange};

/// Removes constants. A value that an idle install sends and another install with
/// use sends too does not depend on use, even if it looks like noise.
pub(crate) fn without_constants(auditor: &mut Auditor<'_>) {
    let of = |blank: bool| -> BTreeMap<(String, u64), BTreeSet<u32>> {
        let mut known: BTreeMap<(String, u64), BTreeSet<u32>> = BTreeMap::new();
        for kept in auditor.kept.iter().filter(|kept| !kept.closed.is_empty()) {
            let trial = auditor.trials.iter().find(|trial| Some(trial.id) == kept.exchange.trial);
            if let Some(trial) = trial.filter(|trial| trial.arm.blank == blank) {
                for field in &kept.closed {
                    let key = (kept.exchange.host().to_owned(), field.digest);
                    known.entry(key).or_default().insert(trial.install);
                }
            }
        }
        known
    };
    let (blank, used) = (of(true), of(false));
    let constant = |key: &(String, u64)| {
        let (blank, used) = (blank.get(key), used.get(key));
        blank.zip(used).is_some_and(|(blank, used)| used.iter().any(|install| blank.iter().any(|b| b != install)))
    };
    for kept in &mut auditor.kept {
        let host = kept.exchange.host().to_owned();
        kept.closed.retain(|field| !constant(&(host.clone(), field.digest)));
    }
}

/// Lists unopened fields as a gap, unless a page sent them.
pub(crate) fn note(auditor: &mut Auditor<'_>, kept: &mut RetainedExchange, side: Initiator) {
    if kept.fields.is_cut {
        kept.gaps += 1;
        gap(auditor, kept, GapReason::Budget, "more values than are compared with those of other requests".into());
    }
    if matches!(side, Initiator::Page | Initiator::Caused) {
        return;
    }
    let bytes: u64 = kept.closed.iter().map(|field| field.bytes).sum();
    if bytes > 0 {
        kept.gaps += 1;
        auditor.coverage.bytes_read = auditor.coverage.bytes_read.saturating_sub(bytes.min(kept.bytes));
        gap(auditor, kept, GapReason::Sealed, format!("{bytes} bytes look encrypted, and nothing opened them"));
    }
}

fn gap(auditor: &mut Auditor<'_>, kept: &RetainedExchange, why: GapReason, says: String) {
    let place = "body".parse().unwrap_or_default();
    let gap = Gap { exchange: Some(kept.exchange.index), place, why, says };
    // Insert after the other gaps of the same request.
    let is_later = |(capture, other): &(usize, Gap)| {
        (*capture, other.exchange.unwrap_or(u64::MAX)) > (kept.capture, kept.exchange.index)
    };
    let at = auditor.gaps.iter().position(is_later).unwrap_or(auditor.gaps.len());
    auditor.gaps.insert(at, (kept.capture, gap));
}
