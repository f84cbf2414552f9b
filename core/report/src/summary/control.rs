//! The recall of the instrument: what was sent to be found, and what was found.

use std::collections::BTreeMap;

use audit::Audit;
use judge::RecallCount;

use crate::wording::count;

/// One line on all of it and one for each factor; none where no control was sent.
pub(crate) fn control(audit: &Audit) -> Vec<String> {
    let recall = &audit.recall;
    if recall.all.sent == 0 {
        return vec![];
    }
    let RecallCount { sent, found } = recall.all;
    let twins = match recall.twins {
        RecallCount { sent: 0, .. } => String::new(),
        RecallCount { sent, found: 0 } => {
            format!("; {} without a value, nothing found in them", count(sent, "request"))
        }
        RecallCount { sent, found } => format!("; {sent} without a value, and something found in {found} of them"),
    };
    let mut told = vec![format!("{found} of {} of known content found{twins}", count(sent, "request"))];
    for (factor, table) in
        [("transport", &recall.transports), ("layer", &recall.layers), ("disguise", &recall.disguises)]
    {
        told.push(format!("by {factor}: {}", row(table)));
    }
    told
}

fn row(table: &BTreeMap<String, RecallCount>) -> String {
    let cells: Vec<String> =
        table.iter().map(|(level, RecallCount { sent, found })| format!("{level} {found}/{sent}")).collect();
    cells.join(", ")
}
