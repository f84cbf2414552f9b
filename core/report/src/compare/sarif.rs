//! SARIF 2.1.0 (OASIS): what changed, by `baselineState` (§3.27.24).

use audit::{AuditDifference, FindingKey, VerdictChange};
use judge::Severity;
use serde_json::{Value, json};

use super::word;
use crate::{
    reports::sarif::{kind, level, whose},
    sanitize::inert,
};

pub(super) fn sarif(difference: &AuditDifference) -> String {
    let turns = difference.turns.iter().map(of_turn);
    let new = difference.new_findings.iter().map(|claim| of_claim(claim, "new"));
    let gone = difference.gone_findings.iter().map(|claim| of_claim(claim, "absent"));
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "Candor", "semanticVersion": env!("CARGO_PKG_VERSION")}},
            "results": turns.chain(new).chain(gone).collect::<Vec<Value>>(),
            "properties": {"simulation": difference.before.simulation || difference.after.simulation},
        }],
    });
    format!("{log:#}\n")
}

fn of_turn(turn: &VerdictChange) -> Value {
    let (kind, level) = turn.after.map_or(("open", "none"), kind);
    let state = match (turn.before, turn.after) {
        (None, _) => "new",
        (_, None) => "absent",
        (Some(before), Some(after)) if before.accuses() && after.acquits() => "absent",
        _ if turn.is_worse() || turn.is_better() => "updated",
        _ => "unchanged",
    };
    let sentence = inert(&turn.sentence.shown()).into_owned();
    let says = format!("{} → {}: {sentence} {}", word(turn.before), word(turn.after), inert(&turn.because));
    json!({
        "ruleId": format!("promise/{}", turn.promise),
        "kind": kind,
        "level": level,
        "baselineState": state,
        "message": {"text": says},
        "properties": whose(&turn.sentence),
    })
}

fn of_claim(claim: &FindingKey, state: &str) -> Value {
    json!({
        "ruleId": inert(&claim.code),
        "kind": if claim.severity == Severity::Info { "informational" } else { "fail" },
        "level": level(claim.severity),
        "baselineState": state,
        "message": {"text": inert(&claim.says)},
        "partialFingerprints": {"candor/v1": inert(&format!("{}@{}", claim.code, claim.host))},
    })
}
